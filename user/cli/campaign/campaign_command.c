// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_command.c - the commands by which a campaign handles its testbed
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/units.h"
#include "campaign.h"

extern char **environ;

int campaign_env_set(struct campaign_env *e, const char *name, const char *fmt, ...)
{
	mt_autofree char *value = NULL;
	size_t len = strlen(name), i;
	char *entry, **v;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vasprintf(&value, fmt, ap);
	va_end(ap);
	if (rc < 0 || asprintf(&entry, "%s=%s", name, value) < 0)
		return -ENOMEM;
	for (i = 0; i < e->n; i++) {
		if (strncmp(e->v[i], name, len) || e->v[i][len] != '=')
			continue;
		free(e->v[i]);
		e->v[i] = entry;
		return 0;
	}
	v = realloc(e->v, (e->n + 2) * sizeof(*v));
	if (!v) {
		free(entry);
		return -ENOMEM;
	}
	e->v = v;
	v[e->n++] = entry;
	v[e->n] = NULL;
	return 0;
}

void campaign_env_fini(struct campaign_env *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->v[i]);
	free(e->v);
	*e = (struct campaign_env){ 0 };
}

#define WORDS_MAX	64

/* @words of the command, then @args. Return: how many; -E2BIG. */
static int split(char *words, const char *const *args, char **argv)
{
	char *save = NULL;
	int n = 0;

	for (char *w = strtok_r(words, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		if (n == WORDS_MAX)
			return -E2BIG;
		argv[n++] = w;
	}
	for (; args && *args; args++) {
		if (n == WORDS_MAX)
			return -E2BIG;
		argv[n++] = (char *)*args;
	}
	argv[n] = NULL;
	return n;
}

static char **join_env(const struct campaign_env *e)
{
	size_t n = 0, k = 0;
	char **v;

	while (environ[n])
		n++;
	v = calloc(n + e->n + 1, sizeof(*v));
	for (size_t i = 0; v && i < e->n; i++)
		v[k++] = e->v[i];	/* the first of a name counts */
	for (size_t i = 0; v && i < n; i++)
		v[k++] = environ[i];
	return v;
}

/* Our signals are blocked, and a terminal's Ctrl-C is for us alone. */
static int spawn(pid_t *pid, char **argv, char **envp, int out_fd, int log_fd)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, dfl;
	int rc;

	sigemptyset(&none);
	sigemptyset(&dfl);
	sigaddset(&dfl, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &dfl);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
	if (log_fd >= 0)
		posix_spawn_file_actions_adddup2(&files, log_fd, STDERR_FILENO);
	rc = posix_spawnp(pid, argv[0], &files, &attr, argv, envp);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return -rc;
}

/* Until it has ended; what it leaves running may keep our pipe open. Return: 0, -ETIMEDOUT. */
static int gather(pid_t pid, int fd, unsigned timeout_s, char *out, size_t size)
{
	uint64_t until_ns = mt_now_ns() + timeout_s * MT_NS_PER_S;
	mt_autoclose int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
	size_t len = 0;

	*out = '\0';
	for (;;) {
		uint64_t now = mt_now_ns();
		char scrap[512];
		ssize_t n;

		if (now >= until_ns)
			return -ETIMEDOUT;
		poll(fds, 2, (int)((until_ns - now) / MT_NS_PER_MS) + 1);
		if (fds[0].revents) {
			bool room = len + 1 < size;

			n = read(fd, room ? out + len : scrap,
				 room ? size - len - 1 : sizeof(scrap));
			if (n <= 0)
				fds[0].fd = -1;
			else if (room)
				len += (size_t)n;
			out[len] = '\0';
		} else if (fds[1].revents) {
			return 0;
		}
	}
}

int campaign_command(const char *command, const char *const *args, const struct campaign_env *env,
		     int log_fd, unsigned timeout_s, char *out, size_t size, struct mt_err *err)
{
	mt_autofree char *words = strdup(command);
	mt_autofree char **envp = join_env(env);
	char *argv[WORDS_MAX + 1];
	int pipe_fds[2], status = 0, rc;
	pid_t pid;

	if (!words || !envp)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = split(words, args, argv);
	if (rc <= 0)
		return mt_err_set(err, rc ? rc : -EINVAL,
				  "%s: no command, or one of too many words", command);
	if (pipe2(pipe_fds, O_CLOEXEC))
		return mt_err_set(err, -errno, "no pipe: %s", strerror(errno));
	rc = spawn(&pid, argv, envp, pipe_fds[1], log_fd);
	close(pipe_fds[1]);
	if (rc) {
		close(pipe_fds[0]);
		return mt_err_set(err, rc, "%s cannot be run: %s", argv[0], strerror(-rc));
	}
	rc = gather(pid, pipe_fds[0], timeout_s, out, size);
	close(pipe_fds[0]);
	if (rc)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc)
		return mt_err_set(err, rc, "%s took longer than %u s and was killed", command,
				  timeout_s);
	return WIFEXITED(status) ?
		       WEXITSTATUS(status) :
		       mt_err_set(err, -ECHILD, "%s died of signal %d", command, WTERMSIG(status));
}

void campaign_commit(char commit[64])
{
	struct campaign_env none = { 0 };
	mt_autoclose int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct mt_err ignored = { 0 };

	if (campaign_command("git describe --always --dirty --abbrev=12", NULL, &none, null, 10,
			     commit, 64, &ignored))
		*commit = '\0';
	commit[strcspn(commit, "\n")] = '\0';
}
