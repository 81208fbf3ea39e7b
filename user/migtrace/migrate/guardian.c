// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guardian.c - a process beside ours that lives on when we are killed
 *
 * A guest that is stopped for its last pages is looked after by a thread of ours, and a mark on the
 * disk says so. When we are killed just then there is, without a daemon on this host, nobody who
 * would read that mark: but for this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "child.h"
#include "guardian.h"

#define PARENT_FD	3	/* in the guardian */
#define END_WAIT_MS	1000
#define END_POLL_MS	10

extern char **environ;

/*
 * Its standard error is ours, so that what it does is seen where we were seen; the data that we
 * write are ours alone.
 */
static int set_files(posix_spawn_file_actions_t *files, int fd)
{
	int ret = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (!ret)
		ret = posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null", O_WRONLY,
						       0);
	if (!ret)
		ret = posix_spawn_file_actions_adddup2(files, fd, PARENT_FD);
	return ret;
}

int guardian_start(struct guardian *g, const char *uuid)
{
	char number[16], id[64];
	char *const argv[] = { "migtrace", "guard", "--parent-fd", number, id, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int ends[2], ret;

	*g = (struct guardian){ .fd = -1 };
	snprintf(number, sizeof(number), "%d", PARENT_FD);
	snprintf(id, sizeof(id), "%s", uuid);
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	/* A dup2 onto itself would keep it close-on-exec. */
	if (ends[0] == PARENT_FD) {
		ret = fcntl(ends[0], F_DUPFD_CLOEXEC, PARENT_FD + 1);
		if (ret < 0)
			ret = -errno;
		close(ends[0]);
		if (ret < 0) {
			close(ends[1]);
			return ret;
		}
		ends[0] = ret;
	}
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	ret = set_files(&files, ends[0]);
	if (!ret)
		ret = child_attributes(&attr);
	if (!ret)
		ret = posix_spawn(&g->pid, "/proc/self/exe", &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	close(ends[0]);
	if (ret) {
		g->pid = 0;
		close(ends[1]);
		return -ret;
	}
	g->fd = ends[1];
	return 0;
}

void guardian_end(struct guardian *g)
{
	uint64_t until_ns = mt_deadline_ns(END_WAIT_MS);

	if (!g->pid)
		return;
	close(g->fd);
	while (!waitpid(g->pid, NULL, WNOHANG) && mt_now_ns() < until_ns)
		mt_sleep_ms(END_POLL_MS);
	g->pid = 0;
}
