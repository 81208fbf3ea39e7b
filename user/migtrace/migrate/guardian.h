/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guardian.h - a process next to ours that lives on when we are killed
 */
#ifndef GUARDIAN_H
#define GUARDIAN_H

#include <sys/types.h>

#include "base/cleanup.h"

struct guardian {
	pid_t pid;		/* 0 = none */
	int fd;			/* it waits for the end of this */
};

/*
 * Starts `migtrace guard --parent-fd` for the guest @uuid, in a session of its own. It does nothing
 * until we are no more, and then only if we left the guest stopped. Return: 0 or -errno.
 */
MT_MUST_CHECK int guardian_start(struct guardian *g, const char *uuid);
/* We end. It is waited for, but not for long: it stays where a guest is left to it. */
void guardian_end(struct guardian *g);

#endif
