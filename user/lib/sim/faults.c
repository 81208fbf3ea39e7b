// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * faults.c - a guest in post-copy: runs at the destination until it needs a page that is not there
 * (PURE)
 */
#include <errno.h>
#include <string.h>

#include "faults.h"

#define STEP_NS	(1 * NS_PER_MS)

int sim_guest_init(struct sim_guest *g, struct sim *s, double run_ns)
{
	*g = (struct sim_guest){ .s = s, .now_ns = run_ns, .heard_ns = s->stopped_ns };
	return sim_flight_init(&g->flight, s->pages);
}

void sim_guest_fini(struct sim_guest *g)
{
	sim_flight_fini(&g->flight);
	free(g->next);
}

static void keep(void *to, const uint64_t *pages, size_t n)
{
	struct sim_guest *g = to;

	if (g->n + n > g->room) {
		size_t room = 2 * (g->n + n);
		uint64_t *more = reallocarray(g->next, room, sizeof(*more));

		if (!more) {
			g->lost = true;
			return;
		}
		g->next = more;
		g->room = room;
	}
	memcpy(g->next + g->n, pages, n * sizeof(*pages));
	g->n += n;
}

static void heard(struct sim_guest *g)
{
	sim_heard(g->s, g->now_ns - g->heard_ns);
	g->heard_ns = g->now_ns;
	g->touches = 0;
}

/*
 * The next step's accesses: what it missed at once, anything else as time passes. Return: false: it
 * is there.
 */
static bool plan(struct sim_guest *g, double until_ns)
{
	double wall_ns = fmin(STEP_NS, until_ns - g->now_ns), work_ns = wall_ns;
	struct mt_trace *trace = g->s->trace;

	if (wall_ns < 1 && g->owed_ns < 1)
		return false;
	if (g->owed_ns >= 1) {
		wall_ns = 0;
		work_ns = fmin(STEP_NS, g->owed_ns);
		g->owed_ns -= work_ns;
	}
	g->n = g->at = 0;
	g->begin_ns = g->now_ns;
	if (trace)
		trace->ops->advance(trace->opaque, (uint64_t)wall_ns, (uint64_t)work_ns, keep, g);
	g->every_ns = g->n ? wall_ns / (double)g->n : 0;
	if (g->n)
		return true;
	g->now_ns += wall_ns;
	heard(g);
	return true;
}

static void wait_for(struct sim_guest *g, uint64_t page)
{
	g->waits = true;
	g->page = page;
	g->since_ns = g->now_ns;
	g->request_ns = g->now_ns + g->s->p->host.rtt_ms / 2 * NS_PER_MS;
	g->s->r->faults++;
}

/* Return: false when it has to wait on. */
static bool wake(struct sim_guest *g, double until_ns)
{
	double arrives_ns, missed_ns;

	if (mt_bits_has(&g->s->dirty, g->page))
		return false;
	arrives_ns = sim_flight_arrival(&g->flight, g->page);
	arrives_ns = fmax(arrives_ns, g->now_ns) + g->s->p->host.place_ms * NS_PER_MS;
	if (arrives_ns > until_ns)
		return false;
	missed_ns = arrives_ns - g->since_ns;
	g->waited_ns += missed_ns;
	g->owed_ns =
		g->s->trace ? fmin(g->owed_ns + missed_ns, (double)g->s->trace->makes_up_ns) : 0;
	g->now_ns = arrives_ns;
	g->waits = false;
	return true;
}

/* Return: false when it meets a page that is not there. */
static bool touch(struct sim_guest *g)
{
	uint64_t page = g->next[g->at];
	double t = g->begin_ns + (double)g->at * g->every_ns;

	if (t > g->now_ns)
		g->now_ns = t;
	sim_flight_land(&g->flight, g->now_ns);
	if (page < g->s->pages &&
	    (mt_bits_has(&g->s->dirty, page) || mt_bits_has(&g->flight.on_way, page))) {
		wait_for(g, page);
		return false;
	}
	if (g->s->hooks.written && page < g->s->pages)
		g->s->hooks.written(g->s->hooks.opaque, page);
	g->at++;
	if (++g->touches >= g->s->p->host.beat_touches)
		heard(g);
	if (g->at == g->n) {
		g->now_ns = fmax(g->now_ns, g->begin_ns + (double)g->n * g->every_ns);
		if (g->owed_ns < 1)
			heard(g);
	}
	return true;
}

void sim_guest_run(struct sim_guest *g, double until_ns)
{
	while (!g->lost) {
		if (g->waits && !wake(g, until_ns))
			return;
		if (g->at == g->n && !plan(g, until_ns))
			return;
		while (g->at < g->n && touch(g))
			;
	}
}

bool sim_guest_asks(const struct sim_guest *g, double now_ns)
{
	return g->waits && g->request_ns <= now_ns && mt_bits_has(&g->s->dirty, g->page);
}
