/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schedule.h - one random run: guests, processes, faults and incidents that follow from a seed
 */
#ifndef FAKE_SCHEDULE_H
#define FAKE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * What schedules are made of; a kind that never occurs in thousands of them is a fault of theirs.
 */
extern const char *const fake_schedule_must_occur[];

struct mt_policy;

struct fake_schedule_options {
	bool real;		/* threads side by side; no process is killed */
	unsigned scale;
	const struct mt_policy *policy;	/* of all guests, with more of what leads one astray; NULL:
					 * drawn */
	FILE *print;		/* what is going to happen; NULL: nowhere */
};

/*
 * Whether the run of @seed needs a process of its own: the daemon's log keeps a thread and what
 * waits for it.
 */
bool fake_schedule_wants_process(uint64_t seed);
/* Return: NULL, or what was violated. */
const char *fake_schedule_run(uint64_t seed, const struct fake_schedule_options *o);

#endif
