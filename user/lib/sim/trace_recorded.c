// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trace_recorded.c - a trace of recorded sets of pages (PURE)
 *
 * A set tells that a page was written to in its tick, not when or how often. What lies between two
 * ticks is not known and left out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "trace_recorded.h"

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

struct mt_trace_recorder *mt_trace_record(uint64_t guest_pages)
{
	struct mt_trace_recorder *r = calloc(1, sizeof(*r));

	if (r)
		r->guest_pages = guest_pages ? guest_pages : UINT64_MAX;
	return r;
}

void mt_trace_record_abandon(struct mt_trace_recorder *r)
{
	if (!r)
		return;
	free(r->ticks);
	free(r->runs);
	free(r->rates);
	free(r->due);
	free(r->used);
	free(r);
}

int mt_trace_record_tick(struct mt_trace_recorder *r, uint64_t start_ns, uint64_t end_ns,
			 bool begins)
{
	if (end_ns <= start_ns || start_ns < r->end_ns || end_ns - start_ns < MT_TRACE_TICK_MIN_NS)
		return -EINVAL;
	if (room_for((void **)&r->ticks, &r->ticks_room, r->n_ticks, sizeof(*r->ticks))) {
		r->lost = true;
		return -ENOMEM;
	}
	r->ticks[r->n_ticks++] = (struct recorded_tick){
		.length_ns = end_ns - start_ns, .first_run = r->n_runs, .begins = begins,
	};
	r->length_ns += end_ns - start_ns;
	r->end_ns = end_ns;
	return 0;
}

int mt_trace_record_run(struct mt_trace_recorder *r, uint64_t first, uint64_t count)
{
	struct recorded_tick *t = r->n_ticks ? &r->ticks[r->n_ticks - 1] : NULL;

	if (!t || !count)
		return -EINVAL;
	if (first >= r->guest_pages)
		return 0;
	if (count > r->guest_pages - first)
		count = r->guest_pages - first;
	if (first >= MT_TRACE_RECORDED_PAGES_MAX || count > MT_TRACE_RECORDED_PAGES_MAX - first)
		return -EINVAL;
	if (room_for((void **)&r->runs, &r->runs_room, r->n_runs, sizeof(*r->runs))) {
		r->lost = true;
		return -ENOMEM;
	}
	r->runs[r->n_runs++] = (struct recorded_run){ (uint32_t)first, (uint32_t)count };
	t->n_runs++;
	t->pages += count;
	r->written += count;
	if (first + count > r->pages)
		r->pages = first + count;
	return 0;
}

/* The first tick may have all of memory: a guest that has just begun to be logged. */
static bool too_many(const struct mt_trace_recorder *r)
{
	double later = (double)r->written - (double)r->pages;

	return later > (double)r->length_ns / 1e9 * MT_TRACE_PAGES_PER_S_MAX;
}

static int check_and_rate(struct mt_trace_recorder *r)
{
	if (r->lost)
		return -ENOMEM;
	if (!r->n_ticks)
		return -ENODATA;
	return too_many(r) ? -ERANGE : recorded_rates(r);
}

int mt_trace_recorded(struct mt_trace *t, struct mt_trace_recorder *r)
{
	int rc = check_and_rate(r);

	memset(t, 0, sizeof(*t));
	if (rc) {
		mt_trace_record_abandon(r);
		return rc;
	}
	recorded_ops.rewind(r);
	snprintf(r->told, sizeof(r->told),
		 "recorded sets of pages of %zu ticks, %.1f s in all, begun anew at their end%s",
		 r->n_ticks, (double)r->length_ns / 1e9,
		 r->rates ? "; writes after a page's first in a window are drawn by its rate" : "");
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
