/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recordings.h - the daemon's directory of recordings
 *
 * One file a migration: DOMAIN-YYYYmmddTHHMMSSZ.mtrec, with .part while it
 * grows. What else lies in the directory is never touched.
 */
#ifndef MIGTRACED_RECORDINGS_H
#define MIGTRACED_RECORDINGS_H

#include "store/record.h"

/*
 * @attempt > 0 adds "-N": two migrations of one guest in one second.
 * A domain's name is made one of a file: no '/', no blanks, no leading '.' or '-'.
 */
void recordings_name(char *buf, size_t size, const char *domain, uint64_t wall_ms,
		     unsigned attempt);

/*
 * Where the time stamp of one of our names begins; NULL: not one of ours. @suffix: all that
 * follows.
 */
const char *recordings_stamp(const char *name, const char *suffix);

/* Begins a recording. @path: the caller's to free(), NULL after an error. */
MT_MUST_CHECK int recordings_open(struct mt_recorder **r, char **path, const char *directory,
				  const struct mt_record_header *h, struct mt_err *err);

#endif
