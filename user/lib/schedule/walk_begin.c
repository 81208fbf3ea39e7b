// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * walk_begin.c - placements to begin a search with (PURE)
 *
 * Each job's cheapest choice, made faster where that costs least for the time saved (the ratio rule
 * of the knapsack) until all are in time; or the fastest choices.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "walk.h"

struct by_time {
	double ms;
	struct mt_gene gene;
};

static int shorter(const void *a, const void *b)
{
	const struct by_time *x = a, *y = b;

	if (x->ms != y->ms)
		return x->ms < y->ms ? -1 : 1;
	return x->gene.job < y->gene.job ? -1 : 1;
}

static const struct mt_choice *chosen(const struct mt_jobs *jobs, const struct mt_gene *g)
{
	size_t index;

	return mt_walk_choose(&jobs->v[g->job].phases[0], g->parts, g->rank, &index);
}

/* Shortest first: the most are in time, and the sum of ends is least. */
static int order(const struct mt_jobs *jobs, struct mt_gene *genes)
{
	struct by_time *v = calloc(jobs->n, sizeof(*v));

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < jobs->n; i++) {
		const struct mt_choice *c = chosen(jobs, &genes[i]);

		v[i] = (struct by_time){ c ? c->time_ms : INFINITY, genes[i] };
	}
	qsort(v, jobs->n, sizeof(*v), shorter);
	for (size_t i = 0; i < jobs->n; i++)
		genes[i] = v[i].gene;
	free(v);
	return 0;
}

/*
 * Of the choices with a share the cheapest, or the fastest; with the whole link where there is none
 * with that share.
 */
static struct mt_gene begin_gene(const struct mt_jobs *jobs, size_t j, unsigned parts, bool fastest)
{
	struct mt_gene g = { j, chosen(jobs, &(struct mt_gene){ j, parts, 0, 0 }) ? parts : 1, 0,
			     0 };
	unsigned ranks = mt_walk_ranks(&jobs->v[j], g.parts);

	for (unsigned rank = 1; rank < ranks && fastest; rank++) {
		struct mt_gene other = { j, g.parts, rank, 0 };
		const struct mt_choice *a = chosen(jobs, &other), *b = chosen(jobs, &g);

		if (a && b && a->time_ms < b->time_ms)
			g = other;
	}
	return g;
}

/* One step faster where it costs least for the time it saves. Return: false if nothing can be. */
static bool hurry(const struct mt_jobs *jobs, struct mt_gene *genes)
{
	double best_ratio = INFINITY;
	size_t best = jobs->n;
	unsigned best_rank = 0;

	for (size_t i = 0; i < jobs->n; i++) {
		const struct mt_choice *now = chosen(jobs, &genes[i]);
		unsigned ranks = mt_walk_ranks(&jobs->v[genes[i].job], genes[i].parts);

		for (unsigned rank = 0; rank < ranks && now; rank++) {
			struct mt_gene other = { genes[i].job, genes[i].parts, rank, 0 };
			const struct mt_choice *c = chosen(jobs, &other);
			double saved = c ? (now->time_ms - c->time_ms) * now->share : 0;

			if (saved > 0 && (c->cost - now->cost) / saved < best_ratio) {
				best_ratio = (c->cost - now->cost) / saved;
				best = i;
				best_rank = rank;
			}
		}
	}
	if (best == jobs->n)
		return false;
	genes[best].rank = best_rank;
	return true;
}

int mt_walk_begin(struct mt_walk *w, unsigned parts, bool fastest)
{
	const struct mt_jobs *jobs = w->jobs;
	int rc;

	for (size_t j = 0; j < jobs->n; j++)
		w->genes[j] = begin_gene(jobs, j, parts, fastest);
	rc = order(jobs, w->genes);
	while (!rc && !fastest) {
		mt_walk_play(jobs, w->genes, &w->at);
		if (w->at.n == jobs->n || !hurry(jobs, w->genes))
			break;
		rc = order(jobs, w->genes);
	}
	return rc;
}
