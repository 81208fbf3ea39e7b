// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ask.c - what a key of the full-screen top asks for is done
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/units.h"
#include "hypervisor/domain.h"
#include "ask.h"

extern char **environ;

/* A stop is given more than it is expected to take: a busy moment would undo it. Inferred. */
#define STOP_FACTOR	1.5
#define STOP_MORE_MS	100

void ask_init(struct ask *a)
{
	memset(a, 0, sizeof(*a));
}

/* --- processes --------------------------------------------------------------------- */
static int spawn(struct ask_child *c, char *const argv[])
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, fds[1], 2);
	/* A group of its own: Ctrl-C in our terminal is not for it. Its signals are not blocked. */
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	rc = posix_spawn(&c->pid, "/proc/self/exe", &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	close(fds[1]);
	c->err = fds[0];
	if (rc) {
		close(fds[0]);
		c->pid = 0;
	}
	return -rc;
}

static void run(struct ask *a, const char *what, char *const argv[], const char *begun, char *text,
		size_t size)
{
	for (size_t i = 0; i < ASK_CHILDREN; i++) {
		struct ask_child *c = &a->child[i];
		int rc;

		if (c->pid)
			continue;
		*c = (struct ask_child){ .pid = 0 };
		snprintf(c->what, sizeof(c->what), "%.90s", what);
		rc = spawn(c, argv);
		if (rc)
			snprintf(text, size, "%s: %s", what, strerror(-rc));
		else
			snprintf(text, size, "%s", begun);
		return;
	}
	snprintf(text, size, "%s: %d are under way already", what, ASK_CHILDREN);
}

/* The last whole line of what it has said so far. */
static void hear(struct ask_child *c)
{
	char buf[512], *line;
	ssize_t n = read(c->err, buf, sizeof(buf) - 1);

	if (n <= 0)
		return;
	buf[n] = '\0';
	while (n && buf[n - 1] == '\n')
		buf[--n] = '\0';
	line = strrchr(buf, '\n');
	snprintf(c->said, sizeof(c->said), "%.150s", line ? line + 1 : buf);
}

bool ask_ended(struct ask *a, char *text, size_t size)
{
	for (size_t i = 0; i < ASK_CHILDREN; i++) {
		struct ask_child *c = &a->child[i];
		int status;

		if (!c->pid)
			continue;
		hear(c);
		if (waitpid(c->pid, &status, WNOHANG) != c->pid)
			continue;
		hear(c);
		close(c->err);
		c->pid = 0;
		if (WIFEXITED(status) && !WEXITSTATUS(status))
			snprintf(text, size, "%s: done", c->what);
		else
			snprintf(text, size, "%s: failed%s%s", c->what, *c->said ? ": " : "",
				 c->said);
		return true;
	}
	return false;
}

/* --- requests -------------------------------------------------------------------------- */
/* By its UUID: a tenant chose its name. */
static void record(struct ask *a, const struct mt_conn *conn, const struct scene_guest *g,
		   char *text, size_t size)
{
	char file[96], what[128], begun[192], stamp[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(file, sizeof(file), "%s-%s.mtrec", g->uuid, stamp);
	snprintf(what, sizeof(what), "record %s", file);
	snprintf(begun, sizeof(begun), "%s is being recorded into %s", g->uuid, file);
	run(a, what,
	    (char *const[]){ "migtrace", "record", "-c", (char *)mt_conn_uri(conn), "-o", file,
			     "--", (char *)g->uuid, NULL },
	    begun, text, size);
}

static void release(struct ask *a, const struct mt_conn *conn, const struct scene_guest *g,
		    char *text, size_t size)
{
	char what[64];

	snprintf(what, sizeof(what), "release %s", g->uuid);
	run(a, what,
	    (char *const[]){ "migtrace", "release", "-c", (char *)mt_conn_uri(conn), "--",
			     (char *)g->uuid, NULL },
	    "its migration is being released", text, size);
}

/*
 * QEMU stops it by itself as soon as what is left fits the limit: nobody has to give it back. What
 * it was expected to take is how long it may.
 */
static int stop(struct mt_conn *conn, const struct scene_guest *g, char *text, size_t size,
		struct mt_err *err)
{
	const double now_ms = g->migration.prediction.stop_now_ms;
	char limit[MT_UNIT_STR];
	uint64_t ms;
	int rc;

	if (g->migration.prediction.verdict == MT_VERDICT_UNKNOWN || !isfinite(now_ms))
		return mt_err_set(err, -ENODATA,
				  "how long it would pause is not known before a pass is done");
	ms = mt_downtime_clamp((uint64_t)ceil(STOP_FACTOR * now_ms + STOP_MORE_MS));
	rc = mt_domain_set_downtime_limit(conn, g->uuid, ms, err);
	if (!rc)
		snprintf(text, size, "%.60s stops as soon as what is left takes %s", g->name,
			 mt_format_duration_ms(limit, (double)ms));
	return rc;
}

void ask_do(struct ask *a, struct mt_conn *conn, enum look_request request,
	    const struct scene_guest *g, char *text, size_t size)
{
	struct mt_err err = { 0 };
	int rc = 0;

	switch (request) {
	case LOOK_RECORD:
		record(a, conn, g, text, size);
		return;
	case LOOK_RELEASE:
		release(a, conn, g, text, size);
		return;
	case LOOK_STOP:
		rc = stop(conn, g, text, size, &err);
		break;
	case LOOK_FLIP:
		rc = mt_domain_start_postcopy(conn, g->uuid, &err);
		snprintf(text, size, "%.60s goes on in post-copy", g->name);
		break;
	case LOOK_ABORT:
		rc = mt_domain_abort(conn, g->uuid, &err);
		snprintf(text, size, "the migration of %.60s is cancelled", g->name);
		break;
	default:
		return;
	}
	if (rc)
		snprintf(text, size, "%.40s: %.110s", g->name, err.msg);
}
