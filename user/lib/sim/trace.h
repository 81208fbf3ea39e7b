/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace.h - which pages a guest writes to, write by write (PURE)
 *
 * What the simulator plays a migration over. A trace is one of:
 *
 *   a pattern	described in words, and drawn by a seed: "uniform:region=64MiB,rate=8000/s"
 *   recorded	sets of pages of consecutive ticks; it begins anew when it ends before the
 *		migration does
 *   fitted	only U(T) is known: three classes of pages that have this curve (a fit: which pages
 *		they are, and in which order they come, is made up)
 *
 * Pages are 4 KiB and numbered from 0, the guest's memory in the order in which QEMU sends it.
 */
#ifndef MT_TRACE_H
#define MT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define MT_TRACE_PAGE_BYTES	4096

/* Takes @n writes, in order. Numbers beyond the guest are the taker's to leave out. */
typedef void (*mt_trace_emit_fn)(void *to, const uint64_t *pages, size_t n);

struct mt_trace_ops {
	const char *name;		/* "pattern", "recorded", "fitted" */
	/*
	 * The writes of the next @wall_ns, during which the guest gets as much done as
	 * it would in @work_ns if nothing held it up: less than @wall_ns when it is throttled,
	 * 0 when it is stopped.
	 */
	void (*advance)(void *opaque, uint64_t wall_ns, uint64_t work_ns, mt_trace_emit_fn emit,
			void *to);
	void (*rewind)(void *opaque);	/* as it was when it was made */
	void (*free)(void *opaque);
	/*
	 * Whether it has done more since it was made or rewound than anybody waits for, and has
	 * stopped; NULL: it never does.
	 */
	bool (*gave_up)(const void *opaque);
};

/* What its pages look like to those that make them smaller. */
struct mt_trace_content {
	double compressed_bytes;	/* of a page, by zlib */
	/*
	 * XBZRLE: fixed + per_write x the writes since it was last sent, of which more than
	 * writes_max add nothing
	 */
	double delta_fixed_bytes, delta_write_bytes;
	unsigned delta_writes_max;
};

struct mt_trace {
	const struct mt_trace_ops *ops;
	void *opaque;
	uint64_t pages;			/* that it may write to: 0 .. pages - 1 */
	/*
	 * At the beginning pages resident_first .. resident_end - 1 are not zero, others are.
	 * Inferred that they lie together.
	 */
	uint64_t resident_first, resident_end;
	uint64_t makes_up_ns;		/* after being held up, how much of what was missed is made
					 * up for */
	double top_speed;		/* at most this many times as fast as when nothing holds it
					 * up; 0: any */
	struct mt_trace_content content;
	double length_s;		/* recorded: it begins anew after this long; 0: it never
					 * does */
	const char *told;		/* one sentence: what it is, and what was made up; lives as
					 * long as it */
};

/* Frees what ops->free() frees; @t itself is the caller's. */
void mt_trace_fini(struct mt_trace *t);

/**
 * mt_trace_pattern() - a trace from words
 * @t: where to put it
 * @text: "NAME:OPTION=VALUE,..." or the same without NAME: and with pattern=NAME; blanks may stand
 * for commas
 *
 * NAME is uniform, seq, zipf, hotcold, phases, readonly or idle. The options are those of the guest
 * in tests/guest (its README tells them): region, rate, seed, s, hot, hotshare, period, duty,
 * rate2, region2, sub, keepalive, keepalive_pages, backlog, fill, and hb, tcg_flush, idle, which
 * say nothing about pages and are only checked; sizes as there (64M) or with units (64MiB). Further
 * ones: phase=DURATION (how far into its period it begins), at=SIZE (where the region begins),
 * resident=SIZE (memory that is not zero), top=RATE (writes a second that it can do at most) and
 * tables=yes (the pages in which the guest counts its writes, and those of its own).
 *
 * Return: 0; -EINVAL with a line in @err; -ENOMEM.
 */
MT_MUST_CHECK int mt_trace_pattern(struct mt_trace *t, const char *text, struct mt_err *err);

/*
 * Whether @text looks like one: begins with a known NAME and has a colon, or is nothing but the
 * name.
 */
bool mt_trace_is_pattern(const char *text);

/*
 * Writes, and pages looked at for them, after which a trace from a file gives up: some minutes of
 * ours, and three times as many as a guest has in 10 minutes that writes to a million pages a
 * second.
 */
#define MT_TRACE_STEPS_MAX		2000000000ULL

/* --- recorded -------------------------------------------------------- */
/*
 * Bounds on what sets of pages may cost, for they may come from anywhere: 12 bytes a page (512 MiB
 * for a guest of 170 GiB), ticks of a tenth of what the shortest are, and as many pages a second as
 * no host has the memory bandwidth for (64 GiB/s).
 */
#define MT_TRACE_RECORDED_PAGES_MAX	((1ULL << 29) / 12)
#define MT_TRACE_TICK_MIN_NS		100000
#define MT_TRACE_PAGES_PER_S_MAX	(1 << 24)

struct mt_trace_recorder;

/*
 * @guest_pages: those beyond, which nobody takes, are left out and cost nothing; 0: not known.
 * NULL: no memory.
 */
struct mt_trace_recorder *mt_trace_record(uint64_t guest_pages);
/*
 * The next tick: from @start_ns, which is the end of the one before or later, to @end_ns. @begins:
 * all pages had just been cleared then, and each is in the set of the first tick only in which it
 * was written to since, until the next tick that begins so. (Ticks before the first such are taken
 * as complete.)
 */
MT_MUST_CHECK int mt_trace_record_tick(struct mt_trace_recorder *r, uint64_t start_ns,
				       uint64_t end_ns, bool begins);
/*
 * Pages @first .. @first + @count - 1 were written to in it. Any order. -EINVAL also for a tick or
 * a page of the guest beyond the bounds.
 */
MT_MUST_CHECK int mt_trace_record_run(struct mt_trace_recorder *r, uint64_t first, uint64_t count);
/*
 * Takes @r, also when it fails. Return: 0; -ENODATA no tick; -ERANGE too many pages a second;
 * -ENOMEM if anything was lost on the way.
 */
MT_MUST_CHECK int mt_trace_recorded(struct mt_trace *t, struct mt_trace_recorder *r);
void mt_trace_record_abandon(struct mt_trace_recorder *r);	/* NULL is fine */

/* --- fitted ---------------------------------------------------------- */
struct mt_trace_point {
	double window_s, pages;		/* U(T) */
};

/*
 * @points in order of their windows, at least one. Within @memory_pages. Return: 0; -EINVAL with a
 * line;
 * -ENOMEM.
 */
MT_MUST_CHECK int mt_trace_fitted(struct mt_trace *t, const struct mt_trace_point *points, size_t n,
				  uint64_t memory_pages, uint64_t seed, struct mt_err *err);

#endif
