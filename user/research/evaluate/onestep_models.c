// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * onestep_models.c - who forecasts, and the baselines beside it
 */
#include <math.h>
#include <string.h>

#include "curve/ucurve.h"
#include "onestep.h"

/* A window that is one: what the two fits with hindsight take as a point. */
static bool whole(const struct mt_iteration *it)
{
	return it->syncs == 1 && it->window_s > 0;
}

/*
 * Newly dirty, of what is written. How much is kept back is told by how long it takes, and by what
 * was kept before, for it follows from QEMU's limit: each is off by a step of 50 ms or so, so their
 * mean is taken.
 */
static double next_bytes(const struct mt_ucurve *c, const struct mt_iteration *before,
			 const struct mt_iteration *it)
{
	double window_s = mt_iteration_guest_s(it),
	       kept = fmax(0, it->start_bytes - before->bandwidth_bytes_per_s * it->window_s);
	struct mt_ucurve_sample u;

	mt_ucurve_sample(&u, c, 0);
	return mt_ucurve_next(c, window_s, 0.5) *
	       mt_ucurve_sample_new_share(&u, window_s, it->start_bytes,
					  (before->unsent_bytes + kept) / 2, window_s);
}

static void forecast_ucurve(const struct onestep_runs *runs, size_t r, double *bytes)
{
	const struct onestep_run *run = &runs->v[r];
	struct mt_ucurve c;

	mt_ucurve_init(&c, run->memory_bytes);
	mt_ucurve_clears(&c, run->clears_chunks ? MT_CLEAR_CHUNK_BYTES : 0);
	for (size_t i = 0; i < run->n_steps; i++) {
		bytes[i] =
			c.passes ? next_bytes(&c, &run->steps[i - 1].it, &run->steps[i].it) : NAN;
		mt_ucurve_iteration(&c, &run->steps[i].it);
	}
}

static void forecast_proportional(const struct onestep_runs *runs, size_t r, double *bytes)
{
	const struct onestep_run *run = &runs->v[r];
	double seen_s = 0, seen_bytes = 0;

	for (size_t i = 0; i < run->n_steps; i++) {
		const struct mt_iteration *it = &run->steps[i].it;

		bytes[i] = seen_s > 0 ? it->window_s * seen_bytes / seen_s : NAN;
		seen_s += it->window_s;
		seen_bytes += it->dirtied_bytes;
	}
}

static void forecast_last(const struct onestep_runs *runs, size_t r, double *bytes)
{
	const struct onestep_run *run = &runs->v[r];

	for (size_t i = 0; i < run->n_steps; i++)
		bytes[i] = i ? run->steps[i - 1].it.dirtied_bytes : NAN;
}

static void forecast_qemu(const struct onestep_runs *runs, size_t r, double *bytes)
{
	const struct onestep_run *run = &runs->v[r];

	for (size_t i = 0; i < run->n_steps; i++)
		bytes[i] = run->steps[i].qemu_bytes_per_s * run->steps[i].it.window_s;
}

/*
 * How long ago an iteration may be, and how much longer or shorter, to be taken for the same again.
 */
#define REPEAT_BACK	6
#define REPEAT_SHARE	0.05

/*
 * No forecaster but a yardstick: two iterations of equal length and nearly the
 * same time differ by sqrt(2) times what each scatters, and who knows the curve
 * perfectly is still off by what one scatters.
 */
static void forecast_repeat(const struct onestep_runs *runs, size_t r, double *bytes)
{
	const struct onestep_run *run = &runs->v[r];

	for (size_t i = 0; i < run->n_steps; i++) {
		double t = run->steps[i].it.window_s;

		bytes[i] = NAN;
		for (size_t back = 1; back <= REPEAT_BACK && back <= i && isnan(bytes[i]); back++) {
			const struct mt_iteration *it = &run->steps[i - back].it;

			if (whole(it) && fabs(it->window_s - t) <= REPEAT_SHARE * t)
				bytes[i] = it->dirtied_bytes;
		}
	}
}

/*
 * S + (T - 1) S_new for windows of a second and more, S T below: Nathan's two parameters by least
 * squares.
 */
struct nathan {
	double n, t, d, tt, td;
};

static void nathan_add(struct nathan *f, const struct onestep_run *run)
{
	for (size_t i = 0; i < run->n_steps; i++) {
		double t = run->steps[i].it.window_s, d = run->steps[i].it.dirtied_bytes;

		if (!whole(&run->steps[i].it) || t < 1)
			continue;
		f->n++;
		f->t += t;
		f->d += d;
		f->tt += t * t;
		f->td += t * d;
	}
}

static void nathan_forecast(const struct nathan *f, const struct onestep_run *run, double *bytes)
{
	double det = f->n * f->tt - f->t * f->t;
	double s_new = (f->n * f->td - f->t * f->d) / det, s = (f->d - s_new * f->t) / f->n + s_new;

	for (size_t i = 0; i < run->n_steps; i++) {
		double t = run->steps[i].it.window_s;

		bytes[i] = !(det > 1e-9 * f->n * f->tt) ? NAN : t < 1 ? s * t : s + (t - 1) * s_new;
	}
}

static void forecast_nathan_others(const struct onestep_runs *runs, size_t r, double *bytes)
{
	struct nathan f = { 0 };

	for (size_t i = 0; i < runs->n; i++)
		if (i != r && !strcmp(runs->v[i].workload, runs->v[r].workload))
			nathan_add(&f, &runs->v[i]);
	nathan_forecast(&f, &runs->v[r], bytes);
}

static void forecast_nathan_self(const struct onestep_runs *runs, size_t r, double *bytes)
{
	struct nathan f = { 0 };

	nathan_add(&f, &runs->v[r]);
	nathan_forecast(&f, &runs->v[r], bytes);
}

const struct onestep_model onestep_models[] = {
	{ "ucurve", "U(T) on logarithmic scales, followed by a filter; causal", forecast_ucurve },
	{ "nathan-others", "S + (T - 1) S_new fitted to the other runs of the same folder",
	  forecast_nathan_others },
	{ "nathan-self", "the same fitted to the very run: hindsight", forecast_nathan_self },
	{ "qemu", "QEMU's dirty-pages-rate x T; causal", forecast_qemu },
	{ "proportional", "all bytes dirtied so far over all time so far, x T; causal",
	  forecast_proportional },
	{ "last", "what the pass before dirtied; causal", forecast_last },
	{ "repeat", "what the last of the same length dirtied, where one was; causal",
	  forecast_repeat },
};

const size_t onestep_n_models = MT_ARRAY_SIZE(onestep_models);
