/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * behind.h - a recorder's queue, and the thread that empties it onto a disk that may hang
 */
#ifndef MIGTRACE_STORE_BEHIND_H
#define MIGTRACE_STORE_BEHIND_H

#include "record.h"

struct mt_behind;

MT_MUST_CHECK int mt_behind_start(struct mt_behind **out, const struct mt_recorder_behind *how,
				  struct mt_err *err);
/* Return: 0, also where it had to be dropped; the first error of the disk. */
int mt_behind_put(struct mt_behind *b, const struct mt_entry *e);
int mt_behind_begun(struct mt_behind *b, uint64_t timeout_ms, struct mt_err *err);
int mt_behind_flush(struct mt_behind *b, uint64_t timeout_ms);
uint64_t mt_behind_dropped(struct mt_behind *b);
/* @b is the thread's alone afterwards. */
int mt_behind_close(struct mt_behind *b, struct mt_err *err);

#endif
