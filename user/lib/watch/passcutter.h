/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * passcutter.h - a kernel source's ticks cut into the passes of a migration
 */
#ifndef MT_PASSCUTTER_H
#define MT_PASSCUTTER_H

#include "curve/pageset.h"
#include "store/record.h"

/*
 * Ticks that are kept apart, since a boundary that cuts through them may still become known: 6 s of
 * 50 ms.
 */
#define MT_PASSCUTTER_RECENT	128
/* A pass is known if no larger share of its events is of ticks whose pages are not. */
#define MT_PASSCUTTER_UNREAD_SHARE	0.05
/*
 * QEMU resets rings in a sync, and stamps it later: a window that began so little before a pass is
 * all its own.
 */
#define MT_PASSCUTTER_SLACK_NS	50000000ULL
#define MT_PASSCUTTER_PENDING	64	/* boundaries, and passes that nobody has taken yet */

struct mt_passcutter {
	struct mt_passcutter_tick {
		uint64_t start_ns, end_ns, events, overruns;
		struct mt_pageset *pages;	/* NULL: not known */
		uint64_t wide_from_ns;		/* they are all of the window that began then; 0: of
						 * this tick */
	} recent[MT_PASSCUTTER_RECENT];
	size_t first, n;
	struct { uint64_t iteration, t_ns; } boundaries[MT_PASSCUTTER_PENDING];
	size_t n_boundaries;
	struct mt_record_pass done[MT_PASSCUTTER_PENDING];
	size_t n_done;
	/* The pass that runs, without what is recent: */
	struct mt_record_pass pass;		/* iteration 0: its beginning was not seen */
	struct mt_pageset *pages;
	uint64_t pending_unread;		/* events for which a wide set may still make up */
	uint64_t tick;				/* newest, 0 = none yet */
	bool gap;				/* whole ticks were missing in it */
	struct mt_passcutter_tick head;		/* the tick in which it began; pages NULL: none, or
						 * not known */
};

MT_MUST_CHECK int mt_passcutter_init(struct mt_passcutter *p);
void mt_passcutter_fini(struct mt_passcutter *p);
/*
 * Each tick that came. @pages NULL: not known. @exact: of this tick; else all of the window
 * that runs, and so those of ticks before it that were not known.
 */
void mt_passcutter_tick(struct mt_passcutter *p, const struct migtrace_record *r,
			const struct mt_pageset *pages, bool exact);
void mt_passcutter_boundary(struct mt_passcutter *p, uint64_t iteration, uint64_t t_ns);
/* No tick will follow: boundaries that wait for one need not. */
void mt_passcutter_end(struct mt_passcutter *p);
bool mt_passcutter_take(struct mt_passcutter *p, struct mt_record_pass *pass);

#endif
