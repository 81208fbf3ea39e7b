/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * joined.h - windows joined by the pages of their ticks, and what is hot (PURE)
 *
 * Each window begins a path that goes on through the following ones, as the union of all
 * ticks' pages since. Time in which logging was off does not count: it was not seen.
 */
#ifndef MIGTRACE_CURVE_JOINED_H
#define MIGTRACE_CURVE_JOINED_H

#include "pagetimes.h"
#include "samples.h"

#define MT_JOINED_PATHS	MT_PAGETIMES_PATHS	/* windows that begin within the longest T */

struct mt_joined {
	struct mt_samples samples;
	struct mt_joined_path {
		bool open;
		double before_s;		/* length of the windows before this one */
		struct mt_path path;
		double second_s, second_pages;	/* after its first second: 0 = not yet */
	} paths[MT_JOINED_PATHS];
	uint64_t window, window_start_ns;	/* the one that runs, 0 = none */
	uint64_t logged_until_ns;	/* end of its newest tick */
	struct mt_pagetimes times;	/* a window is a stretch; those of about a second are its
					 * seconds */
	double later_s, later_pages;	/* of all paths, after their first second */
	uint64_t tick;			/* newest, 0 = none yet */
	uint64_t unread;		/* events of ticks since the last set, for which nothing may
					 * make up */
	uint64_t lost;			/* those of which that is sure */
	uint64_t second_lost;		/* of them, in the window that runs */
	bool gaps;			/* whole ticks were missing */
};

void mt_joined_init(struct mt_joined *j);
void mt_joined_fini(struct mt_joined *j);
void mt_joined_tick(struct mt_joined *j, const struct migtrace_record *r,
		    const struct mt_tick_pages *pages);
void mt_joined_end(struct mt_joined *j);	/* nothing follows */

#endif
