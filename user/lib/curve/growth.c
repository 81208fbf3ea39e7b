// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * growth.c - a change of phase, from how a window of a kernel source grows (PURE)
 *
 * Between two ticks a window grows by U(T) - U(T'), and windows of one load grow alike. That one
 * suddenly grows otherwise is seen at once, while a pass tells of it when it has ended, and then of
 * a mixture.
 */
#include <math.h>

#include "base/units.h"
#include "growth.h"
#include "pagetest.h"
#include "ucurve.h"

#define PAGE_BYTES		4096.0
/* How far a window's growth lies off that of others of its age. Inferred. */
#define GROWTH_SD		0.4
/* What is expected of an age follows what is seen: of a tick so much. Inferred. */
#define FOLLOW			0.1
/* Ages are told apart by a quarter of a power of two, from this on. */
#define FIRST_AGE_S		0.05
#define AGES_IN_OCTAVE		4
/*
 * So many ticks after a change tell what the load is now, before ages are followed again. Inferred.
 */
#define SETTLE_TICKS		10
/*
 * Pages that were dirty as the window began are not seen again: more than this share of it, and it
 * says nothing.
 */
#define STALE_SHARE		0.05

static bool usable(double memory_bytes, const struct mt_tick *tick)
{
	if (!mt_tick_has(tick, window) || !mt_tick_has(tick, window_ns) ||
	    !mt_tick_has(tick, window_pages) || !(tick->state & MIGTRACE_STATE_LOGGING) ||
	    tick->state & (MIGTRACE_STATE_LOWER_BOUND | MIGTRACE_STATE_RESTART))
		return false;
	/* The log of a display is none of the memory. */
	if (memory_bytes > 0 && (double)tick->logged_pages * PAGE_BYTES < memory_bytes / 2)
		return false;
	return (double)tick->window_stale_pages <= STALE_SHARE * (double)tick->window_pages;
}

static double log_of(double bytes)
{
	return log(fmax(0, bytes) + MT_UCURVE_OFFSET_BYTES);
}

static size_t age_of(double window_s)
{
	double at = AGES_IN_OCTAVE * log2(window_s / FIRST_AGE_S);

	return (size_t)fmax(0, fmin(MT_GROWTH_AGES - 1, round(at)));
}

/*
 * Other windows of the same age tell how it should grow; the first of an age is compared with
 * nothing.
 */
static bool grew(struct mt_growth *g, double window_s, double bytes)
{
	double dt_s = window_s - g->last_s, off = log_of(bytes) - log(dt_s), error, sd;
	size_t age = age_of(window_s);

	if (!g->known[age]) {
		g->known[age] = true;
		g->expected[age] = off - g->shift;
		return false;
	}
	error = off - g->expected[age] - g->shift;
	sd = sqrt(GROWTH_SD * GROWTH_SD + PAGE_BYTES / (bytes + MT_UCURVE_OFFSET_BYTES));
	if (pagetest(&g->above, &g->below, error / sd)) {
		g->shift += error;
		g->above = g->below = 0;
		g->since = 1;
		return true;
	}
	if (g->since && g->since < SETTLE_TICKS)
		g->shift += error / ++g->since;
	else
		g->expected[age] += FOLLOW * error;
	return false;
}

bool mt_growth_tick(struct mt_growth *g, double memory_bytes, const struct mt_tick *tick)
{
	double window_s = (double)tick->window_ns / MT_NS_PER_S,
	       bytes = (double)tick->window_pages * PAGE_BYTES;
	bool changed = false;

	if (!usable(memory_bytes, tick)) {
		g->window = 0;
		return false;
	}
	if (tick->window == g->window && window_s > g->last_s && bytes >= g->last_bytes)
		changed = grew(g, window_s, bytes - g->last_bytes);
	g->window = tick->window;
	g->last_s = window_s;
	g->last_bytes = bytes;
	return changed;
}
