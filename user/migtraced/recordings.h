/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recordings.h - the daemon's directory of recordings
 *
 * One file a migration: DOMAIN-YYYYmmddTHHMMSSZ.mtrec, with .part while it
 * grows. What else lies in the directory is never touched.
 */
#ifndef MIGTRACED_RECORDINGS_H
#define MIGTRACED_RECORDINGS_H

#include <migtrace/record.h>

/*
 * @attempt > 0 adds "-N": two migrations of one guest in one second.
 * A domain's name is made one of a file: no '/', no blanks, no leading '.' or '-'.
 */
void recordings_name(char *buf, size_t size, const char *domain, uint64_t wall_ms, unsigned attempt);

/* Begins a recording. @path: the caller's to free(), NULL after an error. */
MT_MUST_CHECK int recordings_open(struct mt_recorder **r, char **path, const char *directory,
				  const struct mt_record_header *h, struct mt_err *err);

/* Removes the oldest finished recordings beyond @keep; 0 keeps all. Return: how many, or -errno. */
int recordings_prune(const char *directory, uint64_t keep);

/* --- what another daemon left behind, killed or stopped ---------------- */
#define RECORDINGS_LEFT	"left"		/* the last event that a daemon writes that is stopped */

struct leftovers;

/*
 * Lists the .part files of @directory, once, before anything new is recorded, and keeps other
 * daemons off the directory for as long as it lives. Return: NULL when there is nothing to be
 * done: no directory, or another daemon's.
 */
struct leftovers *leftovers_find(const char *directory);
void leftovers_free(struct leftovers *l);

/*
 * Takes up the recording of the migration of @uuid that began at @start_wall_ms, if it is
 * there. Each is given away once. Thread-safe. Return: 0 with recorder and path, -ENOENT there
 * is none, other -errno it cannot be continued.
 */
MT_MUST_CHECK int leftovers_resume(struct leftovers *l, const char *uuid, uint64_t start_wall_ms,
				   struct mt_recorder **r, char **path, struct mt_err *err);

/* Nobody else will ask: finishes the rest, outcome unknown. */
void leftovers_finish(struct leftovers *l);

#endif
