// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_curve.c - U(T) fitted to iterations: exact cases, bounds, and random hostility
 */
#include <migtrace/curve.h>

#include "ktap.h"
#include "migration.h"

#define CAP		(64.0 * MT_MIB)
#define RANDOM_CASES	100000

static struct mt_iteration pair(double window_s, double bytes)
{
	return (struct mt_iteration){ .n = 2, .duration_s = window_s, .dirtied_bytes = bytes };
}

static void test_nothing(void)
{
	struct mt_curve c;
	struct mt_iteration it = pair(0, 1000);

	mt_curve_fit(&c, NULL, 0, CAP);
	CHECK_INT(c.n_pairs, 0);
	CHECK_NEAR(mt_curve_at(&c, 1), 0, 0);
	CHECK_NEAR(mt_curve_lowest(&c, 1), 0, 0);
	mt_curve_fit(&c, &it, 1, CAP);
	CHECK_INT(c.n_pairs, 0);
	CHECK_NEAR(mt_curve_at(&c, 1), 0, 0);
}

static void test_line(void)
{
	struct mt_iteration it[8];
	struct mt_curve c;

	for (int n = 2; n <= 8; n++) {
		for (int i = 0; i < n; i++)
			it[i] = pair(0.3 + 0.2 * i, 5e6 + 2e6 * (0.3 + 0.2 * i));
		mt_curve_fit(&c, it, n, CAP);
		CHECK_INT(c.n_pairs, n);
		CHECK_NEAR(c.offset_bytes, 5e6, 1);
		CHECK_NEAR(c.slope_bytes_per_s, 2e6, 1);
		CHECK_NEAR(c.min_window_s, 0.3, 1e-12);
		CHECK_NEAR(c.max_window_s, 0.3 + 0.2 * (n - 1), 1e-12);
		CHECK_NEAR(mt_curve_at(&c, 1), 7e6, 1);
		CHECK_NEAR(mt_curve_at(&c, 10), 25e6, 10);
		CHECK(c.spread < MT_CURVE_SPREAD);	/* a perfect fit makes sure, little by little */
	}
}

static void test_caps(void)
{
	struct mt_iteration it[] = { pair(1, 10e6), pair(2, 20e6) };
	struct mt_curve c;

	mt_curve_fit(&c, it, 2, 15e6);
	CHECK_NEAR(mt_curve_at(&c, 1), 10e6, 1);
	CHECK_NEAR(mt_curve_at(&c, 2), 15e6, 0);
	CHECK_NEAR(mt_curve_at(&c, 1e9), 15e6, 0);
	mt_curve_fit(&c, it, 2, 0);	/* size unknown: no cap */
	CHECK_NEAR(mt_curve_at(&c, 10), 100e6, 10);
}

/* Neither a falling nor a negative U(T), whatever the noise. */
static void test_constraints(void)
{
	struct mt_iteration falling[] = { pair(1, 20e6), pair(2, 10e6) };
	struct mt_iteration convex[] = { pair(1, 1e6), pair(2, 20e6) };
	struct mt_iteration same[] = { pair(1, 1e6), pair(1, 3e6), pair(1, 2e6) };
	struct mt_curve c;

	mt_curve_fit(&c, falling, 2, CAP);
	CHECK_NEAR(c.slope_bytes_per_s, 0, 0);
	CHECK(c.offset_bytes > 10e6 && c.offset_bytes < 20e6);
	mt_curve_fit(&c, convex, 2, CAP);
	CHECK_NEAR(c.offset_bytes, 0, 0);
	CHECK(c.slope_bytes_per_s > 1e6 && c.slope_bytes_per_s < 20e6);
	mt_curve_fit(&c, same, 3, CAP);
	CHECK_NEAR(c.slope_bytes_per_s, 0, 0);
	CHECK(c.offset_bytes > 1e6 && c.offset_bytes < 3e6);
}

static void test_one_pair(void)
{
	struct mt_iteration it = pair(2, 8e6);
	struct mt_curve c;

	mt_curve_fit(&c, &it, 1, CAP);
	CHECK_INT(c.n_pairs, 1);
	CHECK_NEAR(mt_curve_at(&c, 2), 8e6, 1);
	CHECK_NEAR(mt_curve_at(&c, 1), 8e6 * pow(0.5, MT_CURVE_GAMMA), 1);
	CHECK_NEAR(mt_curve_at(&c, 4), 8e6 * pow(2, MT_CURVE_GAMMA), 1);
	CHECK_NEAR(mt_curve_lowest(&c, 1), 4e6, 1);
	CHECK_NEAR(mt_curve_lowest(&c, 4), 8e6, 1);
	CHECK(c.spread > 0.75 * MT_CURVE_SPREAD && c.spread <= MT_CURVE_SPREAD);	/* one pair fits itself */
}

/* An iteration without duration is none: neither a window nor a reason to trust the line. */
static void test_zero_durations(void)
{
	struct mt_iteration good = pair(2, 8e6);
	struct mt_iteration it[] = { pair(0, 5e6), good, pair(0, 9e6), pair(0, 1e6) };
	struct mt_curve c, alone;

	mt_curve_fit(&c, it, 4, CAP);
	mt_curve_fit(&alone, &good, 1, CAP);
	CHECK_INT(c.n_pairs, 1);
	for (double t = 0.25; t < 16; t *= 2) {
		CHECK_NEAR(mt_curve_at(&c, t), mt_curve_at(&alone, t), 1);
		CHECK_NEAR(mt_curve_lowest(&c, t), mt_curve_lowest(&alone, t), 1);
	}
}

static void test_recent_counts_more(void)
{
	struct mt_iteration it[20];
	struct mt_curve c;

	for (int i = 0; i < 20; i++)
		it[i] = pair(1, i < 10 ? 4e6 : 16e6);	/* the guest woke up */
	mt_curve_fit(&c, it, 20, CAP);
	CHECK(mt_curve_at(&c, 1) > 14e6);
	CHECK_INT(c.n_recent, MT_CURVE_RECENT);
	CHECK_NEAR(mt_curve_lowest(&c, 1), 16e6, 1);
}

/* The first pass stands in for a second pair, not for a third. */
static void test_first_pass(void)
{
	struct mt_iteration it[] = { pair(2, 9e6), pair(0.5, 6e6), pair(0.4, 5e6), pair(0.4, 5e6) };
	struct mt_curve c;

	it[0].first = true;
	mt_curve_fit(&c, it, 2, CAP);
	CHECK_INT(c.n_recent, 2);
	mt_curve_fit(&c, it, 3, CAP);
	CHECK_INT(c.n_recent, 2);
	mt_curve_fit(&c, it, 4, CAP);
	CHECK_INT(c.n_recent, 3);
}

/* More than are kept: the latest. */
static void test_many(void)
{
	struct mt_iteration it[200];
	struct mt_curve c;

	for (int i = 0; i < 200; i++)
		it[i] = pair(i < 136 ? 50 : 1 + i % 3, 1e6);
	mt_curve_fit(&c, it, 200, CAP);
	CHECK_INT(c.n_pairs, MT_ITERATIONS_KEPT);
	CHECK_NEAR(c.max_window_s, 3, 1e-12);
}

/* A concave curve sampled at up to three windows: the bound stays below the estimate everywhere. */
static void test_concave(void)
{
	uint64_t rng = 1;

	for (int i = 0; i < RANDOM_CASES; i++) {
		size_t n = 1 + migration_random(&rng) % MT_CURVE_RECENT;
		double hot = 1e7 * migration_chance(&rng), tau = 0.05 + 2 * migration_chance(&rng);
		double cold = 5e6 * migration_chance(&rng);
		struct mt_iteration it[MT_CURVE_RECENT];
		struct mt_curve c;
		double t = 0.02 + 3 * migration_chance(&rng);

		for (size_t k = 0; k < n; k++) {
			double w = 0.02 + 3 * migration_chance(&rng);

			it[k] = pair(w, hot * -expm1(-w / tau) + cold * w);
		}
		mt_curve_fit(&c, it, n, CAP);
		CHECK(mt_curve_lowest(&c, t) <= mt_curve_at(&c, t) * (1 + 1e-9));
		/* And below the truth that the pairs were taken from. */
		CHECK(mt_curve_lowest(&c, t) <= (hot * -expm1(-t / tau) + cold * t) * (1 + 1e-9));
	}
}

static double any_number(uint64_t *rng)
{
	switch (migration_random(rng) % 6) {
	case 0:
		return 0;
	case 1:
		return 0x1p64 * migration_chance(rng);
	case 2:
		return 1e-9 * migration_chance(rng);
	case 3:
		return 1;
	default:
		return 1e3 * migration_chance(rng);
	}
}

static void test_random(void)
{
	struct mt_iteration it[MT_ITERATIONS_KEPT + 8] = { 0 };
	uint64_t rng = 2;

	for (int i = 0; i < RANDOM_CASES; i++) {
		size_t n = migration_random(&rng) % (i % 100 ? 6 : sizeof(it) / sizeof(it[0]));
		double memory = any_number(&rng), before = 0;
		struct mt_curve c;

		for (size_t k = 0; k < n; k++) {
			it[k] = pair(any_number(&rng), any_number(&rng));
			it[k].first = k == 0;
		}
		mt_curve_fit(&c, it, n, memory);
		CHECK(isfinite(c.offset_bytes) && c.offset_bytes >= 0);
		CHECK(isfinite(c.slope_bytes_per_s) && c.slope_bytes_per_s >= 0);
		CHECK(c.spread >= 0 && c.spread <= 0.6);
		for (double t = 1e-6; t < 1e7; t *= 10) {
			double at = mt_curve_at(&c, t), lowest = mt_curve_lowest(&c, t);

			CHECK(isfinite(at) && at >= before * (1 - 1e-9));
			CHECK(memory <= 0 || at <= memory);
			CHECK(isfinite(lowest) && lowest >= 0);
			before = at;
		}
		CHECK_NEAR(mt_curve_at(&c, 0), 0, 0);
		CHECK_NEAR(mt_curve_at(&c, -1), 0, 0);
		CHECK_NEAR(mt_curve_at(&c, NAN), 0, 0);
		CHECK_NEAR(mt_curve_lowest(&c, NAN), 0, 0);
	}
}

/*
 * Learnt from a migration, and compared with what the writes make of it: n (1 - (1 - 1/n)^w).
 * With a limit of next to nothing: pages that are dirtied while they wait to be sent
 * are not newly dirty to QEMU, so that at 300 ms this guest's curve is 17 % lower.
 */
static void test_uniform_guest(void)
{
	const struct migration_guest guest = { .name = "", .pages = MIGRATION_PAGES, .load = { 20000, 12000 } };
	struct mt_iterations its;
	struct mt_curve c;
	struct migration m;
	struct mt_sample s;

	migration_init(&m, &guest, MIGRATION_LINK, 1, 3);
	mt_iterations_init(&its);
	while (its.total < 8 && migration_next(&m, &s))
		mt_iterations_feed(&its, &s);
	CHECK_INT(its.total, 8);
	mt_curve_fit(&c, its.kept, its.n_kept, CAP);
	for (double t = c.min_window_s; t <= c.max_window_s; t += 0.05) {
		double pages = 12000 * -expm1(20000 * t * log1p(-1 / 12000.0));

		CHECK_NEAR(mt_curve_at(&c, t) / MIGRATION_PAGE, pages, 0.05 * pages);
		CHECK(mt_curve_lowest(&c, t) / MIGRATION_PAGE <= 1.1 * pages);
	}
}

static const struct ktap_case cases[] = {
	{ "nothing known", test_nothing },
	{ "a line is recovered exactly", test_line },
	{ "guest memory caps it", test_caps },
	{ "never falling, never negative", test_constraints },
	{ "one pair", test_one_pair },
	{ "zero durations do not count", test_zero_durations },
	{ "recent iterations count more", test_recent_counts_more },
	{ "the first pass among the recent", test_first_pass },
	{ "more iterations than are kept", test_many },
	{ "bounds of concave curves", test_concave },
	{ "finite and monotone whatever comes", test_random },
	{ "a uniform guest's true curve", test_uniform_guest },
};

KTAP_MAIN(cases)
