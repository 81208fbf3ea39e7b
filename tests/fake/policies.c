// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * policies.c - policies that do what a test wants when it wants it (PURE)
 */
#include <stdio.h>

#include "policies.h"

static const struct mt_param params[] = {
	{ .name = "passes", .kind = MT_PARAM_COUNT, .max = UINT32_MAX,
	  .help = "after how many finished passes it acts" },
	{ .name = NULL }
};

static bool is_time(const struct mt_view *view, uint64_t later)
{
	return view->sample->iteration > view->params[0] + later;
}

static void plan_for(struct mt_plan *plan, const struct mt_view *view, enum mt_action action)
{
	plan->action = action;
	plan->implied_downtime_ms = (double)view->limits->fixed_ms;
	snprintf(plan->reason, sizeof(plan->reason), "the test wants it: %s",
		 mt_action_name(action));
}

static void none_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
}

static void stop_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	if (is_time(view, 0))
		plan_for(plan, view, MT_ACTION_STOP);
}

static void flip_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	if (is_time(view, 0))
		plan_for(plan, view, MT_ACTION_FLIP);
}

static void abort_step(void *priv, const struct mt_view *view, uint64_t now_ms,
		       struct mt_plan *plan)
{
	if (is_time(view, 0))
		plan_for(plan, view, MT_ACTION_ABORT);
}

static void stop_or_abort_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			       struct mt_plan *plan)
{
	if (now_ms >= view->limits->deadline_ms)
		plan_for(plan, view, MT_ACTION_ABORT);
	else if (is_time(view, 0))
		plan_for(plan, view, MT_ACTION_STOP);
}

static void restart_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			 struct mt_plan *plan)
{
	if (!is_time(view, 0))
		return;
	plan->method = MT_METHOD_AUTOCONVERGE;
	plan->throttle_percent = 30;
	plan_for(plan, view, view->limits->methods ? MT_ACTION_RESTART : MT_ACTION_STOP);
}

static void limit_step(void *priv, const struct mt_view *view, uint64_t now_ms,
		       struct mt_plan *plan)
{
	if (is_time(view, 4)) {
		plan_for(plan, view, MT_ACTION_STOP);
	} else if (view->boundary && is_time(view, 0)) {
		plan_for(plan, view, MT_ACTION_SET_DOWNTIME);
		plan->downtime_limit_ms = view->limits->qemu_limit_ms + 50;
	}
}

static void vcpus_step(void *priv, const struct mt_view *view, uint64_t now_ms,
		       struct mt_plan *plan)
{
	if (!view->boundary || !is_time(view, 0) || !view->limits->limitable_vcpus)
		return;
	plan_for(plan, view, MT_ACTION_LIMIT_VCPUS);
	plan->vcpu_limit_bytes_per_s = 30 << 20;
}

static void speed_step(void *priv, const struct mt_view *view, uint64_t now_ms,
		       struct mt_plan *plan)
{
	if (is_time(view, 3)) {
		plan_for(plan, view, MT_ACTION_STOP);
	} else if (view->boundary && is_time(view, 0)) {
		plan_for(plan, view, MT_ACTION_SET_BANDWIDTH);
		plan->bandwidth_bytes_per_s = (8 + view->sample->iteration) << 20;
	}
}

/* As fm and am that wait: every other pass, and as it was before the guest is stopped. */
static void slow_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	bool stops = is_time(view, 5), slow = !stops && view->sample->iteration % 2;

	if (!is_time(view, 0))
		return;
	if (stops && !view->speed_bytes_per_s) {
		plan_for(plan, view, MT_ACTION_STOP);
	} else if (slow == !view->speed_bytes_per_s && (view->boundary || !slow)) {
		plan_for(plan, view, MT_ACTION_SET_BANDWIDTH);
		plan->bandwidth_bytes_per_s = slow ? 1 << 20 : 0;
	}
}

static void throttle_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			  struct mt_plan *plan)
{
	bool *done = priv;

	if (*done || !is_time(view, 0))
		return;
	*done = true;
	plan->throttle_percent = 40;
	plan_for(plan, view, MT_ACTION_THROTTLE);
}

const struct mt_policy fake_policy_none = { .name = "test-none",
					    .help = "does nothing",
					    .step = none_step };
const struct mt_policy fake_policy_stop = { .name = "test-stop",
					    .params = params,
					    .help = "stops",
					    .step = stop_step };
const struct mt_policy fake_policy_flip = { .name = "test-flip",
					    .params = params,
					    .help = "flips",
					    .step = flip_step };
const struct mt_policy fake_policy_abort = { .name = "test-abort",
					     .params = params,
					     .help = "aborts",
					     .step = abort_step };
const struct mt_policy fake_policy_stop_or_abort = { .name = "test-stop-or-abort",
						     .params = params,
						     .help = "stops, later aborts",
						     .step = stop_or_abort_step };
const struct mt_policy fake_policy_restart = { .name = "test-restart",
					       .params = params,
					       .help = "begins again, and stops",
					       .step = restart_step };
const struct mt_policy fake_policy_throttle = { .name = "test-throttle",
						.params = params,
						.help = "throttles once",
						.step = throttle_step };
const struct mt_policy fake_policy_limit = { .name = "test-limit",
					     .params = params,
					     .help = "raises the limit",
					     .step = limit_step };
const struct mt_policy fake_policy_vcpus = { .name = "test-vcpus",
					     .params = params,
					     .help = "limits vCPUs",
					     .step = vcpus_step };
const struct mt_policy fake_policy_speed = { .name = "test-speed",
					     .params = params,
					     .help = "changes the speed",
					     .step = speed_step };
const struct mt_policy fake_policy_slow = { .name = "test-slow",
					    .params = params,
					    .help = "slows every other pass down",
					    .step = slow_step };
