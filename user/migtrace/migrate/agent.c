// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * agent.c - the command that pulls pages at the destination, and what it is told
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "agent.h"
#include "child.h"

#define END_POLL_MS	10

extern char **environ;

int agent_start(struct agent *a, const char *command)
{
	char *const argv[] = { "sh", "-c", (char *)command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int ends[2], ret;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	ret = posix_spawn_file_actions_adddup2(&files, ends[0], STDIN_FILENO);
	if (!ret)
		ret = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	if (!ret)
		ret = child_attributes(&attr);
	if (!ret)
		ret = posix_spawn(&a->pid, "/bin/sh", &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	close(ends[0]);
	a->input = ret ? NULL : fdopen(ends[1], "w");
	if (!a->input)
		close(ends[1]);
	if (ret)
		a->pid = 0;
	return ret ? -ret : a->input ? 0 : -ENOMEM;
}

int agent_tell(struct agent *a, const struct mt_heatmap *heat, uint64_t *pages)
{
	int failed;

	errno = 0;
	*pages = mt_heatmap_print(heat, a->input);
	failed = ferror(a->input);
	failed |= fclose(a->input);
	a->input = NULL;
	return failed ? errno ? -errno : -EIO : 0;
}

void agent_kill(const struct agent *a)
{
	if (a->pid)
		kill(-a->pid, SIGTERM);
}

int agent_end(struct agent *a, uint64_t timeout_ms)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms);
	int status = 0;
	pid_t ended;

	if (a->input)
		fclose(a->input);
	a->input = NULL;
	if (!a->pid)
		return 0;
	while (!(ended = waitpid(a->pid, &status, WNOHANG)) && mt_now_ns() < until_ns)
		mt_sleep_ms(END_POLL_MS);
	if (!ended)
		agent_kill(a);
	a->pid = 0;
	if (ended <= 0)
		return 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}
