// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kubevirt.c - KubeVirt's stall detection (VEP 248): switch at a local minimum once pre-copy stalls
 * (PURE)
 *
 * kubevirt/enhancements, veps/sig-compute/248-migration-convergence, and KubeVirt's own
 * pkg/virt-launcher/virtwrap/stall-detector.go, as of August 2026. At the end of each pass:
 *
 *  - it has stalled once that pass left no less, by a margin, than the least that any pass left
 *    which is older than a window;
 *  - then it waits for a pass that leaves about as little as the least so far, the target; where
 *    none comes for a while (at first the window) the target becomes the least that was left since
 *    the stall and was no target yet, and the while gets shorter;
 *  - on such a pass, if what is left can be sent within the time that remains: flip where post-copy
 *    is allowed; else, where the workload may be disrupted, stop; else, where the pause would not
 *    be far longer than allowed, raise QEMU's limit to what is, and abort if that has not ended it
 *    within a while; else abort.
 *
 * And when its own timeout comes first, the same without waiting for such a pass, and without a
 * raise.
 */
#include <math.h>
#include <string.h>

#include "kubevirt_stall.h"
#include "policy_rows.h"

/* QEMU's limit at the begin, as far as so much is allowed: QEMU's own default. */
#define LIMIT_MS	300

enum {
	WINDOW, MARGIN, CEILING, NEAR, DECAY, ALPHA, INTERVAL, TIMEOUT, FACTOR, SWITCHOVER, MINIMUM,
	DISRUPTION
};

static const char *const yes_no[] = { "no", "yes", NULL };

/* Defaults are those of the VEP's table of hyper-parameters, which has their reasons. */
static const struct mt_param params[] = {
	/* 60 s in the VEP's first text. */
	[WINDOW] = { .name = "progress_timeout",
		     .kind = MT_PARAM_DURATION,
		     .initial = 40000 /* stallProgressTimeout */,
		     .min = 1,
		     .max = MT_LIMIT_MAX_MS,
		     .help = "stalled if nothing was gained for so long",
		     .about =
			     "pre-copy has stalled when a pass leaves no less than one that is at least so old; for so long, at first, it waits for a good pass then" },
	[MARGIN] = { .name = "stall_margin",
		     .kind = MT_PARAM_PERCENT,
		     .initial = 4 /* stallMargin */,
		     .max = 100,
		     .help = "what counts as no less, and as about as little" },
	[CEILING] = { .name = "downtime_ceiling",
		      .kind = MT_PARAM_DURATION,
		      .initial = 900 /* maxDowntimeMs */,
		      .min = 1,
		      .max = MT_LIMIT_MAX_MS,
		      .help = "as far as QEMU's limit is raised, at most max-downtime" },
	[NEAR] = { .name = "precopy_possible_factor",
		   .kind = MT_PARAM_PERCENT,
		   .initial = 150 /* precopyPossibleFactor */,
		   .min = 100,
		   .max = 10000,
		   .help = "of the ceiling: aborts if the pause would be longer" },
	[DECAY] = { .name = "patience_decay",
		    .kind = MT_PARAM_PERCENT,
		    .initial = 50 /* patienceWindowDecayFactor */,
		    .max = 100,
		    .help = "what is left of its patience each time that it was in vain" },
	[ALPHA] = { .name = "ewma_alpha",
		    .kind = MT_PARAM_PERCENT,
		    .initial = 40 /* ewmaAlpha */,
		    .min = 1,
		    .max = 100,
		    .help = "weight of the newest bandwidth in the average" },
	[INTERVAL] = { .name = "look_interval",
		       .kind = MT_PARAM_DURATION,
		       .initial = 400 /* of KubeVirt's monitor */,
		       .min = 1,
		       .max = 3600000,
		       .help = "between two looks at the bandwidth",
		       .about = "how long it waits between two looks at the bandwidth" },
	[TIMEOUT] = { .name = "completion_timeout_per_gib",
		      .kind = MT_PARAM_DURATION_OR_NONE,
		      .initial = 150000 /* completionTimeoutPerGiB */,
		      .min = 1,
		      .max = MT_LIMIT_MAX_MS,
		      .help = "ends it, for each GiB of memory",
		      .about =
			      "after how long it acts in any case, for each GiB of the guest's memory" },
	[FACTOR] = { .name = "completion_timeout_factor",
		     .kind = MT_PARAM_PERCENT,
		     .initial = 200 /* completionTimeoutFactor */,
		     .min = 100,
		     .max = 10000,
		     .help = "of that timeout: a pause, or post-copy, has to end by then" },
	[SWITCHOVER] = { .name = "switchover_timeout",
			 .kind = MT_PARAM_DURATION,
			 .initial = 60000 /* switchoverTimeout */,
			 .min = 1,
			 .max = MT_LIMIT_MAX_MS,
			 .help = "aborts if a raised limit has not ended it by then" },
	[MINIMUM] = { .name = "local_minimum",
		      .kind = MT_PARAM_WORD,
		      .initial = 1 /* searchLocalMinima */,
		      .max = 1,
		      .words = yes_no,
		      .help = "waits for a good pass once it has stalled" },
	[DISRUPTION] = { .name = "workload_disruption",
			 .kind = MT_PARAM_WORD,
			 .initial = 0 /* allowWorkloadDisruption */,
			 .max = 1,
			 .words = yes_no,
			 .help = "may stop the guest, however long that takes" },
	{ .name = NULL }
};

struct kubevirt {
	struct kubevirt_stall stall;
	double bandwidth_bytes_per_s;	/* average; 0 = none yet */
	uint64_t looked_ms;
	double left_bytes;		/* by the newest pass */
	uint64_t raised_ms;		/* when QEMU's limit was raised */
	bool raised;
	bool begun;			/* QEMU's limit is as it is to be at the begin */
};

static void look(struct kubevirt *s, const struct mt_view *view, uint64_t now_ms)
{
	double alpha = (double)view->params[ALPHA] / 100, newest = view->bandwidth_bytes_per_s;

	if (mt_sample_has(view->sample, bandwidth_bytes_per_s))
		newest = (double)view->sample->bandwidth_bytes_per_s;
	if (view->boundary || now_ms - s->looked_ms < view->params[INTERVAL] || !(newest > 0))
		return;
	s->looked_ms = now_ms;
	s->bandwidth_bytes_per_s =
		s->bandwidth_bytes_per_s > 0 ?
			alpha * newest + (1 - alpha) * s->bandwidth_bytes_per_s :
			newest;
}

static double implied_ms(const struct kubevirt *s)
{
	return s->left_bytes / s->bandwidth_bytes_per_s * 1e3;
}

/* Whether what is left can be sent within the time that remains. */
static bool in_budget(const struct kubevirt *s, const struct mt_view *view, uint64_t now_ms)
{
	uint64_t timeout_ms;

	if (!mt_view_per_gib(view, view->params[TIMEOUT], 0, &timeout_ms))
		return true;
	return implied_ms(s) <=
	       (double)timeout_ms * (double)view->params[FACTOR] / 100 - (double)now_ms;
}

/* Flip, or stop, where either is allowed. Return: whether it is. */
static bool end_now(const struct mt_view *view, const char *why, struct mt_plan *plan)
{
	bool flip = view->limits->postcopy_allowed;

	if (flip || view->params[DISRUPTION])
		mt_plan_set(plan, flip ? MT_ACTION_FLIP : MT_ACTION_STOP, "%s", why);
	return flip || view->params[DISRUPTION];
}

/* It has stalled, and this is as good a pass as is to be had. */
static void act(struct kubevirt *s, const struct mt_view *view, uint64_t now_ms,
		struct mt_plan *plan)
{
	double ceiling = (double)mt_view_ceiling_ms(view, view->params[CEILING]);
	char left[MT_UNIT_STR], pause[MT_UNIT_STR], allowed[MT_UNIT_STR], why[160];

	snprintf(why, sizeof(why), "stalled, and a good pass: %s left, a pause of %s",
		 mt_format_size_bytes(left, s->left_bytes),
		 mt_format_duration_ms(pause, implied_ms(s)));
	mt_format_duration_ms(allowed, ceiling);
	if (!in_budget(s, view, now_ms)) {
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "%s, which is longer than the time that is left", why);
		return;
	}
	if (end_now(view, why, plan))
		return;
	if (implied_ms(s) > ceiling * (double)view->params[NEAR] / 100) {
		mt_plan_set(plan, MT_ACTION_ABORT, "%s, far more than the %s allowed", why,
			    allowed);
		return;
	}
	s->raised = true;
	s->raised_ms = now_ms;
	if (!mt_plan_limit(plan, view, (uint64_t)ceiling, why))
		mt_plan_set(plan, MT_ACTION_CONTINUE, "%s, and QEMU's limit is the %s allowed", why,
			    allowed);
}

static void boundary(struct kubevirt *s, const struct mt_view *view, uint64_t now_ms,
		     struct mt_plan *plan)
{
	const struct kubevirt_rule rule = {
		.window_ms = view->params[WINDOW],
		.margin = (double)view->params[MARGIN] / 100,
		.decay = (double)view->params[DECAY] / 100,
		.anywhere = !view->params[MINIMUM],
	};
	char left[MT_UNIT_STR], target[MT_UNIT_STR];

	s->left_bytes = mt_iterations_last(view->iterations)->remaining_bytes;
	mt_format_size_bytes(left, s->left_bytes);
	switch (kubevirt_stall_pass(&s->stall, &rule, now_ms, s->left_bytes)) {
	case KUBEVIRT_PROGRESS:
		mt_plan_set(plan, MT_ACTION_CONTINUE, "not stalled: %s left", left);
		break;
	case KUBEVIRT_WAIT:
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "stalled: waiting for a pass that leaves about %s, %s left",
			    mt_format_size_bytes(target, s->stall.target_bytes), left);
		break;
	case KUBEVIRT_SWITCH:
		act(s, view, now_ms, plan);
		break;
	}
}

/* Its own timeouts, at any look. Return: whether one has passed. */
static bool is_late(struct kubevirt *s, const struct mt_view *view, uint64_t now_ms,
		    struct mt_plan *plan)
{
	uint64_t timeout_ms = 0;
	char after[MT_UNIT_STR], why[160];

	if (s->raised && now_ms - s->raised_ms > view->params[SWITCHOVER]) {
		mt_plan_set(plan, MT_ACTION_ABORT,
			    "QEMU's limit was raised %s ago, and that has not ended it",
			    mt_format_duration_ms(after, (double)(now_ms - s->raised_ms)));
		return true;
	}
	if (s->raised || !mt_view_per_gib(view, view->params[TIMEOUT], 0, &timeout_ms) ||
	    now_ms <= timeout_ms)
		return false;
	snprintf(why, sizeof(why), "the completion timeout of %s has passed",
		 mt_format_duration_ms(after, (double)timeout_ms));
	if (!(s->left_bytes > 0 && in_budget(s, view, now_ms) && end_now(view, why, plan)))
		mt_plan_set(plan, MT_ACTION_ABORT, "%s", why);
	return true;
}

static void kubevirt_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			  struct mt_plan *plan)
{
	uint64_t ceiling = mt_view_ceiling_ms(view, view->params[CEILING]);
	struct kubevirt *s = priv;

	look(s, view, now_ms);
	if (is_late(s, view, now_ms, plan))
		return;
	if (view->boundary && !s->raised && s->bandwidth_bytes_per_s > 0 &&
	    mt_iterations_last(view->iterations))
		boundary(s, view, now_ms, plan);
	else if (s->raised && !mt_plan_limit(plan, view, ceiling, "stalled, and a good pass"))
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "QEMU's limit is raised: waiting for its end");
	if (plan->action == MT_ACTION_CONTINUE && !s->begun && !s->raised)
		s->begun = !mt_plan_limit(plan, view, ceiling < LIMIT_MS ? ceiling : LIMIT_MS,
					  "as it is to be at the begin");
}

static bool stops_at_any_price(const uint64_t *own)
{
	return own[DISRUPTION];
}

_Static_assert(sizeof(struct kubevirt) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_kubevirt = {
	.name = "kubevirt",
	.help = "KubeVirt's VEP 248: once passes stop shrinking, flip, or raise QEMU's limit, at a local minimum, or abort",
	.about = "as KubeVirt's stall detection, VEP 248: when a pass leaves no less than one did a window ago, wait for one that leaves about as little as the least so far; then flip if post-copy is allowed, else raise QEMU's downtime limit if the pause is about what is allowed, else abort",
	.heeds = MT_HEEDS_MAX_DOWNTIME,
	.acts = true,
	.params = params,
	.stops_at_any_price = stops_at_any_price,
	.step = kubevirt_step,
};
