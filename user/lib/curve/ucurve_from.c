// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ucurve_from.c - U(T) from a profile, or from QEMU's own calculations (PURE)
 */
#include <math.h>

#include "base/quantile.h"
#include "base/units.h"
#include "knots.h"

/*
 * Windows of a profile follow each other or overlap: so many of them count as one that is
 * independent. Inferred.
 */
#define WINDOWS_AS_ONE		3.0
/*
 * A mean of any number of windows is no surer than this: guests do not stay as they are. Inferred.
 */
#define PROFILE_MIN_SD		0.05
/*
 * What single windows scatter by where a profile has too few of them to tell. Inferred: guests of
 * the lab have 2 to 15 %.
 */
#define SPREAD			0.1
#define SPREAD_WINDOWS		8
#define LOWER_BOUND_SD		0.5
#define ASSUMED_UP_TO_S		1000.0
/* Windows this long are what passes are like. */
#define PASS_LIKE_S		0.5
/*
 * All pages together are a window of their own if the profile was so much longer than its windows.
 */
#define UNION_LONGER		1.2
/*
 * Rings are harvested at least this often while QEMU measures by them (accel/kvm/kvm-all.c, the
 * reaper).
 */
#define RING_WINDOW_S		1.0
/* And oftener where one fills: then pages count again within a second. Inferred. */
#define RING_SD			0.5
/* Page sampling: of each GiB so many pages (QEMU's default), at least those of a block. */
#define SAMPLES_PER_GIB		512.0
/*
 * It compares contents, so what is written again as it was is not seen; how much that is differs
 * from guest to guest. Inferred: on the machine's campaign a mean other than nothing did not help.
 */
#define VISIBLE_SD		0.3

static void see_log(struct mt_ucurve *c, double window_s, double value, double var)
{
	struct knots_row row = { 0 };

	knots_add(&row, window_s, 1);
	knots_observe(c, &row, value, var);
	c->longest_s = fmax(c->longest_s, window_s);
}

static void see(struct mt_ucurve *c, double window_s, double bytes, double var)
{
	see_log(c, window_s, log(fmax(0, bytes) + MT_UCURVE_OFFSET_BYTES), var);
}

/* As a share of what is kept: of bytes that are few next to the offset, a small one. */
static double share_of(double bytes)
{
	return bytes / (bytes + MT_UCURVE_OFFSET_BYTES);
}

void mt_ucurve_windows(struct mt_ucurve *c, double window_s, double windows, double mean_bytes,
		       double p10_bytes, double p90_bytes)
{
	double sd = (p90_bytes - p10_bytes) / (2 * MT_P90_SIGMA * mean_bytes), of_mean;

	if (!(window_s > 0) || !(windows >= 1) || !(mean_bytes >= 0))
		return;
	if (!isfinite(sd))
		sd = 0;
	if (windows < SPREAD_WINDOWS)
		sd = fmax(SPREAD, sd);
	of_mean = sd * share_of(mean_bytes);
	see(c, window_s, mean_bytes,
	    PROFILE_MIN_SD * PROFILE_MIN_SD +
		    of_mean * of_mean / fmax(1, windows / WINDOWS_AS_ONE));
	if (window_s >= PASS_LIKE_S)
		c->noise_bytes2 = fmax(c->noise_bytes2, pow(sd * mean_bytes, 2));
	c->origin = MT_UCURVE_KERNEL;
}

void mt_ucurve_union(struct mt_ucurve *c, double duration_s, double bytes, bool lower_bound)
{
	double sd = lower_bound ? LOWER_BOUND_SD : SPREAD * share_of(bytes);

	if (!(bytes >= 0) || !isfinite(bytes))
		return;
	if (!lower_bound)
		c->union_bytes = bytes;
	/* One window, of all of it. */
	if (duration_s > UNION_LONGER * c->longest_s)
		see(c, duration_s, bytes, PROFILE_MIN_SD * PROFILE_MIN_SD + sd * sd);
	c->longest_s = fmax(c->longest_s, duration_s);
}

/*
 * A whole number of MiB/s, rounded down: anything from there to the next. Mean and variance of its
 * logarithm.
 */
static void rounded(double mib_per_s, double window_s, double *value, double *var)
{
	double low = mib_per_s * MT_MIB * window_s + MT_UCURVE_OFFSET_BYTES,
	       high = low + MT_MIB * window_s;

	*value = (log(low) + log(high)) / 2;
	*var = pow(log(high) - log(low), 2) / 12;
}

static void see_coarse(struct mt_ucurve *c, const struct mt_ucurve_coarse *r)
{
	double window_s = r->window_s, value, var, bytes;

	/* Each of its harvests is a window of its own: their sum is no union. */
	if (r->sees == MT_UCURVE_SEES_HARVESTS)
		window_s = fmin(window_s, RING_WINDOW_S);
	rounded(floor(r->bytes_per_s / MT_MIB), window_s, &value, &var);
	bytes = exp(value);
	if (r->sees == MT_UCURVE_SEES_SAMPLES) {
		double samples = fmax(1, c->memory_bytes / (1024 * MT_MIB) * SAMPLES_PER_GIB);
		double share = fmin(1, bytes / fmax(c->memory_bytes, 1));

		/* A binomial's relative variance; half a sample where none differed. */
		var += (1 - share) / fmax(0.5, samples * share);
	}
	var += pow((r->sees == MT_UCURVE_SEES_HARVESTS ? RING_SD : SPREAD) * share_of(bytes), 2);
	see_log(c, window_s, value, var);
	c->origin = MT_UCURVE_COARSE;
}

void mt_ucurve_coarse(struct mt_ucurve *c, const struct mt_ucurve_coarse *v, size_t n)
{
	bool sampled = false;

	for (size_t i = 0; i < n; i++) {
		if (!(v[i].window_s > 0) || !(v[i].bytes_per_s >= 0))
			continue;
		see_coarse(c, &v[i]);
		sampled |= v[i].sees == MT_UCURVE_SEES_SAMPLES;
	}
	/* What all samples of a guest have in common. */
	if (sampled)
		knots_blur_level(c, VISIBLE_SD * VISIBLE_SD);
}

void mt_ucurve_point(struct mt_ucurve *c, double window_s, double bytes, double sd)
{
	see(c, window_s, bytes, pow(sd * share_of(bytes), 2));
	c->origin = MT_UCURVE_KERNEL;
}

void mt_ucurve_assume(struct mt_ucurve *c, double bytes_per_s, double set_bytes)
{
	double set = set_bytes > 0 ? set_bytes : c->memory_bytes;

	for (double t = MT_UCURVE_FIRST_S; t < ASSUMED_UP_TO_S; t *= 2) {
		double bytes = bytes_per_s < set ? set * -expm1(t * log1p(-bytes_per_s / set)) :
						   fmin(bytes_per_s * t, set);

		see(c, t, bytes, PROFILE_MIN_SD * PROFILE_MIN_SD);
	}
	knots_blur_level(c, SPREAD * SPREAD);
	c->union_bytes = set_bytes;
	c->origin = MT_UCURVE_COARSE;
}
