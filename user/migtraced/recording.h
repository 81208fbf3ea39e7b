/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording.h - the recording of one migration, on a thread of its own
 *
 * Nothing here waits for a disk longer than is said: room is made, the file is opened or gone on
 * with, written, finished and pruned behind the caller's back. Whatever goes wrong there is in the
 * log, and the migration is supervised all the same.
 */
#ifndef MIGTRACED_RECORDING_H
#define MIGTRACED_RECORDING_H

#include "config.h"
#include "leftovers.h"

struct recording;

struct recording_setup {
	struct config *config;
	struct leftovers *leftovers;		/* may be NULL */
	const struct mt_record_header *header;	/* copied */
	uint64_t job_wall_ms;			/* when the migration began: a leftover of it is
						 * gone on with */
};

/*
 * NULL: nothing is recorded, by configuration or, told in the log, for want of memory. Waits 0.3 s
 * for a healthy disk.
 */
struct recording *recording_begin(const struct recording_setup *setup);
/* For mt_supervise(); NULL for NULL. */
struct mt_recorder *recording_recorder(struct recording *rec);
/* A copy of its path, NULL as long as there is none; and whether it went on with another's. */
char *recording_path(struct recording *rec, bool *resumed);

/* Entries that the disk did not keep up with, so far. */
uint64_t recording_dropped(struct recording *rec);

/*
 * The migration is over. @error: what mt_supervise() found. Waits at most 5 s. NULL is fine,
 * likewise below.
 */
void recording_end(struct recording *rec, int error);
/* It goes on without us: leaves the recording for the next daemon. Waits at most 1 s. */
void recording_leave(struct recording *rec);

#endif
