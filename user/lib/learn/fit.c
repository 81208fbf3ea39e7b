// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fit.c - regressions asked; the line, and the bag of machines (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "fit.h"

double mt_fit_nearness(const double *a, const double *b, size_t columns, double gamma)
{
	double sum = 0;

	for (size_t c = 0; c < columns; c++)
		sum += (a[c] - b[c]) * (a[c] - b[c]);
	return exp(-gamma * sum);
}

double mt_fit_at(const struct mt_fit_set *set, const struct mt_fit *fit, double gamma,
		 const double *x)
{
	double v = fit->bias;

	for (size_t c = 0; c < set->columns; c++)
		v += fit->weights[c] * x[c];
	for (size_t i = 0; i < set->n; i++)
		if (fit->coefs[i] != 0)
			v += fit->coefs[i] * mt_fit_nearness(x, set->rows[i], set->columns, gamma);
	return v;
}

/* --- the line --------------------------------------------------------------- */
/* Solves a w = b for a symmetric, positive a of n x n, which is overwritten (Cholesky). */
static void solve(double *a, double *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++) {
			double sum = a[j * n + i];

			for (size_t k = 0; k < i; k++)
				sum -= a[i * n + k] * a[j * n + k];
			a[j * n + i] = i == j ? sqrt(sum) : sum / a[i * n + i];
		}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++)
			b[i] -= a[i * n + k] * b[k];
		b[i] /= a[i * n + i];
	}
	for (size_t i = n; i-- > 0;) {
		for (size_t k = i + 1; k < n; k++)
			b[i] -= a[k * n + i] * b[k];
		b[i] /= a[i * n + i];
	}
}

int mt_fit_line(const struct mt_fit_set *set, const struct mt_fit_how *how, struct mt_fit *fit)
{
	size_t n = set->columns;
	mt_autofree double *a = calloc(n * n + 1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	for (size_t r = 0; r < n; r++) {
		for (size_t c = 0; c < n; c++)
			for (size_t i = 0; i < set->n; i++)
				a[r * n + c] += set->rows[i][r] * set->rows[i][c];
		a[r * n + r] += 1 / how->c + 1e-9 * (double)set->n;
		for (size_t i = 0; i < set->n; i++)
			fit->weights[r] += set->rows[i][r] * set->y[i];
	}
	solve(a, fit->weights, n);
	return 0;
}

/* --- the bag ---------------------------------------------------------------- */
struct drawn {
	size_t *at;
	const double **rows;
	double *y, *coefs;
};

static int fit_drawn(const struct mt_fit_set *set, const struct mt_fit_how *how,
		     struct mt_rng *rng, struct drawn *d, size_t n, struct mt_fit *fit)
{
	struct mt_fit_set part = { (const double *const *)d->rows, d->y, n, set->columns };
	struct mt_fit one = { fit->weights, d->coefs, 0 };
	int rc;

	for (size_t i = 0; i < n; i++) {
		size_t k = i + mt_rng_below(rng, set->n - i), at = d->at[k];

		d->at[k] = d->at[i];
		d->at[i] = at;
		d->rows[i] = set->rows[at];
		d->y[i] = set->y[at];
		d->coefs[i] = 0;
	}
	rc = mt_fit_svr(&part, how, &one);
	for (size_t i = 0; i < n && !rc; i++)
		fit->coefs[d->at[i]] += one.coefs[i] / MT_FIT_BAGS;
	fit->bias += one.bias / MT_FIT_BAGS;
	return rc;
}

int mt_fit_bag(const struct mt_fit_set *set, const struct mt_fit_how *how, struct mt_fit *fit)
{
	mt_autofree size_t *at = calloc(set->n, sizeof(*at));
	mt_autofree const double **rows = calloc(set->n, sizeof(*rows));
	mt_autofree double *y = calloc(set->n, sizeof(*y));
	mt_autofree double *coefs = calloc(set->n, sizeof(*coefs));
	size_t n = (size_t)ceil(MT_FIT_BAG_SHARE * (double)set->n);
	struct drawn d = { at, rows, y, coefs };
	struct mt_rng rng = { how->seed };
	int rc = at && rows && y && coefs ? 0 : -ENOMEM;

	for (size_t i = 0; i < set->n && !rc; i++)
		at[i] = i;
	for (unsigned bag = 0; bag < MT_FIT_BAGS && !rc; bag++)
		rc = fit_drawn(set, how, &rng, &d, n, fit);
	return rc;
}
