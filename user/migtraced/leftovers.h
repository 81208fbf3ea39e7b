/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leftovers.h - recordings that another daemon left behind, killed or stopped
 *
 * They are read, and finished, on a thread of their own: whatever lies in the directory, and
 * however slow it is, nobody waits for it but who asks for a recording to go on with, on a
 * recorder's thread.
 */
#ifndef MIGTRACED_LEFTOVERS_H
#define MIGTRACED_LEFTOVERS_H

#include "store/record.h"

#define RECORDINGS_LEFT	"left"		/* the last event that a daemon writes that is stopped */

struct leftovers;

/*
 * Begins to read the .part files of @directory, once, before anything new is recorded, and keeps
 * other daemons off the directory for as long as it lives. Return: NULL when there is nothing to be
 * done: no directory, one that others can write to, or another daemon's.
 */
struct leftovers *leftovers_find(const char *directory);

struct leftovers *leftovers_get(struct leftovers *l);
/* The last one: asks the thread to stop, and leaves it what it hangs in. NULL is fine. */
void leftovers_put(struct leftovers *l);

/*
 * Takes up the recording of the migration of @uuid that began at @start_wall_ms, if it is
 * there. Each is given away once. Waits until all are read, but not for ever. Return: 0 with
 * recorder and path, -ENOENT there is none, other -errno it cannot be continued.
 */
MT_MUST_CHECK int leftovers_resume(struct leftovers *l, const char *uuid, uint64_t start_wall_ms,
				   struct mt_recorder **r, char **path, struct mt_err *err);

/* Nobody else will ask: has the rest finished, outcome unknown. Does not wait. NULL is fine. */
void leftovers_finish(struct leftovers *l);
/* Until the thread has done what it was asked for. Return: false: not within that time. */
bool leftovers_wait(struct leftovers *l, uint64_t timeout_ms);

#endif
