/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agent.h - the command that pulls pages at the destination, and what it is told
 */
#ifndef AGENT_H
#define AGENT_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "pull/heatmap.h"

struct agent {
	pid_t pid;			/* 0: none */
	FILE *input;
};

/*
 * Starts sh -c @command in a session of its own. What it prints goes to our standard error. Return:
 * 0 or -errno.
 */
MT_MUST_CHECK int agent_start(struct agent *a, const char *command);

/* Writes what is hot, and closes its input: it may begin. May block; -errno: it does not read. */
MT_MUST_CHECK int agent_tell(struct agent *a, const struct mt_heatmap *heat, uint64_t *pages);

void agent_kill(const struct agent *a);

/*
 * It is given @timeout_ms to end by itself. Return: its exit status; the number of the signal that
 * ended it + 256; 0: it had to be told to end, or there is none.
 */
int agent_end(struct agent *a, uint64_t timeout_ms);

#endif
