/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * knots.h - a normal distribution of log U at knots: its prior, its update, what it says (PURE)
 */
#ifndef CURVE_KNOTS_H
#define CURVE_KNOTS_H

#include "ucurve.h"

/* A row of an observation: what it has of each knot. */
struct knots_row {
	double on[MT_UCURVE_KNOTS];
};

/*
 * The piece between knots that @window_s lies on, and how far along; beyond the last knots the
 * outermost goes on.
 */
size_t knots_piece(double window_s, double *part);
static inline double knots_on_piece(const double log_bytes[MT_UCURVE_KNOTS], size_t k, double part)
{
	return (1 - part) * log_bytes[k] + part * log_bytes[k + 1];
}

/* @scale times the logarithm of U at a window, added to @row. */
void knots_add(struct knots_row *row, double window_s, double scale);

/* Mean and variance of the logarithm at a window. */
double knots_at(const struct mt_ucurve *c, double window_s);
double knots_between(const double log_bytes[MT_UCURVE_KNOTS], double window_s);
double knots_var_at(const struct mt_ucurve *c, double window_s);

/* The same of what @row picks. */
double knots_mean(const struct mt_ucurve *c, const struct knots_row *row);
double knots_var(const struct mt_ucurve *c, const struct knots_row *row);

/* All knots @z standard deviations from their means, slopes kept within bounds. */
void knots_sample(const struct mt_ucurve *c, double z, double log_bytes[MT_UCURVE_KNOTS]);

/* It was seen to be @value, with a variance of @noise_var. */
void knots_observe(struct mt_ucurve *c, const struct knots_row *row, double value,
		   double noise_var);

/*
 * All knots together become less sure, by the variance of a common level, or of the speed of time.
 */
void knots_blur_level(struct mt_ucurve *c, double var);
void knots_blur_speed(struct mt_ucurve *c, double var);
void knots_speed(struct mt_ucurve *c, double log_speed);

/*
 * What is known is near @window_s alone, where the level has @level_var, and besides that the
 * shape.
 */
void knots_reset(struct mt_ucurve *c, double window_s, double level_var);

/* The slope over logarithms at a knot, from its neighbours. */
double knots_slope(const struct mt_ucurve *c, size_t k);

#endif
