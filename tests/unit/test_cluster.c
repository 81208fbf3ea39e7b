// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_cluster.c - intervals of a mean where the cases come in clusters
 */
#include "base/cluster.h"
#include "base/quantile.h"
#include "base/rng.h"
#include "ktap.h"

/*
 * Of two clusters, one of no and one of yes, a quarter of the draws has twice the one, a quarter
 * twice the other.
 */
static void two_extremes(void)
{
	const struct mt_cluster c[] = { { 0, 5 }, { 5, 5 } };
	double low, high;

	mt_cluster_interval(c, 2, &low, &high);
	CHECK_NEAR(low, 0, 0);
	CHECK_NEAR(high, 1, 0);
}

/* All cases alike: no draw can be another one, however large the clusters. */
static void all_alike(void)
{
	const struct mt_cluster c[] = { { 0.25, 1 }, { 2.5, 10 }, { 25, 100 } };
	double low, high;

	mt_cluster_interval(c, 3, &low, &high);
	CHECK_NEAR(low, 0.25, 1e-12);
	CHECK_NEAR(high, 0.25, 1e-12);
}

/*
 * Ten clusters of one, five of them yes: a binomial of 10, whose 5 and 95 % quantiles are 2 and 8.
 */
static void binomial(void)
{
	struct mt_cluster c[10];
	double low, high;

	for (int i = 0; i < 10; i++)
		c[i] = (struct mt_cluster){ i % 2, 1 };
	mt_cluster_interval(c, 10, &low, &high);
	CHECK_NEAR(low, 0.2, 1e-12);
	CHECK_NEAR(high, 0.8, 1e-12);
}

/* Drawn together: where each cluster has twice the mean of the other's, every draw has. */
static void ratio(void)
{
	struct mt_cluster a[10], b[10], c[10];
	double low, high, low_of_c, high_of_c;

	for (int i = 0; i < 10; i++) {
		b[i] = (struct mt_cluster){ 1 + i * i, 1 };
		a[i] = (struct mt_cluster){ 2 * (1 + i * i), 1 };
		c[i] = (struct mt_cluster){ i % 2, 1 };
	}
	mt_cluster_ratio_interval(a, b, 10, &low, &high);
	CHECK_NEAR(low, 2, 1e-12);
	CHECK_NEAR(high, 2, 1e-12);
	/* Over one that is the same in all clusters it is the interval of the mean. */
	for (int i = 0; i < 10; i++)
		b[i] = (struct mt_cluster){ 2, 4 };
	mt_cluster_ratio_interval(c, b, 10, &low, &high);
	mt_cluster_interval(c, 10, &low_of_c, &high_of_c);
	CHECK_NEAR(low, 2 * low_of_c, 1e-12);
	CHECK_NEAR(high, 2 * high_of_c, 1e-12);
	mt_cluster_ratio_interval(a, c, 2, &low, &high);	/* both may be the one with 0 */
	CHECK(isnan(low) && isnan(high));
}

static void one_cluster(void)
{
	const struct mt_cluster c = { 5, 10 };
	double low, high;

	mt_cluster_interval(&c, 1, &low, &high);
	CHECK(isnan(low) && isnan(high));
	mt_cluster_interval(&c, 0, &low, &high);
	CHECK(isnan(low) && isnan(high));
}

/* Of two clusters, of zeroes and of ones, a draw has one, the other or both. */
static void quantile_of_two(void)
{
	struct mt_cluster_value v[] = { { 1, 1 }, { 0, 0 }, { 1, 1 }, { 0, 0 } };
	unsigned times[2];
	double low, high;

	mt_cluster_quantile(v, 4, 2, 0.9, times, &low, &high);
	CHECK_NEAR(low, 0, 0);
	CHECK_NEAR(high, 1, 0);
	mt_cluster_quantile(v, 4, 1, 0.9, times, &low, &high);
	CHECK(isnan(low) && isnan(high));
}

/*
 * A hundred clusters of one value: of a draw, binomially many lie below the k-th. The 90 %
 * quantile is above 83 in 95 % of draws, for ten or more are beyond it in that many; likewise below
 * 94.
 */
static void quantile_of_many(void)
{
	struct mt_cluster_value v[100];
	unsigned times[100];
	double low, high;

	for (size_t i = 0; i < 100; i++)
		v[i] = (struct mt_cluster_value){ (double)((i * 37 + 11) % 100), i };
	mt_cluster_quantile(v, 100, 100, 0.9, times, &low, &high);
	CHECK_NEAR(low, 83.5, 1);
	CHECK_NEAR(high, 94, 1);
}

/* Against the plain way: the values of the clusters drawn, written out and sorted. */
static void quantile_plainly(void)
{
	struct mt_cluster_value v[60];
	struct mt_rng rng = { 1 }, values = { 7 };
	double drawn[MT_CLUSTER_DRAWS], low, high;
	unsigned times[8];

	for (size_t i = 0; i < 60; i++)
		v[i] = (struct mt_cluster_value){ mt_rng_unit(&values), i % 8 };
	for (size_t d = 0; d < MT_CLUSTER_DRAWS; d++) {
		double all[8 * 8];
		size_t n = 0;

		for (size_t k = 0; k < 8; k++) {
			size_t c = mt_rng_below(&rng, 8);

			for (size_t i = 0; i < 60; i++)
				if (v[i].cluster == c)
					all[n++] = v[i].value;
		}
		mt_sort(all, n);
		drawn[d] = mt_quantile(all, n, 0.9);
	}
	mt_sort(drawn, MT_CLUSTER_DRAWS);
	mt_cluster_quantile(v, 60, 8, 0.9, times, &low, &high);
	CHECK_NEAR(low, mt_quantile(drawn, MT_CLUSTER_DRAWS, 0.05), 1e-12);
	CHECK_NEAR(high, mt_quantile(drawn, MT_CLUSTER_DRAWS, 0.95), 1e-12);
}

static const struct ktap_case cases[] = {
	{ "a quantile of two clusters", quantile_of_two },
	{ "a quantile of many, by the binomial", quantile_of_many },
	{ "a quantile as sorting by hand has it", quantile_plainly },
	{ "two clusters, one of no and one of yes", two_extremes },
	{ "clusters that are all alike have no interval", all_alike },
	{ "clusters of one are a binomial", binomial },
	{ "a ratio of means of the same clusters", ratio },
	{ "one cluster, or none, tells nothing", one_cluster },
};

KTAP_MAIN(cases)
