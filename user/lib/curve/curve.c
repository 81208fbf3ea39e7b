// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * curve.c - U(T) from the iterations of a running migration (PURE)
 */
#include <math.h>
#include <string.h>

#include <migtrace/curve.h>

/* Weighted least squares for D = a + b T; both kept >= 0, since U(T) is neither negative nor falling. */
static void fit_line(struct mt_curve *c, const struct mt_iteration *it, const double *w, size_t n)
{
	double sw = 0, st = 0, sd = 0, stt = 0, std = 0, det;

	for (size_t i = 0; i < n; i++) {
		double t = it[i].duration_s, d = it[i].dirtied_bytes;

		sw += w[i];
		st += w[i] * t;
		sd += w[i] * d;
		stt += w[i] * t * t;
		std += w[i] * t * d;
	}
	det = sw * stt - st * st;
	if (det > 1e-9 * sw * stt) {
		c->slope_bytes_per_s = (sw * std - st * sd) / det;
		c->offset_bytes = (sd - c->slope_bytes_per_s * st) / sw;
	}
	if (det <= 1e-9 * sw * stt || c->slope_bytes_per_s < 0) {
		c->slope_bytes_per_s = 0;
		c->offset_bytes = sd / sw;
	} else if (c->offset_bytes < 0) {
		c->offset_bytes = 0;
		c->slope_bytes_per_s = std / stt;
	}
}

static double fit_spread(const struct mt_curve *c, const struct mt_iteration *it, const double *w, size_t n)
{
	/* Counts as two residuals of the assumed size, so that three pairs on a line do not claim certainty. */
	double sum = 2 * MT_CURVE_SPREAD * MT_CURVE_SPREAD, weight = 2;

	for (size_t i = 0; i < n; i++) {
		double at = mt_curve_at(c, it[i].duration_s);
		double r = at > 0 ? (it[i].dirtied_bytes - at) / at : 0;

		sum += w[i] * r * r;
		weight += w[i];
	}
	return fmin(sqrt(sum / weight), 0.6);
}

void mt_curve_fit(struct mt_curve *c, const struct mt_iteration *it, size_t n, double memory_bytes)
{
	double w[MT_ITERATIONS_KEPT];

	memset(c, 0, sizeof(*c));
	c->cap_bytes = memory_bytes;
	c->spread = MT_CURVE_SPREAD;
	if (n > MT_ITERATIONS_KEPT) {
		it += n - MT_ITERATIONS_KEPT;
		n = MT_ITERATIONS_KEPT;
	}
	while (n && it[n - 1].duration_s <= 0)
		n--;
	if (!n)
		return;
	/* The first pass counts among them only until two others are there: its window is of another kind. */
	for (size_t i = n; i > 0 && c->n_recent < MT_CURVE_RECENT; i--) {
		if (it[i - 1].duration_s <= 0 || (it[i - 1].first && c->n_recent >= 2))
			continue;
		c->recent[c->n_recent].window_s = it[i - 1].duration_s;
		c->recent[c->n_recent++].bytes = it[i - 1].dirtied_bytes;
	}
	c->min_window_s = INFINITY;
	for (size_t i = 0; i < n; i++) {
		w[i] = it[i].duration_s > 0 ? pow(MT_CURVE_FORGET, (double)(n - 1 - i)) : 0;
		if (w[i] <= 0)
			continue;
		c->n_pairs++;
		c->min_window_s = fmin(c->min_window_s, it[i].duration_s);
		c->max_window_s = fmax(c->max_window_s, it[i].duration_s);
	}
	fit_line(c, it, w, n);
	c->spread = fit_spread(c, it, w, n);
}

double mt_curve_at(const struct mt_curve *c, double window_s)
{
	double t = window_s, bytes;

	if (!c->n_pairs || !(t > 0))
		return 0;
	if (t < c->min_window_s) {
		bytes = c->offset_bytes + c->slope_bytes_per_s * c->min_window_s;
		bytes *= pow(t / c->min_window_s, MT_CURVE_GAMMA);
	} else {
		bytes = c->offset_bytes + c->slope_bytes_per_s * t;
		/* One window tells no slope: beyond it the curve bends as it does below. */
		if (c->n_pairs == 1)
			bytes *= pow(t / c->max_window_s, MT_CURVE_GAMMA);
	}
	return c->cap_bytes > 0 ? fmin(bytes, c->cap_bytes) : bytes;
}

double mt_curve_lowest(const struct mt_curve *c, double window_s)
{
	double least = INFINITY;

	if (!c->n_recent || !(window_s > 0))
		return 0;
	for (size_t i = 0; i < c->n_recent; i++)
		least = fmin(least, c->recent[i].bytes * fmin(1, window_s / c->recent[i].window_s));
	return least;
}
