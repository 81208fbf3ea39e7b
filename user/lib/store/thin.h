/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thin.h - which entries a long recording keeps, so that it can be read as a whole
 *
 * A recording has room for a number of entries and of bytes of text. Up to half of the entries
 * everything is kept. Then looks between two iterations and ticks become rarer: the next that is
 * kept comes after a share of all of them, 1 in max_entries / SPREAD, so that the number of those
 * kept grows by the logarithm of time. Half of the room lasts for e^8 times as many as filled the
 * first, and what is rare (iterations, decisions, events, the outcome) is there to the end. Sets of
 * pages, of which a part would mislead, end as a whole.
 */
#ifndef MIGTRACE_STORE_THIN_H
#define MIGTRACE_STORE_THIN_H

#include "record.h"

struct mt_thin {
	uint64_t max_entries, max_text_bytes;
	uint64_t entries, text_bytes;	/* so far */
	uint64_t frequent;		/* seen so far */
	uint64_t one_of;		/* one of this many is kept; 0 at first, means 1 */
	uint64_t since;			/* left out since the last that was kept */
	uint64_t pages_start_ns;	/* of the newest set of pages that was kept */
	bool pages_ended;
};

enum mt_thin_verdict {
	MT_THIN_KEEP,
	MT_THIN_KEEP_RARER,		/* keep it, and say that from here on ->one_of are one */
	MT_THIN_LEAVE_OUT,
	MT_THIN_PAGES_END,		/* leave it out, and say that there are no more sets of
					 * pages */
	MT_THIN_FULL,			/* nothing more has room, but an outcome */
};

/* What is to be known of an entry when its line has been made. */
struct mt_thin_entry {
	enum mt_entry_type type;
	uint64_t t_ns;
	bool frequent;			/* may be left out: there are many like it */
	uint64_t pages_start_ns;	/* of a set of pages */
};
struct mt_thin_entry mt_thin_entry(const struct mt_entry *e);

/* What becomes of @e, whose line has @len bytes; counts it if it is kept. */
enum mt_thin_verdict mt_thin_judge(struct mt_thin *thin, const struct mt_thin_entry *e,
				   size_t len);
/* Counts one that is there whatever is said. */
void mt_thin_count(struct mt_thin *thin, enum mt_entry_type type, size_t len);

#endif
