/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scratch.h - a directory of the test's own: there before main(), gone with all that is in it at
 * the end
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/migtrace-unit.XXXXXX";

/* A path in it, until it has been asked for four others */
static inline char *in_dir(const char *name)
{
	static char path[4][512];
	static unsigned next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static pid_t scratch_owner;

static int scratch_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

__attribute__((constructor)) static void scratch_make(void)
{
	if (!mkdtemp(dir)) {
		puts("Bail out! no temporary directory");
		exit(1);
	}
	scratch_owner = getpid();
}

/* A child that ends has not made it. */
__attribute__((destructor)) static void scratch_remove(void)
{
	if (getpid() == scratch_owner)
		nftw(dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
