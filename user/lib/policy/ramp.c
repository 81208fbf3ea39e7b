// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ramp.c - KubeVirt's downtime tuning (VEP 291): a low limit that rises in equal steps (PURE)
 *
 * kubevirt/enhancements, veps/sig-compute/291-dynamic-downtime-tuning, in its release 1.9: QEMU's
 * limit begins low; after the third pass it rises by a step each time that a cool-down has passed,
 * up to a ceiling. What the VEP leaves to KubeVirt's timeouts is here its completion timeout: then
 * post-copy where it is allowed, else abort.
 *
 * Its text has 7 equal steps from 150 to 1050 ms, its tables steps of 150 ms, which are 6. Seven
 * they are here, as in KubeVirt's own code, which however counts the first cool-down from the begin
 * and not from the pass that the text says.
 */
#include "policy_rows.h"

enum { INITIAL, CEILING, STEPS, PASSES, COOLDOWN, TIMEOUT };

static const struct mt_param params[] = {
	[INITIAL] = { .name = "initial_downtime",
		      .kind = MT_PARAM_DURATION,
		      .initial = 150 /* initialMs */,
		      .min = 1,
		      .max = MT_LIMIT_MAX_MS,
		      .help = "QEMU's limit at the begin, at most max-downtime" },
	[CEILING] = { .name = "downtime_ceiling",
		      .kind = MT_PARAM_DURATION,
		      .initial = 1050 /* maxDowntimeMs in its tables */,
		      .min = 1,
		      .max = MT_LIMIT_MAX_MS,
		      .help = "the last step of QEMU's limit, at most max-downtime" },
	[STEPS] = { .name = "downtime_steps",
		    .kind = MT_PARAM_COUNT,
		    .initial = 7 /* steps */,
		    .min = 1,
		    .max = 1000,
		    .help = "how many times the limit rises" },
	[PASSES] = { .name = "ramp_after_pass",
		     .kind = MT_PARAM_COUNT,
		     .initial = 3 /* startAfterIteration */,
		     .max = 1000,
		     .help = "the first cool-down begins after so many passes" },
	[COOLDOWN] = { .name = "cooldown",
		       .kind = MT_PARAM_DURATION,
		       .initial = 10000 /* cooldownSeconds */,
		       .min = 1,
		       .max = MT_LIMIT_MAX_MS,
		       .help = "before each step" },
	[TIMEOUT] = { .name = "completion_timeout_per_gib",
		      .kind = MT_PARAM_DURATION_OR_NONE,
		      .initial = 150000 /* completionTimeoutPerGiB */,
		      .min = 1,
		      .max = MT_LIMIT_MAX_MS,
		      .help = "ends it, for each GiB of memory",
		      .about =
			      "after how long it flips if post-copy is allowed, else aborts, for each GiB of the guest's memory" },
	{ .name = NULL }
};

struct ramp {
	bool begun;			/* the pass is done: cool-downs count */
	uint64_t begun_ms;		/* the newest */
	uint64_t steps;			/* taken */
};

static uint64_t limit_ms(const struct ramp *s, const struct mt_view *view)
{
	uint64_t ceiling = mt_view_ceiling_ms(view, view->params[CEILING]);
	uint64_t initial = mt_view_ceiling_ms(view, view->params[INITIAL]);

	if (initial > ceiling)
		initial = ceiling;
	/* There may be fewer steps by now than were taken: parameters change. */
	if (s->steps >= view->params[STEPS])
		return ceiling;
	return initial + (ceiling - initial) * s->steps / view->params[STEPS];
}

static void ramp_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	const uint64_t *own = view->params;
	struct ramp *s = priv;
	char after[MT_UNIT_STR];
	uint64_t timeout_ms;

	if (mt_view_per_gib(view, own[TIMEOUT], 0, &timeout_ms) && now_ms > timeout_ms) {
		mt_plan_set(plan,
			    view->limits->postcopy_allowed ? MT_ACTION_FLIP : MT_ACTION_ABORT,
			    "the completion timeout of %s has passed",
			    mt_format_duration_ms(after, (double)timeout_ms));
		return;
	}
	if (!s->begun && view->iterations->total >= own[PASSES]) {
		s->begun = true;
		s->begun_ms = now_ms;
	}
	if (s->begun && now_ms - s->begun_ms >= own[COOLDOWN] && s->steps < own[STEPS]) {
		s->begun_ms = now_ms;
		s->steps++;
	}
	if (!mt_plan_limit(plan, view, limit_ms(s, view),
			   s->steps ? "another cool-down is over" : "as it is to be at the begin"))
		mt_plan_set(plan, MT_ACTION_CONTINUE, "step %u of %u is in force",
			    (unsigned)s->steps, (unsigned)own[STEPS]);
}

_Static_assert(sizeof(struct ramp) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_ramp = {
	.name = "ramp",
	.help = "KubeVirt's VEP 291: raise QEMU's limit from 150 ms step by step; after a timeout flip or abort",
	.about = "as KubeVirt's downtime tuning, VEP 291: QEMU's downtime limit begins low, and rises by a step whenever a cool-down has passed; after a timeout flip if post-copy is allowed, else abort",
	.heeds = MT_HEEDS_MAX_DOWNTIME,
	.acts = true,
	.params = params,
	.step = ramp_step,
};
