/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * online.h - U(T) of a running migration, as a distribution (PURE)
 *
 * Each finished iteration says how many bytes became dirty in a window of its
 * length. Over a wide range of windows such a curve is nearly straight on
 * logarithmic scales: log U = level + slope log T, with a slope between 0 (a hot
 * set that is dirty at once) and 1 (writes spread evenly). Level and slope are
 * followed by a Kalman filter, in which both may drift, so that old windows lose
 * weight and the slope is that of the windows seen lately. Beside them it learns
 *
 *	the noise of single iterations, which is nearly the same number of bytes
 *	whatever the window, and so relatively larger in short ones;
 *
 *	how one iteration's deviation carries over into the next. QEMU sends memory
 *	in a circle and leaves some of it unsent: what one iteration did not get
 *	to, the next does, and deviations alternate (-0.4 in the pg-ycsb recordings).
 *
 * A lasting change of the load is found by Page's cumulative sum test on the
 * deviations (Biometrika 41, 1954): one by three in two or three iterations, one
 * by two in two to seven. It makes the level and the slope uncertain again, so
 * that the curve is soon the new load's.
 *
 * mt_curve (curve.h) is the plainer fit that the policies decide by.
 * Constants are inferred; Documentation/evaluation/one-step.md tells how, and
 * what they do to forecasts.
 */
#ifndef MIGTRACE_ONLINE_H
#define MIGTRACE_ONLINE_H

#include <stdbool.h>
#include <stddef.h>

struct mt_online {
	size_t n;			/* windows taken; 0: nothing known */
	double memory_bytes;		/* no window dirties more; 0: not known */
	double log_window;		/* the last window: level is the curve there */
	double level, slope;		/* logarithms: of bytes, and of bytes over seconds */
	double level_var, cross_var, slope_var;
	double noise_bytes2;		/* variance of single iterations, bytes squared */
	double deviation;		/* the last one's, in standard deviations of the noise, -2..2 */
	double deviation_log;		/* the same in the logarithm */
	double last_noise_var;		/* noise then, as a variance of the logarithm */
	double carry_sum, carry_weight;	/* carry-over of deviations: their quotient, where below 0 */
	double above, below;		/* cumulative sums of the test for a change */
	size_t since_change;		/* windows since the last change, or the first window */
	unsigned changes;		/* of phase, so far */
	bool changed;			/* the window taken last showed one */
};

void mt_online_init(struct mt_online *o, double memory_bytes);

/**
 * mt_online_feed() - take one finished iteration, in order
 * @window_s: from its sync to the next; ignored unless > 0 and finite
 * @dirtied_bytes: newly dirty at that next sync, >= 0
 * @first: the pass over all memory, whose window is of another kind: page by
 * page it begins when the page is sent
 *
 * Iterations of which a sync was missed are not for here: the union of two
 * windows is no window. Constant time, about a quarter of a microsecond (tests/perf/online).
 */
void mt_online_feed(struct mt_online *o, double window_s, double dirtied_bytes, bool first);

/**
 * mt_online_at() - bytes that an iteration of that length dirties, at a quantile
 * @quantile: 0.5 is the median; kept within 0.001 and 0.999
 *
 * Covers both what is uncertain about the curve and the noise of one iteration.
 *
 * Return: bytes >= 0; 0 if nothing is known.
 */
double mt_online_at(const struct mt_online *o, double window_s, double quantile);

/* The same for the very next iteration, of which the last one's deviation tells something. */
double mt_online_next(const struct mt_online *o, double window_s, double quantile);

/* How near the test is to calling a change of phase: 0 not at all, 1 it was called just now. */
double mt_online_change(const struct mt_online *o);

#endif
