// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * candidates.c - what may be done with a guest, and what each of it costs (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "candidates.h"

#define PAGE_BYTES	4096.0

/*
 * A pause longer than QEMU's limit is not allowed; a shorter one may be had for more passes, but
 * not one shorter than the step in which QEMU looks at what is left (MAX_WAIT in migration/ram.c):
 * nothing was seen to be that exact.
 */
static const double limit_parts[] = { 1, 2, 4, 8, 16 };
#define LIMIT_LEAST_MS	50.0

/* Better by less than this is not better. */
#define SAME		1e-6

const struct mt_schedule_weights mt_schedule_weights_default = {
	.stall = 1,
	.lost = 0.1,
	.traffic = 0.01,
	.waiting = 1e-6,
};

/* --- what one costs --------------------------------------------------------- */
/*
 * Throttled ever more, from none to the last step; or waiting for pages half of the time until all
 * are there.
 */
static double lost_ms(const struct mt_forecast *f, double bandwidth_bytes_per_s)
{
	double throttled = f->throttle_percent / 100 / 2 * f->metric[MT_METRIC_TOTAL_MS].p50;
	double postcopy = f->postcopy_pages * PAGE_BYTES / bandwidth_bytes_per_s * 1e3 / 2;

	return (isfinite(throttled) ? throttled : 0) + (isfinite(postcopy) ? postcopy : 0);
}

static double stall_ms(const struct mt_forecast *f)
{
	double stall = f->metric[MT_METRIC_STALL_MS].p50;

	return fmax(0, isfinite(stall) ? stall : f->metric[MT_METRIC_DOWNTIME_MS].p50);
}

double mt_candidate_cost(const struct mt_schedule_weights *w, const struct mt_forecast *f,
			 double bandwidth_bytes_per_s, double link_bytes_per_s)
{
	double traffic_ms = f->metric[MT_METRIC_TRANSFERRED_BYTES].p50 / link_bytes_per_s * 1e3;

	return w->stall * stall_ms(f) + w->lost * lost_ms(f, bandwidth_bytes_per_s) +
	       w->traffic * fmax(0, traffic_ms);
}

/* --- all of them ------------------------------------------------------------- */
struct mt_forecast_input mt_candidate_input(const struct mt_schedule_guest *g, size_t phase,
					    enum mt_method method, double bandwidth_bytes_per_s,
					    double limit_ms)
{
	struct mt_forecast_input in = g->in;

	if (g->n_phases)
		in.curve = g->phases[phase].curve;
	in.method = method;
	in.bandwidth_bytes_per_s = bandwidth_bytes_per_s;
	in.link_bytes_per_s = 0;
	in.downtime_limit_ms = limit_ms;
	return in;
}

static int keep(struct mt_candidates *c, const struct mt_candidate *new)
{
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 32;
		struct mt_candidate *more = realloc(c->v, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		c->v = more;
		c->room = room;
	}
	c->v[c->n++] = *new;
	return 0;
}

static int forecast_one(struct mt_candidates *c, const struct mt_schedule_guest *g,
			const struct mt_schedule_request *q, size_t phase, struct mt_candidate *new,
			enum mt_method method)
{
	double bandwidth = new->share * q->link_bytes_per_s;
	struct mt_forecast_input in =
		mt_candidate_input(g, phase, method, bandwidth, new->limit_ms);
	int rc = mt_forecast(NULL, &in, &new->forecast);

	if (rc)
		return rc;
	if (new->forecast.ends < MT_SCHEDULE_SURE ||
	    !isfinite(new->forecast.metric[MT_METRIC_TOTAL_MS].p90))
		return 0;
	new->cost = mt_candidate_cost(q->weights ? q->weights : &mt_schedule_weights_default,
				      &new->forecast, bandwidth, q->link_bytes_per_s);
	return keep(c, new);
}

/* A flip does not ask for the limit, or only before it: one will do. */
static size_t limits_of(enum mt_method method)
{
	return method == MT_METHOD_POSTCOPY ? 1 : MT_ARRAY_SIZE(limit_parts);
}

static int forecast_all(struct mt_candidates *c, const struct mt_schedule_guest *g,
			const struct mt_schedule_request *q, size_t phase)
{
	unsigned parallel = q->parallel ? q->parallel : 1;
	int rc = 0;

	for (unsigned parts = 1; parts <= parallel; parts++)
		for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
			for (size_t l = 0; l < limits_of(m) && (g->methods >> m & 1); l++) {
				struct mt_candidate new = { .share = 1.0 / parts,
							    .limit_ms = g->downtime_limit_ms /
									limit_parts[l] };

				if (l && new.limit_ms < LIMIT_LEAST_MS)
					break;
				rc = forecast_one(c, g, q, phase, &new, m);
				if (rc)
					return rc;
			}
	return 0;
}

/* --- those that are worth a try ------------------------------------------------ */
static struct mt_choice choice_of(const struct mt_candidates *c, size_t i)
{
	const struct mt_interval *total = &c->v[i].forecast.metric[MT_METRIC_TOTAL_MS];

	return (struct mt_choice){ c->v[i].share, total->p50, fmax(0, total->p90 - total->p50),
				   c->v[i].cost, i };
}

static bool no_more(double a, double b)
{
	return a <= b + SAME * fmax(1, fabs(b));
}

/* As good as @b in everything; and of two that are the same the first. */
static bool as_good(const struct mt_choice *a, const struct mt_choice *b)
{
	if (!no_more(a->share, b->share) || !no_more(a->time_ms, b->time_ms) ||
	    !no_more(a->late_ms, b->late_ms) || !no_more(a->cost, b->cost))
		return false;
	return a->tag < b->tag || !no_more(b->share, a->share) ||
	       !no_more(b->time_ms, a->time_ms) || !no_more(b->late_ms, a->late_ms) ||
	       !no_more(b->cost, a->cost);
}

static bool is_needless(const struct mt_candidates *c, size_t from, size_t i)
{
	const struct mt_choice b = choice_of(c, i);

	for (size_t k = from; k < c->n; k++) {
		const struct mt_choice a = choice_of(c, k);

		if (k != i && as_good(&a, &b))
			return true;
	}
	return false;
}

static int cheaper(const void *a, const void *b)
{
	const struct mt_choice *x = a, *y = b;

	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	return (x->tag > y->tag) - (x->tag < y->tag);
}

static int make_choices(struct mt_candidates *c, size_t from, struct mt_job_phase *phase)
{
	phase->choices = calloc(c->n - from + 1, sizeof(*phase->choices));
	if (!phase->choices)
		return -ENOMEM;
	for (size_t i = from; i < c->n; i++)
		if (!is_needless(c, from, i))
			phase->choices[phase->n++] = choice_of(c, i);
	qsort(phase->choices, phase->n, sizeof(*phase->choices), cheaper);
	return 0;
}

int mt_candidates_make(struct mt_candidates *c, const struct mt_schedule_guest *g,
		       const struct mt_schedule_request *q)
{
	int rc = 0;

	*c = (struct mt_candidates){ .job = { .n_phases = g->n_phases ? g->n_phases : 1,
					      .period_ms = g->period_ms } };
	for (size_t phase = 0; phase < c->job.n_phases && !rc; phase++) {
		size_t from = c->n;

		c->job.phases[phase].from_ms = g->n_phases ? g->phases[phase].from_ms : 0;
		rc = forecast_all(c, g, q, phase);
		if (!rc)
			rc = make_choices(c, from, &c->job.phases[phase]);
	}
	return rc;
}

void mt_candidates_fini(struct mt_candidates *c)
{
	for (size_t i = 0; i < c->job.n_phases; i++)
		free(c->job.phases[i].choices);
	free(c->v);
	*c = (struct mt_candidates){ 0 };
}
