// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * score.c - costs, regrets, frontiers and what a row of runs is like on the whole (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/quantile.h"
#include "score.h"

bool score_met(const struct score_point *at, const struct score_objectives *o)
{
	bool pause = isnan(o->max_pause_ms) || at->pause_ms <= o->max_pause_ms;
	bool total = isnan(o->deadline_ms) || at->total_ms <= o->deadline_ms;

	return pause && total;
}

double score_cost(const struct score_point *at, const struct score_weights *w)
{
	double cost = at->total_ms;

	if (w->pause > 0)
		cost += w->pause * at->pause_ms;
	if (w->stall > 0)
		cost += w->stall * at->stall_ms;
	return cost;
}

/* --- frontiers ----------------------------------------------------------------- */
static int compare(double a, double b)
{
	return (a > b) - (a < b);
}

bool score_dominates(const struct score_point *a, const struct score_point *b)
{
	const int c[] = { compare(a->total_ms, b->total_ms), compare(a->pause_ms, b->pause_ms),
			  compare(a->stall_ms, b->stall_ms) };
	bool better = false;

	for (size_t i = 0; i < MT_ARRAY_SIZE(c); i++) {
		if (c[i] > 0)
			return false;
		better |= c[i] < 0;
	}
	return better;
}

static int by_total(const void *a, const void *b)
{
	const struct score_point *x = a, *y = b;
	int c = compare(x->total_ms, y->total_ms);

	c = c ? c : compare(x->pause_ms, y->pause_ms);
	return c ? c : compare(x->stall_ms, y->stall_ms);
}

size_t score_frontier(struct score_point *v, size_t n)
{
	size_t kept = 0;

	qsort(v, n, sizeof(*v), by_total);
	/* Whatever dominates one, or is the same, stands before it. */
	for (size_t i = 0; i < n; i++) {
		bool beaten = false;

		for (size_t k = 0; k < kept && !beaten; k++)
			beaten = score_dominates(&v[k], &v[i]) || !by_total(&v[k], &v[i]);
		if (!beaten)
			v[kept++] = v[i];
	}
	return kept;
}

/* --- regret ---------------------------------------------------------------------- */
static size_t most(const struct score_run *runs, size_t n, bool sets)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		size_t is = sets ? runs[i].set : runs[i].row;

		count = is + 1 > count ? is + 1 : count;
	}
	return count;
}

/* Median cost of the runs of one row in one set that met their objectives; NaN: none did. */
static double median_cost(const struct score_run *runs, size_t n, unsigned set, unsigned row,
			  const struct score_weights *w, double *scratch)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		double cost = score_cost(&runs[i].at, w);

		if (runs[i].set == set && runs[i].row == row && runs[i].met && isfinite(cost))
			scratch[k++] = cost;
	}
	return k ? mt_median(scratch, k) : NAN;
}

/* fmin() lets a NaN lose. */
static double best_of(const struct score_run *runs, size_t n, unsigned set,
		      const struct score_weights *w, double *scratch)
{
	double best = NAN;

	for (size_t i = 0; i < n; i++) {
		if (runs[i].set != set)
			continue;
		for (size_t k = 0; k < runs[i].n_choices; k++)
			best = fmin(best, score_cost(&runs[i].choices[k], w));
		best = fmin(best, median_cost(runs, n, set, runs[i].row, w, scratch));
	}
	return best;
}

int score_regrets(const struct score_run *runs, size_t n, const struct score_weights *w,
		  double *regret)
{
	size_t n_sets = most(runs, n, true);
	mt_autofree double *best = calloc(n_sets + 1, sizeof(*best));
	mt_autofree double *scratch = calloc(n + 1, sizeof(*scratch));

	if (!best || !scratch)
		return -ENOMEM;
	for (size_t s = 0; s < n_sets; s++)
		best[s] = best_of(runs, n, (unsigned)s, w, scratch);
	for (size_t i = 0; i < n; i++) {
		double cost = score_cost(&runs[i].at, w);

		regret[i] = runs[i].met && best[runs[i].set] > 0 ? cost / best[runs[i].set] - 1 :
								   NAN;
	}
	return 0;
}

/* --- on the whole ------------------------------------------------------------------ */
static struct score_spread spread(double *v, size_t n)
{
	if (!n)
		return (struct score_spread){ NAN, NAN, NAN };
	mt_sort(v, n);
	return (struct score_spread){ mt_quantile(v, n, 0.1), mt_quantile(v, n, 0.5),
				      mt_quantile(v, n, 0.9) };
}

enum figure { TOTAL, PAUSE, STALL, SENT, SLOWDOWN, REGRET, FIGURES };

static double figure_of(const struct score_run *r, double regret, enum figure f)
{
	const double v[FIGURES] = { r->at.total_ms, r->at.pause_ms, r->at.stall_ms, r->sent_bytes,
				    r->slowdown, regret };

	return r->completed || f == REGRET ? v[f] : NAN;
}

static void fill_row(struct score_row *row, unsigned index, const struct score_run *runs, size_t n,
		     const double *regret, double *scratch)
{
	struct score_spread *const to[FIGURES] = { &row->total_ms, &row->pause_ms, &row->stall_ms,
						   &row->sent_bytes, &row->slowdown,
						   &row->regret };

	for (int f = 0; f < FIGURES; f++) {
		size_t k = 0;

		for (size_t i = 0; i < n; i++) {
			double v = figure_of(&runs[i], regret[i], (enum figure)f);

			if (runs[i].row == index && isfinite(v))
				scratch[k++] = v;
		}
		*to[f] = spread(scratch, k);
	}
}

int score_rows(const struct score_run *runs, size_t n, const double *regret,
	       struct score_row *rows, size_t n_rows)
{
	size_t n_sets = most(runs, n, true);
	mt_autofree bool *possible = calloc(n_sets + 1, sizeof(*possible));
	mt_autofree double *scratch = calloc(n + 1, sizeof(*scratch));

	if (!possible || !scratch)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		possible[runs[i].set] |= runs[i].met && !runs[i].n_choices;
	for (size_t r = 0; r < n_rows; r++) {
		rows[r] = (struct score_row){ .n = 0 };
		fill_row(&rows[r], (unsigned)r, runs, n, regret, scratch);
	}
	for (size_t i = 0; i < n; i++) {
		struct score_row *row = &rows[runs[i].row];

		row->n++;
		row->n_met += runs[i].met;
		row->n_possible += possible[runs[i].set];
	}
	return 0;
}
