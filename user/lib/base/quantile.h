/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * quantile.h - numbers in order, and where a share of them lies (PURE)
 */
#ifndef MIGTRACE_BASE_QUANTILE_H
#define MIGTRACE_BASE_QUANTILE_H

#include <stddef.h>

/* Smallest first. */
void mt_sort(double *v, size_t n);

/* Between the two numbers around it, linearly (Hyndman and Fan's type 7). @n > 0, 0 <= @q <= 1 */
double mt_quantile(const double *sorted, size_t n, double q);

/* Sorts them; their middle one, or the mean of both. @n > 0 */
double mt_median(double *v, size_t n);

/* Of the standard normal distribution, 0 < @p < 1; off by less than 4.5e-4. */
double mt_normal_quantile(double p);

/* How many standard deviations its p90 lies above its mean, and its p10 below. */
#define MT_P90_SIGMA	1.2816

#endif
