// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fixed.c - what Chen & Cao (NPC'14) compare with: a fixed number of passes, or none (PURE)
 *
 * Neither looks at how long the pause will be, max_downtime_ms is not heeded.
 */
#include <inttypes.h>

#include "policy_rows.h"

enum { PASSES };

static const struct mt_param params[] = {
	/* By default as many as the paper tries at the most. */
	[PASSES] = { .name = "passes", .kind = MT_PARAM_COUNT, .initial = 4, .max = 1000,
		     .help = "after how many it stops",
		     .about = "after how many finished passes it stops the guest. 0 stops it as soon as it is known how long that takes" },
	{ .name = NULL }
};

static void fixed_passes_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			      struct mt_plan *plan)
{
	uint64_t wanted = view->params[PASSES];
	uint64_t done = view->iterations->total;
	bool stop = done >= wanted;

	/* Of 0 passes: as stop-and-copy, below. */
	if (stop && plan->implied_downtime_ms < 0) {
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "how long a stop would take is not known yet");
		return;
	}
	mt_plan_set(plan, stop ? MT_ACTION_STOP : MT_ACTION_CONTINUE,
		    "%" PRIu64 " of %" PRIu64 " passes are done", done, wanted);
}

/*
 * Not before the bandwidth is known: who watches over a stopped guest has to know how long it may
 * take.
 */
static void stop_and_copy_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			       struct mt_plan *plan)
{
	char left[MT_UNIT_STR], pause[MT_UNIT_STR];

	if (plan->implied_downtime_ms < 0) {
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "how long a stop would take is not known yet");
		return;
	}
	mt_plan_set(plan, MT_ACTION_STOP,
		    "stopping at once: sending the remaining %s takes about %s",
		    mt_format_size_bytes(left, (double)view->sample->remaining_bytes),
		    mt_format_duration_ms(pause, plan->implied_downtime_ms));
}

const struct mt_policy mt_policy_fixed_passes = {
	.name = "fixed-passes",
	.former = "fni",		/* the paper's */
	.help = "a fixed number of passes, 4 if not given, then stop, however long the pause",
	.about = "what **fm** and **am** are compared with: stop after a fixed number of passes. Once called **fni**, which is accepted still",
	.acts = true,
	.params = params,
	.step = fixed_passes_step,
};

const struct mt_policy mt_policy_stop_and_copy = {
	.name = "stop-and-copy",
	.former = "psc",
	.help = "pure stop-and-copy: stop at once, however long the pause",
	.about = "what **fm** and **am** are compared with: stop at once. Once called **psc**, which is accepted still",
	.acts = true,
	.step = stop_and_copy_step,
};
