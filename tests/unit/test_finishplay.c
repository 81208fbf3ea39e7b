// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_finishplay.c - growth platforms, and a sender that may wait: by hand, and against the best
 */
#include <errno.h>

#include "model/markov/finishplay.h"
#include "model/markov/platform.h"
#include "ktap.h"
#include "migration.h"

/* Every segment added up afresh. */
static void test_platform(void)
{
	struct mt_rng rng = { 3 };
	double s[40];

	for (int n = 0; n < 2000; n++) {
		unsigned slots = 1 + mt_rng_next(&rng) % 40, m = mt_rng_next(&rng) % 12, best = 0;
		struct mt_platform out;
		double least = INFINITY;

		for (unsigned i = 0; i < slots; i++)
			s[i] = (double)(mt_rng_next(&rng) % 6);
		for (unsigned i = 0; i + m < slots; i++) {
			double sum = 0;

			for (unsigned k = i; k <= i + m; k++)
				sum += s[k];
			if (sum < least) {
				least = sum;
				best = i;
			}
		}
		CHECK_INT(mt_growth_platform(s, slots, m, &out), m < slots ? 0 : -ENODATA);
		if (m >= slots)
			continue;
		CHECK_INT(out.begin, best);
		CHECK_NEAR(out.level, least / (m + 1), 1e-9);
	}
}

#define HISTORY	400

static struct mt_finish_play play_of(const double *s, size_t n)
{
	return (struct mt_finish_play){
		.history = s,		.n_history = HISTORY,
		.increments = s + HISTORY, .n = n - HISTORY,
		.slot_s = 0.1,		.base_bytes = 20000,
		.link_bytes_per_s = 10000, .horizon_s = 30,
		.markov = MT_MARKOV_DEFAULTS, .platform_slots = 5,
	};
}

/* Busy for 30 slots, quiet for 10; the migration begins with a busy phase. */
static void phases(double *s, size_t n, double busy, double quiet)
{
	for (size_t i = 0; i < n; i++)
		s[i] = i % 40 < 30 ? busy : quiet;
}

/*
 * By hand, a link of 1000 a slot, slots of 600 and 0. The base takes 20. A sender that waits takes
 * its last snapshot late enough to be out before slot 40 and early enough to leave nothing: what
 * was dirtied in 30 slots, 18000 in all, is 12000 at slot 20: it is taken there, 12 slots, out at
 * 32, 6000 left; then taken at 32, 6 slots, out at 38: nothing was dirtied since. The same without
 * a wait.
 */
static void test_quiet_phase(void)
{
	struct mt_finish_play play;
	struct mt_finish_played out;
	double s[900];

	phases(s, 900, 600, 0);
	play = play_of(s, 900);
	CHECK_INT(mt_finish_play(&play, MT_FINISH_FM_WAITING, &out), 0);
	CHECK_NEAR(out.downtime_s, 0, 0);
	CHECK_NEAR(out.total_s, 3.8, 1e-9);
	CHECK_NEAR(out.sent_bytes, 20000 + 18000, 1e-6);
	CHECK_INT(out.passes, 3);
	CHECK_INT(out.curves, 1);
	/*
	 * The platform begins at 30. At 20 a snapshot would be out at 32, beyond that: the last one
	 * is taken at 30 with 18000, out at 48, when eight busy slots of the next phase have been.
	 */
	CHECK_INT(mt_finish_play(&play, MT_FINISH_FM_PLATFORM, &out), 0);
	CHECK_NEAR(out.downtime_s, 8 * 0.06, 1e-9);
	CHECK_NEAR(out.total_s, 4.8 + 8 * 0.06, 1e-9);
	CHECK_INT(out.passes, 2);
}

/*
 * What comes has come exactly so before: the sender that waits leaves no more than the best one
 * with the future known, and the chain no more than the best one without waiting.
 */
static void test_certain(void)
{
	struct mt_rng rng = { 7 };
	unsigned better = 0;
	double s[1200];

	for (int n = 0; n < 20; n++) {
		struct mt_finish_played waits, best, chain, best_chain;
		struct mt_finish_play play;

		for (size_t i = 0; i < 1200; i++)
			s[i] = i < 40 ? (double)(50 + mt_rng_next(&rng) % 1500) : s[i - 40];
		play = play_of(s, 1200);
		CHECK_INT(mt_finish_play(&play, MT_FINISH_FM_WAITING, &waits), 0);
		CHECK_INT(mt_finish_play(&play, MT_FINISH_KNOWN_WAITING, &best), 0);
		CHECK_INT(mt_finish_play(&play, MT_FINISH_FM, &chain), 0);
		CHECK_INT(mt_finish_play(&play, MT_FINISH_KNOWN, &best_chain), 0);
		CHECK_NEAR(waits.downtime_s, best.downtime_s, 1e-9);
		CHECK_NEAR(chain.downtime_s, best_chain.downtime_s, 1e-9);
		CHECK_INT(waits.curves, 1);
		better += waits.downtime_s < chain.downtime_s - 1e-9;
	}
	CHECK(better);
}

/* Whatever is done without knowing the future, the best that can be done with it is no worse. */
static void test_bound(void)
{
	struct mt_rng rng = { 11 };
	unsigned compared = 0;
	double s[1000];

	for (int n = 0; n < 20; n++) {
		struct mt_finish_played best, out;
		struct mt_finish_play play;

		for (size_t i = 0; i < 1000; i++)
			s[i] = (double)(200 + mt_rng_next(&rng) % 1000) * (i / 35 % 2 ? 1 : 0.3);
		play = play_of(s, 1000);
		CHECK_INT(mt_finish_play(&play, MT_FINISH_KNOWN_WAITING, &best), 0);
		for (enum mt_finish_rule rule = 0; rule < MT_FINISH_RULES; rule++) {
			play.passes = 3;
			if (rule == MT_FINISH_STOP || mt_finish_play(&play, rule, &out) ||
			    out.total_s - out.downtime_s > 30)
				continue;
			CHECK(best.downtime_s <= out.downtime_s + 1e-9);
			CHECK(out.total_s >= 2);
			compared++;
		}
	}
	CHECK(compared > 150);
}

/* A chain that was trained before is as good as the history. */
static void test_trained(void)
{
	static struct mt_markov chain;
	struct mt_markov_params listing = MT_MARKOV_DEFAULTS;
	struct mt_rng rng = { 2 };
	double s[1000];

	for (size_t i = 0; i < 1000; i++)
		s[i] = (double)(mt_rng_next(&rng) % 300) + (i / 60 % 2 ? 700 : 100);
	mt_markov_use(&listing, mt_markov_method("am-listing"));
	CHECK_INT(mt_markov_init(&chain, &listing), 0);
	mt_markov_train(&chain, s, HISTORY);
	for (enum mt_finish_rule rule = 0; rule < MT_FINISH_RULES; rule++) {
		struct mt_finish_play play = play_of(s, 1000);
		struct mt_finish_played from_history, from_chain;

		play.passes = 2;
		CHECK_INT(mt_finish_play(&play, rule, &from_history), 0);
		play.history = NULL;
		play.n_history = 0;
		play.trained = &chain;
		CHECK_INT(mt_finish_play(&play, rule, &from_chain), 0);
		CHECK(!memcmp(&from_history, &from_chain, sizeof(from_chain)));
		for (enum mt_finish_rule other = 0; other < rule; other++)
			CHECK(strcmp(mt_finish_rule_name(rule), mt_finish_rule_name(other)));
	}
}

/* A series that ends, a history that is no status, a base that is not out within the horizon. */
static void test_ends(void)
{
	struct mt_finish_played out;
	struct mt_finish_play play;
	double s[900];

	phases(s, 900, 600, 0);
	for (enum mt_finish_rule rule = MT_FINISH_FM_WAITING; rule < MT_FINISH_RULES; rule++) {
		play = play_of(s, 900);
		play.n = 25;
		CHECK_INT(mt_finish_play(&play, rule, &out), -ENODATA);
		play = play_of(s, 900);
		play.n_history = 20;
		CHECK_INT(mt_finish_play(&play, rule, &out), -ENODATA);
		play = play_of(s, 900);
		play.horizon_s = 1.5;
		CHECK_INT(mt_finish_play(&play, rule, &out), 0);
		CHECK_INT(out.passes, 1);
		CHECK_NEAR(out.downtime_s, 1.2, 1e-9);
	}
}

static const struct ktap_case cases[] = {
	{ "growth platforms against every segment", test_platform },
	{ "a quiet phase is waited for, by hand", test_quiet_phase },
	{ "who has seen it all before does the best there is", test_certain },
	{ "nobody does better than who knows the future", test_bound },
	{ "a trained chain is as good as its history", test_trained },
	{ "series, histories and horizons that are too short", test_ends },
};
KTAP_MAIN(cases)
