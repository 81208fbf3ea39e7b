// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_cluster.c - intervals of a mean where the cases come in clusters
 */
#include "base/cluster.h"
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

static void one_cluster(void)
{
	const struct mt_cluster c = { 5, 10 };
	double low, high;

	mt_cluster_interval(&c, 1, &low, &high);
	CHECK(isnan(low) && isnan(high));
	mt_cluster_interval(&c, 0, &low, &high);
	CHECK(isnan(low) && isnan(high));
}

static const struct ktap_case cases[] = {
	{ "two clusters, one of no and one of yes", two_extremes },
	{ "clusters that are all alike have no interval", all_alike },
	{ "clusters of one are a binomial", binomial },
	{ "one cluster, or none, tells nothing", one_cluster },
};

KTAP_MAIN(cases)
