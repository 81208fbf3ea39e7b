// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trace_recorded_play.c - recorded sets of pages, written to again (PURE)
 *
 * A tick's pages are written to once each, at even intervals, in an order of chance. In windows,
 * where a set has only those that were not logged before, pages of earlier ticks are written to
 * again with the probability that their rates give. So U(T) from a window's beginning is what was
 * recorded, and from other times on what follows from the rates. Below one tick it is a straight
 * line.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "trace_recorded.h"

#define BATCH		1024
/* pages less likely to be written to again within a tick are not thought of */
#define AGAIN_MIN	0.01

/* In neither list is a page twice, unless sets of a tick or a window overlap: no log's do. */
static int append(uint32_t **list, size_t *n, size_t *room, size_t most, uint32_t page)
{
	if (*n == *room) {
		size_t wanted = *room ? 2 * *room : 4096, more = wanted < most ? wanted : most;
		uint32_t *p = *n < most ? reallocarray(*list, more, sizeof(*p)) : NULL;

		if (!p)
			return -ENOMEM;
		*list = p;
		*room = more;
	}
	(*list)[(*n)++] = page;
	return 0;
}

static void shuffle(struct mt_trace_recorder *r)
{
	for (size_t i = r->n_due; i > 1; i--) {
		size_t k = (size_t)mt_rng_below(&r->rng, i);
		uint32_t page = r->due[k];

		r->due[k] = r->due[i - 1];
		r->due[i - 1] = page;
	}
}

/*
 * Without memory, or where sets overlap, a tick has fewer writes: the lists are as long as the
 * largest tick after the first round, and never longer than there are pages.
 */
static void begin_tick(struct mt_trace_recorder *r)
{
	const struct recorded_tick *t = &r->ticks[r->tick];
	double length_s = (double)t->length_ns / 1e9;
	size_t used = t->begins ? 0 : r->n_used;

	r->n_due = r->done = 0;
	r->in_tick_ns = 0;
	r->n_used = used;
	r->steps += used + t->pages;
	for (size_t i = 0; i < used; i++)
		if (mt_rng_unit(&r->rng) < -expm1(-(double)r->rates[r->used[i]] * length_s) &&
		    append(&r->due, &r->n_due, &r->due_room, r->pages, r->used[i]))
			return;
	for (size_t i = t->first_run; i < t->first_run + t->n_runs; i++) {
		for (uint32_t k = 0; k < r->runs[i].count; k++) {
			uint32_t page = r->runs[i].first + k;

			if (append(&r->due, &r->n_due, &r->due_room, r->pages, page))
				return;
			if (r->rates && (double)r->rates[page] * length_s >= AGAIN_MIN &&
			    append(&r->used, &r->n_used, &r->used_room, r->pages, page))
				return;
		}
	}
	shuffle(r);
}

static void emit_to(struct mt_trace_recorder *r, size_t upto, mt_trace_emit_fn emit, void *to)
{
	uint64_t pages[BATCH];

	while (r->done < upto) {
		size_t n = upto - r->done < BATCH ? upto - r->done : BATCH;

		for (size_t i = 0; i < n; i++)
			pages[i] = r->due[r->done + i];
		emit(to, pages, n);
		r->done += n;
	}
}

static void advance(void *opaque, uint64_t wall_ns, uint64_t work_ns, mt_trace_emit_fn emit,
		    void *to)
{
	struct mt_trace_recorder *r = opaque;

	while (work_ns && r->steps <= MT_TRACE_STEPS_MAX) {
		const struct recorded_tick *t = &r->ticks[r->tick];
		uint64_t left_ns = t->length_ns - r->in_tick_ns;

		if (work_ns >= left_ns) {
			emit_to(r, r->n_due, emit, to);
			work_ns -= left_ns;
			r->tick = r->tick + 1 == r->n_ticks ? 0 : r->tick + 1;
			begin_tick(r);
			continue;
		}
		r->in_tick_ns += work_ns;
		work_ns = 0;
		emit_to(r,
			(size_t)((double)r->n_due * (double)r->in_tick_ns / (double)t->length_ns),
			emit, to);
	}
}

static void restart(void *opaque)
{
	struct mt_trace_recorder *r = opaque;

	r->rng.state = 1;
	r->tick = 0;
	r->n_used = 0;
	r->steps = 0;
	begin_tick(r);
}

static void release(void *opaque)
{
	mt_trace_record_abandon(opaque);
}

static bool gave_up(const void *opaque)
{
	const struct mt_trace_recorder *r = opaque;

	return r->steps > MT_TRACE_STEPS_MAX;
}

const struct mt_trace_ops recorded_ops = { "recorded", advance, restart, release, gave_up };
