/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reader.h - a recording while it is being read
 */
#ifndef MT_READER_H
#define MT_READER_H

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

/* A copy of @e goes to the end. MT_RECORDING_FULL: it would take too much memory; -ENOMEM with a line in @err that does not name the file. */
MT_MUST_CHECK int mt_recording_add(struct mt_recording *rec, const struct mt_entry *e, struct mt_err *err);
/* It was not read to its end. @bound: because of which bound; NULL: the file ends early. */
void mt_recording_cut(struct mt_recording *rec, const char *bound);

/*
 * A QMP series' text into @rec; see series.c. Errors do not name the file.
 */
MT_MUST_CHECK int mt_series_parse(struct mt_recording *rec, const char *text, size_t len, struct mt_err *err);
bool mt_series_recognise(const char *text, size_t len);

#endif
