// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * online.c - U(T) of a running migration, as a distribution (PURE)
 *
 * The filter's state is (level, slope) with the level taken at the last window.
 * With deviations e that carry over, e' = carry e + noise, what is observed is
 *
 *	log D' = level' + carry (log D - level),	level = level' - slope d,
 *
 * d being the step of log T from the last window to this: linear in the state,
 * with the noise of the last line alone.
 */
#include <math.h>
#include <string.h>

#include <migtrace/online.h>
#include <migtrace/units.h>

/* All inferred; chosen on recordings other than those that one-step.md reports on. */
#define SLOPE			0.65	/* before there are two windows */
#define SLOPE_SD		0.2
#define FIRST_SD		0.15	/* how far the first pass may lie from the curve of the others */
#define LEVEL_DRIFT_SD		0.02	/* an iteration */
#define SLOPE_DRIFT_VAR		(0.05 * 0.05)	/* for each e-fold of the window */
#define NOISE_MIN_SD		0.03	/* of the logarithm: what does not shrink as windows grow */
#define NOISE_START		0.02	/* of the first window's bytes */
#define NOISE_FLOOR		0.01	/* of the curve: a quiet spell does not make sure of everything */
#define NOISE_FORGET		0.05	/* an iteration */
#define NOISE_Z_MAX		2.5	/* an outlier teaches the noise no more than this */
#define OUTLIER_Z		2.5	/* beyond, the curve is moved less, as by Huber's function */
#define OUTLIERS_FROM		4	/* windows: before, nobody knows what an outlier is */
#define CARRY_FORGET		0.02	/* an iteration */
#define CARRY_PRIOR		10.0	/* iterations without any, which it is weighed against */
#define CARRY_MIN		(-0.6)	/* and none above 0: deviations that stay are the level's */
#define CARRY_FROM		3	/* windows */
#define DEVIATION_MAX		2.0	/* standard deviations that carry over */

/*
 * Page's test: drift 1, threshold 5, in standard deviations. In normal noise it
 * calls a change about once in 10^5 iterations (Siegmund's approximation of its
 * run length). A single outlier, cut off at 4, does not do by itself; two do.
 */
#define CHANGE_DRIFT		1.0
#define CHANGE_THRESHOLD	5.0
#define CHANGE_Z_MAX		4.0

/* Guests that dirty nearly nothing: below 64 pages relative differences are no matter. */
#define OFFSET_BYTES		(64.0 * 4096)

struct forecast {
	double log_window;
	double level;			/* of the curve there */
	double level_var, cross_var, slope_var;
	double on_level, on_slope;	/* what the observation has of each */
	double mean;			/* of the observed logarithm */
	double curve_var;		/* of it, from not knowing the curve */
	double noise_var;
};

static double noise_var(const struct mt_online *o, double level)
{
	return NOISE_MIN_SD * NOISE_MIN_SD + o->noise_bytes2 * exp(-2 * level);
}

static double carry(const struct mt_online *o, double noise)
{
	double c = o->carry_sum / o->carry_weight;

	if (o->n < CARRY_FROM)
		return 0;
	/* A deviation of a noisy window is not to be that large in a calmer one; nor larger in a noisier. */
	return fmax(CARRY_MIN, fmin(0, c)) * fmin(1, sqrt(noise / o->last_noise_var));
}

static struct forecast forecast(const struct mt_online *o, double window_s, bool next)
{
	struct forecast f = { .log_window = log(window_s) };
	double d = f.log_window - o->log_window, c;

	f.level = o->level + o->slope * d;
	f.level_var = o->level_var + 2 * d * o->cross_var + d * d * o->slope_var + LEVEL_DRIFT_SD * LEVEL_DRIFT_SD;
	f.cross_var = o->cross_var + d * o->slope_var;
	f.slope_var = o->slope_var + SLOPE_DRIFT_VAR * fabs(d);
	f.noise_var = noise_var(o, f.level);
	c = next ? carry(o, f.noise_var) : 0;
	f.on_level = 1 - c;
	f.on_slope = c * d;
	f.mean = f.on_level * f.level + f.on_slope * o->slope + c * (o->level + o->deviation_log);
	f.curve_var = f.on_level * f.on_level * f.level_var + 2 * f.on_level * f.on_slope * f.cross_var +
		      f.on_slope * f.on_slope * f.slope_var;
	return f;
}

void mt_online_init(struct mt_online *o, double memory_bytes)
{
	memset(o, 0, sizeof(*o));
	o->memory_bytes = memory_bytes;
	o->slope = SLOPE;
	o->slope_var = SLOPE_SD * SLOPE_SD;
	o->carry_weight = CARRY_PRIOR;
}

static void feed_first(struct mt_online *o, double window_s, double bytes, bool first)
{
	o->log_window = log(window_s);
	o->level = log(bytes);
	o->noise_bytes2 = NOISE_START * NOISE_START * bytes * bytes;
	o->last_noise_var = noise_var(o, o->level);
	o->level_var = o->last_noise_var + (first ? FIRST_SD * FIRST_SD : 0);
	o->n = o->since_change = 1;
}

/* Page's test. Return: a change, just now. */
static bool test_change(struct mt_online *o, double z)
{
	z = fmax(-CHANGE_Z_MAX, fmin(CHANGE_Z_MAX, z));
	o->above = fmax(0, o->above + z - CHANGE_DRIFT);
	o->below = fmax(0, o->below - z - CHANGE_DRIFT);
	return fmax(o->above, o->below) > CHANGE_THRESHOLD;
}

/* From here on another load: the curve is somewhere near this window, and no more is known. */
static void start_phase(struct mt_online *o, struct forecast *f, double error)
{
	f->level_var = fmax(f->level_var, error * error);
	f->cross_var = 0;
	f->slope_var = SLOPE_SD * SLOPE_SD;
	f->on_level = 1;
	f->on_slope = 0;
	f->mean = f->level;
	f->curve_var = f->level_var;
	o->above = o->below = 0;
	o->changes++;
	o->since_change = 0;
}

static void learn_noise(struct mt_online *o, double z, double level)
{
	double share = fmax(NOISE_FORGET, 1.0 / (o->since_change + 2.0));
	double floor = NOISE_FLOOR * exp(level);

	z = fmin(fabs(z), NOISE_Z_MAX);
	o->noise_bytes2 = fmax(o->noise_bytes2 * (1 - share + share * z * z), floor * floor);
}

static void learn_carry(struct mt_online *o, double deviation)
{
	o->carry_sum = (1 - CARRY_FORGET) * o->carry_sum + deviation * o->deviation;
	o->carry_weight = (1 - CARRY_FORGET) * o->carry_weight + CARRY_FORGET * CARRY_PRIOR + o->deviation * o->deviation;
}

void mt_online_feed(struct mt_online *o, double window_s, double dirtied_bytes, bool first)
{
	double y, error, z, noise, c_level, c_slope, gain_level, gain_slope, deviation;
	struct forecast f;

	if (!(window_s > 0) || !isfinite(window_s) || !(dirtied_bytes >= 0) || !isfinite(dirtied_bytes))
		return;
	o->changed = false;
	if (!o->n) {
		feed_first(o, window_s, dirtied_bytes + OFFSET_BYTES, first);
		return;
	}
	f = forecast(o, window_s, true);
	y = log(dirtied_bytes + OFFSET_BYTES);
	error = y - f.mean;
	z = error / sqrt(f.curve_var + f.noise_var);
	noise = f.noise_var;
	if (o->n >= OUTLIERS_FROM) {
		o->changed = test_change(o, z);
		if (o->changed) {
			start_phase(o, &f, error);
			error = y - f.mean;
		} else if (fabs(z) > OUTLIER_Z) {
			noise += (f.curve_var + f.noise_var) * (fabs(z) / OUTLIER_Z - 1);
		}
	}
	c_level = f.level_var * f.on_level + f.cross_var * f.on_slope;
	c_slope = f.cross_var * f.on_level + f.slope_var * f.on_slope;
	gain_level = c_level / (f.curve_var + noise);
	gain_slope = c_slope / (f.curve_var + noise);
	o->since_change++;
	if (!o->changed)
		learn_noise(o, z, f.level);
	o->log_window = f.log_window;
	o->level = f.level + gain_level * error;
	o->slope = fmax(0, fmin(1, o->slope + gain_slope * error));
	o->level_var = f.level_var - gain_level * c_level;
	o->cross_var = f.cross_var - gain_level * c_slope;
	o->slope_var = f.slope_var - gain_slope * c_slope;
	o->n++;

	deviation = (y - o->level) / sqrt(f.noise_var);
	deviation = fmax(-DEVIATION_MAX, fmin(DEVIATION_MAX, deviation));
	if (o->n > CARRY_FROM)
		learn_carry(o, deviation);
	o->deviation = o->changed ? 0 : deviation;
	o->deviation_log = o->deviation * sqrt(f.noise_var);
	o->last_noise_var = f.noise_var;
}

/* Of the normal distribution; Abramowitz and Stegun, 26.2.23: off by less than 4.5e-4. */
static double normal_quantile(double p)
{
	double t = sqrt(-2 * log(fmin(p, 1 - p)));

	t -= (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
	return p < 0.5 ? -t : t;
}

static double at(const struct mt_online *o, double window_s, double quantile, bool next)
{
	struct forecast f;
	double y, bytes;

	if (!o->n || !(window_s > 0))
		return 0;
	f = forecast(o, window_s, next);
	y = f.mean;
	if (quantile != 0.5)
		y += normal_quantile(fmax(0.001, fmin(0.999, quantile))) * sqrt(f.curve_var + f.noise_var);
	bytes = fmax(0, exp(y) - OFFSET_BYTES);
	return o->memory_bytes > 0 ? fmin(bytes, o->memory_bytes) : bytes;
}

double mt_online_at(const struct mt_online *o, double window_s, double quantile)
{
	return at(o, window_s, quantile, false);
}

double mt_online_next(const struct mt_online *o, double window_s, double quantile)
{
	return at(o, window_s, quantile, true);
}

double mt_online_change(const struct mt_online *o)
{
	return o->changed ? 1 : fmin(1, fmax(o->above, o->below) / CHANGE_THRESHOLD);
}
