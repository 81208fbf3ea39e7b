// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_work.c - what a guest gets done, by its own count
 */
#include <math.h>

#include "base/units.h"
#include "campaign.h"

/* Inferred: a shell in an emulated guest that writes memory as fast as it can is slow to answer. */
#define STATS_MS	"5000"

struct campaign_work campaign_work_ask(struct campaign *c)
{
	static const char *const words[] = { "stats", STATS_MS, NULL };
	struct campaign_answer answer;
	struct mt_err ignored = { 0 };

	if (campaign_watch(c, words, &answer, &ignored))
		return (struct campaign_work){ NAN, NAN };
	return (struct campaign_work){ answer.at_ns, answer.work };
}

double campaign_work_per_s(const struct campaign_work *from, const struct campaign_work *to)
{
	double s = (to->at_ns - from->at_ns) / 1e9, done = to->done - from->done;

	return s > 0 && done >= 0 ? done / s : NAN;
}
