/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control.h - the UNIX socket: a line in, a line of JSON out
 *
 * A request is a word, and what follows it if it takes arguments; see the rows in main.c.
 * Who asked for what is in the log: for requests that change something always, else at level debug.
 * Whatever clients do, slow, gone, garbage, too many, costs bounded memory and never blocks the
 * daemon.
 */
#ifndef MIGTRACED_CONTROL_H
#define MIGTRACED_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/err.h"

struct control;

/* Who asks, as the kernel says of the one that connected. */
struct control_peer {
	pid_t pid;			/* 0 = not one that we can see */
	uid_t uid;
	char comm[16];			/* what that process calls itself, which it chooses; "?" =
					 * not known */
};

struct control_request {
	const char *name;		/* one word; "help" is control.c's own */
	const char *args;		/* what follows it, such as "UUID"; NULL: nothing may */
	const char *help;		/* one line */
	bool changes;			/* something in the daemon, or of a guest */
	/*
	 * @args: the rest of the line, without blanks around it; "" where there is none. Return:
	 * NULL: no memory
	 */
	json_t *(*answer)(void *opaque, const char *args, const struct control_peer *peer);
};

/*
 * @requests ends with a row without a name. A socket that a killed daemon left is replaced;
 * -EADDRINUSE when a living one has it. The directory is made when it is missing, its parents are
 * not. Before the first thread: it sets the umask for a moment. @gid -1: leave it.
 */
MT_MUST_CHECK int control_open(struct control **c, sd_event *event, const char *path, mode_t mode,
			       gid_t gid, const struct control_request *requests, void *opaque,
			       struct mt_err *err);
void control_close(struct control *c);

#endif
