// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * passes.c - a fixed number of passes: then post-copy where it is allowed, else stop (PURE)
 *
 * Hybrid migration as in the textbooks (pre-copy for k passes, then flip), and the fixed
 * iteration count that Chen & Cao compare with. 0 passes flip as soon as QEMU takes it: post-copy proper.
 */
#include <inttypes.h>

#include "policy_rows.h"

/* The first whole pass, before which post-copy is not taken unless somebody asks for just that. */
#define PASSES_DEFAULT	1

static void passes_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	uint64_t done = view->iterations->total, wanted = view->limits->passes;
	bool flip = view->limits->postcopy_allowed;

	if (wanted == MT_LIMIT_UNSET)
		wanted = PASSES_DEFAULT;
	if (done < wanted)
		mt_plan_set(plan, MT_ACTION_CONTINUE, "pass %" PRIu64 " of %" PRIu64 " is under way", done + 1, wanted);
	else
		mt_plan_set(plan, flip ? MT_ACTION_FLIP : MT_ACTION_STOP, "%" PRIu64 " of %" PRIu64 " passes are done%s",
			    done, wanted, flip ? " and post-copy is allowed" : "");
}

const struct mt_policy mt_policy_passes = {
	.name = "passes",
	.help = "after a fixed number of passes: post-copy where allowed, else stop",
	.heeds = MT_HEEDS_PASSES,
	.acts = true,
	.flips_at_once = true,
	.step = passes_step,
};
