// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * play_ends.c - quantiles over what may come (PURE)
 */
#include <math.h>
#include <stdlib.h>

#include "play.h"

static int by_value(const void *a, const void *b)
{
	double x = ((const struct mt_chance *)a)->value, y = ((const struct mt_chance *)b)->value;

	return (x > y) - (x < y);
}

/* So few, and most of them in order: done sooner than qsort() does it. */
#define FEW	128

static void insert_each(struct mt_chance *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct mt_chance one = v[i];
		size_t k = i;

		for (; k > 0 && v[k - 1].value > one.value; k--)
			v[k] = v[k - 1];
		v[k] = one;
	}
}

struct mt_interval mt_chances_interval(struct mt_chance *v, size_t n)
{
	static const double wanted[] = { 0.1, 0.5, 0.9 };
	double sum = 0, at = 0, found[] = { NAN, NAN, NAN };
	size_t next = 0;

	if (n <= FEW)
		insert_each(v, n);
	else
		qsort(v, n, sizeof(*v), by_value);
	for (size_t i = 0; i < n; i++)
		sum += v[i].probability;
	for (size_t i = 0; i < n; i++) {
		at += v[i].probability;
		for (; next < MT_ARRAY_SIZE(wanted) && (at >= wanted[next] * sum || i == n - 1);
		     next++)
			found[next] = v[i].value;
	}
	return (struct mt_interval){ found[0], found[1], found[2] };
}
