// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * residual.c - how far past forecasts were off, and intervals that allow for it (PURE)
 */
#include <math.h>

#include "base/quantile.h"
#include "learned.h"

/*
 * From so many migrations on the tails are those of the past ones; with fewer they are widened.
 * Inferred.
 */
#define ENOUGH		10

static bool is_ratio(enum mt_metric metric)
{
	return metric == MT_METRIC_TOTAL_MS || metric == MT_METRIC_TRANSFERRED_BYTES;
}

static double scale_of(enum mt_metric metric, const struct mt_interval *f)
{
	if (is_ratio(metric))
		return log(f->p90 / f->p10) / 2 + MT_RESIDUAL_FLOOR_SHARE;
	return (f->p90 - f->p10) / 2 + MT_RESIDUAL_FLOOR_MS;
}

double mt_residual_score(enum mt_metric metric, const struct mt_interval *f, double real)
{
	if (is_ratio(metric))
		return log(real / f->p50) / scale_of(metric, f);
	return (real - f->p50) / scale_of(metric, f);
}

/* Conformal: the rank is of n + 1, the one to come among them. */
static double rank(const double *sorted, size_t n, double q)
{
	double at = q * (n + 1) - 1;
	size_t below;

	if (at <= 0)
		return sorted[0];
	if (at >= n - 1)
		return sorted[n - 1];
	below = (size_t)at;
	return sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
}

void mt_residual_learn(struct mt_residual *r, double *scores, size_t n)
{
	if (!n)
		return;
	mt_sort(scores, n);
	*r = (struct mt_residual){ rank(scores, n, 0.1), rank(scores, n, 0.5), rank(scores, n, 0.9),
				   (unsigned)n };
	if (n < ENOUGH) {
		double wider = sqrt((double)ENOUGH / n);

		r->p10 = r->p50 + (r->p10 - r->p50) * wider;
		r->p90 = r->p50 + (r->p90 - r->p50) * wider;
	}
}

void mt_residual_apply(const struct mt_residual *r, enum mt_metric metric, struct mt_interval *f)
{
	double scale = scale_of(metric, f), p50 = f->p50;

	if (!r->n || !isfinite(scale))
		return;
	if (is_ratio(metric))
		*f = (struct mt_interval){ p50 * exp(r->p10 * scale), p50 * exp(r->p50 * scale),
					   p50 * exp(r->p90 * scale) };
	else
		*f = (struct mt_interval){ fmax(0, p50 + r->p10 * scale),
					   fmax(0, p50 + r->p50 * scale),
					   fmax(0, p50 + r->p90 * scale) };
}
