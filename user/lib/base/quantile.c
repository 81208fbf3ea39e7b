// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * quantile.c - numbers in order, and where a share of them lies (PURE)
 */
#include <stdlib.h>

#include "base/quantile.h"

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
