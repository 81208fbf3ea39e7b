/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usocket.h - a UNIX socket that listens, and is one daemon's alone
 */
#ifndef MIGTRACED_USOCKET_H
#define MIGTRACED_USOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

struct usocket {
	char *path, *lock_path;
	int lock, fd;			/* fd does not block */
	bool bound;
};

/*
 * One that a killed daemon left is replaced; -EADDRINUSE when a living one has it. The directory is
 * made when it is missing, its parents are not. Before the first thread: it sets the umask for a
 * moment. @gid -1: leave it. After a failure, too, @s is to be closed.
 */
MT_MUST_CHECK int usocket_open(struct usocket *s, const char *path, mode_t mode, gid_t gid,
			       int backlog, struct mt_err *err);
void usocket_close(struct usocket *s);

#endif
