/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * curve.h - U(T): distinct bytes dirtied in a window of length T (PURE)
 *
 * Here it is learnt on line, from the (duration, newly dirtied bytes) pairs of
 * the iterations so far. Between the windows seen it is a line fitted with
 * weights that favour recent iterations; outside them only its concavity is
 * known (a union of pages grows ever slower), which bounds it.
 */
#ifndef MIGTRACE_CURVE_H
#define MIGTRACE_CURVE_H

#include <stdbool.h>
#include <stddef.h>

#include <migtrace/iteration.h>

/* Pairs that speak for what is possible at best: one alone is too noisy. Inferred. */
#define MT_CURVE_RECENT		3

struct mt_curve {
	size_t n_pairs;			/* 0: nothing known, mt_curve_at() answers 0 */
	double offset_bytes;		/* a of the fitted line a + b T, >= 0 */
	double slope_bytes_per_s;	/* b, >= 0 */
	double min_window_s, max_window_s;	/* windows seen */
	double cap_bytes;		/* guest memory: no window dirties more */
	double spread;			/* relative standard deviation of the residuals */
	struct { double window_s, bytes; } recent[MT_CURVE_RECENT];	/* the latest pairs */
	size_t n_recent;
};

/* How far a window below the shortest one seen is trusted to shrink: U(T) = U(Tmin) (T/Tmin)^gamma.
 * 1 would be proportional (uniform writes, unsaturated), 0 a hot set that is dirty at once. Inferred. */
#define MT_CURVE_GAMMA		0.75
/* Weight of an iteration against the one after it. Inferred. */
#define MT_CURVE_FORGET		0.8
/* Spread assumed before residuals tell: equal iterations of 0.4 s scatter by 21 % in the pg-ycsb recordings. */
#define MT_CURVE_SPREAD		0.2

void mt_curve_fit(struct mt_curve *c, const struct mt_iteration *it, size_t n, double memory_bytes);

double mt_curve_at(const struct mt_curve *c, double window_s);		/* best estimate, bytes */
double mt_curve_lowest(const struct mt_curve *c, double window_s);	/* least that any recent pair allows, by concavity */

#endif
