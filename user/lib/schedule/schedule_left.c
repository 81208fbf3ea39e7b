// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * schedule_left.c - why a guest is left behind, and what it would take (PURE)
 */
#include <math.h>

#include "base/least.h"
#include "schedule_left.h"

#define NEEDED_STEPS	14	/* of bisection: to a thousandth */

/* The quickest choice of a phase; NULL: none. */
static const struct mt_choice *quickest(const struct mt_job_phase *phase)
{
	const struct mt_choice *best = NULL;

	for (size_t i = 0; i < phase->n; i++)
		if (phase->choices[i].share >= 1 &&
		    (!best || phase->choices[i].time_ms + phase->choices[i].late_ms <
				      best->time_ms + best->late_ms))
			best = &phase->choices[i];
	return best;
}

/* Of the phase that a guest is in as it begins. */
double mt_schedule_all_p90_ms(const struct mt_candidates *all, size_t n)
{
	double end_ms = 0, variance = 0;

	for (size_t i = 0; i < n; i++) {
		const struct mt_choice *c =
			quickest(&all[i].job.phases[mt_job_phase_at(&all[i].job, end_ms)]);

		if (!c)
			continue;
		end_ms += c->time_ms;
		variance += c->late_ms * c->late_ms;
	}
	return end_ms + sqrt(variance);
}

/* --- what it would take ---------------------------------------------------- */
struct trial {
	const struct mt_schedule_guest *guest;
	enum mt_method method;
	double bandwidth_bytes_per_s, limit_ms, deadline_ms;
	double *tried;			/* one of them */
};

/*
 * As the schedule asks for it: sure to end, by the deadline at nine in ten; in any of its phases.
 */
static bool would_do(const struct trial *t, double *total_ms)
{
	size_t phases = t->guest->n_phases ? t->guest->n_phases : 1;

	for (size_t i = 0; i < phases; i++) {
		struct mt_forecast_input in = mt_candidate_input(
			t->guest, i, t->method, t->bandwidth_bytes_per_s, t->limit_ms);
		struct mt_forecast f;

		if (mt_forecast(NULL, &in, &f) || f.ends < MT_SCHEDULE_SURE ||
		    !(f.metric[MT_METRIC_TOTAL_MS].p90 <= t->deadline_ms))
			continue;
		if (total_ms)
			*total_ms = f.metric[MT_METRIC_TOTAL_MS].p50;
		return true;
	}
	return false;
}

static bool suffices(double value, void *opaque)
{
	struct trial *t = opaque;

	*t->tried = value;
	return would_do(t, NULL);
}

/* The least of one of @t's figures with which it would do; 0: none. */
static double needed_bandwidth(struct trial t)
{
	t.tried = &t.bandwidth_bytes_per_s;
	return mt_least(*t.tried, NEEDED_STEPS, suffices, &t);
}

static double needed_limit(struct trial t)
{
	t.tried = &t.limit_ms;
	return mt_least(*t.tried, NEEDED_STEPS, suffices, &t);
}

static bool less_but_some(double a, double b)
{
	return a > 0 && (!(b > 0) || a < b);
}

/* The method that needs least of the link; and the least limit of any. */
static void note_needs(struct mt_schedule_left *left, const struct mt_schedule_guest *g,
		       struct trial t)
{
	left->needed_bandwidth_bytes_per_s = left->needed_limit_ms = 0;
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++) {
		double bandwidth, limit;

		if (!(g->methods >> m & 1))
			continue;
		t.method = m;
		bandwidth = needed_bandwidth(t);
		if (less_but_some(bandwidth, left->needed_bandwidth_bytes_per_s)) {
			left->needed_bandwidth_bytes_per_s = bandwidth;
			left->method = m;
		}
		limit = needed_limit(t);
		if (less_but_some(limit, left->needed_limit_ms))
			left->needed_limit_ms = limit;
	}
}

static void note_postcopy(struct mt_schedule_left *left, const struct mt_schedule_guest *g,
			  struct trial t)
{
	t.method = MT_METHOD_POSTCOPY;
	if (!(g->methods & MT_METHODS_FLIP))
		(void)would_do(&t, &left->postcopy_ms);
}

static const struct mt_choice *quickest_of_all(const struct mt_job *job)
{
	const struct mt_choice *best = NULL;

	for (size_t i = 0; i < job->n_phases; i++) {
		const struct mt_choice *c = quickest(&job->phases[i]);

		if (c && (!best || c->time_ms + c->late_ms < best->time_ms + best->late_ms))
			best = c;
	}
	return best;
}

void mt_schedule_explain(struct mt_schedule_left *left, size_t guest,
			 const struct mt_schedule_request *q, const struct mt_candidates *c)
{
	const struct mt_schedule_guest *g = &q->guests[guest];
	const struct mt_choice *quick = quickest_of_all(&c->job);
	struct trial t = { .guest = g,
			   .bandwidth_bytes_per_s = q->link_bytes_per_s,
			   .limit_ms = g->downtime_limit_ms,
			   .deadline_ms = q->deadline_ms };

	*left = (struct mt_schedule_left){
		.guest = guest,
		.why = !quick						? MT_SCHEDULE_NO_END :
		       quick->time_ms + quick->late_ms > q->deadline_ms ? MT_SCHEDULE_TOO_SLOW :
									  MT_SCHEDULE_NO_TIME,
		.total_ms = quick ? quick->time_ms : NAN,
		.needed_bandwidth_bytes_per_s = NAN,
		.needed_limit_ms = NAN,
		.postcopy_ms = NAN,
	};
	if (quick)
		left->method = c->v[quick->tag].forecast.method;
	if (left->why == MT_SCHEDULE_NO_TIME)
		return;
	note_needs(left, g, t);
	note_postcopy(left, g, t);
}
