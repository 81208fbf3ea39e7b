// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * spread.c - how far a row's values lie apart, and how sure that is: they come in workloads
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantile.h"
#include "spread.h"

int spread_init(struct spread *s, size_t room)
{
	room++;
	*s = (struct spread){
		.values = calloc(room, sizeof(*s->values)),
		.clustered = calloc(room, sizeof(*s->clustered)),
		.workloads = calloc(room, sizeof(*s->workloads)),
		.clusters = calloc(room, sizeof(*s->clusters)),
		.times = calloc(room, sizeof(*s->times)),
	};
	return s->values && s->clustered && s->workloads && s->clusters && s->times ? 0 : -ENOMEM;
}

void spread_fini(struct spread *s)
{
	free(s->values);
	free(s->clustered);
	free(s->workloads);
	free(s->clusters);
	free(s->times);
}

void spread_clear(struct spread *s)
{
	s->n = s->n_clusters = 0;
}

void spread_add(struct spread *s, double value, const char *workload)
{
	size_t c = 0;

	if (!isfinite(value))
		return;
	while (c < s->n_clusters && strcmp(s->workloads[c], workload))
		c++;
	if (c == s->n_clusters)
		s->workloads[s->n_clusters++] = workload;
	s->clustered[s->n] = (struct mt_cluster_value){ value, c };
	s->values[s->n++] = value;
}

static struct spread_figures mean_of(const struct spread *s)
{
	double sum = 0, mean;

	for (size_t i = 0; i < s->n; i++)
		sum += s->values[i];
	mean = s->n ? sum / (double)s->n : NAN;
	return (struct spread_figures){ s->n, mean, mean, mean, NAN, NAN };
}

struct spread_figures spread_of_errors(struct spread *s)
{
	struct spread_figures f = mean_of(s);

	if (!s->n)
		return f;
	mt_sort(s->values, s->n);
	f.p50 = mt_quantile(s->values, s->n, 0.5);
	f.p90 = mt_quantile(s->values, s->n, 0.9);
	mt_cluster_quantile(s->clustered, s->n, s->n_clusters, 0.9, s->times, &f.low, &f.high);
	return f;
}

struct spread_figures spread_of_shares(struct spread *s)
{
	struct spread_figures f = mean_of(s);

	memset(s->clusters, 0, s->n_clusters * sizeof(*s->clusters));
	for (size_t i = 0; i < s->n; i++) {
		s->clusters[s->clustered[i].cluster].sum += s->values[i];
		s->clusters[s->clustered[i].cluster].n++;
	}
	mt_cluster_interval(s->clusters, s->n_clusters, &f.low, &f.high);
	return f;
}
