// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sla.c - the method that is predicted to serve the operator's objective, within limits (PURE)
 *
 * The selection of Jo, Cho and Egger (SoCC'17), by models that were trained on past migrations
 * (limits.trained) or, without, by the analytic one. It is made once: before the first pass where
 * the guest was profiled, else at its end, by what that pass dirtied. Of the methods those take
 * part that can be had by then: going on, a flip after a whole pass, and whatever the migration may
 * be begun again with. QEMU then ends it within the pause that is allowed; best effort at the
 * deadline is a flip, or an abort. All but the selection is inferred.
 */
#include <errno.h>
#include <math.h>

#include "policy_rows.h"
#include "sla_choice.h"

enum { OBJECTIVE, MIN_PERFORMANCE };

static const char *const objectives[] = { "total", "downtime", "traffic", "performance", NULL };

static const struct mt_param params[] = {
	[OBJECTIVE] = { .name = "objective", .kind = MT_PARAM_WORD, .initial = MT_SLA_TOTAL,
			.max = MT_SLA_PERFORMANCE, .words = objectives,
			.help = "what is to be least, or of performance most",
			.about = "what is to be least within the limits: the total time, the downtime or the traffic; or most, the guest's performance meanwhile" },
	[MIN_PERFORMANCE] = { .name = "min_performance", .kind = MT_PARAM_PERCENT, .max = 100,
			      .help = "of its work that the guest must get done meanwhile; 0%: no limit",
			      .about = "how much of its work the guest must get done meanwhile, where a model was trained on that; 0 %: no limit" },
	{ .name = NULL }
};

struct sla {
	bool chosen, flips;		/* flips: as soon as a pass is done */
	char why[256];
};

/* It has been begun again: QEMU counts from there, we from the first begin. */
static bool begun_again(const struct mt_view *view, uint64_t now_ms)
{
	return mt_sample_has(view->sample, total_ms) && view->sample->total_ms < now_ms;
}

static enum mt_method going_on(const struct mt_view *view)
{
	return view->limits->auto_converge ? MT_METHOD_AUTOCONVERGE : MT_METHOD_PRECOPY;
}

static unsigned methods_of(const struct mt_view *view, uint64_t now_ms)
{
	unsigned methods = 1U << going_on(view);

	if (mt_flip_is_possible(view))
		methods |= 1U << MT_METHOD_HYBRID;
	for (int m = 0; m < MT_METHOD_COUNT; m++)
		if (!mt_method_at(m)->postcopy && mt_view_begins_again(view, m, now_ms))
			methods |= 1U << m;
	return methods;
}

/* Return: false: too little is known yet. */
static bool know(struct mt_forecast_input *in, const struct mt_view *view)
{
	const struct mt_beforehand *before = view->limits->before;

	*in = (struct mt_forecast_input){
		.curve = view->u && view->u->origin ? view->u : before ? &before->u : NULL,
		.memory_bytes = mt_sample_has(view->sample, memory_bytes) ?
			(double)view->sample->memory_bytes : 0,
		.resident_bytes = before ? before->nonzero_bytes : 0,
		.cpu_share = NAN, .options.flip_after_passes = 1,
		.bandwidth_bytes_per_s = view->bandwidth_bytes_per_s,
		.downtime_limit_ms = (double)view->limit_ms,
		.learned = view->limits->learned,
	};
	return in->curve && in->curve->origin && in->memory_bytes > 0 &&
	       in->bandwidth_bytes_per_s > 0 && in->downtime_limit_ms > 0;
}

struct mt_sla mt_sla_of(const struct mt_limits *l)
{
	return (struct mt_sla){
		.objective = (enum mt_sla_objective)mt_param_value(&l->params, &params[OBJECTIVE]),
		.max_downtime_ms = (double)l->max_downtime_ms,
		.max_total_ms = l->deadline_ms < MT_LIMIT_NONE ? (double)l->deadline_ms : INFINITY,
		.min_performance =
			(double)mt_param_value(&l->params, &params[MIN_PERFORMANCE]) / 100,
	};
}

static struct mt_sla what_is_spent(struct mt_sla sla, const struct mt_view *view, uint64_t now_ms)
{
	sla.anew = ~(1U << going_on(view) | 1U << MT_METHOD_HYBRID);
	sla.spent_ms = (double)now_ms;
	sla.spent_bytes = mt_sample_has(view->sample, transferred_bytes) ?
				  (double)view->sample->transferred_bytes : 0;
	return sla;
}

/* Return: whether the plan is to begin again. */
static bool choose(struct sla *s, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	const struct mt_sla sla = what_is_spent(mt_sla_of(view->limits), view, now_ms);
	struct mt_forecast_input in;
	struct mt_sla_choice c;
	enum mt_method best;

	if (begun_again(view, now_ms))
		s->chosen = true;
	if (s->chosen || !know(&in, view))
		return false;
	if (mt_sla_choose(&c, view->limits->trained, &in, methods_of(view, now_ms), &sla) ==
	    -ENODATA)
		return false;
	s->chosen = true;
	best = c.offers[0].method;
	s->flips = best == MT_METHOD_HYBRID;
	snprintf(s->why, sizeof(s->why), "%s", c.reason);
	if (s->flips || best == going_on(view))
		return false;
	plan->method = best;
	mt_plan_set(plan, MT_ACTION_RESTART, "%s: begun again with it", s->why);
	return true;
}

/* QEMU ends pre-copy by its limit: that follows from what is allowed. */
static bool set_limit(const struct mt_view *view, struct mt_plan *plan)
{
	uint64_t room_ms = view->limits->max_downtime_ms;

	if (room_ms > view->limits->fixed_ms)
		room_ms -= view->limits->fixed_ms;
	return mt_plan_limit(plan, view, room_ms, "as is allowed");
}

static void sla_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	struct sla *s = priv;

	if (now_ms >= view->limits->deadline_ms) {
		bool flips = mt_flip_is_possible(view);

		mt_plan_set(plan, flips ? MT_ACTION_FLIP : MT_ACTION_ABORT,
			    "the deadline has passed%s", flips ? ": post-copy" : "");
		return;
	}
	if (set_limit(view, plan) || choose(s, view, now_ms, plan))
		return;
	if (s->flips && view->iterations->total && mt_flip_is_possible(view))
		mt_plan_set(plan, MT_ACTION_FLIP, "%s", s->why);
	else if (s->chosen)
		mt_plan_set(plan, MT_ACTION_CONTINUE, "%s", s->why);
	else
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "the first pass shows what the guest dirties");
}

_Static_assert(sizeof(struct sla) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_sla = {
	.name = "sla",
	.help = "the method predicted to serve an objective best within the limits, by a trained model",
	.about = "Jo's selection: of the methods that can be had, the one that is predicted to serve **--objective** best, of those that keep to **--max-downtime**, **--deadline** and **--min-performance**; where none does, the one that exceeds them least. By a model of **migtrace-train**\\(1), or without by the analytic one. It is decided once, before the first pass for a guest that was profiled and else after it; to begin again with another method is left to **migtrace migrate**",
	.heeds = MT_HEEDS_MAX_DOWNTIME | MT_HEEDS_DEADLINE,
	.acts = true,
	.params = params,
	.step = sla_step,
};
