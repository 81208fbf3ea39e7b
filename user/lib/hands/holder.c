// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * holder.c - a file whose lock somebody holds, and whose text tells who
 *
 * The lock is the truth; the text is written after it has been taken, so that it may for a moment
 * be that of one before. Threads: any.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>

#include "holder.h"

#define FIRST_LINE	"migtrace-hand 1\n"

static void sign(int fd, const char *who)
{
	char text[256];
	int n = snprintf(text, sizeof(text),
			 FIRST_LINE "who=%.31s\npid=%ld\nsince_wall_ms=%" PRIu64 "\n", who,
			 (long)getpid(), mt_wall_us() / 1000);

	/* It only tells; the lock holds without it. */
	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)n, 0) != n)
		return;
}

static void read_holder(int fd, struct mt_holder *holder)
{
	char text[512], *c;
	uint64_t pid;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	*holder = (struct mt_holder){ 0 };
	if (n <= 0)
		return;
	text[n] = '\0';
	if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)))
		return;
	mt_hands_value(text, "who", holder->who, sizeof(holder->who));
	for (c = holder->who; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	if (mt_hands_number(text, "pid", &pid) && pid <= INT32_MAX)
		holder->pid = (long)pid;
	mt_hands_number(text, "since_wall_ms", &holder->since_wall_ms);
}

int mt_holder_lock(struct mt_hands *h, const char *name, const char *who, int *fd,
		   struct mt_holder *holder, const char *does, struct mt_err *err)
{
	struct mt_holder other = { 0 };
	int ret = mt_hands_file_locked(h, name, fd);

	if (!ret) {
		sign(*fd, who);
		return 0;
	}
	if (ret != -EWOULDBLOCK)
		return mt_err_set(err, ret, "%s/%s: %s", h->path, name,
				  ret == -EPERM ? "is not a file of ours" : strerror(-ret));
	read_holder(*fd, &other);
	close(*fd);
	*fd = -1;
	if (holder)
		*holder = other;
	if (!*other.who)
		return mt_err_set(err, -EBUSY, "another process %s", does);
	return mt_err_set(err, -EBUSY, "%s, pid %ld, %s", other.who, other.pid, does);
}
