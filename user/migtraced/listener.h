/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listener.h - where the web is served: a port of loopback, or a UNIX socket
 */
#ifndef MIGTRACED_LISTENER_H
#define MIGTRACED_LISTENER_H

#include "usocket.h"

struct listener {
	int fd;				/* does not block */
	struct usocket path;		/* ->bound: it is a UNIX socket */
};

/* "127.0.0.1:9187", "[::1]:9187", "/run/migtrace/web.sock" */
bool listener_is_address(const char *address);
/* As usocket_open(); @mode and @gid are for a path. -EINVAL: no such address. */
MT_MUST_CHECK int listener_open(struct listener *l, const char *address, mode_t mode, gid_t gid,
				int backlog, struct mt_err *err);
void listener_close(struct listener *l);
/*
 * Whether a request's Host header may be: over TCP a name of loopback, with or without a port, so
 * that no page of another name that resolves to it is answered; over a UNIX socket any.
 */
bool listener_is_host(const struct listener *l, const char *host);

#endif
