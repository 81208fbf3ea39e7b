/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pagetest.h - Page's cumulative sum test for a change (Biometrika 41, 1954) (PURE)
 *
 * Drift 1, threshold 5, in standard deviations. In normal noise it calls a change about once in
 * 10^5 observations (Siegmund's approximation of its run length). A single outlier, cut off at 4,
 * does not do by itself; two do, or three that are less far off.
 */
#ifndef CURVE_PAGETEST_H
#define CURVE_PAGETEST_H

#include <math.h>
#include <stdbool.h>

#define PAGETEST_DRIFT		1.0
#define PAGETEST_THRESHOLD	5.0
#define PAGETEST_Z_MAX		4.0

/*
 * An observation lies @z standard deviations off; both sums begin at 0. Return: a change, just now.
 */
static inline bool pagetest(double *above, double *below, double z)
{
	z = fmax(-PAGETEST_Z_MAX, fmin(PAGETEST_Z_MAX, z));
	*above = fmax(0, *above + z - PAGETEST_DRIFT);
	*below = fmax(0, *below - z - PAGETEST_DRIFT);
	return fmax(*above, *below) > PAGETEST_THRESHOLD;
}

#endif
