/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * seconds.h - what a profile tells of whole seconds, as the models of the literature take it (PURE)
 *
 * Nathan, Bellur, Kulkarni (SoCC'15) collect a bitmap of dirty pages each second. Of windows of T
 * seconds S^T is what the first second dirtied, S_new^T what each later second dirtied that none
 * before had: averaged over the seconds of each window, then over windows ("the average of
 * averages"). With them S^T + (T - 1) S_new^T is what windows of T seconds dirtied on average, for
 * each T. That is what is kept here, for each T that was measured; S_new^T follows.
 */
#ifndef MT_SECONDS_H
#define MT_SECONDS_H

#include "ucurve.h"

#define MT_SECONDS_MAX		64
#define MT_SECONDS_LENGTHS	16

struct mt_seconds {
	size_t n;			/* single seconds that were looked at, in time order, ... */
	double bytes[MT_SECONDS_MAX];	/* ... and what each dirtied */
	size_t lengths;			/* windows of a second and more: how many lengths, ... */
	struct mt_seconds_length {
		double window_s, bytes;	/* ... and what those of each dirtied on average */
		unsigned windows;
	} at[MT_SECONDS_LENGTHS];	/* growing */
	double mw_bytes;		/* all that was dirtied in the profile; 0: not known */
	double hot_bytes;		/* in MT_PROFILE_HOT_SHARE of its seconds; NaN: not known */
};

void mt_seconds_init(struct mt_seconds *s);
/* Another second. Those beyond MT_SECONDS_MAX are left out. */
void mt_seconds_add(struct mt_seconds *s, double bytes);
/* @windows windows of @window_s >= 1 that dirtied @mean_bytes on average. */
void mt_seconds_windows(struct mt_seconds *s, double window_s, double mean_bytes, unsigned windows);

/* Where no profile is at hand: the same of a curve, at @n lengths, the shortest first. */
void mt_seconds_of_curve(struct mt_seconds *s, const struct mt_ucurve *c, const double *window_s,
			 size_t n);

/*
 * D = min(S^T + (T - 1) S_new^T, M_w), in bytes, M_w without a limit where it is not known. The
 * paper has whole seconds only. Inferred: between two T that were measured D is linear, beyond the
 * longest its S_new holds, and below the shortest D is proportional to T. Needs ->lengths.
 */
double mt_seconds_dirtied(const struct mt_seconds *s, double window_s);

#endif
