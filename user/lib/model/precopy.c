// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * precopy.c - pre-copy played on, iteration by iteration, over U(T) (PURE)
 *
 * The recurrence is Nathan's (SoCC'15: D_i = U(T_i), T_{i+1} = D_i / R) with
 * QEMU's own way of ending an iteration: it syncs the dirty bitmap as soon as
 * what is left is below threshold = bandwidth x downtime limit, and stops the
 * guest if it still is after the sync (migration/migration.c,
 * migration_iteration_run()). So each boundary finds what was left unsent, a
 * little under the threshold, plus what was dirtied meanwhile:
 *
 *	R_{i+1} = c + U((R_i - c) / B),	c = min(R_i, B L) - u,	0 <= u < step
 *
 * where a step is what goes out between two looks at the threshold and u is a
 * matter of chance. Near the threshold each boundary is therefore a draw: QEMU
 * stops there if U <= u, that is with probability 1 - U / step. Pre-copy is said
 * to converge when these draws add up to an even chance.
 */
#include <math.h>

#include "model.h"

/* The migration thread spends its bandwidth in budgets of 100 ms (BUFFER_DELAY, migration/migration.c). */
#define STEP_S		0.1
/* How far ahead a boundary within reach is looked for. Inferred. */
#define HORIZON		10
/* A migration that is to end by itself does so in this many, or is taken not to. Inferred. */
#define ITERATIONS_MAX	20
/* Expected lowest of HORIZON draws from a normal distribution, in standard deviations (order statistics). */
#define LOWEST_OF_TEN	1.54
/* 10th and 90th percentile of a normal distribution, in standard deviations. */
#define P90_SIGMA	1.2816

struct play {
	bool converges;
	unsigned iterations;	/* until it does */
	double time_s, bytes;	/* until then, the downtime included */
	double end_bytes;	/* left when the guest is stopped */
	double lowest_bytes;	/* at the boundaries within the horizon */
};

typedef double (*curve_fn)(const struct mt_curve *c, double window_s);

static struct play play(const struct mt_model_input *in, curve_fn u, double scale,
			double bandwidth, double limit_ms)
{
	const struct mt_iterations *its = in->iterations;
	double threshold = bandwidth * limit_ms / 1e3, step = bandwidth * STEP_S;
	double left = its->last.remaining_bytes;
	/* The running iteration's window began at its start, not now. */
	double window = (its->last.t_ns - its->start.t_ns) / 1e9;
	struct play p = { .lowest_bytes = INFINITY };
	double goes_on = 1;

	/* Just synced, and below: QEMU is about to stop the guest. */
	if (window < STEP_S && left <= threshold)
		p.converges = true;
	while (!p.converges && p.iterations < ITERATIONS_MAX) {
		double carry = fmax(0, fmin(left, threshold) - step / 2);
		double sending = fmax((left - carry) / bandwidth, STEP_S);
		double dirtied = scale * u(in->curve, window + sending);

		p.iterations++;
		p.time_s += sending;
		p.bytes += fmin(left, bandwidth * sending);
		left = carry + dirtied;
		if (in->memory_bytes > 0)
			left = fmin(left, in->memory_bytes);
		if (p.iterations <= HORIZON)
			p.lowest_bytes = fmin(p.lowest_bytes, left);
		if (carry < threshold - step)
			goes_on *= left > threshold;
		else
			goes_on *= fmin(1, dirtied / step);
		p.converges = goes_on <= 0.5;
		window = 0;
	}
	p.end_bytes = left;
	if (p.converges)
		p.lowest_bytes = fmin(p.lowest_bytes, left);
	p.time_s += left / bandwidth;
	p.bytes += left;
	return p;
}

/*
 * Stopped now, QEMU syncs once more: what was dirtied since the last sync comes on top. Some of that
 * is due anyway, so this errs to the safe side, by 5 to 17 % within an iteration and not at boundaries.
 */
static double left_if_stopped(const struct mt_model_input *in)
{
	const struct mt_iterations *its = in->iterations;
	double left = its->last.remaining_bytes + mt_curve_at(in->curve, (its->last.t_ns - its->start.t_ns) / 1e9);

	return in->memory_bytes > 0 ? fmin(left, in->memory_bytes) : left;
}

static double floor_ms(const struct mt_model_input *in, const struct play *p, double bandwidth)
{
	double lowest = p->lowest_bytes * fmax(0, 1 - LOWEST_OF_TEN * in->curve->spread);

	return lowest / bandwidth * 1e3 + in->fixed_ms;
}

/* The least bandwidth at which QEMU's own rule, allowed allowed_ms, would end; 0 if 64 times today's does not do. */
static double needed_bandwidth(const struct mt_model_input *in)
{
	double low = in->bandwidth_bytes_per_s, high = 64 * low;
	double limit = fmax(in->allowed_ms - in->fixed_ms, 1);

	if (!play(in, mt_curve_at, 1, high, limit).converges)
		return 0;
	for (int i = 0; i < 16; i++) {
		double mid = sqrt(low * high);

		if (play(in, mt_curve_at, 1, mid, limit).converges)
			high = mid;
		else
			low = mid;
	}
	return high;
}

static double total_ms(const struct mt_model_input *in, const struct play *p)
{
	return p->converges ? in->elapsed_ms + p->time_s * 1e3 + in->fixed_ms : INFINITY;
}

static int precopy_predict(const struct mt_model_input *in, struct mt_prediction *out)
{
	double b = in->bandwidth_bytes_per_s, spread = in->curve->spread;
	struct play low, mid, high, best;
	double sent = in->iterations->last.transferred_bytes;

	if (!in->curve->n_pairs || !(b > 0))
		return -ENODATA;
	low = play(in, mt_curve_at, fmax(0, 1 - P90_SIGMA * spread), b, in->limit_ms);
	mid = play(in, mt_curve_at, 1, b, in->limit_ms);
	high = play(in, mt_curve_at, 1 + P90_SIGMA * spread, b, in->limit_ms);
	best = play(in, mt_curve_lowest, 1, b, in->limit_ms);

	out->iterations_left = mid.iterations;
	out->total_ms = (struct mt_interval){ total_ms(in, &low), total_ms(in, &mid), total_ms(in, &high) };
	out->transferred_bytes = (struct mt_interval){ sent + low.bytes, sent + mid.bytes,
						       high.converges ? sent + high.bytes : INFINITY };
	/* A guest that dirties less may end sooner, with more left: no order among them is a given. */
	out->downtime_ms = (struct mt_interval){ fmin(fmin(low.end_bytes, high.end_bytes), mid.end_bytes) / b * 1e3 + in->fixed_ms,
						 mid.end_bytes / b * 1e3 + in->fixed_ms,
						 fmax(fmax(low.end_bytes, high.end_bytes), mid.end_bytes) / b * 1e3 + in->fixed_ms };
	out->stop_now_ms = left_if_stopped(in) / b * 1e3 + in->fixed_ms;
	out->floor_ms = fmin(floor_ms(in, &mid, b), out->stop_now_ms);
	out->floor_optimistic_ms = fmin(floor_ms(in, &best, b), out->floor_ms);

	if (mid.converges)
		out->verdict = MT_VERDICT_CONVERGES;
	else if (out->floor_ms <= in->allowed_ms)
		out->verdict = MT_VERDICT_REACHABLE;
	else if (out->floor_optimistic_ms <= in->allowed_ms)
		out->verdict = MT_VERDICT_OPEN;
	else
		out->verdict = MT_VERDICT_HOPELESS;
	if (!mid.converges)
		out->needed_bandwidth_bytes_per_s = needed_bandwidth(in);
	return 0;
}

const struct mt_model mt_model_precopy = {
	.name = "precopy/1",
	.help = "pre-copy played on over U(T) as learnt from the iterations so far",
	.predict = precopy_predict,
};
