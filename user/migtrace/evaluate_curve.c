// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_curve.c - U(T) as one of its learners knows it at one moment of a migration
 */
#include <errno.h>
#include <math.h>

#include <migtrace/online.h>
#include <migtrace/recorded.h>

#include "evaluate_campaign.h"

/* 90th percentile of a normal distribution, in standard deviations. */
#define P90_SIGMA	1.2816

/* @profile or @b is NULL where there is none. Return: 0 or -ENODATA. */
typedef int (*know_fn)(struct mt_dirtying *d, const struct mt_run *run, const struct mt_recording *profile,
		       const struct evaluate_boundary *b);

static void add_passes(struct mt_dirtying *d, const struct evaluate_boundary *b)
{
	for (size_t i = 0; b && i < b->iterations.n_kept; i++)
		mt_dirtying_add(d, b->iterations.kept[i].duration_s, b->iterations.kept[i].dirtied_bytes);
}

static int know_profile(struct mt_dirtying *d, const struct mt_run *run, const struct mt_recording *profile,
			bool kernel)
{
	if (!profile || mt_recorded_dirtying(d, profile, kernel, run->memory_bytes) ||
	    (d->origin == MT_DIRTYING_KERNEL) != kernel)
		return -ENODATA;
	return 0;
}

static int know_kernel(struct mt_dirtying *d, const struct mt_run *run, const struct mt_recording *profile,
		       const struct evaluate_boundary *b)
{
	int rc = know_profile(d, run, profile, true);

	if (!rc)
		add_passes(d, b);
	return rc;
}

static int know_coarse(struct mt_dirtying *d, const struct mt_run *run, const struct mt_recording *profile,
		       const struct evaluate_boundary *b)
{
	int rc = know_profile(d, run, profile, false);

	if (!rc)
		add_passes(d, b);
	return rc;
}

static int know_passes(struct mt_dirtying *d, const struct mt_run *run, const struct mt_recording *profile,
		       const struct evaluate_boundary *b)
{
	if (!b)
		return -ENODATA;
	mt_dirtying_begin(d, MT_DIRTYING_NONE, run->memory_bytes);
	add_passes(d, b);
	return d->n ? 0 : -ENODATA;
}

/* Lengths at which the two curves of a running migration are read; between them U(T) is a power of T. */
static const double read_at_s[] = { 0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10,
	15, 20, 30, 50, 100 };

static int know_online(struct mt_dirtying *d, const struct mt_run *run, const struct mt_recording *profile,
		       const struct evaluate_boundary *b)
{
	struct mt_online o;

	if (!b)
		return -ENODATA;
	mt_online_init(&o, run->memory_bytes);
	for (size_t i = 0; i < b->iterations.n_kept; i++) {
		const struct mt_iteration *it = &b->iterations.kept[i];

		if (it->syncs == 1)
			mt_online_feed(&o, it->window_s, it->dirtied_bytes, it->first);
	}
	if (!o.n)
		return -ENODATA;
	mt_dirtying_begin(d, MT_DIRTYING_ITERATIONS, run->memory_bytes);
	for (size_t i = 0; i < MT_ARRAY_SIZE(read_at_s); i++) {
		double t = read_at_s[i], p50 = mt_online_at(&o, t, 0.5);

		mt_dirtying_point(d, t, (double)o.n,
				  (const double[4]){ p50, mt_online_at(&o, t, 0.1), p50, mt_online_at(&o, t, 0.9) });
	}
	return 0;
}

static int know_line(struct mt_dirtying *d, const struct mt_run *run, const struct mt_recording *profile,
		     const struct evaluate_boundary *b)
{
	if (!b || !b->curve.n_pairs)
		return -ENODATA;
	mt_dirtying_begin(d, MT_DIRTYING_ITERATIONS, run->memory_bytes);
	for (size_t i = 0; i < MT_ARRAY_SIZE(read_at_s); i++) {
		double at = mt_curve_at(&b->curve, read_at_s[i]), off = P90_SIGMA * b->curve.spread;

		mt_dirtying_point(d, read_at_s[i], (double)b->curve.n_pairs,
				  (const double[4]){ at, at * fmax(0, 1 - off), at, at * (1 + off) });
	}
	return 0;
}

static const struct {
	const char *name;
	know_fn know;
} curves[EVALUATE_CURVES] = {
	[CURVE_KERNEL] = { "kernel", know_kernel },
	[CURVE_COARSE] = { "coarse", know_coarse },
	[CURVE_PASSES] = { "passes", know_passes },
	[CURVE_ONLINE] = { "online", know_online },
	[CURVE_LINE] = { "line", know_line },
};

const char *evaluate_curve_name(enum evaluate_curve curve)
{
	return curve < EVALUATE_CURVES ? curves[curve].name : "unknown";
}

int evaluate_curve_know(struct evaluate_case *c, const struct mt_recording *profile, const struct evaluate_boundary *b)
{
	return curves[c->curve].know(&c->dirtying, c->run, profile, b);
}
