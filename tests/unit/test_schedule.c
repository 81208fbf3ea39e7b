// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_schedule.c - schedules of several guests: against all there are, and with real forecasts
 *
 * The oracle tries every order of every subset with every choice and every wait. It looks for a
 * start among all ends of what was put on the link before, and shares nothing with the code under
 * test but the definition of what is better.
 */
#include <errno.h>

#include "model/learned.h"
#include "schedule/placement.h"
#include "schedule/schedule.h"
#include "chance.h"
#include "ktap.h"

#define MIB	(1024.0 * 1024)
#define JOBS	8
#define CHOICES	6

/* --- random jobs ------------------------------------------------------------ */
struct instance {
	struct mt_job v[JOBS];
	struct mt_choice choices[JOBS][2][CHOICES];
	struct mt_placed placed[JOBS];
	struct mt_jobs jobs;
};

static int by_cost(const void *a, const void *b)
{
	const struct mt_choice *x = a, *y = b;

	return (x->cost > y->cost) - (x->cost < y->cost);
}

/* Faster ones cost more, as what the candidates leave does; a part of the link takes longer. */
static void random_phase(struct mt_job_phase *phase, struct mt_choice *choices, size_t most,
			 unsigned parallel)
{
	double slow_ms = 1000 + 9000 * chance(), cost = 50 + 400 * chance();

	phase->n = (size_t)(1 + most * chance());
	phase->choices = choices;
	for (size_t i = 0; i < phase->n; i++) {
		unsigned parts = 1 + (unsigned)(parallel * chance());

		choices[i] = (struct mt_choice){
			1.0 / parts,
			slow_ms * (parts > 1 ? 1 + (parts - 1) * (0.4 + 0.7 * chance()) : 1),
			slow_ms * 0.3 * chance(), cost, i
		};
		slow_ms *= 0.4 + 0.6 * chance();
		cost *= 1 + 1.5 * chance();
	}
	qsort(choices, phase->n, sizeof(*choices), by_cost);
}

/* @tightness: 1: about as much time as all of them need one after the other. */
static void random_instance(struct instance *x, size_t n, size_t choices, unsigned parallel,
			    bool phases, double tightness)
{
	double work_ms = 0;

	memset(x, 0, sizeof(*x));
	for (size_t i = 0; i < n; i++) {
		struct mt_job *job = &x->v[i];

		job->n_phases = phases && chance() < 0.5 ? 2 : 1;
		for (size_t p = 0; p < job->n_phases; p++) {
			random_phase(&job->phases[p], x->choices[i][p], choices, parallel);
			job->phases[p].from_ms = p * (500 + 15000 * chance());
		}
		if (job->n_phases > 1 && chance() < 0.5)
			job->period_ms = job->phases[1].from_ms + 500 + 15000 * chance();
		work_ms += job->phases[0].choices[0].time_ms * job->phases[0].choices[0].share;
	}
	x->jobs = (struct mt_jobs){ x->v, n, tightness * work_ms, 1e-3, parallel };
}

/* --- the oracle --------------------------------------------------------------- */
struct interval {
	double start, end, share, variance;
};

struct oracle {
	const struct mt_jobs *jobs;
	struct interval on[JOBS];
	size_t n;
	bool used[JOBS];
	double cost, last_start, last_variance;
	size_t best_n;
	double best_cost;
	unsigned long leaves;
};

static bool free_at(const struct oracle *o, double t, double share)
{
	double sum = share;
	unsigned count = 1;

	for (size_t i = 0; i < o->n; i++)
		if (o->on[i].start <= t && t < o->on[i].end) {
			sum += o->on[i].share;
			count++;
		}
	return sum <= 1 + 1e-6 && count <= o->jobs->parallel;
}

static double first_free(const struct oracle *o, double from, double share, double *variance)
{
	double best = INFINITY;

	*variance = from > o->last_start ? 0 : o->last_variance;
	if (free_at(o, from, share))
		best = from;
	for (size_t i = 0; i < o->n; i++)
		if (o->on[i].end > from && o->on[i].end < best && free_at(o, o->on[i].end, share)) {
			best = o->on[i].end;
			*variance = o->on[i].variance;
		}
	return best;
}

static void every_way(struct oracle *o);

static void put(struct oracle *o, size_t j, const struct mt_choice *c, double start,
		double variance)
{
	double last = o->last_start, last_variance = o->last_variance, cost = o->cost;
	double v = variance + c->late_ms * c->late_ms;

	if (start + c->time_ms + sqrt(v) > o->jobs->deadline_ms)
		return;
	o->on[o->n++] = (struct interval){ start, start + c->time_ms, c->share, v };
	o->cost += c->cost + o->jobs->waiting_weight * (start + c->time_ms);
	o->last_start = start;
	o->last_variance = variance;
	o->used[j] = true;
	every_way(o);
	o->used[j] = false;
	o->n--;
	o->last_start = last;
	o->last_variance = last_variance;
	o->cost = cost;
}

/* Which phase it is, and when the next one begins, by stepping through them. */
static size_t phase_of(const struct mt_job *job, double t, double *next)
{
	double turn = 0;

	*next = INFINITY;
	while (job->period_ms > 0 && turn + job->period_ms <= t)
		turn += job->period_ms;
	if (job->n_phases == 1)
		return 0;
	if (t - turn < job->phases[1].from_ms) {
		*next = turn + job->phases[1].from_ms;
		return 0;
	}
	if (job->period_ms > 0)
		*next = turn + job->period_ms;
	return 1;
}

static void every_way(struct oracle *o)
{
	o->leaves++;
	if (mt_placement_better(o->n, o->cost, o->best_n, o->best_cost)) {
		o->best_n = o->n;
		o->best_cost = o->cost;
	}
	for (size_t j = 0; j < o->jobs->n; j++) {
		const struct mt_job *job = &o->jobs->v[j];

		for (size_t p = 0; p < job->n_phases && !o->used[j]; p++)
			for (size_t i = 0; i < job->phases[p].n; i++) {
				const struct mt_choice *c = &job->phases[p].choices[i];
				double variance, next,
					start = first_free(o, o->last_start, c->share, &variance);

				if (phase_of(job, start, &next) == p)
					put(o, j, c, start, variance);
				else if (isfinite(next))
					put(o, j, c, next, 0);
			}
	}
}

static struct oracle brute_force(const struct mt_jobs *jobs)
{
	struct oracle o = { .jobs = jobs };

	every_way(&o);
	return o;
}

/* --- the best there is ----------------------------------------------------------- */
static bool agrees(struct instance *x, const char *what)
{
	struct mt_placement t = { .placed = x->placed };
	struct oracle o = brute_force(&x->jobs);

	mt_placement_exact(&x->jobs, &t);
	if (t.exact && t.n == o.best_n && fabs(t.cost - o.best_cost) <= 1e-6 * o.best_cost + 1e-6)
		return true;
	printf("# %s: %zu for %g, of all %lu ways the best is %zu for %g\n", what, t.n, t.cost,
	       o.leaves, o.best_n, o.best_cost);
	return false;
}

static void test_exact(void)
{
	struct instance x;

	rng.state = 1;
	for (int i = 0; i < 150; i++) {
		random_instance(&x, 2 + i % 3, 3, 1, false, 0.2 + 1.2 * chance());
		CHECK(agrees(&x, "one at once"));
		random_instance(&x, 2 + i % 3, 3, 3, false, 0.2 + 1.2 * chance());
		CHECK(agrees(&x, "several at once"));
		random_instance(&x, 2 + i % 3, 2, 2, true, 0.3 + 2 * chance());
		CHECK(agrees(&x, "with phases"));
	}
	for (int i = 0; i < 3; i++) {
		random_instance(&x, 6, 2, 2, false, 0.4 + 0.3 * i);
		CHECK(agrees(&x, "six"));
	}
}

/* A start from what local search has found must not spoil it. */
static void test_exact_from_local(void)
{
	struct instance x;

	rng.state = 2;
	for (int i = 0; i < 30; i++) {
		struct mt_placement t = { .placed = x.placed };
		size_t n;
		double cost;

		random_instance(&x, MT_SCHEDULE_EXACT, CHOICES - 1, MT_SCHEDULE_PARALLEL, i % 2,
				0.2 + 1.2 * chance());
		CHECK_INT(mt_placement_local(&x.jobs, &t), 0);
		n = t.n;
		cost = t.cost;
		mt_placement_exact(&x.jobs, &t);
		CHECK(t.exact);
		CHECK(!mt_placement_better(n, cost, t.n, t.cost));
	}
}

/* What is stated of the heuristic in Documentation/man/migtrace-plan.1.rst. */
#define MORE_LEFT_SHARE	0.05
#define COST_WORST	1.5
#define COST_MEAN	1.01

static void test_local(void)
{
	unsigned more_left = 0, compared = 0, runs = 60;
	double worst = 1, sum = 0;
	struct instance x;

	rng.state = 3;
	for (unsigned i = 0; i < runs; i++) {
		struct mt_placement t = { .placed = x.placed };
		size_t n;
		double cost;

		random_instance(&x, 5 + i % 3, CHOICES - 1, 1 + i % MT_SCHEDULE_PARALLEL,
				i % 3 == 0, 0.2 + 1.2 * chance());
		CHECK_INT(mt_placement_local(&x.jobs, &t), 0);
		n = t.n;
		cost = t.cost;
		mt_placement_exact(&x.jobs, &t);
		CHECK(t.n - n <= 1);
		if (n < t.n) {
			more_left++;
			continue;
		}
		if (!t.n)
			continue;
		compared++;
		worst = fmax(worst, cost / t.cost);
		sum += cost / t.cost;
	}
	printf("# %u times of %u one more left behind; of the other %u the cost is at most %.3f times the least, %.4f on average\n",
	       more_left, runs, compared, worst, sum / compared);
	CHECK(more_left <= MORE_LEFT_SHARE * runs);
	CHECK(worst <= COST_WORST && sum / compared <= COST_MEAN);
}

/* --- whole schedules -------------------------------------------------------------- */
#define GUESTS	40

struct scene {
	struct mt_ucurve d[GUESTS], quiet;
	struct mt_schedule_guest g[GUESTS];
	struct mt_schedule_request q;
};

/* Uniform writes over a set. */
static void uniform(struct mt_ucurve *d, double set_bytes, double bytes_per_s)
{
	mt_ucurve_init(d, set_bytes);
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++) {
		double u = set_bytes * -expm1(-bytes_per_s * mt_profile_grid_s[i] / set_bytes);

		mt_ucurve_point(d, mt_profile_grid_s[i], u, 0.05);
	}
}

static void add_guest(struct scene *s, double memory_mib, double set_mib, double mib_per_s)
{
	size_t i = s->q.n++;

	uniform(&s->d[i], set_mib * MIB, mib_per_s * MIB);
	s->g[i] = (struct mt_schedule_guest){
		.in = { .curve = &s->d[i], .memory_bytes = memory_mib * MIB, .cpu_share = NAN },
		.methods = 1u << MT_METHOD_PRECOPY,
		.downtime_limit_ms = 300,
	};
	s->q.guests = s->g;
}

static void empty_scene(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	s->q = (struct mt_schedule_request){ .link_bytes_per_s = 100 * MIB,
					     .deadline_ms = INFINITY };
}

/* Of all there is to check without knowing what is best. */
static bool is_sound(const struct mt_schedule *s, const struct mt_schedule_request *q)
{
	unsigned seen[GUESTS] = { 0 }, parallel = q->parallel ? q->parallel : 1;
	double end = 0, stall = 0;

	for (size_t i = 0; i < s->n_moves; i++) {
		const struct mt_schedule_move *m = &s->moves[i];
		double share = 0;
		unsigned at_once = 0;

		seen[m->guest]++;
		for (size_t k = 0; k < s->n_moves; k++)
			if (s->moves[k].start_ms <= m->start_ms &&
			    m->start_ms < s->moves[k].end_ms) {
				share += s->moves[k].share;
				at_once++;
			}
		if (share > 1 + 1e-6 || at_once > parallel || m->end_p90_ms > q->deadline_ms ||
		    m->end_ms > m->end_p90_ms || m->forecast.ends < MT_SCHEDULE_SURE ||
		    m->downtime_limit_ms > q->guests[m->guest].downtime_limit_ms ||
		    !(q->guests[m->guest].methods >> m->forecast.method & 1))
			return false;
		end = fmax(end, m->end_ms);
		stall += m->forecast.metric[MT_METRIC_STALL_MS].p50;
	}
	for (size_t i = 0; i < s->n_left; i++)
		seen[s->left[i].guest]++;
	for (size_t i = 0; i < q->n; i++)
		if (seen[i] != 1)
			return false;
	return fabs(end - s->end_ms) < 1e-6 && fabs(stall - s->stall_ms) < 1e-6;
}

static void test_refusals(void)
{
	struct mt_schedule out;
	struct scene s;

	empty_scene(&s);
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(!out.n_moves && !out.n_left && out.end_ms == 0);
	mt_schedule_fini(&out);
	add_guest(&s, 1000, 10, 1);
	s.q.link_bytes_per_s = 0;
	CHECK_INT(mt_schedule_make(&s.q, &out), -EINVAL);
	s.q.link_bytes_per_s = 100 * MIB;
	s.q.deadline_ms = NAN;
	CHECK_INT(mt_schedule_make(&s.q, &out), -EINVAL);
	s.q.deadline_ms = INFINITY;
	s.g[0].n_phases = 1;
	CHECK_INT(mt_schedule_make(&s.q, &out), -EINVAL);
	s.g[0].n_phases = 0;
	add_guest(&s, 1000, 10, 1);
	s.d[1] = (struct mt_ucurve){ 0 };
	CHECK_INT(mt_schedule_make(&s.q, &out), -ENODATA);
	CHECK_INT(out.n_left, 1);
}

/* Nothing to decide but the order: the short ones first. */
static void test_order(void)
{
	struct mt_schedule out;
	struct scene s;

	empty_scene(&s);
	add_guest(&s, 3000, 1, 0.1);
	add_guest(&s, 1000, 1, 0.1);
	add_guest(&s, 2000, 1, 0.1);
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q) && out.exact);
	CHECK_INT(out.n_moves, 3);
	CHECK(out.moves[0].guest == 1 && out.moves[1].guest == 2 && out.moves[2].guest == 0);
	CHECK_NEAR(out.end_ms, 60e3, 1e3);
	CHECK_NEAR(out.moves[1].start_ms, out.moves[0].end_ms, 1e-6);
	CHECK_NEAR(out.all_p90_ms, out.end_p90_ms, 1e3);
	CHECK(out.moves[0].bandwidth_bytes_per_s == 100 * MIB);
	mt_schedule_fini(&out);
	/* Time for two of them. */
	s.q.deadline_ms = 31e3;
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q));
	CHECK_INT(out.n_left, 1);
	CHECK(out.left[0].guest == 0 && out.left[0].why == MT_SCHEDULE_NO_TIME);
	mt_schedule_fini(&out);
	/* And for none of this size. */
	s.q.deadline_ms = 21e3;
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK_INT(out.n_left, 2);
	CHECK(out.left[0].guest == 0 && out.left[0].why == MT_SCHEDULE_TOO_SLOW);
	CHECK(out.left[1].guest == 2 && out.left[1].why == MT_SCHEDULE_NO_TIME);
	CHECK_NEAR(out.left[0].total_ms, 30e3, 500);
	CHECK_NEAR(out.left[0].needed_bandwidth_bytes_per_s, 3000 / 21. * MIB, 3 * MIB);
	CHECK(out.left[0].needed_limit_ms == 0 && isnan(out.left[0].postcopy_ms));
	mt_schedule_fini(&out);
}

/* One that does not end is named with what it needs, and that is enough. */
static void test_needs(void)
{
	struct mt_schedule out;
	struct scene s;
	double bandwidth, limit;

	empty_scene(&s);
	s.q.deadline_ms = 120e3;
	add_guest(&s, 1000, 10, 1);
	add_guest(&s, 2000, 500, 150);
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q));
	CHECK_INT(out.n_moves, 1);
	CHECK(out.left[0].guest == 1 && out.left[0].why == MT_SCHEDULE_NO_END &&
	      isnan(out.left[0].total_ms));
	bandwidth = out.left[0].needed_bandwidth_bytes_per_s;
	limit = out.left[0].needed_limit_ms;
	CHECK(bandwidth > 100 * MIB && limit > 300);
	CHECK_NEAR(out.left[0].postcopy_ms, 20e3, 1e3);
	mt_schedule_fini(&out);
	s.g[1].downtime_limit_ms = limit * 1.01;
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q) && !out.n_left);
	mt_schedule_fini(&out);
	s.g[1].downtime_limit_ms = 300;
	s.q.link_bytes_per_s = bandwidth * 1.01;
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q) && !out.n_left);
	mt_schedule_fini(&out);
	s.q.link_bytes_per_s = 100 * MIB;
	s.g[1].methods |= 1u << MT_METHOD_POSTCOPY;
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q) && !out.n_left);
	CHECK(out.moves[0].guest == 0 && out.moves[0].forecast.method == MT_METHOD_PRECOPY);
	CHECK(out.moves[1].forecast.method == MT_METHOD_POSTCOPY);
	mt_schedule_fini(&out);
}

/* With time to spare a guest gets a shorter pause than it may have; in a hurry it does not. */
static void test_limits(void)
{
	struct mt_schedule slow, fast;
	struct mt_forecast_input in;
	struct mt_forecast f;
	struct scene s;

	empty_scene(&s);
	add_guest(&s, 2000, 400, 60);
	s.g[0].downtime_limit_ms = 2000;
	in = s.g[0].in;
	in.bandwidth_bytes_per_s = s.q.link_bytes_per_s;
	in.downtime_limit_ms = 2000;
	CHECK_INT(mt_forecast(NULL, &in, &f), 0);
	CHECK_INT(mt_schedule_make(&s.q, &slow), 0);
	s.q.deadline_ms = f.metric[MT_METRIC_TOTAL_MS].p90 * 1.001;
	CHECK_INT(mt_schedule_make(&s.q, &fast), 0);
	CHECK(slow.n_moves == 1 && fast.n_moves == 1 && is_sound(&fast, &s.q));
	printf("# %g ms for a pause of %g ms, %g ms for one of %g ms\n", slow.end_ms, slow.stall_ms,
	       fast.end_ms, fast.stall_ms);
	CHECK(slow.moves[0].downtime_limit_ms < 2000 && slow.end_p90_ms > s.q.deadline_ms);
	CHECK(fast.moves[0].downtime_limit_ms > slow.moves[0].downtime_limit_ms &&
	      fast.stall_ms > slow.stall_ms);
	mt_schedule_fini(&slow);
	mt_schedule_fini(&fast);
}

/* Where one migration cannot fill the link, two at once do. */
static void test_parallel(void)
{
	struct mt_learned learned = mt_learned_default;
	struct mt_schedule out;
	struct scene s;

	learned.figures[MT_METHOD_PRECOPY].pages_per_s_first = 50 * MIB / 4096;
	empty_scene(&s);
	add_guest(&s, 1000, 10, 1);
	add_guest(&s, 1000, 10, 1);
	s.g[0].in.learned = s.g[1].in.learned = &learned;
	s.q.deadline_ms = 25e3;
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q));
	CHECK_INT(out.n_left, 1);
	mt_schedule_fini(&out);
	s.q.parallel = 2;
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q));
	CHECK_INT(out.n_left, 0);
	CHECK(out.moves[0].start_ms == 0 && out.moves[1].start_ms == 0 &&
	      out.moves[0].share == 0.5);
	CHECK(out.moves[0].bandwidth_bytes_per_s == 50 * MIB);
	mt_schedule_fini(&out);
}

/*
 * Busy at first, quiet after 30 s: what can be moved goes first, and the busy one waits for its
 * quiet phase.
 */
static void test_phases(void)
{
	struct mt_schedule out;
	struct scene s;

	empty_scene(&s);
	uniform(&s.quiet, 10 * MIB, MIB);
	add_guest(&s, 1000, 500, 400);
	add_guest(&s, 2000, 10, 1);
	s.g[0].phases[0] = (struct mt_schedule_phase){ 0, &s.d[0] };
	s.g[0].phases[1] = (struct mt_schedule_phase){ 30e3, &s.quiet };
	s.g[0].n_phases = 2;
	s.q.deadline_ms = 60e3;
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q));
	CHECK_INT(out.n_left, 0);
	CHECK(out.moves[0].guest == 1 && out.moves[0].start_ms == 0);
	CHECK(out.moves[1].guest == 0 && out.moves[1].start_ms == 30e3);
	mt_schedule_fini(&out);
	/* It is busy again before it could be away. */
	s.q.deadline_ms = 35e3;
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q));
	CHECK(out.n_left == 1 && out.left[0].guest == 0);
	mt_schedule_fini(&out);
}

/*
 * Pre-copy that throttles is not taken for a guest that can do without, and post-copy is not free.
 */
static void test_costs(void)
{
	struct mt_schedule out;
	struct scene s;

	empty_scene(&s);
	add_guest(&s, 2000, 100, 10);
	s.g[0].methods =
		1u << MT_METHOD_PRECOPY | 1u << MT_METHOD_POSTCOPY | 1u << MT_METHOD_AUTOCONVERGE;
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q));
	CHECK_INT(out.n_moves, 1);
	CHECK_INT(out.moves[0].forecast.method, MT_METHOD_PRECOPY);
	CHECK(out.cost >= out.stall_ms);
	mt_schedule_fini(&out);
	/* Throttled as little as will do, if it does not end otherwise. */
	uniform(&s.d[0], 400 * MIB, 120 * MIB);
	s.g[0].methods &= ~(1u << MT_METHOD_POSTCOPY);
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q));
	CHECK_INT(out.n_moves, 1);
	CHECK_INT(out.moves[0].forecast.method, MT_METHOD_AUTOCONVERGE);
	CHECK(out.cost >
	      out.stall_ms + 0.04 * out.moves[0].forecast.throttle_percent / 100 *
				     out.moves[0].forecast.metric[MT_METRIC_TOTAL_MS].p50);
	mt_schedule_fini(&out);
}

/*
 * Many: all sound, none left that there is time for, and as soon as can be that everything was
 * promised.
 */
static void test_many(void)
{
	struct mt_schedule out, again;
	struct scene s;

	rng.state = 4;
	empty_scene(&s);
	for (size_t i = 0; i < GUESTS; i++) {
		add_guest(&s, 100 + 2000 * chance(), 20 + 60 * chance(), 30 * chance());
		s.g[i].methods = 1u << MT_METHOD_PRECOPY | 1u << MT_METHOD_AUTOCONVERGE;
	}
	s.q.parallel = 2;
	CHECK_INT(mt_schedule_make(&s.q, &out), 0);
	CHECK(is_sound(&out, &s.q) && !out.exact);
	CHECK_INT(out.n_left, 0);
	/* What is said to be enough time is. */
	s.q.deadline_ms = out.all_p90_ms * 1.0001;
	CHECK_INT(mt_schedule_make(&s.q, &again), 0);
	CHECK(is_sound(&again, &s.q));
	CHECK_INT(again.n_left, 0);
	CHECK(again.cost >= out.cost * (1 - 1e-9));
	mt_schedule_fini(&again);
	s.q.deadline_ms = out.all_p90_ms / 3;
	CHECK_INT(mt_schedule_make(&s.q, &again), 0);
	CHECK(is_sound(&again, &s.q));
	/*
	 * Guests differ twentyfold in size: a third of the time is enough for far more than a
	 * third.
	 */
	printf("# %zu of %d moved in a third of the time\n", again.n_moves, GUESTS);
	CHECK(again.n_moves > GUESTS / 2 && again.n_left > 0);
	mt_schedule_fini(&again);
	mt_schedule_fini(&out);
}

static const struct ktap_case cases[] = {
	{ "the best there is, against all there are", test_exact },
	{ "the best there is, from a good one", test_exact_from_local },
	{ "the heuristic against the best", test_local },
	{ "schedules of nothing are empty, of the impossible refused", test_refusals },
	{ "the short ones go first, and the longest is left behind", test_order },
	{ "what it would take", test_needs },
	{ "shorter pauses where there is time", test_limits },
	{ "two at once fill a link that one cannot", test_parallel },
	{ "a quiet phase is waited for", test_phases },
	{ "methods that cost the guest something", test_costs },
	{ "many guests: sound, and none left that there is time for", test_many },
};

KTAP_MAIN(cases)
