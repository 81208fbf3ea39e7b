// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * slowdown.c - let the guest work less, so that pre-copy ends (PURE)
 */
#include <math.h>
#include <stdio.h>

#include "slowdown.h"

/* QEMU's own first throttle and steps (cpu-throttle-initial, cpu-throttle-increment). */
#define LEAST		20
#define STEP		10
/* Of the link: with no more than would just do, pre-copy ends after very many passes. Inferred. */
#define MARGIN		0.8
/*
 * QEMU throttles at the second sync that calls for it, and the pass after that shows it. Inferred.
 */
#define SHOWS_PASSES	3

void mt_slowdown_boundary(struct mt_slowdown *s)
{
	s->since++;
}

/* What holds now. What was asked for may never have been sent, or was refused: QEMU tells. */
static double holds(const struct mt_view *view)
{
	return mt_iterations_last(view->iterations)->throttle_percent;
}

/* Percent; more than 99: nothing is known, or no throttle would do. */
static double needed(const struct mt_view *view)
{
	double would_take = view->prediction->needed_bandwidth_bytes_per_s,
	       now = holds(view);

	if (!(would_take > 0))
		return now > 0 ? now + STEP : INFINITY;
	return fmax(now > 0 ? now + STEP : LEAST,
		    ceil(100 * (1 - MARGIN * view->bandwidth_bytes_per_s / would_take)));
}

bool mt_slowdown_fails(const struct mt_view *view, unsigned since_lowest)
{
	return holds(view) > 0 && since_lowest >= SHOWS_PASSES;
}

static void ask(struct mt_slowdown *s, unsigned percent, uint64_t now_ms, struct mt_plan *plan)
{
	s->percent = percent;
	s->asked_ms = now_ms;
	s->since = 0;
	plan->throttle_percent = percent;
}

bool mt_slowdown(struct mt_slowdown *s, const struct mt_view *view, uint64_t now_ms,
		 unsigned most, const char *so_far, struct mt_plan *plan)
{
	double percent = needed(view);

	if (s->percent && (s->since < SHOWS_PASSES ||
			   now_ms - s->asked_ms < view->limits->command_every_ms)) {
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "%s; the guest is throttled by %u %%, which has yet to show", so_far,
			    s->percent);
		return true;
	}
	if (percent > most)
		return false;
	if (view->limits->auto_converge && !mt_view_refuses(view, MT_ACTION_THROTTLE)) {
		ask(s, (unsigned)percent, now_ms, plan);
		mt_plan_set(plan, MT_ACTION_THROTTLE,
			    "will not converge: %s; throttled by %.0f %%, %u %% allowed, it should",
			    so_far, percent, most);
		return true;
	}
	if (!mt_view_begins_again(view, MT_METHOD_AUTOCONVERGE, now_ms))
		return false;
	ask(s, (unsigned)percent, now_ms, plan);
	plan->method = MT_METHOD_AUTOCONVERGE;
	mt_plan_set(plan, MT_ACTION_RESTART,
		    "will not converge: %s; begun again throttled by %.0f %%, %u %% allowed, it should",
		    so_far, percent, most);
	return true;
}
