/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pagetimes.h - when each page was dirtied last, and in how many seconds (PURE)
 *
 * Time is cut into stretches: what is dirtied within one was dirtied at the same time. Of each page
 * its last stretch is kept, so one look tells to which of the paths that are open the page is new:
 * to those that began after it. A page costs that look once a stretch, however many paths there
 * are; when it is dirtied again in the same stretch, it is a bit among 64 others.
 *
 * Memory: four bytes and a bit a page, 1.03 MiB for each GiB of guest, for as long as the profile
 * lasts; it comes by 256 MiB of guest, as pages of these are dirtied.
 */
#ifndef MIGTRACE_CURVE_PAGETIMES_H
#define MIGTRACE_CURVE_PAGETIMES_H

#include "pageset.h"

#define MT_PAGETIMES_PATHS	16
/* before they are numbered anew, which costs a look at every page: in half an hour */
#define MT_PAGETIMES_STRETCHES	4096

struct mt_pagetimes_chunk;

struct mt_pagetimes {
	struct mt_pagetimes_chunk **chunks;	/* by the upper 16 bits of a page number; NULL: none
						 * dirtied yet */
	size_t n_chunks;
	struct mt_pagetimes_path {
		uint32_t since;		/* its first stretch; 0 = not open */
		uint64_t pages;		/* distinct ones dirtied since */
	} paths[MT_PAGETIMES_PATHS];
	uint32_t now;			/* the stretch that runs; 0 is never */
	uint8_t stretches[MT_PAGETIMES_STRETCHES];	/* how many open paths began after it, and
							 * whether it was a second */
	unsigned seconds;		/* stretches that were */
	uint64_t now_pages;		/* distinct ones of the stretch that runs */
	uint64_t all_pages;		/* and of all of them */
	bool failed;			/* no memory: pages are missing */
};

void mt_pagetimes_init(struct mt_pagetimes *t);
void mt_pagetimes_fini(struct mt_pagetimes *t);

/* These are dirtied now: they are in each open path, in the stretch that runs and in all pages. */
void mt_pagetimes_add(struct mt_pagetimes *t, const struct mt_pageset *set);
/*
 * The stretch ends, and another begins. @second: it is one of those in which pages are counted as
 * dirtied or not.
 */
void mt_pagetimes_turn(struct mt_pagetimes *t, bool second);

/* A path that begins now, with a stretch of its own; @i: one that is not open. */
void mt_pagetimes_begin_path(struct mt_pagetimes *t, size_t i);
void mt_pagetimes_end_path(struct mt_pagetimes *t, size_t i);

/* How many pages were dirtied in at least @times > 0 of the seconds. Looks at every page. */
uint64_t mt_pagetimes_in_seconds(const struct mt_pagetimes *t, unsigned times);

#endif
