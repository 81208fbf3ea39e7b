/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pagereader.h - the pages of a source's ticks as sets
 */
#ifndef MT_PAGEREADER_H
#define MT_PAGEREADER_H

#include "curve/pageset.h"
#include "source/source.h"

struct mt_pagereader {
	struct mt_source *source;	/* the caller's */
	struct mt_pageset *set;		/* what was read last */
	struct mt_pageset *begun;	/* all of the window that runs, if ->has_begun */
	bool has_begun;			/* it is another than at the last read, and began clean */
	struct migtrace_slot *slots;
	size_t n_slots, room;
	bool listed;
	uint64_t *words;
	uint64_t tick, window;		/* last one read whole; 0 = none yet */
};

enum mt_pages_read {
	MT_PAGES_TICK,		/* those of this tick, and none was missed before it */
	MT_PAGES_WINDOW,	/* ticks were missed; these are all of the window that runs, theirs
				 * among them */
	MT_PAGES_LATE,		/* the tick is over: perhaps the next one makes up for it */
	MT_PAGES_LOST,		/* those of this tick; of ticks before it some are lost for good */
	MT_PAGES_NONE,		/* the source cannot tell */
};

MT_MUST_CHECK int mt_pagereader_init(struct mt_pagereader *p, struct mt_source *source);
void mt_pagereader_fini(struct mt_pagereader *p);

/*
 * The pages of the tick of @r, which should be the newest record: sets are there for a tick only.
 */
enum mt_pages_read mt_pagereader_read(struct mt_pagereader *p, const struct migtrace_record *r);

#endif
