// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ihm.c - the intelligent hybrid migration rule (PURE)
 *
 * WALM (University of Colombo, 2024), after IHM: pre-copy does not converge when
 * the dirty set grew, or hardly changed, from one iteration to the next; then
 * a few iterations are watched for their minimum, and the switch to post-copy is
 * made at the next one that is as low. Where post-copy is not allowed we stop
 * at that moment instead. The threshold and the number of iterations watched are not
 * in the source: both constants below are inferred.
 */
#include <math.h>

#include "ihm.h"
#include "policy_rows.h"

#define FLAT_SHARE	0.05	/* of the previous dirty set: changed by less = not converging */
#define WATCHED		5	/* iterations whose minimum is sought */
#define MIN_MARGIN	1.04	/* as low as the minimum: within 4 % */

static void watch(struct mt_ihm *s, double dirty, bool flip, struct mt_plan *plan)
{
	char now[MT_UNIT_STR], low[MT_UNIT_STR];

	mt_format_size_bytes(now, dirty);
	if (s->watched > WATCHED && dirty <= MIN_MARGIN * s->lowest) {
		mt_format_size_bytes(low, s->lowest);
		mt_plan_set(plan, flip ? MT_ACTION_FLIP : MT_ACTION_STOP,
			    "pre-copy does not converge, and %s dirty is a local minimum (lowest of %d watched: %s)",
			    now, WATCHED, low);
		return;
	}
	if (s->watched <= WATCHED) {
		s->lowest = s->watched == 1 ? dirty : fmin(s->lowest, dirty);
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "not converging: watching %u of %d for the minimum, %s dirty",
			    s->watched, WATCHED, now);
	} else {
		mt_format_size_bytes(low, s->lowest);
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "not converging: waiting for a minimum of %s, %s dirty", low, now);
	}
	s->watched++;
}

void mt_ihm_step(struct mt_ihm *s, const struct mt_view *view, struct mt_plan *plan)
{
	const struct mt_iteration *it = mt_iterations_last(view->iterations);
	double dirty, change;

	if (!view->boundary || !it)
		return;
	dirty = it->remaining_bytes;
	change = dirty - s->previous;
	if (!s->watched && s->previous > 0 &&
	    (change > 0 || fabs(change) < FLAT_SHARE * s->previous))
		s->watched = 1;
	if (s->watched)
		watch(s, dirty, view->limits->postcopy_allowed, plan);
	else
		mt_plan_set(plan, MT_ACTION_CONTINUE, "the dirty set is shrinking");
	s->previous = dirty;
}

static void ihm_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	mt_ihm_step(priv, view, plan);
}

_Static_assert(sizeof(struct mt_ihm) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_ihm = {
	.name = "ihm",
	.help = "intelligent hybrid: when the dirty set stops shrinking, switch at a local minimum",
	.about = "the intelligent hybrid migration rule: when the passes no longer shrink, wait for one that is as small as the smallest of a few, then flip or stop",
	.acts = true,
	.step = ihm_step,
};
