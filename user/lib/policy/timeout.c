// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * timeout.c - virsh's --timeout: after so long, --timeout-postcopy where it is
 * allowed, else --timeout-suspend, at whatever moment that is (PURE)
 */
#include "policy_rows.h"

static void timeout_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	uint64_t timeout_ms = view->limits->timeout_ms;
	bool flip = view->limits->postcopy_allowed;
	char after[MT_UNIT_STR];

	if (timeout_ms == MT_LIMIT_NONE) {
		mt_plan_set(plan, MT_ACTION_CONTINUE, "there is no timeout: QEMU decides by itself");
		return;
	}
	mt_format_duration_ms(after, timeout_ms);
	if (now_ms < timeout_ms)
		mt_plan_set(plan, MT_ACTION_CONTINUE, "the timeout of %s is not over", after);
	else if (flip)
		mt_plan_set(plan, MT_ACTION_FLIP, "the timeout of %s is over and post-copy is allowed", after);
	else
		mt_plan_set(plan, MT_ACTION_STOP, "the timeout of %s is over", after);
}

const struct mt_policy mt_policy_timeout = {
	.name = "timeout",
	.help = "virsh --timeout: after a fixed time, post-copy where allowed, else suspend",
	.heeds = MT_HEEDS_TIMEOUT,
	.acts = true,
	.step = timeout_step,
};
