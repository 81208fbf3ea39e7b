// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ucurve.c - U(T), as a distribution: looked up, and followed through a migration's passes (PURE)
 *
 * With deviations that carry over, e' = carry e + noise, what a pass tells is
 *
 *	log D' - carry log D = U'(T') - carry U(T) + noise,
 *
 * T and D being the pass's before: linear in the knots, with the noise of the last pass alone.
 */
#include <math.h>
#include <string.h>

#include "base/minmax.h"
#include "base/quantile.h"
#include "knots.h"
#include "pagetest.h"

#define SLOPE			0.65	/* of 20 profiles, see knots.c */
#define START_WINDOW_S		1.0
/* of memory, in that window, if nothing is known; and its uncertainty in e-folds */
#define START_SHARE		0.02
#define START_SD		10.0
/* Chosen on recordings other than those that one-step.md reports on. Inferred. */
/* how far the first pass may lie from the curve of the others */
#define FIRST_SD		0.15
#define LEVEL_DRIFT_SD		0.02	/* a pass */
#define NOISE_MIN_SD		0.03	/* of the logarithm: what does not shrink as windows grow */
#define NOISE_START		0.02	/* of the first window's bytes */
/* of the curve: a quiet spell does not make sure of everything */
#define NOISE_FLOOR		0.01
#define NOISE_FORGET		0.05	/* a pass */
#define NOISE_Z_MAX		2.5	/* an outlier teaches the noise no more than this */
/* beyond, the curve is moved less, as by Huber's function */
#define OUTLIER_Z		2.5
#define OUTLIERS_FROM		4	/* passes: before, nobody knows what an outlier is */
#define CARRY_FORGET		0.02	/* a pass */
#define CARRY_PRIOR		10.0	/* passes without any, which it is weighed against */
#define CARRY_MIN		(-0.6)	/* and none above 0: deviations that stay are the level's */
#define CARRY_FROM		3	/* passes */
#define DEVIATION_MAX		2.0	/* standard deviations that carry over */

void mt_ucurve_init(struct mt_ucurve *c, double memory_bytes)
{
	double level = log((memory_bytes > 0 ? memory_bytes : 4e9) * START_SHARE);

	memset(c, 0, sizeof(*c));
	c->memory_bytes = memory_bytes;
	c->carry_weight = CARRY_PRIOR;
	for (size_t k = 0; k < MT_UCURVE_KNOTS; k++)
		c->mean[k] = level + SLOPE * log(ldexp(MT_UCURVE_FIRST_S, (int)k) / START_WINDOW_S);
	knots_reset(c, START_WINDOW_S, START_SD * START_SD);
}

void mt_ucurve_clears(struct mt_ucurve *c, double chunk_bytes)
{
	c->chunks = chunk_bytes > 0 && c->memory_bytes > chunk_bytes ?
			    (unsigned)ceil(c->memory_bytes / chunk_bytes) :
			    0;
}

/* --- what it says --------------------------------------------------------------- */
static struct knots_row row_at(double window_s)
{
	struct knots_row row = { 0 };

	knots_add(&row, window_s, 1);
	return row;
}

static double noise_var(const struct mt_ucurve *c, double log_bytes)
{
	return NOISE_MIN_SD * NOISE_MIN_SD + c->noise_bytes2 * exp(-2 * log_bytes);
}

static double carry(const struct mt_ucurve *c, double noise)
{
	double share = c->carry_sum / c->carry_weight;

	if (c->passes < CARRY_FROM)
		return 0;
	/*
	 * A deviation of a noisy window is not to be that large in a calmer one; nor larger in a
	 * noisier.
	 */
	return fmax(CARRY_MIN, fmin(0, share)) * fmin(1, sqrt(noise / c->last_noise_var));
}

struct forecast {
	struct knots_row row;		/* of what is observed */
	double level;			/* of the curve there */
	double mean;			/* of the bytes' logarithm */
	double curve_var, noise_var;
	double carried;			/* of the last pass's logarithm, in what is observed */
};

static struct forecast forecast(const struct mt_ucurve *c, double window_s, bool next)
{
	struct forecast f = { .row = row_at(window_s) };
	double share;

	f.level = knots_at(c, window_s);
	f.noise_var = noise_var(c, f.level);
	share = next && c->passes ? carry(c, f.noise_var) : 0;
	if (share)
		knots_add(&f.row, c->last_window_s, -share);
	f.carried = share * c->last_log;
	f.mean = knots_mean(c, &f.row) + f.carried;
	f.curve_var = knots_var(c, &f.row);
	return f;
}

static double bytes_of(double log_bytes, double memory_bytes)
{
	double bytes = mt_larger(exp(log_bytes) - MT_UCURVE_OFFSET_BYTES, 0);

	return memory_bytes > 0 ? mt_smaller(bytes, memory_bytes) : bytes;
}

static double quantile_at(const struct mt_ucurve *c, double window_s, double quantile, bool next)
{
	struct forecast f;
	double z;

	if (!c->origin || !(window_s > 0))
		return 0;
	if (quantile == 0.5 && !next)
		return bytes_of(knots_at(c, window_s), c->memory_bytes);
	f = forecast(c, window_s, next);
	z = mt_normal_quantile(fmax(0.001, fmin(0.999, quantile)));
	return bytes_of(f.mean + z * sqrt(f.curve_var + f.noise_var), c->memory_bytes);
}

double mt_ucurve_quantile(const struct mt_ucurve *c, double window_s, double quantile)
{
	return quantile_at(c, window_s, quantile, false);
}

double mt_ucurve_next(const struct mt_ucurve *c, double window_s, double quantile)
{
	return quantile_at(c, window_s, quantile, true);
}

double mt_ucurve_at(const struct mt_ucurve *c, double window_s)
{
	return quantile_at(c, window_s, 0.5, false);
}

double mt_ucurve_sd(const struct mt_ucurve *c, double window_s)
{
	return sqrt(knots_var_at(c, window_s));
}

void mt_ucurve_window(struct mt_ucurve_window *w, double window_s)
{
	w->s = window_s;
	w->knot = knots_piece(window_s, &w->part);
}

double mt_ucurve_noise_sd(const struct mt_ucurve *c, const struct mt_ucurve_window *w)
{
	return sqrt(noise_var(c, knots_on_piece(c->mean, w->knot, w->part)));
}

const char *mt_ucurve_origin_name(enum mt_ucurve_origin origin)
{
	static const char *const names[MT_UCURVE_ORIGINS] = {
		[MT_UCURVE_NOTHING] = "none", [MT_UCURVE_PASSES] = "iterations",
		[MT_UCURVE_COARSE] = "coarse", [MT_UCURVE_KERNEL] = "kernel",
	};

	return origin < MT_UCURVE_ORIGINS ? names[origin] : "none";
}

double mt_ucurve_window_s(const struct mt_ucurve *c, double bytes)
{
	struct mt_ucurve_sample u;

	mt_ucurve_sample(&u, c, 0);
	return c->origin ? mt_ucurve_sample_window_s(&u, bytes) : INFINITY;
}

/* --- one of the curves that it may be ----------------------------------------------- */
void mt_ucurve_sample(struct mt_ucurve_sample *u, const struct mt_ucurve *c, double z)
{
	u->memory_bytes = c->memory_bytes;
	u->chunks = c->chunks;
	knots_sample(c, z, u->log);
}

double mt_ucurve_sample_at(const struct mt_ucurve_sample *u, double window_s)
{
	return window_s > 0 ? bytes_of(knots_between(u->log, window_s), u->memory_bytes) : 0;
}

double mt_ucurve_sample_window_s(const struct mt_ucurve_sample *u, double bytes)
{
	double wanted = log(bytes + MT_UCURVE_OFFSET_BYTES);

	if (u->memory_bytes > 0 && bytes > u->memory_bytes)
		return INFINITY;
	if (wanted <= u->log[0])
		return MT_UCURVE_FIRST_S * exp(wanted - u->log[0]);
	for (size_t k = 1; k < MT_UCURVE_KNOTS; k++)
		if (wanted <= u->log[k])
			return MT_UCURVE_FIRST_S * (double)(1U << (k - 1)) *
			       exp2((wanted - u->log[k - 1]) / (u->log[k] - u->log[k - 1]));
	return INFINITY;
}

/* Beyond an hour nobody looks. */
#define BEGAN_MOST_S	3600
/* At least so much of it counts: what follows from less is not believed. Inferred. */
#define NEW_LEAST	0.1

/* Points of a pass at which chunks are cleared. */
#define CLEARS	8

/* Of the bytes that a pass began with, those that are written in a window. */
static double again_bytes(const struct mt_ucurve_sample *u, double window_s, double written,
			  double began_bytes, double began_s)
{
	double again = written;

	/* Of the first pass everything is dirty. */
	if (!(u->memory_bytes > 0) || began_bytes < 0.999 * u->memory_bytes)
		again += began_bytes - mt_ucurve_sample_at(u, window_s + began_s);
	return mt_smaller(mt_larger(again, 0), written);
}

/* @written: in the window. */
static double new_share(const struct mt_ucurve_sample *u, double window_s, double written,
			double began_bytes, double kept_bytes, double cleared_s)
{
	unsigned chunks = u->chunks > 1 ? u->chunks : 1, clears = chunks < CLEARS ? chunks : CLEARS;
	double began_s, again, since = 0;

	if (!(began_bytes > 0) || !(written > 0) || (!(kept_bytes > 0) && chunks == 1))
		return 1;
	began_s = mt_smaller(mt_ucurve_sample_window_s(u, began_bytes), BEGAN_MOST_S);
	again = again_bytes(u, window_s, written, began_bytes, began_s);
	/* The first chunk is cleared as the pass begins, the last a chunk before its end. */
	for (unsigned i = 0; i < clears && chunks > 1; i++) {
		double left_s = window_s - cleared_s * ((i + 0.5) / clears - 0.5 / chunks);

		since += again_bytes(u, left_s, mt_ucurve_sample_at(u, left_s), began_bytes,
				     began_s) /
			 clears;
	}
	if (chunks == 1)
		since = again;
	return mt_larger(1 - (again - (1 - mt_smaller(kept_bytes / began_bytes, 1)) * since) /
				     written,
			 NEW_LEAST);
}

double mt_ucurve_sample_new_share(const struct mt_ucurve_sample *u, double window_s,
				  double began_bytes, double kept_bytes, double cleared_s)
{
	return new_share(u, window_s, mt_ucurve_sample_at(u, window_s), began_bytes, kept_bytes,
			 cleared_s);
}

double mt_ucurve_sample_new(const struct mt_ucurve_sample *u, const struct mt_ucurve_window *w,
			    double began_bytes, double kept_bytes, double cleared_s)
{
	double written = w->s > 0 ? bytes_of(knots_on_piece(u->log, w->knot, w->part),
					     u->memory_bytes) : 0;

	return written * new_share(u, w->s, written, began_bytes, kept_bytes, cleared_s);
}

/* --- a migration's passes --------------------------------------------------------- */
void mt_ucurve_migrates(struct mt_ucurve *c, double speed, double speed_sd)
{
	knots_speed(c, log(speed));
	knots_blur_speed(c, speed_sd * speed_sd);
}

/*
 * From here on another load: the curve is somewhere near this window, and of the others only the
 * shape is known.
 */
static void start_phase(struct mt_ucurve *c, struct forecast *f, double window_s, double error)
{
	knots_reset(c, window_s, fmax(f->curve_var, error * error));
	f->row = row_at(window_s);
	f->mean = f->level;
	f->carried = 0;
	f->curve_var = knots_var(c, &f->row);
	c->above = c->below = 0;
	c->changes++;
	c->since_change = 0;
}

static void learn_noise(struct mt_ucurve *c, double z, double level)
{
	double share = fmax(NOISE_FORGET, 1.0 / ((double)c->since_change + 2.0));
	double floor = NOISE_FLOOR * exp(level);

	z = fmin(fabs(z), NOISE_Z_MAX);
	c->noise_bytes2 = fmax(c->noise_bytes2 * (1 - share + share * z * z), floor * floor);
}

static void learn_carry(struct mt_ucurve *c, double deviation)
{
	c->carry_sum = (1 - CARRY_FORGET) * c->carry_sum + deviation * c->last_deviation;
	c->carry_weight = (1 - CARRY_FORGET) * c->carry_weight + CARRY_FORGET * CARRY_PRIOR +
			  c->last_deviation * c->last_deviation;
}

/* What it was off by, as far as that may carry over. */
static void note_last(struct mt_ucurve *c, double window_s, double value, double noise)
{
	double level = knots_at(c, window_s), deviation = (value - level) / sqrt(noise);

	deviation = fmax(-DEVIATION_MAX, fmin(DEVIATION_MAX, deviation));
	if (c->passes > CARRY_FROM)
		learn_carry(c, deviation);
	c->last_deviation = c->changed ? 0 : deviation;
	c->last_window_s = window_s;
	c->last_log = level + c->last_deviation * sqrt(noise);
	c->last_noise_var = noise;
}

/* @more_sd: of the bytes' logarithm, beyond what windows scatter by. */
static void take_pass(struct mt_ucurve *c, double window_s, double dirtied_bytes, bool first,
		      double more_sd)
{
	double value, error, z, noise;
	struct forecast f;

	if (!(window_s > 0) || !isfinite(window_s) || !(dirtied_bytes >= 0) ||
	    !isfinite(dirtied_bytes))
		return;
	c->changed = false;
	value = log(dirtied_bytes + MT_UCURVE_OFFSET_BYTES);
	if (!(c->noise_bytes2 > 0))
		c->noise_bytes2 = NOISE_START * NOISE_START * exp(2 * value);
	knots_blur_level(c, LEVEL_DRIFT_SD * LEVEL_DRIFT_SD);
	f = forecast(c, window_s, true);
	error = value - f.mean;
	z = error / sqrt(f.curve_var + f.noise_var);
	noise = f.noise_var + (first ? FIRST_SD * FIRST_SD : 0) + more_sd * more_sd;
	if (c->passes >= OUTLIERS_FROM) {
		c->changed = pagetest(&c->above, &c->below, z);
		if (c->changed) {
			start_phase(c, &f, window_s, error);
		} else if (fabs(z) > OUTLIER_Z) {
			noise += (f.curve_var + f.noise_var) * (fabs(z) / OUTLIER_Z - 1);
		}
	}
	knots_observe(c, &f.row, value - f.carried, noise);
	if (!c->origin)
		c->origin = MT_UCURVE_PASSES;
	c->since_change++;
	if (!c->changed && c->passes)
		learn_noise(c, z, f.level);
	c->passes++;
	note_last(c, window_s, value, f.noise_var);
}

void mt_ucurve_pass(struct mt_ucurve *c, double window_s, double dirtied_bytes, bool first)
{
	take_pass(c, window_s, dirtied_bytes, first, 0);
}

/* How well the share of what was dirty before is known, next to itself. Inferred. */
#define AGAIN_SD	0.15

void mt_ucurve_iteration(struct mt_ucurve *c, const struct mt_iteration *it)
{
	/* The curve is that of a guest that is not throttled. */
	double window_s = mt_iteration_guest_s(it), share;
	struct mt_ucurve_sample u;

	if (it->syncs != 1)
		return;
	mt_ucurve_sample(&u, c, 0);
	share = mt_ucurve_sample_new_share(&u, window_s, it->start_bytes, it->unsent_bytes,
					   window_s);
	take_pass(c, window_s, it->dirtied_bytes / share, it->first,
		  AGAIN_SD * (1 - share) / share);
}
