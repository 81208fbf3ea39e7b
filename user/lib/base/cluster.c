// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cluster.c - how sure a mean is, where the cases come in clusters (PURE)
 */
#include <math.h>

#include "cluster.h"
#include "quantile.h"
#include "rng.h"

#define SEED	1

static double drawn_mean(const struct mt_cluster *c, size_t n, struct mt_rng *rng)
{
	double sum = 0, cases = 0;

	for (size_t i = 0; i < n; i++) {
		const struct mt_cluster *drawn = &c[mt_rng_below(rng, n)];

		sum += drawn->sum;
		cases += drawn->n;
	}
	return sum / cases;
}

void mt_cluster_interval(const struct mt_cluster *c, size_t n, double *low, double *high)
{
	struct mt_rng rng = { SEED };
	double means[MT_CLUSTER_DRAWS];

	*low = *high = NAN;
	if (n < 2)
		return;
	for (size_t i = 0; i < MT_CLUSTER_DRAWS; i++)
		means[i] = drawn_mean(c, n, &rng);
	mt_sort(means, MT_CLUSTER_DRAWS);
	*low = mt_quantile(means, MT_CLUSTER_DRAWS, 0.05);
	*high = mt_quantile(means, MT_CLUSTER_DRAWS, 0.95);
}
