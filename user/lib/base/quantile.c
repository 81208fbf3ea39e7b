// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * quantile.c - numbers in order, and where a share of them lies (PURE)
 */
#include <math.h>
#include <stdlib.h>

#include "quantile.h"

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void mt_sort(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
}

double mt_quantile(const double *sorted, size_t n, double q)
{
	double at = q * (double)(n - 1);
	size_t below = (size_t)at;

	if (below + 1 >= n)
		return sorted[n - 1];
	return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

double mt_median(double *v, size_t n)
{
	mt_sort(v, n);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Abramowitz and Stegun, 26.2.23 */
double mt_normal_quantile(double p)
{
	double t = sqrt(-2 * log(fmin(p, 1 - p)));

	t -= (2.515517 + t * (0.802853 + t * 0.010328)) /
	     (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
	return p < 0.5 ? -t : t;
}
