// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dirtying_from.c - U(T) from a profile, or from QEMU's own calculations (PURE)
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <migtrace/dirtying.h>
#include <migtrace/units.h>

#define PAGE_BYTES	4096.0		/* of a kernel source */
#define P90_SIGMA	1.2816
/* QEMU tells whole MiB/s and rounds down: on average half of one is missing. */
#define ROUNDED_BYTES_PER_S	(MT_MIB / 2.0)
/* What counts of a difference that rounding explains. Inferred. */
#define INSIDE		0.1
/* The search for the set: its steps, and how much better a smaller one has to be. Inferred. */
#define SET_STEP	0.96
#define BETTER		0.999
/* A curve of few points is drawn at these. */
static const double drawn_s[] = { 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 10, 20, 60 };

void mt_dirtying_begin(struct mt_dirtying *d, enum mt_dirtying_origin origin, double memory_bytes)
{
	memset(d, 0, sizeof(*d));
	d->origin = origin;
	d->cap_bytes = memory_bytes;
}

/* Points come in by T; one that says less than the one before is noise. */
void mt_dirtying_point(struct mt_dirtying *d, double window_s, double windows, const double bytes[4])
{
	struct mt_dirtying_point *p = &d->points[d->n], *before = d->n ? p - 1 : NULL;

	if (d->n == MT_DIRTYING_POINTS || !(window_s > 0) || !isfinite(bytes[0]) || (before && window_s <= before->window_s))
		return;
	*p = (struct mt_dirtying_point){ window_s, bytes[0], bytes[1], bytes[2], bytes[3], windows };
	if (before) {
		p->mean_bytes = fmax(p->mean_bytes, before->mean_bytes);
		p->p10_bytes = fmax(p->p10_bytes, before->p10_bytes);
		p->p50_bytes = fmax(p->p50_bytes, before->p50_bytes);
		p->p90_bytes = fmax(p->p90_bytes, before->p90_bytes);
	}
	d->n++;
}

static int finish(struct mt_dirtying *d)
{
	if (d->n)
		return 0;
	d->origin = MT_DIRTYING_NONE;
	return -ENODATA;
}

/* The working set is a cap only if the profile saw it whole and the curve has come near it. */
void mt_dirtying_working_set(struct mt_dirtying *d, double bytes, bool lower_bound)
{
	if (!isfinite(bytes) || !(bytes > 0) || lower_bound || !d->n)
		return;
	if (d->points[d->n - 1].mean_bytes < 0.5 * bytes)
		return;
	d->cap_bytes = d->cap_bytes > 0 ? fmin(d->cap_bytes, bytes) : bytes;
	d->cap_known = true;
}

int mt_dirtying_from_profile(struct mt_dirtying *d, const struct mt_profile *profile, double memory_bytes)
{
	mt_dirtying_begin(d, MT_DIRTYING_KERNEL, memory_bytes);
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++) {
		const struct mt_profile_point *p = &profile->points[i];
		const double bytes[4] = { p->mean_pages * PAGE_BYTES, p->p10_pages * PAGE_BYTES,
					  p->p50_pages * PAGE_BYTES, p->p90_pages * PAGE_BYTES };

		if (p->windows)
			mt_dirtying_point(d, p->window_s, p->windows, bytes);
	}
	mt_dirtying_working_set(d, profile->mw_pages * PAGE_BYTES, profile->mw_lower_bound);
	return finish(d);
}

/* --- QEMU's own calculations ---------------------------------------------- */
/* Distinct bytes of uniform writes at @rate over @set bytes: W (1 - e^(-T r / W)) */
static double uniform(double set_bytes, double rate_bytes_per_s, double t)
{
	return set_bytes * -expm1(-t * rate_bytes_per_s / set_bytes);
}

/* How far a shape is from what QEMU told, as a share of it; within the rounding it hardly counts. */
static double off(const struct mt_dirtying_coarse *c, double set_bytes, double rate)
{
	double seen = c->bytes_per_s * c->window_s, half = ROUNDED_BYTES_PER_S * c->window_s;
	double by = uniform(set_bytes, rate, c->window_s) - seen;
	double beyond = fmax(0, fabs(by) - half);

	return copysign(beyond + INSIDE * fmin(fabs(by), half), by) / fmax(seen, half);
}

/* Squared error of the shape, with the rate that fits best for this set (by bisection: off() rises with it). */
static double fit_rate(const struct mt_dirtying_coarse *c, size_t n, double set_bytes, double *rate)
{
	double low = 0, high = 0, error = 0;

	for (size_t i = 0; i < n; i++)
		high = fmax(high, c[i].bytes_per_s);
	high = fmax(high, 1) * 64;
	for (int k = 0; k < 60; k++) {
		double mid = (low + high) / 2, pull = 0;

		for (size_t i = 0; i < n; i++)
			pull += off(&c[i], set_bytes, mid);
		if (pull < 0)
			low = mid;
		else
			high = mid;
	}
	*rate = high;
	for (size_t i = 0; i < n; i++)
		error += off(&c[i], set_bytes, high) * off(&c[i], set_bytes, high);
	return error;
}

/* The set of which the shape fits best, looked for over the memory. */
static void fit_uniform(const struct mt_dirtying_coarse *c, size_t n, double memory_bytes, double *set, double *rate)
{
	double least = INFINITY, most = 0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, c[i].bytes_per_s * c[i].window_s);
	*set = memory_bytes;
	*rate = 0;
	for (double w = memory_bytes; w >= fmax(most, MT_MIB); w *= SET_STEP) {
		double r, error = fit_rate(c, n, w, &r);

		/* Points that lie on a line leave the set open: the largest that is as good. */
		if (error < BETTER * least) {
			least = error;
			*set = w;
			*rate = r;
		}
	}
	if (!isfinite(least))
		fit_rate(c, n, *set, rate);
}

int mt_dirtying_from_coarse(struct mt_dirtying *d, const struct mt_dirtying_coarse *c, size_t n, double memory_bytes)
{
	struct mt_dirtying_coarse seen[16];
	double set, rate;
	size_t used = 0;

	mt_dirtying_begin(d, MT_DIRTYING_COARSE, memory_bytes);
	for (size_t i = 0; i < n && used < MT_ARRAY_SIZE(seen); i++)
		if (c[i].window_s > 0 && c[i].bytes_per_s >= 0)
			seen[used++] = (struct mt_dirtying_coarse){ c[i].window_s, c[i].bytes_per_s ?
								    c[i].bytes_per_s + ROUNDED_BYTES_PER_S : 0 };
	if (!used || !(memory_bytes > 0))
		return finish(d);
	fit_uniform(seen, used, memory_bytes, &set, &rate);
	for (size_t i = 0; i < MT_ARRAY_SIZE(drawn_s); i++) {
		double mean = uniform(set, rate, drawn_s[i]), off = P90_SIGMA * MT_DIRTYING_SPREAD;

		mt_dirtying_point(d, drawn_s[i], 1, (const double[4]){ mean, mean * (1 - off), mean, mean * (1 + off) });
	}
	return finish(d);
}
