/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * entry.h - one line of a recording to and from its struct
 */
#ifndef MIGTRACE_STORE_ENTRY_H
#define MIGTRACE_STORE_ENTRY_H

#include "record.h"
#include "strings.h"

/* A line without its newline, the caller's to free(); NULL: no memory. */
char *mt_header_line(const struct mt_record_header *h);
char *mt_entry_line(const struct mt_entry *e);

#define MT_ENTRY_UNKNOWN	1	/* of a type that a later migtrace writes: skip it */

/*
 * Any bytes may come in. Strings go to @strings. Return: 0; -EBADMSG what is wrong with the
 * line (@err does not name file or line); -EPROTO a header from the future; -ENOMEM.
 */
MT_MUST_CHECK int mt_header_parse(struct mt_record_header *h, const char *line, size_t len,
				  struct mt_strings *strings, struct mt_err *err);
/* Also MT_ENTRY_UNKNOWN. @strange counts words that no enum of ours has. */
MT_MUST_CHECK int mt_entry_parse(struct mt_entry *e, const char *line, size_t len,
				 struct mt_strings *strings, unsigned *strange, struct mt_err *err);

/* Where @e keeps its time; never NULL. */
uint64_t *mt_entry_time(struct mt_entry *e);

#endif
