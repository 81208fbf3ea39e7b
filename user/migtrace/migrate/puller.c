// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * puller.c - migrate's side of the agent that pulls pages after a flip
 *
 * A thread looks at the guest's pages while pre-copy runs. When QEMU says that it has flipped, what
 * was hot is written to the agent's standard input, which is then closed: that tells it to begin.
 * Nothing here can hold up the migration, and whatever fails is told and left.
 */
#include <errno.h>
#include <pthread.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "base/units.h"
#include "pull/scan.h"
#include "pull/unsent.h"
#include "agent.h"
#include "puller.h"

#define LOOK_EVERY_MS	500
#define LOOKS_FIRST	4	/* where a flip may come at once */
#define LOOK_SHARE	10	/* of a look's own time is waited: a tenth of a CPU at most */
#define LIMIT_EVERY_MS	5
#define LIMIT_TRIES	20
#define END_WAIT_MS	3000

struct puller {
	struct puller_options o;
	struct mt_conn *conn;
	int subscription;
	pid_t vmm;
	struct mt_pull_guest guest;	/* of ->scan */
	struct mt_scan *scan;
	struct mt_sockets before;
	struct agent agent;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned begun;			/* how often: it may be begun again. All under ->lock */
	bool flipped, over;
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

static void tell_agent(struct puller *p)
{
	uint64_t pages;
	int rc;

	if (!p->scan)
		return;
	rc = agent_tell(&p->agent, mt_scan_heat(p->scan), &pages);
	if (rc)
		say(p, "pull: the command does not read what it is to fetch: %s", strerror(-rc));
	else
		say(p, "pull: %" PRIu64 " pages are hot, and are fetched first", pages);
}

/* Without a flip it has nothing to do. */
static void end_agent(struct puller *p)
{
	int status = agent_end(&p->agent, p->flipped ? END_WAIT_MS : 0);

	if (status && p->flipped)
		say(p, "pull: the command failed (%s %d): hot pages may have come no sooner than others",
		    status < 256 ? "exit status" : "signal", status & 255);
}

/* --- the thread ----------------------------------------------------------- */
static void on_event(const struct mt_event *ev, void *opaque)
{
	struct puller *p = opaque;

	if (ev->kind != MT_EVENT_MIGRATION)
		return;
	pthread_mutex_lock(&p->lock);
	p->begun += ev->status == MT_STATUS_ACTIVE;
	p->flipped |= mt_status_is_postcopy(ev->status);
	mt_cond_wake(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

/* QEMU has the socket at about the time that it says that it began. */
static void limit_unsent(struct puller *p)
{
	struct mt_err err = { 0 };
	int n = 0;

	for (unsigned i = 0; !n && i < LIMIT_TRIES; i++) {
		if (i)
			mt_sleep_ms(LIMIT_EVERY_MS);
		n = mt_unsent_limit(p->vmm, &p->before, (uint32_t)p->o.unsent_bytes, &err);
	}
	if (n <= 0)
		say(p, "QEMU's socket is left as it is: %s",
		    n ? err.msg : "it has no new connection");
}

struct state {
	unsigned begun;
	bool flipped, over;
};

static struct state wait_until(struct puller *p, uint64_t until_ns, unsigned begun)
{
	struct state now;

	pthread_mutex_lock(&p->lock);
	while (!p->over && !p->flipped && p->begun == begun &&
	       mt_cond_wait_until(&p->changed, &p->lock, until_ns))
		;
	now = (struct state){ p->begun, p->flipped, p->over };
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
	uint64_t look_ns = p->scan ? mt_now_ns() : UINT64_MAX;
	unsigned begun = 0;

	for (;;) {
		struct state now = wait_until(p, look_ns, begun);

		if (now.over)
			return NULL;
		if (now.begun != begun && p->o.unsent_bytes)
			limit_unsent(p);
		begun = now.begun;
		if (now.flipped) {
			tell_agent(p);
			return NULL;
		}
		if (mt_now_ns() >= look_ns)
			look_ns = next_look_ns(p);
	}
}

/* --- its life ---------------------------------------------------------------- */
static void release(struct puller *p)
{
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
	rc = agent_start(&p->agent, p->o.command);
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
		agent_kill(&p->agent);
		mt_thread_join(p->thread);
	}
	release(p);
}
