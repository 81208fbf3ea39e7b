// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_growth.c - changes of phase from ticks: soon, and not where there are none
 */
#include "curve/growth.h"
#include "ktap.h"
#include "tickguest.h"

static unsigned changes_within(struct guest *g, struct mt_growth *growth, double seconds)
{
	unsigned n = 0;
	struct mt_tick t;

	for (double s = 0; s < seconds; s += (double)TICK_NS / MT_NS_PER_S) {
		run_tick(g, &t);
		n += mt_growth_tick(growth, MEMORY, &t);
	}
	return n;
}

/* None in a quarter of an hour, whatever the guest. */
static void test_steady(void)
{
	static const struct {
		double writes_per_s;
		uint32_t pages;
	} loads[] = { { 0, 1 }, { 300, 4000 }, { 5000, 60000 }, { 20000, 8000 }, { 100000, 3000 } };

	for (size_t i = 0; i < MT_ARRAY_SIZE(loads); i++) {
		static struct guest g;
		struct mt_growth growth = { 0 };

		g = a_guest(loads[i].writes_per_s, loads[i].pages);
		CHECK_INT(changes_within(&g, &growth, 900), 0);
	}
}

/* Ten times as fast, or a tenth: known within 200 ms, each time. */
static void test_phases(void)
{
	static struct guest g;
	struct mt_growth growth = { 0 };
	unsigned late = 0;

	g = a_guest(20000, 60000);
	CHECK_INT(changes_within(&g, &growth, 3), 0);
	for (int i = 0; i < 100; i++) {
		g.writes_per_s = i % 2 ? 20000 : 1500;
		late += changes_within(&g, &growth, 0.2) != 1;
		CHECK_INT(changes_within(&g, &growth, 2.8), 0);
	}
	printf("# 100 changes, %u not within 200 ms\n", late);
	CHECK_INT(late, 0);
}

/* What says nothing: a lower bound, a display's log, windows that began with dirty pages. */
static void test_unusable(void)
{
	static struct guest g;
	struct mt_growth growth = { 0 };
	struct mt_tick t;

	g = a_guest(20000, 60000);
	CHECK_INT(changes_within(&g, &growth, 3), 0);
	g.writes_per_s = 100;
	for (int i = 0; i < 60; i++) {
		run_tick(&g, &t);
		if (i % 3 == 0)
			t.state |= MIGTRACE_STATE_LOWER_BOUND;
		else if (i % 3 == 1)
			t.logged_pages = 4096;
		else
			t.window_stale_pages = t.window_pages;
		CHECK(!mt_growth_tick(&growth, MEMORY, &t));
	}
}

static const struct ktap_case cases[] = {
	{ "no change where there is none", test_steady },
	{ "phases are known within 200 ms", test_phases },
	{ "ticks that say nothing", test_unusable },
};

KTAP_MAIN(cases)
