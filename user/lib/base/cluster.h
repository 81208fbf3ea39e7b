/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cluster.h - how sure a mean or a quantile is, where the cases come in clusters (PURE)
 */
#ifndef MIGTRACE_BASE_CLUSTER_H
#define MIGTRACE_BASE_CLUSTER_H

#include <stddef.h>

/* Cases that are alike: the migrations of one workload. */
struct mt_cluster {
	double sum;		/* of their values */
	double n;		/* of them */
};

#define MT_CLUSTER_DRAWS	1000

/*
 * The 90 % interval of the mean over all cases, by the bootstrap of whole clusters (Davison and
 * Hinkley, Bootstrap Methods and their Application, 1997, section 3.8): as many clusters as there
 * are, drawn with replacement, MT_CLUSTER_DRAWS times, always the same. NaN for one cluster, which
 * says nothing of others, and where a draw can be without cases.
 */
void mt_cluster_interval(const struct mt_cluster *c, size_t n, double *low, double *high);

/*
 * Likewise of the mean of @a over that of @b, which are of the same clusters: both are drawn
 * together. A cluster may be without cases of one. NaN, too, where the mean of @b can be 0.
 */
void mt_cluster_ratio_interval(const struct mt_cluster *a, const struct mt_cluster *b, size_t n,
			       double *low, double *high);

/* The same of a quantile. */
struct mt_cluster_value {
	double value;
	size_t cluster;		/* 0 to @clusters - 1 */
};
/* Sorts @v, of @n > 0 values. @times: room for a number for each cluster. */
void mt_cluster_quantile(struct mt_cluster_value *v, size_t n, size_t clusters, double quantile,
			 unsigned *times, double *low, double *high);

#endif
