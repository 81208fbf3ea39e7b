// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * recorded.c - a trace of recorded sets of pages (PURE)
 *
 * A set tells that a page was written to in its tick, not when or how often: its pages are written once each, in
 * even intervals, in the order of their numbers. So U(T) is exact for windows of whole ticks, and below one
 * tick it is a straight line. What lies between two ticks is not known and left out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <migtrace/trace.h>

#define BATCH	1024

struct run {
	uint32_t first, count;
};

struct tick {
	uint64_t length_ns;
	size_t first_run, n_runs;
	uint64_t pages;
};

struct mt_trace_recorder {
	struct tick *ticks;
	struct run *runs;
	size_t n_ticks, n_runs, ticks_room, runs_room;
	uint64_t end_ns, pages, length_ns;
	bool lost;
	/* While it is played: */
	size_t tick, run;
	uint64_t in_tick_ns, emitted, in_run;
	char told[160];
};

static int room_for(void **array, size_t *room, size_t n, size_t size)
{
	size_t more = *room ? 2 * *room : 256;
	void *p;

	if (n < *room)
		return 0;
	p = reallocarray(*array, more, size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*room = more;
	return 0;
}

struct mt_trace_recorder *mt_trace_record(void)
{
	return calloc(1, sizeof(struct mt_trace_recorder));
}

void mt_trace_record_abandon(struct mt_trace_recorder *r)
{
	if (!r)
		return;
	free(r->ticks);
	free(r->runs);
	free(r);
}

int mt_trace_record_tick(struct mt_trace_recorder *r, uint64_t start_ns, uint64_t end_ns)
{
	if (end_ns <= start_ns || start_ns < r->end_ns)
		return -EINVAL;
	if (room_for((void **)&r->ticks, &r->ticks_room, r->n_ticks, sizeof(*r->ticks))) {
		r->lost = true;
		return -ENOMEM;
	}
	r->ticks[r->n_ticks++] = (struct tick){ .length_ns = end_ns - start_ns, .first_run = r->n_runs };
	r->length_ns += end_ns - start_ns;
	r->end_ns = end_ns;
	return 0;
}

int mt_trace_record_run(struct mt_trace_recorder *r, uint64_t first, uint64_t count)
{
	struct tick *t = r->n_ticks ? &r->ticks[r->n_ticks - 1] : NULL;

	if (!t || !count || first > UINT32_MAX || count > UINT32_MAX - first)
		return -EINVAL;
	if (room_for((void **)&r->runs, &r->runs_room, r->n_runs, sizeof(*r->runs))) {
		r->lost = true;
		return -ENOMEM;
	}
	r->runs[r->n_runs++] = (struct run){ (uint32_t)first, (uint32_t)count };
	t->n_runs++;
	t->pages += count;
	if (first + count > r->pages)
		r->pages = first + count;
	return 0;
}

/* --- playing ------------------------------------------------------------- */
static void emit_to(struct mt_trace_recorder *r, const struct tick *t, uint64_t upto, mt_trace_emit_fn emit, void *to)
{
	uint64_t pages[BATCH];
	size_t n = 0;

	for (; r->emitted < upto; r->emitted++) {
		const struct run *run = &r->runs[t->first_run + r->run];

		pages[n++] = run->first + r->in_run;
		if (++r->in_run == run->count) {
			r->in_run = 0;
			r->run++;
		}
		if (n == BATCH) {
			emit(to, pages, n);
			n = 0;
		}
	}
	if (n)
		emit(to, pages, n);
}

static void next_tick(struct mt_trace_recorder *r)
{
	r->tick = r->tick + 1 == r->n_ticks ? 0 : r->tick + 1;
	r->run = 0;
	r->in_tick_ns = r->emitted = r->in_run = 0;
}

static void advance(void *opaque, uint64_t wall_ns, uint64_t work_ns, mt_trace_emit_fn emit, void *to)
{
	struct mt_trace_recorder *r = opaque;

	while (work_ns) {
		const struct tick *t = &r->ticks[r->tick];
		uint64_t left_ns = t->length_ns - r->in_tick_ns;

		if (work_ns >= left_ns) {
			emit_to(r, t, t->pages, emit, to);
			work_ns -= left_ns;
			next_tick(r);
			continue;
		}
		r->in_tick_ns += work_ns;
		work_ns = 0;
		emit_to(r, t, (uint64_t)((double)t->pages * (double)r->in_tick_ns / (double)t->length_ns), emit, to);
	}
}

static void restart(void *opaque)
{
	struct mt_trace_recorder *r = opaque;

	r->tick = r->n_ticks - 1;
	next_tick(r);
}

static void release(void *opaque)
{
	mt_trace_record_abandon(opaque);
}

static const struct mt_trace_ops recorded_ops = { "recorded", advance, restart, release };

int mt_trace_recorded(struct mt_trace *t, struct mt_trace_recorder *r)
{
	memset(t, 0, sizeof(*t));
	if (r->lost || !r->n_ticks) {
		int rc = r->lost ? -ENOMEM : -ENODATA;

		mt_trace_record_abandon(r);
		return rc;
	}
	restart(r);
	snprintf(r->told, sizeof(r->told), "recorded sets of pages of %zu ticks, %.1f s in all, begun anew at their end",
		 r->n_ticks, (double)r->length_ns / 1e9);
	*t = (struct mt_trace){
		.ops = &recorded_ops,
		.opaque = r,
		.pages = r->pages,
		.resident_end = UINT64_MAX,	/* not known: all of it */
		.content = {
			/* Of pages that nobody has looked at. Inferred. */
			.compressed_bytes = MT_TRACE_PAGE_BYTES * 0.5,
			.delta_fixed_bytes = 16,
			.delta_write_bytes = 128,
			.delta_writes_max = 16,
		},
		.length_s = (double)r->length_ns / 1e9,
		.told = r->told,
	};
	return 0;
}
