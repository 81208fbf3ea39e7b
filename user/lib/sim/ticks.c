// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ticks.c - what a kernel source on the guest's host counts meanwhile (PURE)
 *
 * As the module does with rings that it resets once a second: a page is counted once in a window,
 * whenever it is first written to.
 */
#include <string.h>

#include "state.h"

#define WINDOW_NS	1e9

int sim_ticks_init(struct sim *s)
{
	if (!(s->p->tick_ms > 0) || !s->hooks.tick)
		return 0;
	s->ticks.window = 1;
	return mt_bits_init(&s->ticks.seen, s->pages);
}

void sim_ticks_fini(struct sim *s)
{
	mt_bits_fini(&s->ticks.seen);
}

void sim_ticks_written(struct sim *s, uint64_t page)
{
	if (mt_bits_has(&s->ticks.seen, page))
		return;
	mt_bits_set(&s->ticks.seen, page);
	s->ticks.pages++;
}

static void tell(struct sim *s, double end_ns)
{
	struct sim_ticks *k = &s->ticks;
	struct mt_plan plan = { .implied_downtime_ms = -1 };
	struct mt_tick t = { .t_ns = (uint64_t)end_ns + 1,
			     .start_ns = (uint64_t)k->last_ns + 1,
			     .state = MIGTRACE_STATE_LOGGING };

	mt_tick_put(&t, MT_TICK_ticks, 1);
	mt_tick_put(&t, MT_TICK_pages, k->pages - k->told_pages);
	mt_tick_put(&t, MT_TICK_window, k->window);
	mt_tick_put(&t, MT_TICK_window_ns, (uint64_t)(end_ns - k->window_ns));
	mt_tick_put(&t, MT_TICK_window_pages, k->pages);
	mt_tick_put(&t, MT_TICK_window_stale_pages, 0);
	mt_tick_put(&t, MT_TICK_logged_pages, s->pages);
	s->hooks.tick(s->hooks.opaque, &t, &plan);
	sim_carry_out(s, &plan);
}

void sim_ticks_look(struct sim *s)
{
	struct sim_ticks *k = &s->ticks;

	if (!k->seen.n || s->now_ns < k->last_ns + s->p->tick_ms * NS_PER_MS)
		return;
	sim_advance(s);
	tell(s, s->now_ns);
	k->last_ns = s->now_ns;
	k->told_pages = k->pages;
	if (s->now_ns < k->window_ns + WINDOW_NS)
		return;
	memset(k->seen.words, 0, k->seen.n_words * sizeof(*k->seen.words));
	memset(k->seen.summary, 0, k->seen.n_summary * sizeof(*k->seen.summary));
	k->window++;
	k->pages = k->told_pages = 0;
	k->window_ns = s->now_ns;
}
