// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_run.c - forecasts with whole workloads held out, and how far off they are
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate_campaign.h"

/* Gudkov: a prediction is bad from here on. */
#define BAD_SHARE	0.25

const struct evaluate_error_info evaluate_errors[EVALUATE_ERRORS] = {
	[ERROR_TOTAL] = { "total_error", "ratio" },
	[ERROR_TRAFFIC] = { "traffic_error", "ratio" },
	[ERROR_DOWNTIME] = { "downtime_error", "ms" },
	[ERROR_STALL] = { "stall_error", "ms" },
	[ERROR_WRONG_VERDICT] = { "wrong_verdict", "share", true },
	[ERROR_BAD] = { "bad_case", "share", true },
	[COVERED_TOTAL] = { "total_covered", "share", true },
	[COVERED_TRAFFIC] = { "traffic_covered", "share", true },
	[COVERED_DOWNTIME] = { "downtime_covered", "share", true },
	[COVERED_STALL] = { "stall_covered", "share", true },
};

static double relative(double forecast, double real)
{
	return real > 0 ? fabs(forecast / real - 1) : NAN;
}

static double covered(const struct mt_interval *f, double real)
{
	if (!isfinite(real) || !isfinite(f->p10) || !isfinite(f->p90))
		return NAN;
	return real >= f->p10 && real <= f->p90;
}

static void judge(struct evaluate_result *r)
{
	const struct mt_learned_case *c = &r->of->learned;
	const struct mt_interval *f = r->forecast.metric;
	bool says = mt_forecast_converges(&r->forecast), flips;

	for (size_t i = 0; i < EVALUATE_ERRORS; i++)
		r->error[i] = NAN;
	flips = c->in.method == MT_METHOD_POSTCOPY || c->in.method == MT_METHOD_HYBRID;
	if (!flips) {
		r->error[ERROR_WRONG_VERDICT] = says != c->ended;
		r->error[ERROR_BAD] = says && !c->ended;
	}
	if (!c->ended)
		return;
	r->error[ERROR_TOTAL] = relative(f[MT_METRIC_TOTAL_MS].p50, c->real[MT_METRIC_TOTAL_MS]);
	r->error[ERROR_TRAFFIC] = relative(f[MT_METRIC_TRANSFERRED_BYTES].p50, c->real[MT_METRIC_TRANSFERRED_BYTES]);
	r->error[ERROR_DOWNTIME] = fabs(f[MT_METRIC_DOWNTIME_MS].p50 - c->real[MT_METRIC_DOWNTIME_MS]);
	r->error[ERROR_STALL] = fabs(f[MT_METRIC_STALL_MS].p50 - c->real[MT_METRIC_STALL_MS]);
	r->error[ERROR_BAD] = !says || !(r->error[ERROR_TOTAL] < BAD_SHARE);
	for (size_t i = 0; i < MT_METRIC_COUNT; i++)
		r->error[COVERED_TOTAL + i] = covered(&f[i], c->real[i]);
}

static int forecast(struct evaluate_results *r, const struct evaluate_case *c, const struct mt_learned *learned)
{
	for (size_t i = 0; mt_forecast_model_at(i); i++) {
		const struct mt_forecast_model *model = mt_forecast_model_at(i);
		struct mt_forecast_input in = c->learned.in;
		struct evaluate_result *to;

		if (r->n == r->room) {
			size_t room = r->room ? 2 * r->room : 256;
			struct evaluate_result *more = realloc(r->v, room * sizeof(*more));

			if (!more)
				return -ENOMEM;
			r->v = more;
			r->room = room;
		}
		to = &r->v[r->n];
		*to = (struct evaluate_result){ .of = c, .model = model->name };
		in.learned = learned;
		if (mt_forecast(model, &in, &to->forecast))
			continue;
		judge(to);
		r->n++;
	}
	return 0;
}

static bool same_group(const struct evaluate_case *a, const struct evaluate_case *b)
{
	return !strcmp(a->run->where, b->run->where) && !strcmp(a->profile, b->profile);
}

/* Whether an earlier case stands for the same group and workload. */
static bool is_first(const struct evaluate_set *set, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_group(set->v[k], set->v[i]) && !strcmp(set->v[k]->run->workload, set->v[i]->run->workload))
			return false;
	return true;
}

static int fold(struct evaluate_results *r, const struct evaluate_set *set, const struct evaluate_case *held_out,
		struct mt_learned_case *others)
{
	struct mt_learned learned = mt_learned_default;
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < set->n; i++)
		if (same_group(set->v[i], held_out) && strcmp(set->v[i]->run->workload, held_out->run->workload))
			others[n++] = set->v[i]->learned;
	rc = mt_learn(&learned, others, n);
	for (size_t i = 0; i < set->n && !rc; i++)
		if (same_group(set->v[i], held_out) && !strcmp(set->v[i]->run->workload, held_out->run->workload))
			rc = forecast(r, set->v[i], &learned);
	return rc;
}

int evaluate_run(struct evaluate_results *r, const struct evaluate_set *set)
{
	mt_autofree struct mt_learned_case *others = calloc(set->n ? set->n : 1, sizeof(*others));
	int rc = others ? 0 : -ENOMEM;

	for (size_t i = 0; i < set->n && !rc; i++)
		if (is_first(set, i))
			rc = fold(r, set, set->v[i], others);
	return rc;
}
