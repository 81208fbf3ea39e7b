/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_price.c - what each way to end a migration costs, against sums by hand and against play
 */
#include "base/units.h"
#include "policy/foresight.h"
#include "policy/price.h"
#include "chance.h"
#include "ktap.h"

#define RATE	(100.0 * MT_MIB)

static struct mt_course course;

/* Of a normal distribution: the sum of twelve. */
static double normal(void)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += chance();
	return sum;
}

static struct mt_prices prices(const struct mt_boundary *ahead, size_t n)
{
	course = (struct mt_course){ .rate_bytes_per_s = RATE };
	return (struct mt_prices){
		.max_pause_ms = 1000,
		.max_stall_ms = INFINITY,
		.max_total_ms = INFINITY,
		.may_stop = true,
		.elapsed_ms = 20000,
		.left_bytes = 200 * MT_MIB,
		.course = &course,
		.ahead = ahead,
		.n_ahead = n,
		.now_s = 3,
	};
}

static void test_stop(void)
{
	struct mt_prices p = prices(NULL, 0);

	CHECK_NEAR(mt_price_stop_s(&p, 400), 0.4, 1e-9);
	p.downtime = 10;
	CHECK_NEAR(mt_price_stop_s(&p, 400), 4.4, 1e-9);
	CHECK_NEAR(mt_price_stop_s(&p, 1000), 11, 1e-9);
	CHECK(isinf(mt_price_stop_s(&p, 1001)));
	p.may_stop = false;
	CHECK(isinf(mt_price_stop_s(&p, 400)));
}

static void test_flip(void)
{
	struct mt_prices p = prices(NULL, 0);

	CHECK(isinf(mt_price_flip_s(&p)));
	p.may_flip = true;
	/* 200 MiB at 100 MiB/s; the stall is not known: all of it. */
	CHECK_NEAR(mt_price_flip_s(&p), 2, 1e-9);
	p.postcopy = 1;
	p.stall = 3;
	CHECK_NEAR(mt_price_flip_s(&p), 2 * 2 + 2 * 3, 1e-9);
	course.flip_stall_ms = (struct mt_interval){ 300, 500, 900 };
	CHECK_NEAR(mt_price_flip_s(&p), 2 * 2 + 0.5 * 3, 1e-9);
	p.max_stall_ms = 499;
	CHECK(isinf(mt_price_flip_s(&p)));
}

/* What is foreseen for sure: the best of all ways, looked for one by one. */
static void test_wait_sure(void)
{

	rng.state = 7;
	for (int round = 0; round < 500; round++) {
		struct mt_boundary ahead[6] = { 0 };
		struct mt_prices p = prices(ahead, MT_ARRAY_SIZE(ahead));
		double in_s = 0, best = INFINITY;

		p.downtime = 20 * chance();
		p.postcopy = 2 * chance();
		p.may_flip = chance() < 0.5;
		p.max_total_ms = chance() < 0.3 ? 21500 : INFINITY;
		for (size_t i = 0; i < MT_ARRAY_SIZE(ahead); i++) {
			double left = 200 * chance() * MT_MIB, pause_s = left / RATE;

			in_s += 0.1 + chance();
			ahead[i] = (struct mt_boundary){ in_s, left, 0 };
			if (20 + in_s > p.max_total_ms / 1e3)
				continue;
			if (pause_s <= 1)
				best = fmin(best, in_s + pause_s * (1 + p.downtime));
			if (p.may_flip)
				best = fmin(best, in_s + pause_s * (1 + p.postcopy));
		}
		/* In vain: what can be had now, and twice the 20 s. */
		CHECK_NEAR(mt_price_wait_s(&p, 0), fmin(best, 43), 1e-9);
	}
}

/* What scatters: a guest that takes a boundary only where it is cheaper than to wait on. */
static void test_wait_played(void)
{
	struct mt_boundary ahead[MT_AHEAD_PASSES] = { 0 };
	struct mt_prices p = prices(ahead, MT_AHEAD_PASSES);
	double said, sum_s = 0;
	int plays = 20000;

	p.downtime = 20;
	for (size_t i = 0; i < MT_AHEAD_PASSES; i++)
		ahead[i] = (struct mt_boundary){ 0.5 * (double)(i + 1), 60 * MT_MIB, 12 * MT_MIB };
	said = mt_price_wait_s(&p, 0);
	rng.state = 11;
	for (int i = 0; i < plays; i++) {
		double in_s = 0, cost_s;

		/* It is the same from each of them: to wait on costs what was said. */
		do {
			double left = 60 + 12 * normal();

			in_s += 0.5;
			cost_s = fmax(0, left) / 100 * 21;
		} while (cost_s > said);
		sum_s += in_s + cost_s;
	}
	/* Ten points for a normal distribution are that near. */
	CHECK_NEAR(sum_s / plays, said, 0.03 * said);
}

static void test_nothing_foreseen(void)
{
	struct mt_boundary far = { 1, 150 * MT_MIB, 0 };
	struct mt_prices p = prices(NULL, 0);

	CHECK(isinf(mt_price_wait_s(&p, 0)));
	/* No boundary that could be had: what it costs to have waited in vain. */
	p = prices(&far, 1);
	CHECK_NEAR(mt_price_wait_s(&p, 0), 43, 1e-9);
	course.rate_bytes_per_s = 0;
	CHECK(isinf(mt_price_wait_s(&p, 0)));
	p.may_flip = true;
	CHECK(isinf(mt_price_flip_s(&p)));
}

/* --- foresight ------------------------------------------------------------------------- */
static void boundary(struct mt_foresight *f, double left_mib, double next_mib, double took_s)
{
	struct mt_course c = { .rate_bytes_per_s = RATE, .n = { [MT_AHEAD_MEDIAN] = 3 } };
	const struct mt_iteration it = { .syncs = 1, .remaining_bytes = left_mib * MT_MIB,
					 .duration_s = took_s };

	for (size_t i = 0; i < 3; i++)
		c.ahead[MT_AHEAD_MEDIAN][i] =
			(struct mt_boundary){ 0.5 * (double)(i + 1), next_mib * MT_MIB, 0 };
	course = c;
	mt_foresight_boundary(f, &it, &c);
}

/* A course that promises a low that never comes is no longer believed. */
static void test_course_is_wrong(void)
{
	struct mt_boundary ahead[MT_AHEAD_PASSES];
	struct mt_foresight f;

	mt_foresight_init(&f);
	boundary(&f, 100, 50, 0.5);
	CHECK_INT(mt_foresight_ahead(&f, &course, ahead), 3);
	CHECK(ahead[0].left_bytes < 60 * MT_MIB);
	for (int i = 0; i < 30; i++)
		boundary(&f, 100 + 2 * (i % 2), 50, 1);
	CHECK_INT(mt_foresight_ahead(&f, &course, ahead), 3);
	for (int i = 0; i < 3; i++)
		CHECK_NEAR(ahead[i].left_bytes / MT_MIB, 101, 10);
	/* And passes take twice as long as it says. */
	CHECK_NEAR(ahead[0].in_s, 1, 0.05);
	CHECK_NEAR(ahead[2].in_s, 3, 0.15);
}

/* One that is right is, though the trend would go on. */
static void test_course_is_right(void)
{
	struct mt_boundary ahead[MT_AHEAD_PASSES];
	struct mt_foresight f;
	double left = 800;

	mt_foresight_init(&f);
	for (int i = 0; i < 8; i++) {
		boundary(&f, left, left / 2, 0.5);
		left /= 2;
	}
	CHECK_INT(mt_foresight_ahead(&f, &course, ahead), 3);
	CHECK_NEAR(ahead[0].left_bytes / MT_MIB, left, 0.15 * left);
}

/* What was never compared is wide, and the scatter is that of what was. */
static void test_scatter(void)
{
	struct mt_boundary ahead[MT_AHEAD_PASSES], calm[MT_AHEAD_PASSES];
	struct mt_foresight f;

	mt_foresight_init(&f);
	for (int i = 0; i < 40; i++)
		boundary(&f, 100, 100, 0.5);
	mt_foresight_ahead(&f, &course, calm);
	rng.state = 3;
	mt_foresight_init(&f);
	for (int i = 0; i < 40; i++)
		boundary(&f, 100 * exp(0.2 * normal()), 100, 0.5);
	mt_foresight_ahead(&f, &course, ahead);
	CHECK(calm[0].sd_bytes < 2 * MT_MIB);
	CHECK(ahead[0].sd_bytes > 8 * MT_MIB && ahead[0].sd_bytes < 40 * MT_MIB);
}

static void test_no_course(void)
{
	const struct mt_iteration it = { .syncs = 1, .remaining_bytes = 0, .duration_s = 0.1 };
	struct mt_boundary ahead[MT_AHEAD_PASSES];
	const struct mt_course none = { 0 };
	struct mt_foresight f;

	mt_foresight_init(&f);
	for (int i = 0; i < 3; i++) {
		mt_foresight_boundary(&f, &it, &none);
		CHECK_INT(mt_foresight_ahead(&f, &none, ahead), 0);
	}
	boundary(&f, 10, 10, 0.5);
	CHECK_INT(mt_foresight_ahead(&f, &course, ahead), 3);
	for (int i = 0; i < 3; i++)
		CHECK(isfinite(ahead[i].left_bytes) && isfinite(ahead[i].sd_bytes));
}

static const struct ktap_case cases[] = {
	{ "a stop costs its pause, as weighed, and none beyond what is allowed", test_stop },
	{ "a flip costs post-copy and the stall, as weighed", test_flip },
	{ "to wait costs the best of what is foreseen, if it is sure", test_wait_sure },
	{ "to wait costs what a guest pays who takes only what is cheaper", test_wait_played },
	{ "where nothing is foreseen to wait costs more than anything", test_nothing_foreseen },
	{ "a course that is wrong gives way to the trend", test_course_is_wrong },
	{ "a course that is right is kept to", test_course_is_right },
	{ "the scatter ahead is that of what was foreseen before", test_scatter },
	{ "without a course nothing is foreseen", test_no_course },
};
KTAP_MAIN(cases)
