// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_live.c - what could be forecast of a migration while it ran
 *
 * At each moment the live model's own prediction, as the engine has it there, and beside it what
 * every learner of U(T) would have given the forecast models.
 */
#include <errno.h>
#include <math.h>

#include "evaluate_campaign.h"

/*
 * Whether a cancelled migration would have ended later nobody knows, so what is judged is whether
 * it ends before that. Of a prediction's distribution of totals p10, p50 and p90 are known; between
 * them it is taken for a line.
 */
static double ends_before(const struct mt_prediction *p, double at_ms)
{
	const double at[] = { p->total_ms.p10, p->total_ms.p50, p->total_ms.p90 },
		     share[] = { 0.1, 0.5, 0.9 };
	size_t n = 0;

	while (n < MT_ARRAY_SIZE(at) && at[n] <= at_ms)
		n++;
	if (n == MT_ARRAY_SIZE(at) || !isfinite(at[n]))
		return n ? p->ends : 0;
	return n ? share[n - 1] + (share[n] - share[n - 1]) * (at_ms - at[n - 1]) /
					  (at[n] - at[n - 1]) :
		   0;
}

void evaluate_live_forecast(struct mt_forecast *f, const struct mt_prediction *p,
			    const struct mt_run *run)
{
	const double before_ms = mt_run_known(run->prepare_ms),
		     cap_ms = mt_run_known(run->cap_ms);
	const struct mt_interval *t = &p->total_ms, nothing = { NAN, NAN, NAN };

	*f = (struct mt_forecast){ .method = run->method };
	if (p->verdict == MT_VERDICT_UNKNOWN)
		return;
	f->model = p->model;
	f->ends = cap_ms > 0 ? ends_before(p, cap_ms + before_ms) : p->ends;
	for (size_t i = 0; i < MT_METRIC_COUNT; i++)
		f->metric[i] = nothing;
	if (p->verdict != MT_VERDICT_CONVERGES)
		return;
	f->metric[MT_METRIC_TOTAL_MS] = (struct mt_interval){
		t->p10 - before_ms, t->p50 - before_ms, t->p90 - before_ms };
	f->metric[MT_METRIC_TRANSFERRED_BYTES] = p->transferred_bytes;
	f->metric[MT_METRIC_DOWNTIME_MS] = p->downtime_ms;
}

/*
 * Told no more than what decides live is told, but for the method. Return: false where that does
 * not suffice.
 */
static bool fill_as_live(struct evaluate_case *c, const struct evaluate_boundary *b)
{
	const struct mt_run *run = c->run;
	const struct mt_outlook_input in = {
		.iterations = &b->iterations,
		.u = &c->u,
		.bandwidth_bytes_per_s = b->iterations.bandwidth_bytes_per_s,
		.memory_bytes = run->memory_bytes,
		.nonzero_bytes = mt_run_known(run->nonzero_bytes),
		.limit_ms = run->downtime_limit_ms,
		.elapsed_ms = (double)b->iterations.last.total_ms - mt_run_known(run->prepare_ms),
	};
	struct mt_forecast_input told = c->learned.in;

	if (!mt_outlook_resume(&in, &c->learned.in))
		return false;
	c->learned.in.method = told.method;
	c->learned.in.options = told.options;
	c->learned.in.give_up_ms = told.give_up_ms;
	c->learned.in.learned = NULL;
	return true;
}

/* Return: 0, also where nothing is known of that curve; -ENOMEM. */
static int add(struct evaluate_set *set, const struct evaluate_case *from,
	       const struct mt_recording *profile, const struct evaluate_boundary *b,
	       enum evaluate_moment moment, enum evaluate_curve curve)
{
	struct evaluate_case *c = malloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = *from;
	c->moment = moment;
	c->curve = curve;
	c->learned.in.curve = &c->u;
	if (evaluate_curve_know(c, profile, b) || !fill_as_live(c, b)) {
		free(c);
		return 0;
	}
	/* Of how a flip ends it says nothing. */
	if (!mt_run_flips(c->run)) {
		evaluate_live_forecast(&c->live, &b->prediction, c->run);
		c->floor_ms = b->prediction.floor_ms;
	}
	return evaluate_set_keep(set, c);
}

/*
 * As a live migration that was begun with that profile would have gone. Return: 0, also where there
 * is none; -ENOMEM.
 */
static int add_curve(struct evaluate_set *set, struct evaluate_case *from,
		     const struct mt_recording *profile, const struct mt_recording *after,
		     enum evaluate_curve curve, struct evaluate_replayed *r)
{
	struct mt_beforehand before = { .nonzero_bytes = mt_run_known(from->run->nonzero_bytes) };
	int rc = 0;

	from->curve = curve;
	if (curve != CURVE_PASSES && evaluate_curve_know(from, profile, NULL))
		return 0;
	if (curve != CURVE_PASSES)
		before.u = from->u;
	evaluate_replay(r, after, from->run->method, &before);
	from->settled_ms = r->settled_ms;
	for (unsigned m = MOMENT_PASS_1; m < EVALUATE_MOMENTS && !rc; m++)
		if (r->at[m].reached)
			rc = add(set, from, profile, &r->at[m], m, curve);
	return rc;
}

int evaluate_add_live(struct evaluate_set *set, const struct mt_run *run,
		      const struct mt_recording *profile, const struct mt_recording *after)
{
	struct evaluate_replayed *r = malloc(sizeof(*r));
	struct evaluate_case *from = evaluate_case_new(run, after);
	int rc = r && from ? 0 : -ENOMEM;

	for (unsigned k = 0; k < EVALUATE_CURVES && !rc; k++)
		rc = add_curve(set, from, profile, after, k, r);
	free(from);
	free(r);
	return rc;
}
