/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * recording.h - a recording while it is being read
 */
#ifndef MIGTRACE_STORE_RECORDING_H
#define MIGTRACE_STORE_RECORDING_H

#include <migtrace/record.h>

#include "store/strings.h"

/* Bounds memory: a struct mt_entry has about 1 KiB. Three days of a sample every 250 ms. */
#define MT_RECORDING_MAX_ENTRIES	1000000

/* Behind mt_recording.priv. */
struct mt_recording_store {
	struct mt_strings strings;
	size_t room;			/* allocated entries */
};

static inline struct mt_recording_store *mt_recording_store(struct mt_recording *rec)
{
	return rec->priv;
}

/* A copy of @e goes to the end. -ENOMEM, -EBADMSG too many; with a line in @err that does not name the file. */
MT_MUST_CHECK int mt_recording_add(struct mt_recording *rec, const struct mt_entry *e, struct mt_err *err);

/*
 * A QMP series' text into @rec; see series.c. Errors do not name the file.
 */
MT_MUST_CHECK int mt_series_parse(struct mt_recording *rec, const char *text, size_t len, struct mt_err *err);
bool mt_series_recognise(const char *text, size_t len);

#endif
