/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace_recorded.h - recorded sets of pages: what is kept, and how it is played (PURE)
 */
#ifndef MT_TRACE_RECORDED_H
#define MT_TRACE_RECORDED_H

#include "base/rng.h"
#include "trace.h"

struct recorded_run {
	uint32_t first, count;
};

struct recorded_tick {
	uint64_t length_ns;
	size_t first_run, n_runs;
	uint64_t pages;
	bool begins;			/* a window */
};

struct mt_trace_recorder {
	struct recorded_tick *ticks;
	struct recorded_run *runs;
	size_t n_ticks, n_runs, ticks_room, runs_room;
	uint64_t guest_pages;		/* it has no more; UINT64_MAX: not known */
	uint64_t end_ns, pages, length_ns;
	uint64_t written;		/* pages of all ticks */
	bool lost;
	float *rates;			/* of each page, writes a second as long as it is in use;
					 * NULL: no window ever begins */
	char told[192];
	/* While it is played: */
	struct mt_rng rng;
	size_t tick;
	uint64_t in_tick_ns;
	uint64_t steps;
	uint32_t *due;			/* this tick's writes, in order */
	size_t n_due, done, due_room;
	uint32_t *used;			/* pages logged so far in this window that may be written to
					 * again */
	size_t n_used, used_room;
};

/*
 * recorded_rates.c: from when pages are logged in windows, how often they are written to. Return:
 * 0; -ENOMEM.
 */
MT_MUST_CHECK int recorded_rates(struct mt_trace_recorder *r);
/* recorded_play.c */
extern const struct mt_trace_ops recorded_ops;

#endif
