/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * web.h - a page, JSON and metrics for whoever looks, over HTTP
 *
 * Read-only, on loopback or a UNIX socket. A thread of its own serves what was published last:
 * whatever a client does, slow, gone, hostile, too many, costs bounded memory and neither waits
 * for the daemon nor makes it wait.
 *
 *	GET /			the page; /page.js, /page.css: what it needs
 *	GET /metrics		OpenMetrics, see metrics.h
 *	GET /api/v1/status	what the control socket's `status` answers
 *	GET /api/v1/migrations	of it, what is under way and what has ended
 *	GET /api/v1/health	200 if libvirt is connected and nothing is stuck, else 503
 *	GET /api/v1/events	server-sent events: the status, whenever it was published anew
 */
#ifndef MIGTRACED_WEB_H
#define MIGTRACED_WEB_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

struct web;

/* How often there is something new for whoever watches. Inferred. */
#define WEB_PUBLISH_MS	1000

/*
 * @listen: as listener_open(). Before the first thread, as usocket_open().
 */
MT_MUST_CHECK int web_open(struct web **w, const char *listen, mode_t mode, gid_t gid,
			   struct mt_err *err);
/* The main thread's: when it is readable, somebody wants to know. */
int web_wanted_fd(const struct web *w);
/* Whether somebody watches, and wants to know all the time. */
bool web_is_streaming(const struct web *w);
/* @status is taken over; NULL: no memory, and the last one has to do. */
void web_publish(struct web *w, json_t *status);
void web_close(struct web *w);

#endif
