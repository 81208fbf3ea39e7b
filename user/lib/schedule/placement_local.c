// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * placement_local.c - a good placement for many jobs: greedy begins, then local search (PURE)
 *
 * Begins are the greedy ones of walk_begin.c, with each share. From each of them as long as
 * something gets better: another choice for a job, another place, two places swapped, other choices
 * for two jobs. From the best of all by simulated annealing (Kirkpatrick, Gelatt, Vecchi 1983), and
 * down again. The random numbers are always the same ones, so that the same guests get the same
 * plan.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "walk.h"

/*
 * Placements that are tried from one begin, and in annealing for each pair of jobs and at most:
 * about a second in all. Inferred.
 */
#define TRIES_MAX	500000
#define ANNEAL_TRIES	20000
#define ANNEAL_TRIES_MAX	2000000
/*
 * One left behind weighs as much as so many of the dearest choices; the heat at first and at last,
 * as a share of that. Inferred.
 */
#define LEFT_WEIGHT	3
#define HOT_SHARE	0.1
#define COLD_SHARE	1e-5

static void keep(struct mt_walk *w, struct mt_placement *best)
{
	if (!mt_placement_better(w->at.n, w->at.cost, best->n, best->cost))
		return;
	mt_placement_copy(best, &w->at);
	mt_walk_copy(w, w->best_genes, w->genes);
}

static int walk_from(struct mt_walk *w, unsigned parts, bool fastest, struct mt_placement *best)
{
	int rc = mt_walk_begin(w, parts, fastest);

	if (rc)
		return rc;
	w->tries = 0;
	w->tries_max = TRIES_MAX;
	mt_walk_descend(w);
	keep(w, best);
	return 0;
}

/* --- annealing ------------------------------------------------------------------- */
static size_t below(struct mt_walk *w, size_t n)
{
	return mt_rng_next(&w->random) % n;
}

/* Another way for a job, or another place, or two places swapped. */
static void change_something(struct mt_walk *w)
{
	size_t n = w->jobs->n, i = below(w, n), k = below(w, n);

	switch (below(w, 4)) {
	case 0:
		mt_walk_insert(w->tried, i, k);
		break;
	case 1:
		mt_walk_swap(w->tried, i, k);
		break;
	default:
		(void)mt_walk_nth_way(w, &w->tried[i],
				      (unsigned)below(w, mt_walk_ways(w, w->tried[i].job)));
		break;
	}
}

/*
 * The cost of the dearest choice of all: as much as one that is left behind weighs, a few times
 * over.
 */
static double dearest(const struct mt_jobs *jobs)
{
	double most = 0;

	for (size_t j = 0; j < jobs->n; j++)
		for (size_t p = 0; p < jobs->v[j].n_phases; p++)
			for (size_t i = 0; i < jobs->v[j].phases[p].n; i++)
				most = fmax(most, jobs->v[j].phases[p].choices[i].cost);
	return most;
}

/*
 * From the best so far, ever less ready to take what is worse: at first even to leave one more
 * behind.
 */
static void anneal(struct mt_walk *w, struct mt_placement *best)
{
	double left_behind = LEFT_WEIGHT * dearest(w->jobs), hot = HOT_SHARE * left_behind, at, now;
	double tries_max = fmin((double)ANNEAL_TRIES * w->jobs->n * w->jobs->n, ANNEAL_TRIES_MAX);

	mt_walk_copy(w, w->genes, w->best_genes);
	mt_walk_copy(w, w->tried, w->best_genes);
	mt_walk_play(w->jobs, w->genes, &w->at);
	at = w->at.cost + (double)(w->jobs->n - w->at.n) * left_behind;
	for (w->tries = 0; w->tries < tries_max; w->tries += w->jobs->n) {
		double heat = hot * pow(COLD_SHARE / HOT_SHARE, w->tries / tries_max);

		change_something(w);
		mt_walk_play(w->jobs, w->tried, &w->next);
		now = w->next.cost + (double)(w->jobs->n - w->next.n) * left_behind;
		if (now > at && exp((at - now) / heat) * 18446744073709551616.0 <
					(double)mt_rng_next(&w->random)) {
			mt_walk_copy(w, w->tried, w->genes);
			continue;
		}
		at = now;
		mt_walk_copy(w, w->genes, w->tried);
		mt_placement_copy(&w->at, &w->next);
		keep(w, best);
	}
	mt_walk_copy(w, w->genes, w->best_genes);
	w->tries = 0;
	w->tries_max = TRIES_MAX;
	mt_walk_descend(w);
	keep(w, best);
}

int mt_placement_local(const struct mt_jobs *jobs, struct mt_placement *best)
{
	size_t n = jobs->n ? jobs->n : 1;
	struct mt_walk w = {
		.jobs = jobs,
		.genes = calloc(n, sizeof(*w.genes)),
		.tried = calloc(n, sizeof(*w.tried)),
		.best_genes = calloc(n, sizeof(*w.best_genes)),
		.at = { .placed = calloc(n, sizeof(*w.at.placed)) },
		.next = { .placed = calloc(n, sizeof(*w.next.placed)) },
	};
	int rc = w.genes && w.tried && w.best_genes && w.at.placed && w.next.placed ? 0 : -ENOMEM;

	best->n = 0;
	best->cost = 0;
	best->exact = false;
	for (size_t j = 0; j < jobs->n && !rc; j++)
		w.best_genes[j] = (struct mt_gene){ j, 1, 0, 0 };
	for (unsigned parts = 1; parts <= jobs->parallel && !rc && jobs->n; parts++) {
		rc = walk_from(&w, parts, false, best);
		if (!rc)
			rc = walk_from(&w, parts, true, best);
	}
	if (!rc && jobs->n > 1)
		anneal(&w, best);
	free(w.genes);
	free(w.tried);
	free(w.best_genes);
	free(w.at.placed);
	free(w.next.placed);
	return rc;
}
