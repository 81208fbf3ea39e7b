// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * passes.c - a fixed number of passes: then post-copy where it is allowed, else stop (PURE)
 *
 * Hybrid migration as in the textbooks (pre-copy for k passes, then flip), and the fixed
 * iteration count that Chen & Cao compare with. 0 passes flip as soon as QEMU takes it: post-copy
 * proper.
 */
#include <inttypes.h>

#include "policy_rows.h"

enum { PASSES };

static const struct mt_param params[] = {
	/*
	 * By default the first whole pass, before which post-copy is not taken unless somebody asks
	 * for just that.
	 */
	[PASSES] = { .name = "passes",
		     .kind = MT_PARAM_COUNT,
		     .initial = 1,
		     .max = 1000,
		     .asked = true,
		     .help = "after how many finished passes it acts; 0 flips at once",
		     .about =
			     "after how many finished passes it acts. 0 flips as soon as QEMU takes it, post-copy from the beginning, for which post-copy has to be allowed" },
	{ .name = NULL }
};

static void passes_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			struct mt_plan *plan)
{
	uint64_t done = view->iterations->total, wanted = view->params[PASSES];
	bool flip = view->limits->postcopy_allowed;

	if (done < wanted)
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "pass %" PRIu64 " of %" PRIu64 " is under way", done + 1, wanted);
	else
		mt_plan_set(plan, flip ? MT_ACTION_FLIP : MT_ACTION_STOP,
			    "%" PRIu64 " of %" PRIu64 " passes are done%s", done, wanted,
			    flip ? " and post-copy is allowed" : "");
}

static bool flips_at_once(const uint64_t *own)
{
	return !own[PASSES];
}

const struct mt_policy mt_policy_passes = {
	.name = "passes",
	.help = "after a fixed number of passes: post-copy where allowed, else stop",
	.about = "after a fixed number of finished passes flip if post-copy is allowed, else stop the guest, however long that takes",
	.acts = true,
	.params = params,
	.flips_at_once = flips_at_once,
	.step = passes_step,
};
