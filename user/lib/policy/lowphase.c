// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lowphase.c - is it worth waiting until the guest dirties less? (PURE)
 */
#include <math.h>
#include <stdio.h>

#include "base/units.h"
#include "lowphase.h"

/* A low phase that dirties more than this share of the link sheds too little. Inferred. */
#define LINK_SHARE	0.8
/* After so many in which it did not end it is not believed that it ends in one. Inferred. */
#define MISSED_MAX	2

/* Less likely than this, and nobody waits for it who would give up otherwise. Inferred. */
#define ODDS_MIN	0.2

/* Of more than @x, linearly between the three quantiles that are known, and never sure. */
static double odds_of(const struct mt_interval *v, double x)
{
	if (x <= v->p10)
		return 0.9;
	if (x <= v->p50)
		return 0.9 - 0.4 * (x - v->p10) / (v->p50 - v->p10);
	if (x <= v->p90)
		return 0.5 - 0.4 * (x - v->p50) / (v->p90 - v->p50);
	return 0.1;
}

struct mt_lowphase mt_lowphase_look(const struct mt_loads_ahead *loads, const struct mt_prices *p,
				    unsigned missed)
{
	struct mt_lowphase low = { .wait_s = INFINITY };
	double rate = p->course->rate_bytes_per_s, pause_s;

	if (!loads || missed >= MISSED_MAX || !p->may_stop || !(rate > 0) ||
	    loads->low_bytes_per_s > LINK_SHARE * rate)
		return low;
	low.in_s = loads->low_in_s;
	low.drained_s = p->left_bytes / (rate - loads->low_bytes_per_s);
	low.odds = odds_of(&loads->low_for_s, low.drained_s);
	if (low.odds < ODDS_MIN ||
	    p->elapsed_ms + (low.in_s.p90 + low.drained_s) * 1e3 > p->max_total_ms)
		return low;
	/* The pause is no longer than is allowed; mostly it is much shorter. */
	pause_s = p->max_pause_ms / 1e3 * (1 + p->downtime);
	low.wait_s = low.in_s.p50 + low.drained_s + low.odds * fmin(pause_s, p->now_s) +
		     (1 - low.odds) * p->now_s;
	return low;
}

void mt_lowphase_tell(char *buf, size_t size, const struct mt_lowphase *low,
		      const struct mt_loads_ahead *loads)
{
	char low_rate[MT_UNIT_STR], high_rate[MT_UNIT_STR], in[MT_UNIT_STR], soonest[MT_UNIT_STR],
		latest[MT_UNIT_STR], takes[MT_UNIT_STR], when[160];

	mt_format_rate_bytes_per_s(low_rate, loads->low_bytes_per_s);
	mt_format_rate_bytes_per_s(high_rate, loads->high_bytes_per_s);
	mt_format_duration_ms(takes, low->drained_s * 1e3);
	mt_format_duration_ms(in, low->in_s.p50 * 1e3);
	mt_format_duration_ms(soonest, low->in_s.p10 * 1e3);
	mt_format_duration_ms(latest, low->in_s.p90 * 1e3);
	if (loads->low)
		snprintf(when, sizeof(when), "is low now");
	else
		snprintf(when, sizeof(when), "should be low in %s (%s to %s)", in, soonest, latest);
	snprintf(buf, size,
		 "; the guest goes between %s and %s, and %s: it takes %s of that to end, which it lasts with %.0f %%",
		 low_rate, high_rate, when, takes, 100 * low->odds);
}
