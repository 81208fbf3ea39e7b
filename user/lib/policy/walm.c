// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * walm.c - the method by the class of the workload, as WALM has it (PURE)
 *
 * WALM (University of Colombo, 2024): a memory-intensive guest goes by post-copy; else a
 * network-intensive one by pre-copy if most of its traffic comes in, by post-copy if not; else all
 * go by hybrid migration, whose rule is in ihm.c. WALM chooses before the migration; here the class
 * is looked at again every second, and another class is another method. Its thresholds are not
 * public: see classifier.h. Where post-copy is not allowed, hybrid migration's moment is where the
 * guest is stopped, whatever the class.
 */
#include "classed.h"
#include "ihm.h"
#include "policy_rows.h"

enum { PASSES = MT_CLASSED_COUNT, IHM };

static const struct mt_param params[] = {
	MT_CLASSED_PARAMS,
	[PASSES] = { .name = "passes", .kind = MT_PARAM_COUNT, .initial = 1, .max = 1000,
		     .help = "after how many finished passes post-copy begins; 0 at once",
		     .about =
			     "after how many finished passes post-copy begins, where the class calls for it. 0 is as soon as the class is known, as in WALM, for which post-copy has to be allowed" },
	MT_IHM_PARAMS(IHM),
	{ .name = NULL }
};

enum method { PRECOPY, POSTCOPY, HYBRID };

static enum method method_of(const struct mt_classifier *c)
{
	if (!mt_classifier_is_settled(c))
		return HYBRID;
	if (c->has[MT_TRAIT_MEMORY])
		return POSTCOPY;
	if (c->has[MT_TRAIT_NETWORK])
		return c->has[MT_TRAIT_INCOMING] ? PRECOPY : POSTCOPY;
	return HYBRID;
}

static const char *why_hybrid(const struct mt_classifier *c)
{
	if (!mt_classifier_is_settled(c))
		return "hybrid, until it has been watched for longer";
	if (c->class == MT_CLASS_UNKNOWN)
		return "hybrid by the dirty rate of passes alone, since there are no statistics";
	return "hybrid";
}

static void flip(const struct mt_view *view, struct mt_plan *plan)
{
	bool now = view->iterations->total >= view->params[PASSES];

	plan->action = now ? MT_ACTION_FLIP : MT_ACTION_CONTINUE;
	*plan->reason = '\0';
	mt_classed_say(plan, view->class, now ? "post-copy" : "post-copy after this pass");
}

static void walm_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	enum method method = method_of(view->class);

	/* It watches the passes whatever the class: that may change. */
	mt_ihm_step(priv, view, view->params + IHM, plan);
	if (method == POSTCOPY && view->limits->postcopy_allowed) {
		flip(view, plan);
	} else if (method == PRECOPY) {
		plan->action = MT_ACTION_CONTINUE;
		*plan->reason = '\0';
		mt_classed_say(plan, view->class, "pre-copy, which QEMU ends by itself");
	} else if (*plan->reason) {
		mt_classed_say(plan, view->class,
			       method == POSTCOPY ?
				       "post-copy, which is not allowed: stopped as in hybrid" :
				       why_hybrid(view->class));
	}
}

static bool flips_at_once(const uint64_t *own)
{
	return !own[PASSES];
}

_Static_assert(sizeof(struct mt_ihm) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_walm = {
	.name = "walm",
	.help = "the method by the workload: memory-intensive and sending guests by post-copy, receiving ones by pre-copy, else as ihm",
	.about = "WALM's rule: a memory-intensive guest, and one that mostly sends, goes by post-copy; one that mostly receives is left to QEMU; all others go as by *ihm*. The class is looked at again every second. Where post-copy is not allowed the guest is stopped when *ihm* would; while nothing is known of CPU and network, the passes' dirty rate alone decides, and the reasons say so",
	.acts = true,
	.params = params,
	.flips_at_once = flips_at_once,
	.step = walm_step,
};
