/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ticker.h - a thread that reads a source's ticks as they come
 *
 * The thread makes no call of libvirt's and waits for nobody: a slow hypervisor delays no
 * tick, and a slow source no migration.
 */
#ifndef MT_TICKER_H
#define MT_TICKER_H

#include "source/source.h"

struct mt_pageset;
struct mt_ticker;

struct mt_seen {
	const struct migtrace_record *record;
	/*
	 * With pages: those that were logged since the tick for which ->pages was last given,
	 * and perhaps, if !->pages_exact, others of the window that runs. NULL: not this time.
	 */
	const struct mt_pageset *pages;
	bool pages_exact;
	/* With pages, if another window has begun since: all of it, and nothing from before. */
	const struct mt_pageset *window_pages;
	bool pages_lost;	/* of ticks before this one some pages will never be known */
};
/* On the ticker's thread, in time order. */
typedef void (*mt_seen_fn)(const struct mt_seen *seen, void *opaque);

/* @source is the ticker's from now on, also when this fails. @pages: read each tick's set. */
MT_MUST_CHECK int mt_ticker_start(struct mt_ticker **t, struct mt_source *source, bool pages,
				  mt_seen_fn fn, void *opaque, struct mt_err *err);
/* Reads what is there, ends the thread and closes the source. NULL is fine. */
void mt_ticker_stop(struct mt_ticker *t);

#endif
