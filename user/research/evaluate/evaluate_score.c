// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_score.c - how far one forecast was off (PURE)
 */
#include <math.h>
#include <string.h>

#include "evaluate_campaign.h"

/* Gudkov: a prediction is bad from here on. */
#define BAD_SHARE	0.25
/* Closer together than this share of the middle, p10 and p90 are one. */
#define POINT_SHARE	1e-9
#define BYTES_PER_MB	1e6

const struct evaluate_error_info evaluate_errors[EVALUATE_ERRORS] = {
	[ERROR_TOTAL] = { "total_error", "ratio" },
	[ERROR_TRAFFIC] = { "traffic_error", "ratio" },
	[ERROR_TOTAL_MS] = { "total_error_ms", "ms" },
	[ERROR_TRAFFIC_MB] = { "traffic_error_mb", "MB" },
	[ERROR_DOWNTIME] = { "downtime_error", "ms" },
	[ERROR_STALL] = { "stall_error", "ms" },
	[ERROR_SETTLED] = { "settled_pause_error", "ratio" },
	[ERROR_WRONG_VERDICT] = { "wrong_verdict", "share", true },
	[ERROR_SAID_NOT_TO_END] = { "ended_said_not_to", "share", true },
	[ERROR_SAID_TO_END] = { "cancelled_said_to_end", "share", true },
	[ERROR_BAD] = { "bad_case", "share", true },
	[COVERED_TOTAL] = { "total_covered", "share", true },
	[COVERED_TRAFFIC] = { "traffic_covered", "share", true },
	[COVERED_DOWNTIME] = { "downtime_covered", "share", true },
	[COVERED_STALL] = { "stall_covered", "share", true },
	[POINT_TOTAL] = { "total_point", "share", true },
	[POINT_TRAFFIC] = { "traffic_point", "share", true },
	[POINT_DOWNTIME] = { "downtime_point", "share", true },
	[POINT_STALL] = { "stall_point", "share", true },
	[BRIER] = { "brier", "score", true },
	[BRIER_CLIMATOLOGY] = { "brier_climatology", "score", true },
	[CRPS_TOTAL] = { "total_crps", "ratio", true },
};

static double relative(double forecast, double real)
{
	return real > 0 ? fabs(forecast / real - 1) : NAN;
}

/* p90 may be INFINITY: it may never end. */
static double covered(const struct mt_interval *f, double real)
{
	if (!isfinite(real) || isnan(f->p10) || isnan(f->p90))
		return NAN;
	return real >= f->p10 && real <= f->p90;
}

static double point(const struct mt_interval *f, double real)
{
	if (!isfinite(real) || isnan(f->p10) || isnan(f->p90))
		return NAN;
	return f->p90 - f->p10 <= POINT_SHARE * fabs(f->p50);
}

static double square(double v)
{
	return v * v;
}

static void judge_verdict(struct evaluate_result *r)
{
	const struct evaluate_case *c = r->of;
	bool says = mt_forecast_converges(&r->forecast), ended = c->learned.ended;

	r->error[ERROR_WRONG_VERDICT] = says != ended;
	r->error[ended ? ERROR_SAID_NOT_TO_END : ERROR_SAID_TO_END] = says != ended;
	r->error[ERROR_BAD] = says && !ended;
	r->error[BRIER] = square(r->forecast.ends - ended);
	r->error[BRIER_CLIMATOLOGY] = square(c->climatology - ended);
}

/*
 * The continuous ranked probability score, as far as p10, p50 and p90 tell it: the weighted
 * interval score (Bracher et al. 2021, PLOS Comput. Biol. 17, with one interval of 80 %), over what
 * was real. Of a point it is its relative error.
 */
static double crps(const struct mt_interval *f, double real)
{
	const double alpha = 0.2;
	double outside = fmax(0, f->p10 - real) + fmax(0, real - f->p90);
	double interval = f->p90 - f->p10 + 2 / alpha * outside;

	return (fabs(real - f->p50) / 2 + alpha / 2 * interval) / 1.5 / real;
}

void evaluate_judge(struct evaluate_result *r)
{
	const struct mt_learned_case *c = &r->of->learned;
	const struct mt_interval *f = r->forecast.metric;
	const double *real = c->real;

	for (size_t i = 0; i < EVALUATE_ERRORS; i++)
		r->error[i] = NAN;
	if (!mt_run_flips(r->of->run))
		judge_verdict(r);
	if (!c->ended && r->model == r->of->live.model)
		r->error[ERROR_SETTLED] = relative(r->of->floor_ms, r->of->settled_ms);
	if (!c->ended)
		return;
	r->error[ERROR_TOTAL] = relative(f[MT_METRIC_TOTAL_MS].p50, real[MT_METRIC_TOTAL_MS]);
	r->error[CRPS_TOTAL] = crps(&f[MT_METRIC_TOTAL_MS], real[MT_METRIC_TOTAL_MS]);
	r->error[ERROR_TRAFFIC] =
		relative(f[MT_METRIC_TRANSFERRED_BYTES].p50, real[MT_METRIC_TRANSFERRED_BYTES]);
	r->error[ERROR_TOTAL_MS] = fabs(f[MT_METRIC_TOTAL_MS].p50 - real[MT_METRIC_TOTAL_MS]);
	r->error[ERROR_TRAFFIC_MB] = fabs(f[MT_METRIC_TRANSFERRED_BYTES].p50 -
					  real[MT_METRIC_TRANSFERRED_BYTES]) /
				     BYTES_PER_MB;
	r->error[ERROR_DOWNTIME] = fabs(f[MT_METRIC_DOWNTIME_MS].p50 - real[MT_METRIC_DOWNTIME_MS]);
	r->error[ERROR_STALL] = fabs(f[MT_METRIC_STALL_MS].p50 - real[MT_METRIC_STALL_MS]);
	r->error[ERROR_BAD] =
		!mt_forecast_converges(&r->forecast) || !(r->error[ERROR_TOTAL] < BAD_SHARE);
	for (size_t i = 0; i < MT_METRIC_COUNT; i++) {
		r->error[COVERED_TOTAL + i] = covered(&f[i], real[i]);
		r->error[POINT_TOTAL + i] = point(&f[i], real[i]);
	}
}

bool evaluate_same_group(const struct evaluate_case *a, const struct evaluate_case *b)
{
	return a->moment == b->moment && a->curve == b->curve &&
	       !strcmp(a->run->where, b->run->where);
}

static double share_of_others(const struct evaluate_set *set, const struct evaluate_case *c)
{
	size_t n = 0, ended = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct evaluate_case *o = set->v[i];

		if (o->run->method != c->run->method || !evaluate_same_group(o, c) ||
		    !strcmp(o->run->workload, c->run->workload))
			continue;
		n++;
		ended += o->learned.ended;
	}
	return n ? (double)ended / n : NAN;
}

void evaluate_climatology(const struct evaluate_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		set->v[i]->climatology = share_of_others(set, set->v[i]);
}

/* --- migration logs ------------------------------------------------------------ */
static bool is_log_of(const struct evaluate_case *log, const struct evaluate_case *c)
{
	return log->run->method == MT_METHOD_PRECOPY && log->run != c->run &&
	       evaluate_same_group(log, c) && !strcmp(log->run->workload, c->run->workload);
}

void evaluate_logs(const struct evaluate_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		double bytes = 0, seconds = 0;

		for (size_t k = 0; k < i; k++)
			if (is_log_of(set->v[k], set->v[i])) {
				bytes += set->v[k]->log_bytes;
				seconds += set->v[k]->log_s;
			}
		set->v[i]->learned.in.logged_bytes_per_s = seconds > 0 ? bytes / seconds : 0;
	}
}
