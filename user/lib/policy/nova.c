// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * nova.c - OpenStack Nova: QEMU's limit rises in steps by the clock, and a timeout ends it (PURE)
 *
 * Nova (nova/virt/libvirt/migration.py and driver.py, nova/conf/libvirt.py, as of August 2026) sets
 * QEMU's limit to a first step at once and to the next one each time that a delay, which grows with
 * the guest's memory, has passed. Until Ocata (commit bcd584f293) the steps were exponential. After
 * a timeout, which grows likewise, it aborts; or it forces the end: by post-copy where that is
 * permitted, else by pausing the guest for however long that takes. Disks, which Nova adds to the
 * memory, are not counted here.
 */
#include <math.h>

#include "policy_rows.h"

/* Nova counts a smaller guest as one of 2 GiB. */
#define AT_LEAST_GIB	2.0

enum { CEILING, STEPS, DELAY, CURVE, TIMEOUT, ACTION };
enum { LINEAR, EXPONENTIAL };
enum { ABORT, FORCE_COMPLETE };

static const char *const curves[] = { "linear", "exponential", NULL };
static const char *const actions[] = { "abort", "force-complete", NULL };

/* Defaults are those of Nova's options live_migration_*, which have these names. */
static const struct mt_param params[] = {
	[CEILING] = { .name = "downtime_ceiling",
		      .kind = MT_PARAM_DURATION,
		      .initial = 500 /* ..._downtime */,
		      .min = 1,
		      .max = MT_LIMIT_MAX_MS,
		      .help = "the last step of QEMU's limit, at most max-downtime" },
	[STEPS] = { .name = "downtime_steps",
		    .kind = MT_PARAM_COUNT,
		    .initial = 10 /* ..._downtime_steps */,
		    .min = 1,
		    .max = 1000,
		    .help = "how many times the limit rises" },
	[DELAY] = { .name = "downtime_delay_per_gib",
		    .kind = MT_PARAM_DURATION,
		    .initial = 75000 /* ..._downtime_delay */,
		    .min = 0,
		    .max = MT_LIMIT_MAX_MS,
		    .help = "between two steps, for each GiB of memory",
		    .about =
			    "how long it waits between two steps, for each GiB of the guest's memory, of which it counts at least 2" },
	[CURVE] = { .name = "downtime_curve",
		    .kind = MT_PARAM_WORD,
		    .initial = LINEAR,
		    .max = EXPONENTIAL,
		    .words = curves,
		    .help = "steps are",
		    .about =
			    "whether steps are equal, or each is larger, as they were until Ocata" },
	[TIMEOUT] = { .name = "completion_timeout_per_gib",
		      .kind = MT_PARAM_DURATION_OR_NONE,
		      .initial = 800000 /* ..._completion_timeout */,
		      .min = 1,
		      .max = MT_LIMIT_MAX_MS,
		      .help = "ends it, for each GiB of memory",
		      .about =
			      "after how long it acts, for each GiB of the guest's memory, of which it counts at least 2" },
	[ACTION] = { .name = "timeout_action",
		     .kind = MT_PARAM_WORD,
		     .initial = ABORT /* ..._timeout_action */,
		     .max = FORCE_COMPLETE,
		     .words = actions,
		     .help = "what it does then",
		     .about =
			     "what it does then; to force completion it flips if post-copy is allowed, else stops the guest, however long that takes" },
	{ .name = NULL }
};

/* Step @k: the first is one of @steps parts of @top (or of one more: exponential), the last all. */
static uint64_t step_ms(uint64_t curve, double top, double steps, double k)
{
	double first = top / (curve == LINEAR ? steps : steps + 1);

	if (curve == LINEAR)
		return (uint64_t)(first + (top - first) / steps * k);
	return (uint64_t)(first + pow(pow(top - first, 1 / steps), k) + 1e-6);
}

static void time_is_over(const struct mt_view *view, uint64_t timeout_ms, struct mt_plan *plan)
{
	bool forced = view->params[ACTION] == FORCE_COMPLETE;
	bool flip = view->limits->postcopy_allowed;
	char after[MT_UNIT_STR];

	mt_plan_set(plan,
		    !forced ? MT_ACTION_ABORT :
		    flip    ? MT_ACTION_FLIP :
			      MT_ACTION_STOP,
		    "the completion timeout of %s has passed%s",
		    mt_format_duration_ms(after, (double)timeout_ms),
		    forced && flip ? " and post-copy is allowed" : "");
}

static void nova_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	const uint64_t *own = view->params;
	double top = (double)mt_view_ceiling_ms(view, own[CEILING]);
	uint64_t timeout_ms, delay_ms, limit_ms, k = own[STEPS];

	if (!mt_view_per_gib(view, own[DELAY], AT_LEAST_GIB, &delay_ms)) {
		mt_plan_set(plan, MT_ACTION_CONTINUE, "how much memory there is is not known yet");
		return;
	}
	if (mt_view_per_gib(view, own[TIMEOUT], AT_LEAST_GIB, &timeout_ms) && now_ms > timeout_ms) {
		time_is_over(view, timeout_ms, plan);
		return;
	}
	/* A step is due when more than its time has passed. */
	if (delay_ms && (!now_ms || (now_ms - 1) / delay_ms < k))
		k = now_ms ? (now_ms - 1) / delay_ms : 0;
	limit_ms = step_ms(own[CURVE], top, (double)own[STEPS], (double)k);
	limit_ms = limit_ms ? limit_ms : 1;
	if (!mt_plan_limit(plan, view, limit_ms, "another step is due"))
		mt_plan_set(plan, MT_ACTION_CONTINUE, "step %u of %u is in force", (unsigned)k,
			    (unsigned)own[STEPS]);
}

static bool stops_at_any_price(const uint64_t *own)
{
	return own[ACTION] == FORCE_COMPLETE && own[TIMEOUT] != MT_LIMIT_NONE;
}

const struct mt_policy mt_policy_nova = {
	.name = "nova",
	.help = "OpenStack Nova: raise QEMU's limit in steps by the clock; after a timeout abort, or force the end",
	.about = "as OpenStack Nova: QEMU's downtime limit rises in steps by the clock, and after a timeout the migration is aborted, or its end is forced; delays and timeout grow with the guest's memory",
	.heeds = MT_HEEDS_MAX_DOWNTIME,
	.acts = true,
	.params = params,
	.stops_at_any_price = stops_at_any_price,
	.step = nova_step,
};
