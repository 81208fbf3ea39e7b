// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_pilot.c - FM and AM under way, by hand, and migrations played over series
 */
#include <errno.h>

#include "model/markov/finishplay.h"
#include "model/markov/phases.h"
#include "ktap.h"
#include "migration.h"

static struct mt_pilot pilot;	/* large */

static void begin(double horizon_s)
{
	struct mt_pilot_params p = MT_PILOT_DEFAULTS;

	p.horizon_s = horizon_s;
	ktap_failed |= mt_pilot_init(&pilot, &p) != 0;
}

/* So many seconds at so many bytes a second: learnt, and what a pass in it dirtied. */
static double runs(double seconds, double bytes_per_s)
{
	mt_pilot_feed(&pilot, seconds, seconds * bytes_per_s);
	return seconds * bytes_per_s;
}

/* 3 s busy, 2 s quiet, over and over; the link carries a little more than a busy guest dirties. */
static double rate_at(double t)
{
	return fmod(t, 5) < 3 - 1e-9 ? 900 : 100;
}

static double runs_until(double from, double to)
{
	double sum = 0;

	for (double t = from; t < to - 1e-9; t += 0.1)
		sum += runs(0.1, rate_at(t));
	return sum;
}

static void test_plan_holds(void)
{
	struct mt_pilot_advice a;
	double t = 0.5, left = 1000, dirtied = 0;
	unsigned passes = 0;

	begin(20);
	for (int i = 0; i < 6; i++)
		runs_until(0, 5);
	runs_until(0, t);
	mt_pilot_pass(&pilot, t, 0, left, 1000, &a);
	CHECK(!a.finish && a.planned && !a.compared);
	/*
	 * Passes as long as what is left takes, until it says so: in the quiet phase, with no
	 * second plan.
	 */
	while (!a.finish && passes < 50) {
		double pass_s = fmax(0.1, ceil(left / 100) / 10);

		dirtied = runs_until(t, t + pass_s);
		left = dirtied;
		t += pass_s;
		passes++;
		mt_pilot_pass(&pilot, t, dirtied, left, 1000, &a);
		CHECK(a.compared && a.matched);
		CHECK_NEAR(a.expected_bytes, dirtied, 0.01 * dirtied);
		CHECK_NEAR(a.real_bytes, dirtied, 0);
	}
	CHECK(a.finish && !a.horizon_over);
	CHECK_INT(pilot.curves, 1);
	CHECK_INT(pilot.compared, passes);
	CHECK_NEAR(left, 10, 1e-6);		/* one slot of the quiet phase */
	CHECK_NEAR(rate_at(t - 0.05), 100, 0);
}

/* A guest that does not do what it did: a new plan each time, and an end with the horizon. */
static void test_mismatch(void)
{
	struct mt_pilot_advice a;
	double t = 0;

	begin(10);
	for (int i = 0; i < 6; i++)
		runs_until(0, 5);
	mt_pilot_pass(&pilot, t, 0, 3000, 1000, &a);
	CHECK(a.planned);
	t = 3;
	runs(3, 400);				/* 2700 were foreseen */
	mt_pilot_pass(&pilot, t, 1200, 1200, 1000, &a);
	CHECK(a.compared && !a.matched);
	CHECK_INT(pilot.curves, 2);
	CHECK(a.finish || a.planned);
	mt_pilot_time(&pilot, 10.1, 1200, 1000, &a);
	CHECK(a.finish && a.horizon_over);
	mt_pilot_pass(&pilot, 10.1, 1e6, 1200, 1000, &a);
	CHECK(a.finish && a.horizon_over);
}

/* Nothing better in sight: now. */
static void test_now(void)
{
	struct mt_pilot_advice a;

	begin(20);
	runs(10, 2000);
	mt_pilot_pass(&pilot, 0, 0, 500, 1000, &a);
	CHECK(a.finish && !a.planned && !a.horizon_over);
	begin(1);
	runs(10, 10);
	mt_pilot_pass(&pilot, 0, 0, 5000, 1000, &a);	/* quiet, but nothing can be out within the
							 * horizon */
	CHECK(a.finish);
	begin(1);
	runs(0.5, 10);					/* too little is known to say anything */
	mt_pilot_pass(&pilot, 0, 0, 5000, 1000, &a);
	CHECK(!a.finish && !a.planned && !a.compared);
	mt_pilot_time(&pilot, 100, 5000, 1000, &a);
	CHECK(!a.finish);
}

/* A pass that does not end when it should: planned anew, once. */
static void test_late(void)
{
	struct mt_pilot_advice a;

	begin(30);
	runs(10, 100);
	mt_pilot_pass(&pilot, 0, 0, 2000, 1000, &a);
	CHECK(a.planned && !a.finish);
	mt_pilot_time(&pilot, a.finish_in_s + 0.01, 900, 1000, &a);
	CHECK(!a.planned && !a.finish);
	CHECK_NEAR(a.finish_in_s, 0, 1e-9);
	mt_pilot_time(&pilot, 8, 900, 1000, &a);
	CHECK(a.planned && !a.finish && a.finish_in_s > 0.9);
	CHECK_INT(pilot.curves, 2);
	mt_pilot_time(&pilot, 8.1, 850, 1000, &a);
	CHECK_INT(pilot.curves, 2);
}

/* No whole number of slots takes a whole number of its bytes: nothing hangs on rounding. */
#define WAVE_LINK	1010.0

/* By turns a second in which more is dirtied than the link carries, and one of hardly any. */
static double wave_at(double t)
{
	return fmod(t + 1e-9, 2) < 1 ? 1500 : 100;
}

static double waves(double from, double to)
{
	double sum = 0;

	for (double t = from; t < to - 1e-9; t += 0.1)
		sum += runs(0.1, wave_at(t));
	return sum;
}

/* What can be had of the true series from @from on. */
static double best_left(double from, double left)
{
	double increments[200];
	const struct mt_finish_input in = {
		.slots = 200,
		.increments = increments,
		.base_bytes = left,
		.bytes_per_slot = WAVE_LINK / 10,
		.from_base = true,
	};
	struct mt_finish best;

	for (unsigned k = 0; k < 200; k++)
		increments[k] = 0.1 * wave_at(from + 0.1 * k);
	return mt_finish_find(&in, &best) ? NAN : best.left_bytes;
}

/*
 * A sender that waits when it is told to comes to what FindFinishTime says of the true series, with
 * one forecast.
 */
static void test_waits(void)
{
	unsigned waited = 0;

	for (int i = 0; i < 20; i++) {
		double t = 0.1 * i, left = 300 + 150 * i, best = best_left(t, left);
		struct mt_pilot_params p = MT_PILOT_DEFAULTS;
		struct mt_pilot_advice a;
		unsigned passes = 0;

		p.horizon_s = 20;
		p.waits = true;
		CHECK_INT(mt_pilot_init(&pilot, &p), 0);
		for (int k = 0; k < 15; k++)
			waves(0, 2);
		waves(0, t);
		mt_pilot_pass(&pilot, t, 0, left, WAVE_LINK, &a);
		while (!a.finish && passes < 200) {
			double pass_s = fmax(0.1, ceil(left / WAVE_LINK * 10) / 10);

			CHECK(a.next_in_s == 0 || a.next_in_s > pass_s + 0.05);
			waited += a.next_in_s > 0;
			pass_s = fmax(pass_s, a.next_in_s);
			left = waves(t, t + pass_s);
			t += pass_s;
			passes++;
			mt_pilot_pass(&pilot, t, left, left, WAVE_LINK, &a);
			CHECK(a.compared && a.matched);
		}
		CHECK(a.finish);
		CHECK_INT(pilot.curves, 1);
		CHECK_NEAR(left, best, 1e-6);
	}
	CHECK(waited > 0);
}

static void test_refused(void)
{
	struct mt_pilot_params p = MT_PILOT_DEFAULTS;

	p.slot_s = 0;
	CHECK_INT(mt_pilot_init(&pilot, &p), -EINVAL);
	p.slot_s = 0.01;
	CHECK_INT(mt_pilot_init(&pilot, &p), -EINVAL);	/* 3000 slots ahead */
	p.slot_s = 0.1;
	p.markov.window = 0;
	CHECK_INT(mt_pilot_init(&pilot, &p), -EINVAL);
}

static struct mt_finish_play play_of(const double *s, size_t history, size_t n)
{
	return (struct mt_finish_play){
		.history = s, .n_history = history, .increments = s + history, .n = n - history,
		.slot_s = 0.1,
		.base_bytes = 20000, .link_bytes_per_s = 10000, .horizon_s = 30,
		.markov = MT_MARKOV_DEFAULTS,
	};
}

/* Constant: everything can be said beforehand. */
static void test_play_by_hand(void)
{
	struct mt_finish_played out;
	struct mt_finish_play play;
	double s[500];

	for (int i = 0; i < 500; i++)
		s[i] = 500;		/* half of what the link carries */
	play = play_of(s, 100, 500);
	CHECK_INT(mt_finish_play(&play, MT_FINISH_STOP, &out), 0);
	CHECK_NEAR(out.downtime_s, 2, 1e-9);
	CHECK_NEAR(out.total_s, 2, 1e-9);
	CHECK_INT(out.passes, 0);
	/* Passes of 20, 10, 5, 3, 2, 1 slots. */
	for (unsigned passes = 1; passes <= 6; passes++) {
		static const unsigned slots[] = { 20, 10, 5, 3, 2, 1 };
		unsigned until = 0;

		play.passes = passes;
		for (unsigned i = 0; i < passes; i++)
			until += slots[i];
		CHECK_INT(mt_finish_play(&play, MT_FINISH_PASSES, &out), 0);
		CHECK_NEAR(out.downtime_s, 0.05 * slots[passes - 1], 1e-9);
		CHECK_NEAR(out.total_s, 0.1 * until + out.downtime_s, 1e-9);
		CHECK_NEAR(out.sent_bytes, 20000 + 500.0 * until, 1e-6);
		CHECK_INT(out.passes, passes);
	}
	for (enum mt_finish_rule rule = MT_FINISH_FM; rule <= MT_FINISH_KNOWN_WAITING; rule++) {
		CHECK_INT(mt_finish_play(&play, rule, &out), 0);
		CHECK_NEAR(out.downtime_s, 0.05, 1e-9);
		if (rule != MT_FINISH_KNOWN_WAITING)	/* it may as well send a little more
							 * often */
			CHECK_NEAR(out.total_s, 4.1 + 0.05, 1e-9);
		for (enum mt_finish_rule other = 0; other < rule; other++)
			CHECK(strcmp(mt_finish_rule_name(rule), mt_finish_rule_name(other)));
	}
	play.n = 15;
	CHECK_INT(mt_finish_play(&play, MT_FINISH_PASSES, &out), -ENODATA);
	play.link_bytes_per_s = 0;
	CHECK_INT(mt_finish_play(&play, MT_FINISH_STOP, &out), -EINVAL);
}

/* No rule does better than one that knows what comes, as long as it ends within its horizon. */
static void test_known_is_best(void)
{
	unsigned compared = 0;

	for (unsigned n = 0; n < 12; n++) {
		const struct mt_phases phases = { (enum mt_phase_kind)(n % MT_PHASE_COUNT),
						  20 + 20 * (n / 3),
						  100,
						  1300,
						  0.1,
						  n };
		double s[900];
		struct mt_finish_played known, waiting, out;
		struct mt_finish_play play = play_of(s, 400, 900);

		CHECK_INT(mt_phases_make(&phases, s, 900), 0);
		CHECK_INT(mt_finish_play(&play, MT_FINISH_KNOWN, &known), 0);
		CHECK_INT(mt_finish_play(&play, MT_FINISH_KNOWN_WAITING, &waiting), 0);
		CHECK(waiting.downtime_s <= known.downtime_s + 1e-9);
		for (enum mt_finish_rule rule = MT_FINISH_STOP; rule <= MT_FINISH_AM; rule++) {
			for (play.passes = 1; play.passes <= (rule == MT_FINISH_PASSES ? 4 : 1);
			     play.passes++) {
				if (mt_finish_play(&play, rule, &out) || !out.passes ||
				    out.total_s - out.downtime_s > 30)
					continue;
				CHECK(known.downtime_s <= out.downtime_s + 1e-9);
				compared++;
			}
		}
	}
	CHECK(compared > 60);
}

static const struct ktap_case cases[] = {
	{ "a plan that holds", test_plan_holds },
	{ "a forecast that does not", test_mismatch },
	{ "now rather than later", test_now },
	{ "a pass that is late", test_late },
	{ "a plan that waits comes to what FindFinishTime says", test_waits },
	{ "a pilot without slots, without statuses or too far ahead is refused", test_refused },
	{ "rules played by hand come out the same", test_play_by_hand },
	{ "who knows the future is not beaten", test_known_is_best },
};
KTAP_MAIN(cases)
