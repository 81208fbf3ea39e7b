// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_score.c - costs, regrets and frontiers, against figures made by hand and a plain oracle
 */
#include "base/cleanup.h"
#include "base/rng.h"
#include "migtrace/tournament/score.h"
#include "ktap.h"

#define TRIES	300

static const struct score_weights plain, weighed = { .pause = 10, .stall = 2 };

static struct score_run run_of(unsigned set, unsigned row, double total_ms, double pause_ms)
{
	return (struct score_run){ .set = set, .row = row, .completed = true, .met = true,
				   .at = { total_ms, pause_ms, pause_ms }, .sent_bytes = 1,
				   .slowdown = NAN };
}

static void objectives(void)
{
	const struct score_objectives both = { 500, 10000 }, none = { NAN, NAN };
	const struct score_point exact = { 10000, 500, NAN }, late = { 10001, 5, 5 },
				 long_pause = { 1, 501, 501 }, unknown = { 1, NAN, NAN };

	CHECK(score_met(&exact, &both));
	CHECK(!score_met(&late, &both));
	CHECK(!score_met(&long_pause, &both));
	CHECK(!score_met(&unknown, &both));
	CHECK(score_met(&late, &none) && score_met(&unknown, &none));
}

static void costs(void)
{
	const struct score_point at = { 1000, 50, 70 }, unknown = { 1000, 50, NAN };

	CHECK_NEAR(score_cost(&at, &plain), 1000, 0);
	CHECK_NEAR(score_cost(&at, &weighed), 1000 + 500 + 140, 0);
	CHECK_NEAR(score_cost(&unknown, &plain), 1000, 0);
	CHECK(isnan(score_cost(&unknown, &weighed)));
}

/*
 * Two policies with three runs each: medians 2000 and 3000. The best is the first's median, and its
 * own quicker run is better than that by a quarter.
 */
static void regret_by_medians(void)
{
	const struct score_run runs[] = {
		run_of(0, 0, 1500, 10), run_of(0, 0, 2000, 10), run_of(0, 0, 9000, 10),
		run_of(0, 1, 3000, 10), run_of(0, 1, 2500, 10), run_of(0, 1, 3500, 10),
	};
	static const double wanted[] = { -0.25, 0, 3.5, 0.5, 0.25, 0.75 };
	struct score_row rows[2];
	double regret[6];

	CHECK_INT(score_regrets(runs, 6, &plain, regret), 0);
	for (int i = 0; i < 6; i++)
		CHECK_NEAR(regret[i], wanted[i], 1e-12);
	CHECK_INT(score_rows(runs, 6, regret, rows, 2), 0);
	CHECK_NEAR(rows[0].regret.p50, 0, 0);
	CHECK_NEAR(rows[1].regret.p50, 0.5, 1e-12);
	CHECK_NEAR(rows[1].total_ms.p50, 3000, 0);
}

/* What missed its objectives is nobody's best, and has no regret; a weight turns the order. */
static void regret_of_those_that_met(void)
{
	struct score_run runs[] = {
		run_of(0, 0, 1000, 900), run_of(0, 1, 2000, 100), run_of(0, 2, 4000, 10),
		run_of(1, 0, 5000, 10),
	};
	const struct score_weights heavy = { .pause = 30 };
	struct score_row rows[3];
	double regret[4];

	runs[0].met = false;
	CHECK_INT(score_regrets(runs, 4, &plain, regret), 0);
	CHECK(isnan(regret[0]));
	CHECK_NEAR(regret[1], 0, 0);
	CHECK_NEAR(regret[2], 1, 0);
	CHECK_NEAR(regret[3], 0, 0);
	CHECK_INT(score_regrets(runs, 4, &heavy, regret), 0);
	CHECK_NEAR(regret[1], 5000. / 4300 - 1, 1e-12);
	CHECK_NEAR(regret[2], 0, 0);
	CHECK_INT(score_rows(runs, 4, regret, rows, 3), 0);
	CHECK_INT(rows[0].n, 2);
	CHECK_INT(rows[0].n_met, 1);
	CHECK_INT(rows[0].n_possible, 2);
	/* It completed, if too late: its time counts among times. */
	CHECK_NEAR(rows[0].total_ms.p50, 3000, 0);
	runs[1].met = runs[2].met = false;
	CHECK_INT(score_regrets(runs, 4, &plain, regret), 0);
	CHECK_INT(score_rows(runs, 4, regret, rows, 3), 0);
	CHECK_INT(rows[0].n_possible, 1);
	CHECK_INT(rows[1].n_possible, 0);
	CHECK(isnan(rows[1].regret.p50));
}

/* Hindsight knows a better moment than any policy had; which one depends on the weights. */
static void regret_against_hindsight(void)
{
	const struct score_point choices[] = { { 800, 400, 400 }, { 900, 20, 20 } };
	struct score_run runs[] = { run_of(0, 0, 1000, 30), run_of(0, 1, 800, 400) };
	const struct score_weights heavy = { .pause = 10 };
	double regret[2];

	runs[1].choices = choices;
	runs[1].n_choices = 2;
	CHECK_INT(score_regrets(runs, 2, &plain, regret), 0);
	CHECK_NEAR(regret[0], 0.25, 1e-12);
	CHECK_INT(score_regrets(runs, 2, &heavy, regret), 0);
	CHECK_NEAR(regret[0], 1300. / 1100 - 1, 1e-12);
}

/* --- by an oracle ------------------------------------------------------------------- */
/* Of few values, so that many are the same. */
static struct score_point any_point(struct mt_rng *r)
{
	return (struct score_point){ (double)(mt_rng_next(r) % 6), (double)(mt_rng_next(r) % 6),
				     (double)(mt_rng_next(r) % 3) };
}

static bool beats(const struct score_point *a, const struct score_point *b)
{
	return a->total_ms <= b->total_ms && a->pause_ms <= b->pause_ms &&
	       a->stall_ms <= b->stall_ms &&
	       (a->total_ms < b->total_ms || a->pause_ms < b->pause_ms ||
		a->stall_ms < b->stall_ms);
}

static bool is_in(const struct score_point *v, size_t n, const struct score_point *p)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].total_ms == p->total_ms && v[i].pause_ms == p->pause_ms &&
		    v[i].stall_ms == p->stall_ms)
			return true;
	return false;
}

/* A point is kept if and only if no other one beats it, and once. */
static void frontiers(void)
{
	struct mt_rng r = { 1 };

	for (int t = 0; t < TRIES; t++) {
		size_t n = mt_rng_next(&r) % 20, kept;
		struct score_point all[20], v[20];

		for (size_t i = 0; i < n; i++)
			v[i] = all[i] = any_point(&r);
		kept = score_frontier(v, n);
		for (size_t i = 0; i < n; i++) {
			bool beaten = false;

			for (size_t k = 0; k < n; k++)
				beaten |= beats(&all[k], &all[i]);
			CHECK_INT(is_in(v, kept, &all[i]), !beaten);
		}
		for (size_t i = 0; i < kept; i++) {
			CHECK(!is_in(v, i, &v[i]));
			CHECK(!i || v[i - 1].total_ms <= v[i].total_ms);
		}
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* By trying everything: for each set the smallest median over rows, and each choice. */
static double oracle(const struct score_run *runs, size_t n, unsigned set,
		     const struct score_weights *w)
{
	double best = INFINITY, v[40];

	for (unsigned row = 0; row < 4; row++) {
		size_t k = 0;

		for (size_t i = 0; i < n; i++)
			if (runs[i].set == set && runs[i].row == row && runs[i].met)
				v[k++] = runs[i].at.total_ms + w->pause * runs[i].at.pause_ms +
					 w->stall * runs[i].at.stall_ms;
		qsort(v, k, sizeof(*v), by_value);
		if (k)
			best = fmin(best, k % 2 ? v[k / 2] : (v[k / 2] + v[k / 2 - 1]) / 2);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < runs[i].n_choices && runs[i].set == set; c++)
			best = fmin(best, runs[i].choices[c].total_ms +
						  w->pause * runs[i].choices[c].pause_ms +
						  w->stall * runs[i].choices[c].stall_ms);
	return best;
}

static void regrets(void)
{
	struct mt_rng r = { 2 };

	for (int t = 0; t < TRIES; t++) {
		size_t n = 1 + mt_rng_next(&r) % 40;
		const struct score_weights w = { (double)(mt_rng_next(&r) % 3),
						 (double)(mt_rng_next(&r) % 2) };
		struct score_point choices[40];
		struct score_run runs[40];
		double regret[40];

		for (size_t i = 0; i < n; i++) {
			choices[i] = any_point(&r);
			choices[i].total_ms += 1;
			runs[i] = (struct score_run){
				.set = mt_rng_next(&r) % 3, .row = mt_rng_next(&r) % 4,
				.completed = true, .met = mt_rng_next(&r) % 4,
				.at = any_point(&r), .choices = &choices[i],
				.n_choices = mt_rng_next(&r) % 8 == 0,
			};
			runs[i].at.total_ms += 1;
		}
		CHECK_INT(score_regrets(runs, n, &w, regret), 0);
		for (size_t i = 0; i < n; i++) {
			double cost = runs[i].at.total_ms + w.pause * runs[i].at.pause_ms +
				      w.stall * runs[i].at.stall_ms;

			CHECK_INT(isnan(regret[i]), !runs[i].met);
			if (runs[i].met)
				CHECK_NEAR(regret[i], cost / oracle(runs, n, runs[i].set, &w) - 1,
					   1e-9);
		}
	}
}

static const struct ktap_case cases[] = {
	{ "objectives: met to the last millisecond, not met where unknown", objectives },
	{ "a cost has the weights asked for, and no others", costs },
	{ "regret is against the best policy's median", regret_by_medians },
	{ "what missed its objectives has no regret and is no best", regret_of_those_that_met },
	{ "regret is against hindsight where that knows better", regret_against_hindsight },
	{ "frontiers, against an oracle", frontiers },
	{ "regrets, against an oracle", regrets },
};

int main(void)
{
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
