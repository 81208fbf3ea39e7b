/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * space.h - how much space recordings may take, and which have to go
 *
 * Oldest is what was written to longest ago, and the directory's modification times are kept in the
 * order in which recordings ended (space_settle()): names, which have the time of day, are wrong
 * when the clock was. Never removed are the newest, what somebody writes, and anything in a
 * directory that another daemon uses.
 */
#ifndef MIGTRACED_SPACE_H
#define MIGTRACED_SPACE_H

#include <stdint.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"

struct space_limits {
	uint64_t keep;			/* finished recordings; 0 = all */
	uint64_t quota_bytes;		/* of recordings, unfinished ones with them; 0 = none */
	uint64_t keep_free_bytes;	/* of the filesystem; 0 = none */
};

/* Removes the oldest recordings as far as the limits need it. Return: how many, or -errno. */
int space_prune(const char *directory, const struct space_limits *limits);

/*
 * Room for @bytes more, on top of what the unfinished ones are about to take; by removing the
 * oldest, where that makes it.
 * Return: 0; -EDQUOT, -ENOSPC with a line in @err; other -errno, likewise.
 */
MT_MUST_CHECK int space_make(const char *directory, const struct space_limits *limits,
			     uint64_t bytes, struct mt_err *err);

/* @path has just been finished: no other in its directory is newer, whatever the clock says. */
void space_settle(const char *path);

/*
 * This process has the lock on the directory behind @fd; -1: no longer. @parts: unfinished ones
 * that nobody writes may go.
 */
void space_hold(int fd, bool parts);

#endif
