/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spread.h - how far a row's values lie apart, and how sure that is: they come in workloads
 */
#ifndef MIGTRACE_SPREAD_H
#define MIGTRACE_SPREAD_H

#include "base/cleanup.h"
#include "base/cluster.h"

struct spread {
	double *values;
	struct mt_cluster_value *clustered;	/* the same, with their workloads */
	const char **workloads;			/* of each cluster */
	struct mt_cluster *clusters;
	unsigned *times;
	size_t n, n_clusters;
};

struct spread_figures {
	size_t n;
	double p50, p90, mean;
	double low, high;	/* the 90 % interval, workloads drawn; NaN: one workload */
};

/* @room: for so many values. Return: 0 or -ENOMEM; spread_fini() in either case. */
MT_MUST_CHECK int spread_init(struct spread *s, size_t room);
void spread_fini(struct spread *s);
#define autospread MT_CLEANUP(spread_fini) struct spread

void spread_clear(struct spread *s);
/* What is not finite is left out. @workload: lasts as long as @s is used. */
void spread_add(struct spread *s, double value, const char *workload);

/* Of errors, with the interval of p90; of shares, all of them their mean, with its interval. */
struct spread_figures spread_of_errors(struct spread *s);
struct spread_figures spread_of_shares(struct spread *s);

#endif
