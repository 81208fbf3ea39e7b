// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ihm.c - the intelligent hybrid migration rule (PURE)
 *
 * WALM (University of Colombo, 2024), after IHM (Li et al., FGCS 95, 2019): pre-copy does not
 * converge when the dirty set grew, or hardly changed, from one iteration to the next (IHM itself:
 * when as many pages were dirtied as were sent); then a few iterations are watched for their
 * minimum, and the switch to post-copy is made at the next one that is as low. Where post-copy is
 * not allowed we stop at that moment instead.
 *
 * What they leave open is a parameter, see ihm.h, and each number among them is inferred. Neither
 * says what becomes of a guest that gets busier while its minimum is waited for: the wait is
 * bounded.
 */
#include <math.h>

#include "ihm.h"
#include "policy_rows.h"

const char *const mt_ihm_conditions[] = { "change", "sent", NULL };
const char *const mt_ihm_counts[] = { "left", "dirtied", NULL };
const char *const mt_ihm_begins[] = { "trigger", "next", NULL };
const char *const mt_ihm_lows[] = { "first", "latest", NULL };

static double share_of(uint64_t percent)
{
	return (double)percent / 100;
}

static bool converges(const struct mt_ihm *s, const struct mt_iteration *it, const uint64_t *own,
		      double dirty)
{
	double change = dirty - s->previous, sent = it->start_bytes - it->unsent_bytes;

	if (own[MT_IHM_NOT_CONVERGING] == MT_IHM_SENT)
		return !(it->start_bytes > 0) || it->dirtied_bytes < sent;
	return !(s->previous > 0) ||
	       (change <= 0 && -change >= share_of(own[MT_IHM_FLAT_CHANGE]) * s->previous);
}

static void keep(struct mt_ihm *s, const uint64_t *own, double dirty)
{
	s->low[s->watched++ % own[MT_IHM_WATCHED_PASSES]] = dirty;
}

static double lowest_of(const struct mt_ihm *s, const uint64_t *own)
{
	double lowest = s->low[0];

	for (uint64_t i = 1; i < own[MT_IHM_WATCHED_PASSES]; i++)
		lowest = fmin(lowest, s->low[i]);
	return lowest;
}

static void wait_for_low(struct mt_ihm *s, const uint64_t *own, double dirty, bool flip,
			 struct mt_plan *plan)
{
	char now[MT_UNIT_STR], low[MT_UNIT_STR];
	enum mt_action act = flip ? MT_ACTION_FLIP : MT_ACTION_STOP;
	unsigned watched = (unsigned)own[MT_IHM_WATCHED_PASSES];
	double lowest = lowest_of(s, own);

	mt_format_size_bytes(now, dirty);
	mt_format_size_bytes(low, lowest);
	s->waited++;
	if (dirty <= (1 + share_of(own[MT_IHM_LOW_MARGIN])) * lowest)
		mt_plan_set(plan, act,
			    "pre-copy does not converge, and %s dirty is a local minimum (lowest of %u watched: %s)",
			    now, watched, low);
	else if (s->waited >= own[MT_IHM_LOW_WAIT])
		mt_plan_set(plan, act,
			    "pre-copy does not converge, and the lowest of %u watched, %s, has not come again in %u passes: %s dirty",
			    watched, low, s->waited, now);
	else
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "not converging: waiting for a minimum of %s, %s dirty", low, now);
	if (own[MT_IHM_LOW_OF] == MT_IHM_LATEST)
		keep(s, own, dirty);
}

static void watch(struct mt_ihm *s, const uint64_t *own, double dirty, struct mt_plan *plan)
{
	char now[MT_UNIT_STR];

	keep(s, own, dirty);
	mt_plan_set(plan, MT_ACTION_CONTINUE,
		    "not converging: watching %u of %u for the minimum, %s dirty", s->watched,
		    (unsigned)own[MT_IHM_WATCHED_PASSES], mt_format_size_bytes(now, dirty));
}

void mt_ihm_step(struct mt_ihm *s, const struct mt_view *view, const uint64_t *own,
		 struct mt_plan *plan)
{
	const struct mt_iteration *it = mt_iterations_last(view->iterations);
	bool began = s->watching;
	double dirty;

	if (!view->boundary || !it)
		return;
	dirty = own[MT_IHM_DIRTY_COUNTED] == MT_IHM_DIRTIED ? it->dirtied_bytes :
							      it->remaining_bytes;
	s->watching |= !converges(s, it, own, dirty);
	if (!s->watching)
		mt_plan_set(plan, MT_ACTION_CONTINUE, "the dirty set is shrinking");
	else if (!began && own[MT_IHM_WATCHED_FROM] == MT_IHM_NEXT)
		mt_plan_set(plan, MT_ACTION_CONTINUE, "not converging: watching from the next on");
	else if (s->watched < own[MT_IHM_WATCHED_PASSES])
		watch(s, own, dirty, plan);
	else
		wait_for_low(s, own, dirty, view->limits->postcopy_allowed, plan);
	s->previous = dirty;
}

static const struct mt_param params[] = { MT_IHM_PARAMS(0), { .name = NULL } };

static void ihm_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	mt_ihm_step(priv, view, view->params, plan);
}

_Static_assert(sizeof(struct mt_ihm) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_ihm = {
	.name = "ihm",
	.help = "intelligent hybrid: when the dirty set stops shrinking, switch at a local minimum",
	.about = "the intelligent hybrid migration rule: when the passes no longer shrink, wait for one that is as small as the smallest of a few, then flip or stop",
	.acts = true,
	.params = params,
	.step = ihm_step,
};
