// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * timeout.c - virsh's --timeout: after so long, --timeout-postcopy where it is
 * allowed, else --timeout-suspend, at whatever moment that is (PURE)
 */
#include "policy_rows.h"

enum { TIMEOUT, MID_PASS };

static const char *const no_yes[] = { "no", "yes", NULL };

static const struct mt_param params[] = {
	[TIMEOUT] = { .name = "timeout",
		      .kind = MT_PARAM_DURATION_OR_NONE,
		      .initial = 30000 /* inferred */,
		      .max = MT_LIMIT_MAX_MS,
		      .help = "when it acts",
		      .about =
			      "when it acts, since the migration began. 0ms is at once, **none** is never" },
	/* WALM's fixed hybrid flips half a second after it began. */
	[MID_PASS] = { .name = "mid_pass",
		       .kind = MT_PARAM_WORD,
		       .max = 1,
		       .words = no_yes,
		       .help = "whether it may flip before the first pass is done",
		       .about =
			       "whether it may flip before the first whole pass is done, when the guest has to wait for all that has not been sent; post-copy has to be allowed then" },
	{ .name = NULL }
};

static void timeout_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			 struct mt_plan *plan)
{
	uint64_t timeout_ms = view->params[TIMEOUT];
	bool flip = view->limits->postcopy_allowed;
	char after[MT_UNIT_STR];

	if (timeout_ms == MT_LIMIT_NONE) {
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "there is no timeout: QEMU decides by itself");
		return;
	}
	mt_format_duration_ms(after, timeout_ms);
	if (now_ms < timeout_ms)
		mt_plan_set(plan, MT_ACTION_CONTINUE, "the timeout of %s has not passed yet",
			    after);
	else if (flip)
		mt_plan_set(plan, MT_ACTION_FLIP,
			    "the timeout of %s has passed and post-copy is allowed", after);
	else
		mt_plan_set(plan, MT_ACTION_STOP, "the timeout of %s has passed", after);
}

static uint64_t acts_at_ms(const uint64_t *own)
{
	return own[TIMEOUT];
}

static bool flips_at_once(const uint64_t *own)
{
	return own[MID_PASS];
}

const struct mt_policy mt_policy_timeout = {
	.name = "timeout",
	.help = "virsh --timeout: after a fixed time, post-copy where allowed, else suspend",
	.about = "as virsh's **--timeout**: after a fixed time flip if post-copy is allowed, else stop the guest, however long that takes",
	.acts = true,
	.params = params,
	.flips_at_once = flips_at_once,
	.acts_at_ms = acts_at_ms,
	.step = timeout_step,
};
