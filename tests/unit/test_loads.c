// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_loads.c - phases from ticks and from a history, and what predict makes of them
 */
#include <stdlib.h>

#include "curve/growth.h"
#include "ktap.h"
#include "policy/loads.h"
#include "steered.h"
#include "tickguest.h"

#define HIGH_PER_S	20000
#define LOW_PER_S	1500

/* A guest, and what is made of its ticks. */
struct watched {
	struct guest g;
	struct mt_growth growth;
	struct mt_loads loads;
};

static void watch(struct watched *w, double writes_per_s, double seconds)
{
	struct mt_tick t;

	w->g.writes_per_s = writes_per_s;
	for (double s = TICK_NS / 2e9; s < seconds; s += (double)TICK_NS / MT_NS_PER_S) {
		run_tick(&w->g, &t);
		mt_loads_tick(&w->loads, &t, mt_growth_tick(&w->growth, MEMORY, &t));
	}
}

static struct watched *a_watched(void)
{
	static struct watched w;

	memset(&w, 0, sizeof(w));
	w.g = a_guest(HIGH_PER_S, 60000);
	return &w;
}

static bool near(double is, double should, double off)
{
	return fabs(is - should) <= off;
}

static void test_none(void)
{
	struct watched *w = a_watched();
	struct mt_loads_ahead a;

	CHECK(!mt_loads_look(&w->loads, w->g.t_ns, &a));
	watch(w, HIGH_PER_S, 30);
	CHECK(!mt_loads_look(&w->loads, w->g.t_ns, &a));
	/* Half as much again is no other phase. */
	for (int i = 0; i < 5; i++) {
		watch(w, 1.5 * HIGH_PER_S, 4);
		watch(w, HIGH_PER_S, 4);
	}
	CHECK(!mt_loads_look(&w->loads, w->g.t_ns, &a));
}

/* 4 s high, 3 s low, over and over: what is ahead at each moment is known by the clock. */
static void test_to_and_fro(void)
{
	struct watched *w = a_watched();
	struct mt_loads_ahead a;

	watch(w, HIGH_PER_S, 4);
	watch(w, LOW_PER_S, 1);
	/* The first low phase: nobody knows how long they are. As long again as likely as not. */
	CHECK(mt_loads_look(&w->loads, w->g.t_ns, &a) && a.low);
	CHECK(near(a.low_for_s.p50, 1, 0.2) && a.low_for_s.p10 < 0.2 && a.low_for_s.p90 > 7);
	watch(w, LOW_PER_S, 2);
	for (int i = 0; i < 4; i++) {
		watch(w, HIGH_PER_S, 1);
		CHECK(mt_loads_look(&w->loads, w->g.t_ns, &a) && !a.low);
		CHECK(near(a.low_in_s.p50, 3, 0.3));
		CHECK(near(a.low_for_s.p50, 3, 0.3));
		/* One that is known, or several: how sure that is differs. */
		CHECK(near(a.low_in_s.p90, i > 1 ? 5 : 7, 0.5));
		/* A tick of 50 ms of the high phase may be counted in 3 s of the low one. */
		CHECK(near(a.low_bytes_per_s / MIGRATION_PAGE, LOW_PER_S, 0.25 * LOW_PER_S));
		CHECK(a.high_bytes_per_s > 8 * a.low_bytes_per_s);
		watch(w, HIGH_PER_S, 3);
		watch(w, LOW_PER_S, 2);
		CHECK(mt_loads_look(&w->loads, w->g.t_ns, &a) && a.low);
		CHECK(near(a.low_for_s.p50, 1, 0.3) && a.low_in_s.p50 == 0);
		watch(w, LOW_PER_S, 1);
	}
	CHECK_INT(a.changes, 9);
	/* What the source said 3 s ago is no longer true. */
	CHECK(!mt_loads_look(&w->loads, w->g.t_ns + 3 * MT_NS_PER_S, &a));
	/* It stays high for longer than it ever did: these phases are over. */
	watch(w, HIGH_PER_S, 7);
	CHECK(!mt_loads_look(&w->loads, w->g.t_ns, &a));
}

/* More changes than are kept. */
static void test_many(void)
{
	struct watched *w = a_watched();
	struct mt_loads_ahead a;

	for (int i = 0; i < 40; i++) {
		watch(w, HIGH_PER_S, 2);
		watch(w, LOW_PER_S, 1);
	}
	watch(w, HIGH_PER_S, 1);
	CHECK(mt_loads_look(&w->loads, w->g.t_ns, &a) && !a.low && near(a.low_in_s.p50, 1, 0.2));
	CHECK_INT(w->loads.n, MT_LOADS_STAYS);
}

/* A history of 5 s high, 2 s low; the migration begins somewhere in a high phase. */
static void test_history(void)
{
	double bytes[700];
	struct mt_history h = { bytes, 700, 0.1 };
	struct watched *w = a_watched();
	struct mt_loads_ahead a;

	for (int i = 0; i < 700; i++)
		bytes[i] = (i % 70 < 50 ? HIGH_PER_S : LOW_PER_S) * 0.1 * MIGRATION_PAGE *
			   (i & 1 ? 0.8 : 1.2);
	mt_loads_history(&w->loads, &h);
	/* Where it is now nobody knows. */
	CHECK(!mt_loads_look(&w->loads, w->g.t_ns, &a));
	watch(w, HIGH_PER_S, 1);
	CHECK(mt_loads_look(&w->loads, w->g.t_ns, &a) && !a.low);
	CHECK(near(a.low_in_s.p50, 2, 0.1) && a.low_in_s.p10 == 0 && a.low_in_s.p90 > 5);
	CHECK(near(a.low_for_s.p50, 2, 0.1));
	watch(w, LOW_PER_S, 0.5);
	CHECK(mt_loads_look(&w->loads, w->g.t_ns, &a) && a.low && near(a.low_for_s.p50, 1.5, 0.2));
	/* One load is none to go to and fro between. */
	w = a_watched();
	for (int i = 0; i < 700; i++)
		bytes[i] = (1000 + i % 3) * (double)MIGRATION_PAGE;
	mt_loads_history(&w->loads, &h);
	CHECK_INT(w->loads.n, 1);
}

/* --- what predict makes of it, in the simulator ----------------------------------- */
static void play(const char *pattern, bool postcopy, double history_s, unsigned seed,
		 struct mt_sim_result *r)
{
	struct mt_history history = { .bytes = NULL };
	struct steered s;
	char seeded[160];

	snprintf(seeded, sizeof(seeded), "%s,seed=%u", pattern, seed);
	steered_begin(&s, seeded, 100, postcopy);
	s.p.tick_ms = 50;
	if (history_s > 0) {
		CHECK_INT(mt_sim_history(&s.trace, history_s, MT_SLOT_S, &history), 0);
		s.limits.history = &history;
	}
	steered_end(&s);
	free(history.bytes);
	*r = s.r;
}

static void test_predict(void)
{
	static const struct {
		const char *pattern;
		enum mt_sim_end unknown, unknown_flips;	/* how it ends where no phases are known */
	} guests[] = {
		/* 5 s over the link, 5 s next to nothing; and 12 s, and 12 s */
		{ "phases:region=128MiB,rate=25000/s,period=10s,duty=50%,rate2=300/s,region2=1MiB",
		  MT_SIM_CONVERGED, MT_SIM_POSTCOPIED },
		{ "phases:region=128MiB,rate=25000/s,period=24s,duty=50%,rate2=300/s,region2=1MiB",
		  MT_SIM_ABORTED, MT_SIM_POSTCOPIED },
	};
	struct mt_sim_result r;

	for (size_t i = 0; i < MT_ARRAY_SIZE(guests); i++)
		for (unsigned seed = 1; seed <= 3; seed++) {
			play(guests[i].pattern, false, 0, seed, &r);
			CHECK_INT(r.end, guests[i].unknown);
			play(guests[i].pattern, true, 0, seed, &r);
			CHECK_INT(r.end, guests[i].unknown_flips);
			/* It waits for the low phase, whatever else is allowed. */
			for (int postcopy = 0; postcopy < 2; postcopy++) {
				play(guests[i].pattern, postcopy, 60, seed, &r);
				CHECK_INT(r.end, MT_SIM_CONVERGED);
				CHECK(r.stall_ms < 150);
			}
		}
	/* A low phase in which nothing could be shed is not waited for. */
	play("phases:region=128MiB,rate=25000/s,period=3s,duty=80%,rate2=9000/s,region2=64MiB", true,
	     60, 1, &r);
	CHECK_INT(r.end, MT_SIM_POSTCOPIED);
}

static const struct ktap_case cases[] = {
	{ "no phases where there are none", test_none },
	{ "to and fro, by the clock", test_to_and_fro },
	{ "the newest of many phases", test_many },
	{ "phases of a history", test_history },
	{ "predict waits for a low phase that is near", test_predict },
};

KTAP_MAIN(cases)
