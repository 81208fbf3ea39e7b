// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * policy.c - the table of policies, and the rules that hold for every row (PURE)
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy.h"

static const struct mt_policy *const rows[] = {
	&mt_policy_qemu,
	&mt_policy_timeout,
	&mt_policy_passes,
	&mt_policy_ihm,
	&mt_policy_psc,
	&mt_policy_fni,
	&mt_policy_fm,
	&mt_policy_am,
	&mt_policy_predict,
};

const struct mt_policy *mt_policy_at(size_t i)
{
	return i < MT_ARRAY_SIZE(rows) ? rows[i] : NULL;
}

const struct mt_policy *mt_policy_find(const char *name)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++)
		if (!strcmp(name, rows[i]->name))
			return rows[i];
	return NULL;
}

const char *mt_action_name(enum mt_action action)
{
	static const char *const names[MT_ACTION_COUNT] = {
		[MT_ACTION_CONTINUE] = "none",
		[MT_ACTION_SET_DOWNTIME] = "set-downtime",
		[MT_ACTION_SET_BANDWIDTH] = "set-bandwidth",
		[MT_ACTION_THROTTLE] = "throttle",
		[MT_ACTION_STOP] = "stop",
		[MT_ACTION_FLIP] = "flip",
		[MT_ACTION_ABORT] = "abort",
	};

	return action < MT_ACTION_COUNT ? names[action] : "none";
}

void mt_plan_set(struct mt_plan *plan, enum mt_action action, const char *fmt, ...)
{
	va_list ap;

	plan->action = action;
	va_start(ap, fmt);
	vsnprintf(plan->reason, sizeof(plan->reason), fmt, ap);
	va_end(ap);
}

void mt_policy_init(struct mt_policy_state *state)
{
	memset(state, 0, sizeof(*state));
}

static bool is_final(enum mt_action action)
{
	return action == MT_ACTION_STOP || action == MT_ACTION_FLIP || action == MT_ACTION_ABORT;
}

void mt_policy_step(const struct mt_policy *policy, struct mt_policy_state *state,
		    const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	plan->implied_downtime_ms = -1;
	if (view->bandwidth_bytes_per_s > 0 && mt_sample_has(view->sample, remaining_bytes))
		plan->implied_downtime_ms = view->sample->remaining_bytes / view->bandwidth_bytes_per_s * 1e3;

	if (state->last != MT_ACTION_CONTINUE) {
		mt_plan_set(plan, MT_ACTION_CONTINUE, "%s has been asked for", mt_action_name(state->last));
		return;
	}
	if (view->sample->status != MT_STATUS_ACTIVE)
		return;
	policy->step(state->priv, view, now_ms, plan);

	if (plan->action == MT_ACTION_FLIP && !view->limits->postcopy_allowed)
		mt_plan_set(plan, MT_ACTION_CONTINUE, "post-copy is not allowed");
	/* A flip before each page was sent once makes the guest fault on everything: only for who asks for just that. */
	if (plan->action == MT_ACTION_FLIP && !view->iterations->total &&
	    !(policy->flips_at_once && !view->limits->passes))
		mt_plan_set(plan, MT_ACTION_CONTINUE, "post-copy has to wait for the first whole pass");
	/* On a dead link a flip strands the guest between two hosts, and a stop pauses it until the link is back. */
	if ((plan->action == MT_ACTION_FLIP || plan->action == MT_ACTION_STOP) && view->iterations->stuck)
		mt_plan_set(plan, MT_ACTION_CONTINUE, "the link carries next to nothing: no time to %s",
			    plan->action == MT_ACTION_FLIP ? "flip to post-copy" : "stop the guest");
	if (is_final(plan->action))
		state->last = plan->action;
}
