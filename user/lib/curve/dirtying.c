// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dirtying.c - U(T) as points: looked up, merged with new windows (PURE)
 */
#include <math.h>
#include <string.h>

#include <migtrace/dirtying.h>

/* 10th and 90th percentile of a normal distribution, in standard deviations. */
#define P90_SIGMA	1.2816
/* Beyond the last point U(T) goes on with the slope between the last two, at most this steep a power. */
#define BEYOND_POWER_MAX	1.0
/* Nobody waits as long as this: it is never. */
#define WINDOW_MAX_S		1e6

const char *mt_dirtying_origin_name(enum mt_dirtying_origin origin)
{
	static const char *const names[MT_DIRTYING_ORIGIN_COUNT] = {
		[MT_DIRTYING_NONE] = "none",
		[MT_DIRTYING_ITERATIONS] = "iterations",
		[MT_DIRTYING_COARSE] = "coarse",
		[MT_DIRTYING_KERNEL] = "kernel",
	};

	return origin < MT_DIRTYING_ORIGIN_COUNT ? names[origin] : "none";
}

static double mean_of(const struct mt_dirtying_point *p)
{
	return p->mean_bytes;
}

static double p10_of(const struct mt_dirtying_point *p)
{
	return p->p10_bytes;
}

static double p50_of(const struct mt_dirtying_point *p)
{
	return p->p50_bytes;
}

static double p90_of(const struct mt_dirtying_point *p)
{
	return p->p90_bytes;
}

typedef double (*value_fn)(const struct mt_dirtying_point *p);

/* Between two points a power of T: a line in logarithms, with which no union of pages is bent the wrong way. */
static double between(const struct mt_dirtying_point *a, const struct mt_dirtying_point *b, double t, value_fn value)
{
	double va = value(a), vb = value(b), share;

	if (!(va > 0) || !(vb > 0)) {
		share = (t - a->window_s) / (b->window_s - a->window_s);
		return va + share * (vb - va);
	}
	share = log(t / a->window_s) / log(b->window_s / a->window_s);
	return va * pow(vb / va, share);
}

static double beyond(const struct mt_dirtying *d, double t, value_fn value)
{
	const struct mt_dirtying_point *last = &d->points[d->n - 1];
	double slope, v = value(last);

	if (d->n == 1)
		return v * t / last->window_s;
	slope = (v - value(last - 1)) / (last->window_s - last[-1].window_s);
	slope = fmax(0, fmin(slope, BEYOND_POWER_MAX * v / last->window_s));
	return v + slope * (t - last->window_s);
}

static double look_up(const struct mt_dirtying *d, double t, value_fn value)
{
	const struct mt_dirtying_point *p = d->points;
	size_t low = 0, high = d->n - 1;
	double v;

	if (!d->n || !(t > 0))
		return 0;
	if (t <= p[0].window_s) {
		v = value(&p[0]) * t / p[0].window_s;
	} else if (t >= p[high].window_s) {
		v = beyond(d, t, value);
	} else {
		while (high - low > 1) {
			size_t mid = (low + high) / 2;

			if (p[mid].window_s <= t)
				low = mid;
			else
				high = mid;
		}
		v = between(&p[low], &p[high], t, value);
	}
	return d->cap_bytes > 0 ? fmin(v, d->cap_bytes) : v;
}

double mt_dirtying_at(const struct mt_dirtying *d, double window_s)
{
	return look_up(d, window_s, mean_of);
}

double mt_dirtying_quantile(const struct mt_dirtying *d, double window_s, double q)
{
	double p50 = look_up(d, window_s, p50_of), other;

	other = look_up(d, window_s, q < 0.5 ? p10_of : p90_of);
	return p50 + (other - p50) * fmin(fabs(q - 0.5) / 0.4, 1);
}

double mt_dirtying_spread(const struct mt_dirtying *d, double window_s)
{
	double mean = mt_dirtying_at(d, window_s);

	if (!(mean > 0))
		return 0;
	return (look_up(d, window_s, p90_of) - look_up(d, window_s, p10_of)) / (2 * P90_SIGMA * mean);
}

/* Where between() is @v; @b's value is at least that, and @a's is below. */
static double window_between(const struct mt_dirtying_point *a, const struct mt_dirtying_point *b, double v)
{
	double va = mean_of(a), vb = mean_of(b);

	if (!(va > 0))
		return a->window_s + (v - va) / (vb - va) * (b->window_s - a->window_s);
	return a->window_s * pow(b->window_s / a->window_s, log(v / va) / log(vb / va));
}

double mt_dirtying_window_s(const struct mt_dirtying *d, double bytes)
{
	const struct mt_dirtying_point *p = d->points, *last;
	double slope, t;

	if (!d->n || bytes > d->cap_bytes)
		return INFINITY;
	if (!(bytes > 0))
		return 0;
	last = p + d->n - 1;
	if (mean_of(p) >= bytes)
		return p->window_s * bytes / mean_of(p);
	for (; p < last; p++)
		if (mean_of(p + 1) >= bytes)
			return window_between(p, p + 1, bytes);
	/* beyond() is a line. */
	slope = (beyond(d, 2 * last->window_s, mean_of) - mean_of(last)) / last->window_s;
	t = last->window_s + (bytes - mean_of(last)) / slope;
	return slope > 0 && t <= WINDOW_MAX_S ? t : INFINITY;
}

/* --- what a running migration adds -------------------------------------- */
/* Sets of pages only grow: where new windows have moved a point, its neighbours follow. */
static void keep_rising(struct mt_dirtying *d, size_t at)
{
	for (size_t i = at + 1; i < d->n; i++)
		d->points[i].mean_bytes = fmax(d->points[i].mean_bytes, d->points[i - 1].mean_bytes);
	for (size_t i = at; i > 0; i--)
		d->points[i - 1].mean_bytes = fmin(d->points[i - 1].mean_bytes, d->points[i].mean_bytes);
}

static void scale(struct mt_dirtying_point *p, double factor)
{
	p->mean_bytes *= factor;
	p->p10_bytes *= factor;
	p->p50_bytes *= factor;
	p->p90_bytes *= factor;
}

/* The nearest point, if it is near enough; or a new one, in place of the lightest where all are taken. */
static size_t place(struct mt_dirtying *d, double window_s)
{
	size_t at = 0, lightest = 0;

	for (size_t i = 0; i < d->n; i++) {
		double ratio = d->points[i].window_s / window_s;

		if (ratio < MT_DIRTYING_NEAR && ratio > 1 / MT_DIRTYING_NEAR)
			return i;
		if (d->points[i].weight < d->points[lightest].weight)
			lightest = i;
	}
	if (d->n == MT_DIRTYING_POINTS) {
		memmove(&d->points[lightest], &d->points[lightest + 1], (--d->n - lightest) * sizeof(*d->points));
	}
	while (at < d->n && d->points[at].window_s < window_s)
		at++;
	memmove(&d->points[at + 1], &d->points[at], (d->n - at) * sizeof(*d->points));
	d->n++;
	d->points[at] = (struct mt_dirtying_point){ .window_s = window_s };
	return at;
}

/*
 * A window that is far off, after another one that was far off on the same side, tells of another
 * phase: all that was known is then worth less, and is moved as a whole towards what is seen now.
 */
static bool note_phase(struct mt_dirtying *d, double window_s, double bytes)
{
	double expected = mt_dirtying_at(d, window_s), before = d->last_residual, spread, residual;

	if (!(expected > 0))
		return false;
	spread = fmax(mt_dirtying_spread(d, window_s), MT_DIRTYING_SPREAD / 2);
	residual = (bytes - expected) / (spread * expected);
	d->last_residual = residual;
	if (fabs(residual) < MT_DIRTYING_PHASE_SIGMA || fabs(before) < MT_DIRTYING_PHASE_SIGMA || residual * before < 0)
		return false;
	for (size_t i = 0; i < d->n; i++) {
		scale(&d->points[i], bytes / expected);
		d->points[i].weight *= MT_DIRTYING_PHASE_KEEP;
	}
	d->last_residual = 0;
	d->phases++;
	return true;
}

/* Windows behind what is known of this length. */
static double weight_near(const struct mt_dirtying *d, double window_s)
{
	double nearest = INFINITY, weight = 0;

	for (size_t i = 0; i < d->n; i++) {
		double off = fabs(log(d->points[i].window_s / window_s));

		if (off < nearest) {
			nearest = off;
			weight = d->points[i].weight;
		}
	}
	return weight;
}

bool mt_dirtying_add(struct mt_dirtying *d, double window_s, double bytes)
{
	double known, share, weight, p10, p50, p90;
	struct mt_dirtying_point *p;
	bool phase;
	size_t at;

	if (!(window_s > 0) || !(bytes >= 0))
		return false;
	phase = note_phase(d, window_s, bytes);
	known = mt_dirtying_at(d, window_s);
	p10 = mt_dirtying_quantile(d, window_s, 0.1);
	p50 = mt_dirtying_quantile(d, window_s, 0.5);
	p90 = mt_dirtying_quantile(d, window_s, 0.9);
	for (size_t i = 0; i < d->n; i++)
		d->points[i].weight *= MT_DIRTYING_FORGET;
	weight = weight_near(d, window_s);
	share = 1 / (weight + 1);
	if (d->origin == MT_DIRTYING_NONE)
		d->origin = MT_DIRTYING_ITERATIONS;
	/* Where the shape is known, more than expected at one length is more at the others, too, if less surely so. */
	for (size_t i = 0; i < d->n && known > 0 && d->origin != MT_DIRTYING_ITERATIONS; i++)
		scale(&d->points[i], 1 + MT_DIRTYING_SHIFT * share * (bytes / known - 1));
	at = place(d, window_s);
	p = &d->points[at];
	if (!(p->weight > 0) && (!(known > 0) || d->origin == MT_DIRTYING_ITERATIONS)) {
		double off = P90_SIGMA * MT_DIRTYING_SPREAD;

		*p = (struct mt_dirtying_point){ window_s, bytes, bytes * (1 - off), bytes, bytes * (1 + off), 1 };
	} else {
		if (!(p->weight > 0))
			*p = (struct mt_dirtying_point){ window_s, known, p10, p50, p90, weight };
		p->weight += 1;
		if (p->mean_bytes > 0)
			scale(p, 1 + share * (bytes / p->mean_bytes - 1));
	}
	keep_rising(d, at);
	return phase;
}
