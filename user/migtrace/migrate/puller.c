// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * puller.c - migrate's side of the agent that pulls pages after a flip
 *
 * A thread looks at the guest's pages while pre-copy runs. When QEMU says that it has flipped, what
 * was hot is written to the agent's standard input, which is then closed: that tells it to begin.
 * Nothing here can hold up the migration, and whatever fails is told and left.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "base/units.h"
#include "pull/scan.h"
#include "pull/unsent.h"
#include "puller.h"

#define LOOK_EVERY_MS	500
#define LOOKS_FIRST	4	/* where a flip may come at once */
#define LOOK_SHARE	10	/* of a look's own time is waited: a tenth of a CPU at most */
#define LIMIT_EVERY_MS	20	/* until QEMU has the socket */
#define LIMIT_TRIES	100
#define END_WAIT_MS	3000
#define END_POLL_MS	10

extern char **environ;

struct puller {
	struct puller_options o;
	struct mt_conn *conn;
	int subscription;
	pid_t vmm;
	struct mt_pull_guest guest;	/* of ->scan */
	struct mt_scan *scan;
	struct mt_sockets before;
	pid_t agent;			/* 0: none */
	FILE *to_agent;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool active, flipped, over;	/* under ->lock */
};

static void say(const struct puller *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct puller *p, const char *fmt, ...)
{
	char text[640];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p->o.note(p->o.opaque, text);
}

/* --- the agent ----------------------------------------------------------- */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;
	int ret;

	sigemptyset(&none);
	sigfillset(&all);
	ret = posix_spawnattr_setsigmask(attr, &none);
	if (!ret)
		ret = posix_spawnattr_setsigdefault(attr, &all);
	if (!ret)
		ret = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
							     POSIX_SPAWN_SETSIGDEF);
	return ret;
}

/* What it prints is told, not part of our own answer. */
static int start_agent(struct puller *p)
{
	char *const argv[] = { "sh", "-c", (char *)p->o.command, NULL };
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
		ret = set_attributes(&attr);
	if (!ret)
		ret = posix_spawn(&p->agent, "/bin/sh", &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	close(ends[0]);
	if (ret)
		p->agent = 0;
	else
		p->to_agent = fdopen(ends[1], "w");
	if (!p->to_agent)
		close(ends[1]);
	return ret ? -ret : p->to_agent ? 0 : -ENOMEM;
}

static void tell_agent(struct puller *p)
{
	uint64_t pages = mt_heatmap_print(mt_scan_heat(p->scan), p->to_agent);
	int failed = ferror(p->to_agent);

	failed |= fclose(p->to_agent);
	p->to_agent = NULL;
	if (failed)
		say(p, "pull: the command does not read what it is to fetch: %s", strerror(errno));
	else
		say(p, "pull: %" PRIu64 " pages are hot, and are fetched first", pages);
}

/* Without a flip it has nothing to do. */
static void end_agent(struct puller *p)
{
	uint64_t until_ns = p->flipped ? mt_deadline_ns(END_WAIT_MS) : 0;
	int status = 0;
	pid_t ended;

	if (!p->agent)
		return;
	while (!(ended = waitpid(p->agent, &status, WNOHANG)) && mt_now_ns() < until_ns)
		mt_sleep_ms(END_POLL_MS);
	if (!ended)
		kill(-p->agent, SIGTERM);
	else if (status)
		say(p, "pull: the command failed (%s %d): hot pages may have come no sooner than others",
		    WIFEXITED(status) ? "exit status" : "signal",
		    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* --- the thread ----------------------------------------------------------- */
static void on_event(const struct mt_event *ev, void *opaque)
{
	struct puller *p = opaque;

	if (ev->kind != MT_EVENT_MIGRATION)
		return;
	pthread_mutex_lock(&p->lock);
	p->active |= ev->status == MT_STATUS_ACTIVE;
	p->flipped |= mt_status_is_postcopy(ev->status);
	mt_cond_wake(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

/* Return: whether QEMU's socket need not be looked for any more. */
static bool limit_unsent(struct puller *p, unsigned *tries)
{
	struct mt_err err = { 0 };
	int n = mt_unsent_limit(p->vmm, &p->before, (uint32_t)p->o.unsent_bytes, &err);

	if (n < 0)
		say(p, "post-copy's socket is left as it is: %s", err.msg);
	else if (!n && ++*tries == LIMIT_TRIES)
		say(p, "post-copy's socket is left as it is: QEMU has no new connection");
	return n || *tries == LIMIT_TRIES;
}

struct state {
	bool active, flipped, over;
};

static struct state wait_until(struct puller *p, uint64_t until_ns, bool limited)
{
	struct state now;

	pthread_mutex_lock(&p->lock);
	while (!p->over && !p->flipped && !(p->active && !limited) &&
	       mt_cond_wait_until(&p->changed, &p->lock, until_ns))
		;
	now = (struct state){ p->active, p->flipped, p->over };
	pthread_mutex_unlock(&p->lock);
	return now;
}

static uint64_t next_look_ns(struct puller *p)
{
	uint64_t began_ns = mt_now_ns(), took_ns;

	if (mt_scan_look(p->scan))
		return UINT64_MAX;
	took_ns = mt_now_ns() - began_ns;
	return mt_now_ns() + (took_ns * LOOK_SHARE > LOOK_EVERY_MS * MT_NS_PER_MS ?
				      took_ns * LOOK_SHARE :
				      LOOK_EVERY_MS * MT_NS_PER_MS);
}

static void *follow(void *opaque)
{
	struct puller *p = opaque;
	bool limited = !p->o.unsent_bytes;
	uint64_t look_ns = mt_now_ns();
	unsigned tries = 0;

	for (;;) {
		struct state now = wait_until(p, look_ns, limited);

		if (now.over)
			return NULL;
		if (now.active && !limited) {
			limited = limit_unsent(p, &tries);
			if (!limited)
				mt_sleep_ms(LIMIT_EVERY_MS);
		}
		if (now.flipped && p->to_agent)
			tell_agent(p);
		if (now.flipped && limited)
			return NULL;
		if (p->to_agent && mt_now_ns() >= look_ns)
			look_ns = next_look_ns(p);
		else if (!p->to_agent)
			look_ns = UINT64_MAX;
	}
}

/* --- its life ---------------------------------------------------------------- */
static void release(struct puller *p)
{
	if (p->to_agent)
		fclose(p->to_agent);
	end_agent(p);
	mt_scan_free(p->scan);
	mt_pull_guest_close(&p->guest);
	free(p);
}

static int look_first(struct puller *p, struct mt_err *err)
{
	int rc = p->scan ? mt_scan_look(p->scan) : -ENOMEM;

	for (unsigned i = 0; !rc && p->o.at_once && i < LOOKS_FIRST; i++) {
		mt_sleep_ms(LOOK_EVERY_MS);
		rc = mt_scan_look(p->scan);
	}
	return rc ? mt_err_set(err, rc, "the guest's pages cannot be looked at: %s",
			       strerror(-rc)) :
		    0;
}

static int start_scan(struct puller *p, const struct mt_domain_info *d, struct mt_err *err)
{
	int rc = mt_pull_guest_open(&p->guest, NULL, p->vmm, d->name, d->uuid, d->memory_bytes,
				    err);

	if (rc)
		return rc;
	p->scan = mt_scan_new(&p->guest);
	rc = look_first(p, err);
	if (rc)
		return rc;
	rc = start_agent(p);
	return rc ? mt_err_set(err, rc, "--pull: /bin/sh cannot be started: %s", strerror(-rc)) : 0;
}

static int start(struct puller *p, const struct mt_domain_info *d, struct mt_err *err)
{
	int rc = mt_vmm_pid(NULL, d->name, d->uuid, &p->vmm, err);

	if (!rc)
		rc = mt_sockets_of(&p->before, p->vmm, err);
	if (!rc && p->o.command)
		rc = start_scan(p, d, err);
	if (rc)
		return rc;
	rc = mt_conn_subscribe(p->conn, d->uuid, on_event, p);
	if (rc < 0)
		return mt_err_set(err, rc, "cannot watch %s: %s", d->name, strerror(-rc));
	p->subscription = rc;
	rc = mt_thread_start(&p->thread, "mt-puller", follow, p);
	if (!rc)
		return 0;
	mt_conn_unsubscribe(p->conn, p->subscription);
	return mt_err_set(err, rc, "cannot start a thread: %s", strerror(-rc));
}

int puller_start(struct puller **out, struct mt_conn *conn, const struct mt_domain_info *domain,
		 const struct puller_options *options, struct mt_err *err)
{
	struct puller *p = calloc(1, sizeof(*p));
	int rc;

	*out = NULL;
	if (!p)
		return mt_err_set(err, -ENOMEM, "out of memory");
	p->o = *options;
	p->conn = conn;
	p->guest = (struct mt_pull_guest){ .pidfd = -1, .pagemap = -1 };
	pthread_mutex_init(&p->lock, NULL);
	mt_cond_init(&p->changed);
	rc = start(p, domain, err);
	if (rc) {
		release(p);
		return rc;
	}
	*out = p;
	return 0;
}

void puller_end(struct puller *p)
{
	if (!p)
		return;
	mt_conn_unsubscribe(p->conn, p->subscription);
	pthread_mutex_lock(&p->lock);
	p->over = true;
	mt_cond_wake(&p->changed);
	pthread_mutex_unlock(&p->lock);
	/* It may be writing to a command that does not read. */
	if (!mt_thread_join_until(p->thread, mt_deadline_ns(END_WAIT_MS))) {
		if (p->agent)
			kill(-p->agent, SIGTERM);
		mt_thread_join(p->thread);
	}
	release(p);
}
