// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cluster.c - how sure a mean is, where the cases come in clusters (PURE)
 */
#include <math.h>

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
	mt_sort(drawn, MT_CLUSTER_DRAWS);
	*low = mt_quantile(drawn, MT_CLUSTER_DRAWS, 0.05);
	*high = mt_quantile(drawn, MT_CLUSTER_DRAWS, 0.95);
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
