/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tickguest.h - a guest whose windows are counted page by page, as a kernel source counts them
 */
#ifndef TICKGUEST_H
#define TICKGUEST_H

#include "base/rng.h"
#include "base/units.h"
#include "migration.h"
#include "source/tick.h"

#define TICK_NS		(50 * MT_NS_PER_MS)
#define WINDOW_NS	MT_NS_PER_S		/* as long as a ring's windows are */
#define PAGES		65536
#define MEMORY		((double)PAGES * MIGRATION_PAGE)

/* A guest of which each write hits any of so many pages; its windows are counted page by page. */
struct guest {
	bool seen[PAGES];
	struct mt_rng rng;
	uint64_t t_ns, window, window_ns, window_pages;
	double writes_per_s, due;
	uint32_t pages;
};

static void run_tick(struct guest *g, struct mt_tick *t)
{
	uint64_t before;

	if (g->window_ns >= WINDOW_NS || !g->window) {
		memset(g->seen, 0, sizeof(g->seen));
		g->window++;
		g->window_ns = g->window_pages = 0;
	}
	before = g->window_pages;
	for (g->due += g->writes_per_s * TICK_NS / MT_NS_PER_S; g->due >= 1; g->due--) {
		bool *page = &g->seen[mt_rng_next(&g->rng) % g->pages];

		g->window_pages += !*page;
		*page = true;
	}
	g->t_ns += TICK_NS;
	g->window_ns += TICK_NS;
	*t = (struct mt_tick){ .t_ns = g->t_ns,
			       .start_ns = g->t_ns - TICK_NS,
			       .state = MIGTRACE_STATE_LOGGING };
	mt_tick_put(t, MT_TICK_ticks, 1);
	mt_tick_put(t, MT_TICK_pages, g->window_pages - before);
	mt_tick_put(t, MT_TICK_window, g->window);
	mt_tick_put(t, MT_TICK_window_ns, g->window_ns);
	mt_tick_put(t, MT_TICK_window_pages, g->window_pages);
	mt_tick_put(t, MT_TICK_window_stale_pages, 0);
	mt_tick_put(t, MT_TICK_logged_pages, PAGES);
}

static struct guest a_guest(double writes_per_s, uint32_t pages)
{
	return (struct guest){ .rng = { 5 }, .writes_per_s = writes_per_s, .pages = pages };
}

#endif
