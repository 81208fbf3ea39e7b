// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * solive.c - the quickest end that the class of the workload leaves open (PURE)
 *
 * SOLive (INFOCOM 2020) tells CPU-, network- and memory-intensive guests apart and minimises the
 * total time of their migrations; which method it gives to each, and by what figures, is not
 * public. What is here is ours: whoever is found within the pause allowed is stopped there, since
 * each further pass only takes time. A memory-intensive guest resends most of each pass, and one
 * that is network-intensive shares the link with them: neither waits for more passes where
 * post-copy is allowed. All others go on while their passes shrink, and flip as in ihm.c.
 */
#include "classed.h"
#include "ihm.h"
#include "policy_rows.h"

enum { IHM = MT_CLASSED_COUNT };

static const struct mt_param params[] = {
	MT_CLASSED_PARAMS,
	MT_IHM_PARAMS(IHM),
	{ .name = NULL }
};

static bool stops_within(const struct mt_view *view, const struct mt_plan *plan)
{
	return view->boundary && plan->implied_downtime_ms >= 0 &&
	       plan->implied_downtime_ms + (double)view->limits->fixed_ms <=
		       (double)view->limits->max_downtime_ms;
}

static bool waits_in_vain(const struct mt_classifier *c)
{
	return mt_classifier_is_settled(c) &&
	       (c->has[MT_TRAIT_MEMORY] || c->has[MT_TRAIT_NETWORK]);
}

static void solive_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			struct mt_plan *plan)
{
	char now[MT_UNIT_STR], allowed[MT_UNIT_STR];

	mt_ihm_step(priv, view, view->params + IHM, plan);
	mt_format_duration_ms(allowed, (double)view->limits->max_downtime_ms);
	if (!view->iterations->total)
		return;
	if (stops_within(view, plan)) {
		mt_format_duration_ms(now, plan->implied_downtime_ms +
						   (double)view->limits->fixed_ms);
		mt_plan_set(plan, MT_ACTION_STOP,
			    "stopping now pauses the guest for %s, %s allowed", now, allowed);
	} else if (view->limits->postcopy_allowed && waits_in_vain(view->class)) {
		mt_plan_set(plan, MT_ACTION_FLIP, "post-copy ends it soonest");
	} else if (plan->action == MT_ACTION_STOP) {
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "not converging, and no moment yet within the %s allowed", allowed);
	}
	if (*plan->reason)
		mt_classed_say(plan, view->class, "");
}

_Static_assert(sizeof(struct mt_ihm) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_solive = {
	.name = "solive",
	.help = "the quickest end by the workload: stop within what is allowed, else post-copy",
	.about = "after SOLive, whose rules are not public, so these are ours: stop at the first boundary within what is allowed; a memory- or network-intensive guest flips, if post-copy is allowed, once its class is known; all others as by *ihm*, but never stopped for longer than allowed",
	.heeds = MT_HEEDS_MAX_DOWNTIME,
	.acts = true,
	.params = params,
	.step = solive_step,
};
