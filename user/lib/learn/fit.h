/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fit.h - one regression: a weight for each column, and a weight for each lesson's nearness (PURE)
 *
 * What a line and what a support vector machine with radial basis functions have learned has one
 * form:
 *
 *	bias + sum of weight[c] x[c] + sum of coef[i] exp(-gamma |x - row[i]|^2)
 *
 * The mean of several machines over the same rows has it, too, so a bag of them costs no more to
 * ask than one. Columns and @y come scaled, to a mean of 0 and a deviation of 1.
 */
#ifndef MT_FIT_H
#define MT_FIT_H

#include <stdint.h>

#include "base/cleanup.h"

/* What is to be learned from. */
struct mt_fit_set {
	const double *const *rows;	/* each of @columns */
	const double *y;
	size_t n, columns;
};

struct mt_fit_how {
	double gamma;			/* of the radial basis functions */
	double c;			/* the price of an error; of a line: 1 / its penalty */
	double epsilon;			/* an error below it costs nothing */
	uint64_t seed;			/* of what is drawn */
};

/* Room for set.columns and set.n, zeroed, the caller's. */
struct mt_fit {
	double *weights, *coefs;
	double bias;
};

/* Ridge regression (Hoerl and Kennard 1970). Return: 0; -ENOMEM. */
MT_MUST_CHECK int mt_fit_line(const struct mt_fit_set *set, const struct mt_fit_how *how,
			      struct mt_fit *fit);
/* Epsilon-SVR (Vapnik 1995), by libsvm. */
MT_MUST_CHECK int mt_fit_svr(const struct mt_fit_set *set, const struct mt_fit_how *how,
			     struct mt_fit *fit);
/*
 * The mean of MT_FIT_BAGS such machines, each of a share of the rows that is drawn without
 * replacement (Breiman 1996, with subsamples).
 */
#define MT_FIT_BAGS		10	/* both inferred: SoCC'17 does not say */
#define MT_FIT_BAG_SHARE	0.6
MT_MUST_CHECK int mt_fit_bag(const struct mt_fit_set *set, const struct mt_fit_how *how,
			     struct mt_fit *fit);

/* exp(-gamma |a - b|^2) */
double mt_fit_nearness(const double *a, const double *b, size_t columns, double gamma);
double mt_fit_at(const struct mt_fit_set *set, const struct mt_fit *fit, double gamma,
		 const double *x);

#endif
