/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_record.h - what the parts of `migtrace record` share, and what other commands that profile
 * use of it
 */
#ifndef CMD_RECORD_H
#define CMD_RECORD_H

#include "cli/interrupt.h"
#include "cli/progress.h"
#include "watch/profiling.h"

struct record {
	struct mt_profiling p;
	const char *mode_name, *probe_names;	/* as they were given; NULL: none */
	uint64_t interval_ms;		/* between looks at a migration */
	struct interrupt interrupt;
	struct progress progress;
	unsigned passes, samples;	/* of a migration */
};

/*
 * record_connect.c: signals and the connection, once; what is told meanwhile goes to stderr. @r is
 * static: the signal thread may look at it to the end. Return: 0 or -errno.
 */
int record_connect(struct record *r, const char *uri, struct mt_err *err);

/* record_follow.c: a migration, to its end. */
enum mt_ending record_follow(struct record *r, struct mt_err *err);

#endif
