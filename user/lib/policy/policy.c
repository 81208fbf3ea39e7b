// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * policy.c - the table of policies, and the rules that hold for every row (PURE)
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy_rows.h"

#define MISCOUNTED	"QEMU has lost count of what is left to send (a RAM block was resized meanwhile?) and may never end: cancel the migration"

#define ROW(name)	&mt_policy_##name,
static const struct mt_policy *const rows[] = { MT_POLICY_ROWS(ROW) };

const struct mt_policy *mt_policy_at(size_t i)
{
	return i < MT_ARRAY_SIZE(rows) ? rows[i] : NULL;
}

const struct mt_policy *mt_policy_find(const char *name)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++)
		if (!strcmp(name, rows[i]->name) ||
		    (rows[i]->former && !strcmp(name, rows[i]->former)))
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
		[MT_ACTION_LIMIT_VCPUS] = "limit-vcpus",
		[MT_ACTION_STOP] = "stop",
		[MT_ACTION_FLIP] = "flip",
		[MT_ACTION_ABORT] = "abort",
		[MT_ACTION_RESTART] = "restart",
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

bool mt_plan_limit(struct mt_plan *plan, const struct mt_view *view, uint64_t limit_ms,
		   const char *why)
{
	char from[MT_UNIT_STR], to[MT_UNIT_STR];

	if (limit_ms == view->limit_ms || mt_view_refuses(view, MT_ACTION_SET_DOWNTIME))
		return false;
	plan->downtime_limit_ms = limit_ms;
	mt_plan_set(plan, MT_ACTION_SET_DOWNTIME, "%s: QEMU's limit goes from %s to %s", why,
		    mt_format_duration_ms(from, (double)view->limit_ms),
		    mt_format_duration_ms(to, (double)limit_ms));
	return true;
}

uint64_t mt_view_ceiling_ms(const struct mt_view *view, uint64_t own_ms)
{
	return own_ms < view->limits->max_downtime_ms ? own_ms : view->limits->max_downtime_ms;
}

bool mt_view_per_gib(const struct mt_view *view, uint64_t per_gib_ms, double at_least_gib,
		     uint64_t *ms)
{
	double gib = (double)view->sample->memory_bytes / (1024 * MT_MIB);

	if (!mt_sample_has(view->sample, memory_bytes) || per_gib_ms >= MT_LIMIT_NONE)
		return false;
	*ms = (uint64_t)((double)per_gib_ms * (gib > at_least_gib ? gib : at_least_gib));
	return true;
}

void mt_policy_init(struct mt_policy_state *state)
{
	memset(state, 0, sizeof(*state));
	state->asked_limit_ms = MT_LIMIT_UNSET;
}

bool mt_policy_flips_at_once(const struct mt_policy *policy, const struct mt_limits *limits)
{
	uint64_t params[MT_POLICY_PARAMS_MAX];

	mt_policy_params(policy, limits, params);
	return policy->flips_at_once && policy->flips_at_once(params);
}

bool mt_action_is_final(enum mt_action action)
{
	return action == MT_ACTION_STOP || action == MT_ACTION_FLIP ||
	       action == MT_ACTION_ABORT || action == MT_ACTION_RESTART;
}

void mt_policy_dropped(struct mt_policy_state *state)
{
	state->last = MT_ACTION_CONTINUE;
	state->asked_limit_ms = MT_LIMIT_UNSET;
	state->speed_bytes_per_s = state->speed_before_bytes_per_s;
}

void mt_policy_refused(struct mt_policy_state *state, enum mt_action action)
{
	mt_policy_dropped(state);
	if ((unsigned)action < MT_ACTION_COUNT)
		state->refused[action]++;
}

/* --- warnings: what is wrong with the migration itself ------------------ */
enum warning {
	WARN_STATUS,		/* a status in which a person is needed, or that nobody here
				 * knows */
	WARN_MISCOUNTED,
	WARN_STALLED,
};

/* Return: whether it is news. */
static bool warn(struct mt_policy_state *state, enum warning what, bool holds)
{
	unsigned bit = 1U << what, before = state->warned;

	state->warned = holds ? before | bit : before & ~bit;
	return holds && !(before & bit);
}

/*
 * A count that went wrong once stays wrong, and QEMU waits for it to become small: that never ends.
 */
static void tell_miscounted(struct mt_policy_state *state, const struct mt_view *view,
			    struct mt_plan *plan)
{
	bool news = warn(state, WARN_MISCOUNTED, view->sample->miscounted);

	if (!view->sample->miscounted || plan->action != MT_ACTION_CONTINUE)
		return;
	plan->warns = news;
	mt_plan_set(plan, MT_ACTION_CONTINUE, MISCOUNTED);
}

static void heed_stall(struct mt_policy_state *state, const struct mt_view *view,
		       struct mt_plan *plan)
{
	double still_ms = view->iterations->still_s * 1e3;
	uint64_t limit_ms = view->limits->stall_timeout_ms;
	bool news = warn(state, WARN_STALLED, still_ms >= MT_STALL_TELL_MS);
	char still[MT_UNIT_STR], limit[MT_UNIT_STR];

	if (plan->action == MT_ACTION_ABORT)
		return;
	if (still_ms >= (double)limit_ms)
		mt_plan_set(
			plan, MT_ACTION_ABORT,
			"nothing has been sent for %s, and %s is the limit: the link or the destination has stalled",
			mt_format_duration_ms(still, still_ms),
			mt_format_duration_ms(limit, (double)limit_ms));
	else if (plan->action == MT_ACTION_CONTINUE && still_ms >= MT_STALL_TELL_MS &&
		 (news || !view->sample->miscounted)) {
		plan->warns |= news;
		mt_plan_set(
			plan, MT_ACTION_CONTINUE,
			"nothing has been sent for %s: the link or the destination has stalled%s",
			mt_format_duration_ms(still, still_ms),
			limit_ms < MT_LIMIT_NONE ? "" : ", and no limit says when to give up");
	}
}

/* --- what holds for every row ------------------------------------------- */

bool mt_view_begins_again(const struct mt_view *view, enum mt_method method, uint64_t now_ms)
{
	const struct mt_limits *limits = view->limits;
	double bytes = limits->before ? limits->before->nonzero_bytes : 0;

	if (view->sample->other_bytes || !(limits->methods >> method & 1) ||
	    mt_view_refuses(view, MT_ACTION_RESTART))
		return false;
	/* All of the memory once more, and as much again for what the guest dirties. Inferred. */
	if (!(bytes > 0))
		bytes = (double)view->sample->memory_bytes;
	return (double)now_ms + 2 * bytes / view->bandwidth_bytes_per_s * 1e3 <
	       (double)limits->deadline_ms;
}

/* @why: else. What was refused too often turned_down() tells. */
static bool begins_again(const struct mt_view *view, const struct mt_plan *plan, char *why,
			 size_t size)
{
	bool ours = view->limits->methods, disk = view->sample->other_bytes;

	if (!disk && view->limits->methods >> plan->method & 1)
		return true;
	snprintf(why, size, "this migration cannot be begun again with %s: %s",
		 mt_method_name(plan->method),
		 disk	? "a disk is copied with it, and would be from its beginning" :
		 !ours	? "somebody else began it, or nothing else is left" :
			  "it does not go with how it was begun, or was tried");
	return false;
}

/* Why what a policy asks for is not to be; NULL: it may be. */
static const char *turned_down(const struct mt_policy *policy, const struct mt_policy_state *state,
			       const struct mt_view *view, const struct mt_plan *plan, char *buf,
			       size_t size)
{
	enum mt_action action = plan->action;
	bool flip = action == MT_ACTION_FLIP;

	if (action == MT_ACTION_CONTINUE || action == MT_ACTION_ABORT)
		return NULL;
	if (flip && !view->limits->postcopy_allowed)
		return "post-copy is not allowed";
	/*
	 * A flip before each page was sent once makes the guest fault on everything: only for who
	 * asks for just that.
	 */
	if (flip && !view->iterations->total && !mt_policy_flips_at_once(policy, view->limits))
		return "post-copy has to wait for the first whole pass";
	if ((flip || action == MT_ACTION_STOP) && view->sample->miscounted)
		return MISCOUNTED;
	/*
	 * On a dead link a flip strands the guest between two hosts, and a stop pauses it until the
	 * link is back.
	 */
	if ((flip || action == MT_ACTION_STOP) && view->iterations->stuck)
		return flip ? "the link carries next to nothing: no time to flip to post-copy" :
			      "the link carries next to nothing: no time to stop the guest";
	if (flip && mt_flip_is_unwise(view, buf, size))
		return buf;
	if (action == MT_ACTION_RESTART && !begins_again(view, plan, buf, size))
		return buf;
	if (state->refused[action] >= MT_POLICY_TRIES)
		return "what this calls for was refused too often";
	return NULL;
}

static void hold_back(const struct mt_policy *policy, const struct mt_policy_state *state,
		      const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	char buf[256];
	const char *why = turned_down(policy, state, view, plan, buf, sizeof(buf));
	uint64_t deadline_ms = view->limits->deadline_ms;
	char deadline[MT_UNIT_STR];

	if (!why)
		return;
	if (mt_action_is_final(plan->action) && now_ms >= deadline_ms)
		mt_plan_set(plan, MT_ACTION_ABORT, "the deadline of %s has passed, and %s",
			    mt_format_duration_ms(deadline, (double)deadline_ms), why);
	else
		mt_plan_set(plan, MT_ACTION_CONTINUE, "%s", why);
}

void mt_policy_step(const struct mt_policy *policy, struct mt_policy_state *state,
		    const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	enum mt_status status = view->sample->status;
	uint64_t params[MT_POLICY_PARAMS_MAX];
	struct mt_view own = *view;

	memset(plan, 0, sizeof(*plan));
	plan->implied_downtime_ms = -1;
	if (view->bandwidth_bytes_per_s > 0 && mt_sample_has(view->sample, remaining_bytes))
		plan->implied_downtime_ms =
			view->sample->remaining_bytes / view->bandwidth_bytes_per_s * 1e3;

	plan->warns = warn(state, WARN_STATUS,
			   status == MT_STATUS_POSTCOPY_PAUSED || status == MT_STATUS_UNKNOWN);
	if (status != MT_STATUS_ACTIVE) {
		mt_plan_set(plan, MT_ACTION_CONTINUE, "%s", mt_status_why(status));
		return;
	}
	if (state->last != MT_ACTION_CONTINUE) {
		mt_plan_set(plan, MT_ACTION_CONTINUE, "%s has been asked for",
			    mt_action_name(state->last));
		return;
	}
	mt_policy_params(policy, view->limits, params);
	own.params = params;
	for (int a = 0; a < MT_ACTION_COUNT; a++)
		own.refused |= (unsigned)(state->refused[a] >= MT_POLICY_TRIES) << a;
	own.limit_ms = state->asked_limit_ms != MT_LIMIT_UNSET ? state->asked_limit_ms :
								 view->limits->qemu_limit_ms;
	own.speed_bytes_per_s = state->speed_before_bytes_per_s = state->speed_bytes_per_s;
	policy->step(state->priv, &own, now_ms, plan);
	hold_back(policy, state, view, now_ms, plan);
	tell_miscounted(state, view, plan);
	heed_stall(state, view, plan);
	if (mt_action_is_final(plan->action))
		state->last = plan->action;
	else if (plan->action == MT_ACTION_SET_DOWNTIME)
		state->asked_limit_ms = plan->downtime_limit_ms;
	else if (plan->action == MT_ACTION_SET_BANDWIDTH)
		state->speed_bytes_per_s = plan->bandwidth_bytes_per_s;
}
