// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * play_ends.c - quantiles over the ends that a play may come to (PURE)
 */
#include <math.h>

#include "play.h"

struct pick {
	double value, weight;
};

static void sort(struct pick *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct pick x = v[i];
		size_t j = i;

		for (; j > 0 && v[j - 1].value > x.value; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
}

double mt_play_quantile(const struct mt_play *p, double q, double (*figure)(const struct mt_play_end *e, const void *opaque),
			const void *opaque)
{
	struct pick v[MT_PLAY_ENDS + 1];
	double sum = 0, at = 0;
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		v[n++] = (struct pick){ figure(&p->ends[i], opaque), p->ends[i].probability };
	if (p->flip.probability > 0)
		v[n++] = (struct pick){ figure(&p->flip, opaque), p->flip.probability };
	if (!n)
		return NAN;
	sort(v, n);
	for (size_t i = 0; i < n; i++)
		sum += v[i].weight;
	for (size_t i = 0; i < n; i++) {
		at += v[i].weight;
		if (at >= q * sum)
			return v[i].value;
	}
	return v[n - 1].value;
}
