// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * knots.c - a normal distribution of log U at knots (PURE)
 *
 * Before anything is seen, seen from an anchor T0 with d = log(T / T0): level(T0) + slope d + W(d),
 * where W is a Wiener process integrated outwards, of covariance q^2 m^2 / 2 (M - m / 3) for two
 * distances m <= M on one side of the anchor, and 0 for two on different sides (Wahba, Journal of
 * the Royal Statistical Society B 40, 1978: the mean of such a process given points is their
 * smoothing spline).
 */
#include <math.h>
#include <string.h>

#include "base/minmax.h"
#include "knots.h"

#define K	MT_UCURVE_KNOTS
#define STEP	M_LN2			/* between knots */

/*
 * Of 20 profiles of the campaign's lab slopes from 50 ms up are 0.65 in the mean and scatter by
 * 0.37, idle guests among them. Both are chosen below that: so forecasts of the campaigns were
 * best, and of pg-ycsb as good as with more.
 */
#define SLOPE_SD		0.2
#define SLOPE_WALK		0.12		/* q: for the square root of an e-fold */

size_t knots_piece(double window_s, double *part)
{
	double at = log(window_s / MT_UCURVE_FIRST_S) / STEP;
	size_t k = !(at > 0) ? 0 : at < K - 2 ? (size_t)at : K - 2;

	*part = at - (double)k;
	return k;
}

void knots_add(struct knots_row *row, double window_s, double scale)
{
	double part;
	size_t k = knots_piece(window_s, &part);

	row->on[k] += scale * (1 - part);
	row->on[k + 1] += scale * part;
}

double knots_between(const double log_bytes[K], double window_s)
{
	double part;
	size_t k = knots_piece(window_s, &part);

	return knots_on_piece(log_bytes, k, part);
}

double knots_at(const struct mt_ucurve *c, double window_s)
{
	return knots_between(c->mean, window_s);
}

double knots_var_at(const struct mt_ucurve *c, double window_s)
{
	double part;
	size_t k = knots_piece(window_s, &part);

	return fmax(0, (1 - part) * (1 - part) * c->cov[k][k] +
			       2 * part * (1 - part) * c->cov[k][k + 1] +
			       part * part * c->cov[k + 1][k + 1]);
}

double knots_mean(const struct mt_ucurve *c, const struct knots_row *row)
{
	double sum = 0;

	for (size_t k = 0; k < K; k++)
		sum += row->on[k] * c->mean[k];
	return sum;
}

/* What each knot has in common with @row. */
static void spread(const struct mt_ucurve *c, const struct knots_row *row, double common[K])
{
	for (size_t i = 0; i < K; i++) {
		common[i] = 0;
		for (size_t k = 0; k < K; k++)
			common[i] += c->cov[i][k] * row->on[k];
	}
}

static double inner(const struct knots_row *row, const double v[K])
{
	double sum = 0;

	for (size_t k = 0; k < K; k++)
		sum += row->on[k] * v[k];
	return sum;
}

double knots_var(const struct mt_ucurve *c, const struct knots_row *row)
{
	double common[K];

	spread(c, row, common);
	return fmax(0, inner(row, common));
}

double knots_slope(const struct mt_ucurve *c, size_t k)
{
	size_t from = k ? k - 1 : 0, to = k < K - 1 ? k + 1 : K - 1;

	return (c->mean[to] - c->mean[from]) / (STEP * (double)(to - from));
}

static size_t surest(const struct mt_ucurve *c)
{
	size_t least = 0;

	for (size_t k = 1; k < K; k++)
		if (c->cov[k][k] < c->cov[least][least])
			least = k;
	return least;
}

/*
 * Sets of pages only grow, and no faster than in proportion: what is surest stays, its neighbours
 * follow.
 */
static void keep_slopes(double log_bytes[K], size_t from)
{
	for (size_t k = from + 1; k < K; k++)
		log_bytes[k] = mt_larger(log_bytes[k - 1],
					 mt_smaller(log_bytes[k - 1] + STEP, log_bytes[k]));
	for (size_t k = from; k > 0; k--)
		log_bytes[k - 1] = mt_smaller(log_bytes[k],
					      mt_larger(log_bytes[k] - STEP, log_bytes[k - 1]));
}

void knots_sample(const struct mt_ucurve *c, double z, double log_bytes[K])
{
	for (size_t k = 0; k < K; k++)
		log_bytes[k] = c->mean[k] + (z ? z * sqrt(mt_larger(c->cov[k][k], 0)) : 0);
	keep_slopes(log_bytes, surest(c));
}

void knots_observe(struct mt_ucurve *c, const struct knots_row *row, double value, double noise_var)
{
	double common[K], var, error = value - knots_mean(c, row);

	spread(c, row, common);
	var = inner(row, common) + noise_var;
	if (!(var > 0))
		return;
	for (size_t i = 0; i < K; i++)
		c->mean[i] += common[i] / var * error;
	for (size_t i = 0; i < K; i++)
		for (size_t k = 0; k <= i; k++)
			c->cov[i][k] = c->cov[k][i] -= common[i] * common[k] / var;
	keep_slopes(c->mean, surest(c));
}

void knots_blur_level(struct mt_ucurve *c, double var)
{
	for (size_t i = 0; i < K; i++)
		for (size_t k = 0; k < K; k++)
			c->cov[i][k] += var;
}

void knots_blur_speed(struct mt_ucurve *c, double var)
{
	double slopes[K];

	for (size_t k = 0; k < K; k++)
		slopes[k] = knots_slope(c, k);
	for (size_t i = 0; i < K; i++)
		for (size_t k = 0; k < K; k++)
			c->cov[i][k] += var * slopes[i] * slopes[k];
}

void knots_speed(struct mt_ucurve *c, double log_speed)
{
	double moved[K];

	for (size_t k = 0; k < K; k++)
		moved[k] = c->mean[k] + log_speed * knots_slope(c, k);
	memcpy(c->mean, moved, sizeof(moved));
}

void knots_reset(struct mt_ucurve *c, double window_s, double level_var)
{
	double from = log(MT_UCURVE_FIRST_S / window_s);

	for (size_t i = 0; i < K; i++)
		for (size_t k = 0; k < K; k++) {
			double a = from + (double)i * STEP, b = from + (double)k * STEP;
			double least = fmin(fabs(a), fabs(b)), most = fmax(fabs(a), fabs(b));
			double walk = a * b > 0 ? SLOPE_WALK * SLOPE_WALK * least * least / 2 *
							  (most - least / 3) :
						  0;

			c->cov[i][k] = level_var + SLOPE_SD * SLOPE_SD * a * b + walk;
		}
}
