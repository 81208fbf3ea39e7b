/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control.h - the UNIX socket: a line in, a line of JSON out
 *
 * Requests are one word each; see the rows in main.c. Whatever clients do, slow,
 * gone, garbage, too many, costs bounded memory and never blocks the daemon.
 */
#ifndef MIGTRACED_CONTROL_H
#define MIGTRACED_CONTROL_H

#include <jansson.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include <migtrace/cleanup.h>
#include <migtrace/err.h>

struct control;

struct control_request {
	const char *name;
	json_t *(*answer)(void *opaque);	/* NULL: no memory */
};

/*
 * @requests ends with a row of NULLs. A socket that a killed daemon left is replaced; -EADDRINUSE
 * when a living one has it. The directory is made when it is missing, its parents are not.
 * Before the first thread: it sets the umask for a moment. @gid -1: leave it.
 */
MT_MUST_CHECK int control_open(struct control **c, sd_event *event, const char *path, mode_t mode, gid_t gid,
			       const struct control_request *requests, void *opaque, struct mt_err *err);
void control_close(struct control *c);

#endif
