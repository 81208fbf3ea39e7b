/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * historian.h - migrations that are over, written into the history behind everybody's back
 *
 * A recording that has ended is read and put into the database (history/archive.h) on a thread of
 * its own. A database that is gone, locked, full or damaged is tried again, and meanwhile
 * recordings wait in a queue; what finds it full is dropped and counted, and is still there to be
 * imported.
 */
#ifndef MIGTRACED_HISTORIAN_H
#define MIGTRACED_HISTORIAN_H

#include <jansson.h>

#include "config.h"

struct historian;

#define HISTORIAN_FILE	"history.db"	/* in the directory of recordings, by default */
#define HISTORIAN_QUEUE	256		/* recordings that wait; inferred: hours of a busy host */

/* NULL: none is kept, by configuration or, told in the log, for want of memory or a thread. */
struct historian *historian_new(const struct config *c);
/* A recording that has ended. Never waits. @h NULL is fine, likewise below. */
void historian_put(struct historian *h, const char *recording);
/* {"where":..., "written":..., "waiting":..., "lost":..., "error":...}; null */
json_t *historian_json(struct historian *h);
/*
 * What waits is written first, unless the database does not answer. Return: false when its thread
 * has not ended by @until_ns; then nothing is freed.
 */
bool historian_stop(struct historian *h, uint64_t until_ns);

#endif
