// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cluster.c - how sure a mean or a quantile is, where the cases come in clusters (PURE)
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "quantile.h"
#include "rng.h"

#define SEED	1

struct drawn {
	struct mt_cluster a, b;
};

/* @b may be NULL. */
static struct drawn draw(const struct mt_cluster *a, const struct mt_cluster *b, size_t n,
			 struct mt_rng *rng)
{
	struct drawn all = { { 0, 0 }, { 0, 0 } };

	for (size_t i = 0; i < n; i++) {
		size_t k = mt_rng_below(rng, n);

		all.a.sum += a[k].sum;
		all.a.n += a[k].n;
		all.b.sum += b ? b[k].sum : 0;
		all.b.n += b ? b[k].n : 0;
	}
	return all;
}

static void middle_of(double *drawn, double *low, double *high)
{
	mt_sort(drawn, MT_CLUSTER_DRAWS);
	*low = mt_quantile(drawn, MT_CLUSTER_DRAWS, 0.05);
	*high = mt_quantile(drawn, MT_CLUSTER_DRAWS, 0.95);
}

static void interval(const struct mt_cluster *a, const struct mt_cluster *b, size_t n, double *low,
		     double *high)
{
	struct mt_rng rng = { SEED };
	double drawn[MT_CLUSTER_DRAWS];

	*low = *high = NAN;
	if (n < 2)
		return;
	for (size_t i = 0; i < MT_CLUSTER_DRAWS; i++) {
		struct drawn d = draw(a, b, n, &rng);

		if (!(d.a.n > 0) || (b && !(d.b.sum > 0)))
			return;
		drawn[i] = d.a.sum / d.a.n;
		if (b)
			drawn[i] /= d.b.sum / d.b.n;
	}
	middle_of(drawn, low, high);
}

void mt_cluster_interval(const struct mt_cluster *c, size_t n, double *low, double *high)
{
	interval(c, NULL, n, low, high);
}

void mt_cluster_ratio_interval(const struct mt_cluster *a, const struct mt_cluster *b, size_t n,
			       double *low, double *high)
{
	interval(a, b, n, low, high);
}

static int by_value(const void *a, const void *b)
{
	const struct mt_cluster_value *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/* The value that would stand at @index if each stood there as often as its cluster was drawn. */
static double value_at(const struct mt_cluster_value *v, const unsigned *times, size_t index)
{
	while (index >= times[v->cluster])
		index -= times[v++->cluster];
	return v->value;
}

static double drawn_quantile(const struct mt_cluster_value *v, size_t n, size_t clusters,
			     double quantile, unsigned *times, struct mt_rng *rng)
{
	double at, below;
	size_t cases = 0, index;

	memset(times, 0, clusters * sizeof(*times));
	for (size_t i = 0; i < clusters; i++)
		times[mt_rng_below(rng, clusters)]++;
	for (size_t i = 0; i < n; i++)
		cases += times[v[i].cluster];
	at = quantile * (double)(cases - 1);
	index = (size_t)at;
	below = value_at(v, times, index);
	if (index + 1 >= cases)
		return below;
	return below + (at - (double)index) * (value_at(v, times, index + 1) - below);
}

void mt_cluster_quantile(struct mt_cluster_value *v, size_t n, size_t clusters, double quantile,
			 unsigned *times, double *low, double *high)
{
	struct mt_rng rng = { SEED };
	double drawn[MT_CLUSTER_DRAWS];

	*low = *high = NAN;
	if (clusters < 2)
		return;
	qsort(v, n, sizeof(*v), by_value);
	for (size_t i = 0; i < MT_CLUSTER_DRAWS; i++)
		drawn[i] = drawn_quantile(v, n, clusters, quantile, times, &rng);
	middle_of(drawn, low, high);
}
