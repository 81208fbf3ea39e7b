/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tick.h - what one or more ticks of a kernel source counted (PURE)
 *
 * A tick of the source's ABI (struct migtrace_record), or several that were merged, since
 * a recording has no use for a thousand a second. One schema table names each column, its
 * unit, what makes it known and how ticks are merged; recordings, JSON, CSV and text walk it.
 */
#ifndef MT_TICK_H
#define MT_TICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source.h"

/*
 * Every column: name and JSON key, unit, the bit of enum migtrace_valid without which it is
 * unknown, how it is merged, meaning.
 */
#define MT_TICK_FIELDS(X) \
	X(ticks,		"",	0,			  SUM, \
	  "ticks of the source that are counted here") \
	X(lost_ticks,		"",	0,			  SUM, \
	  "ticks missing among them: records that found the ring full") \
	X(pages,		"pages", MIGTRACE_VALID_PAGES,	  SUM, \
	  "distinct pages logged in each tick, summed over the ticks") \
	X(events,		"",	MIGTRACE_VALID_PAGES,	  SUM, \
	  "times that a page was logged") \
	X(overruns,		"",	MIGTRACE_VALID_PAGES,	  SUM, \
	  "events whose page is not known") \
	X(resets,		"",	MIGTRACE_VALID_RESETS,	  SUM, \
	  "resets of a ring, or clears of 64 pages of a bitmap") \
	X(cleared_pages,	"pages", MIGTRACE_VALID_RESETS,	  SUM, \
	  "pages that clears of a bitmap made clean") \
	X(ring_full_exits,	"",	MIGTRACE_VALID_RING_FULL, SUM, \
	  "exits of vCPUs because of a full ring") \
	X(window,		"",	MIGTRACE_VALID_WINDOW,	  LAST, \
	  "number of the current window, from 1") \
	X(window_ns,		"ns",	MIGTRACE_VALID_WINDOW,	  LAST,	"how long it has run") \
	X(window_stale_pages,	"pages", MIGTRACE_VALID_WINDOW,	  LAST, \
	  "pages that were dirty when it began") \
	X(window_pages,		"pages", MIGTRACE_VALID_WINDOW,	  LAST, \
	  "distinct pages logged since it began: U(window_ns)") \
	X(logged_pages,		"pages", 0,			  LAST, \
	  "size of the memslots that are logged") \
	X(ring_used,		"",	MIGTRACE_VALID_RING_USED, MOST, \
	  "the most entries that a vCPU's ring held before they were reset") \
	X(ring_entries,		"",	MIGTRACE_VALID_RING_USED, LAST, \
	  "how many a vCPU's ring has room for")

enum mt_tick_field {
#define X(name, unit, needs, merge, help) MT_TICK_##name,
	MT_TICK_FIELDS(X)
#undef X
	MT_TICK_COUNT
};

enum mt_tick_merge { MT_TICK_SUM, MT_TICK_LAST, MT_TICK_MOST };

struct mt_tick {
	uint64_t t_ns;		/* its end, CLOCK_MONOTONIC */
	uint64_t start_ns;
	uint64_t last;		/* number of the newest tick in it; not recorded */
	unsigned state;		/* enum migtrace_state; merged: all that was the case in any of
				 * them */
	uint64_t valid;		/* bit per enum mt_tick_field */
#define X(name, unit, needs, merge, help) uint64_t name;
	MT_TICK_FIELDS(X)
#undef X
};

struct mt_tick_info {
	const char *name;	/* C name, JSON key and CSV column */
	const char *unit;	/* "" = a plain count */
	const char *help;
	uint32_t needs;		/* enum migtrace_valid; 0 = always known */
	enum mt_tick_merge merge;
	size_t offset;		/* of the uint64_t in struct mt_tick */
};

extern const struct mt_tick_info mt_tick_schema[MT_TICK_COUNT];

#define mt_tick_has(t, field)	(((t)->valid >> MT_TICK_##field) & 1)

/* By index, for code that walks the schema. */
bool mt_tick_get(const struct mt_tick *t, enum mt_tick_field f, uint64_t *value);
void mt_tick_put(struct mt_tick *t, enum mt_tick_field f, uint64_t value);

void mt_tick_from_record(struct mt_tick *t, const struct migtrace_record *r);
/*
 * @newer follows @t. Where @t is all 0 it becomes @newer. What one of them does not know the sum
 * does not know.
 */
void mt_tick_merge(struct mt_tick *t, const struct mt_tick *newer);

#endif
