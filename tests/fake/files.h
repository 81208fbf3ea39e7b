/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * files.h - whose descriptors they are, and disks and terminals that misbehave
 *
 * The linker leads our objects' open(), write(), flock() and the like here (--wrap; FAKE_WRAPS in
 * the Makefile). Files opened by a thread of a group are closed when it is killed, which lets go of
 * their locks.
 */
#ifndef FAKE_FILES_H
#define FAKE_FILES_H

#include <stdbool.h>
#include <stdint.h>

/* What is written to. */
enum fake_sink {
	FAKE_SINK_LOG,			/* descriptor 2, of a group */
	FAKE_SINK_RECORDING,		/* a regular file below a directory "recordings" */
	FAKE_SINK_HANDS,		/* below "hands" */
	FAKE_SINK_COUNT
};

struct fake_sink_fault {
	uint64_t from_ns, until_ns;	/* 0: none */
	int error;			/* errno; 0: it blocks until then */
};

/* Of the descriptors of @group. */
void fake_sink_set(int group, enum fake_sink sink, const struct fake_sink_fault *fault);

void fake_files_close_of(int group);
/* Descriptors of @group that are open, and all; the names go to stderr when @tell. */
unsigned fake_files_open(int group, bool tell);
void fake_files_reset(void);

/* What a group has written to its log: the newest lines, for the test to look at. */
bool fake_log_has(int group, const char *text);

#endif
