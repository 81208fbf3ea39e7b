/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * entries.h - a recording in memory, while it is being read
 */
#ifndef MT_ENTRIES_H
#define MT_ENTRIES_H

#include "record.h"
#include "strings.h"

/* Behind mt_recording.priv. */
struct mt_recording_store {
	struct mt_strings strings;
	size_t room;			/* allocated entries */
	size_t memory_bytes;		/* that entries and strings may take */
};

static inline struct mt_recording_store *mt_recording_store(struct mt_recording *rec)
{
	return rec->priv;
}

#define MT_RECORDING_FULL	1

/* An empty one; mt_recording_free() takes it, too. NULL: no memory. */
struct mt_recording *mt_recording_new(const char *path, const struct mt_recording_limits *limits);

/*
 * A copy of @e goes to the end. MT_RECORDING_FULL: it would take too much memory; -ENOMEM with a
 * line in @err that does not name the file.
 */
MT_MUST_CHECK int mt_recording_add(struct mt_recording *rec, const struct mt_entry *e,
				   struct mt_err *err);
/* It was not read to its end. @bound: because of which bound; NULL: the file ends early. */
void mt_recording_cut(struct mt_recording *rec, const char *bound);

#endif
