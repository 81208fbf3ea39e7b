// SPDX-License-Identifier: GPL-2.0-or-later
/* manager.c - the connection to libvirt and every migration on it */
#include "manager.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include <base/json.h>
#include <migtrace/domain.h>
#include <migtrace/units.h>

#include "guest.h"
#include "log.h"
#include "recordings.h"

#define RETRY_FIRST_MS	100
#define RETRY_MAX_MS	5000
#define SCAN_RETRY_MS	5000
#define FOR_EVER_MS	UINT64_MAX
#define FINISHED_KEPT	16
/* A migration that cannot be supervised is not tried again at each of its events. */
#define HOLD_OFF_MS	5000

enum stage { STAGE_STARTING, STAGE_READY, STAGE_ENDED, STAGE_DONE };

struct entry {
	struct entry *next;
	struct guest *guest;
	enum stage stage;
};

struct hold_off {
	char uuid[VIR_UUID_STRING_BUFLEN];
	uint64_t until_ns;
};

struct manager {
	pthread_t thread;
	struct mt_inbox *inbox;		/* of the thread */
	int changed;			/* eventfd */
	uint64_t start_ns;
	volatile int leave;

	/* The thread's own. */
	int subscription;
	bool scanned;			/* once: all that was under way at our start is known */

	pthread_mutex_t lock;		/* of what follows; held for moments, no call of libvirt's under it */
	struct mt_conn *conn;		/* set once */
	struct config *config;
	struct leftovers *leftovers;	/* set before the first guest */
	bool connected;
	char error[512];		/* why not connected */
	struct entry *entries;
	struct hold_off hold_off[8];	/* a ring */
	unsigned n_hold_off;
	json_t *finished[FINISHED_KEPT];	/* a ring */
	unsigned n_finished;
};

static void changed(struct manager *m)
{
	uint64_t one = 1;

	/* Fails only when the counter is at its end: readable then, too. */
	if (write(m->changed, &one, sizeof(one)) < 0)
		return;
}

static void wake(struct manager *m)
{
	const struct mt_event ev = { .kind = MT_EVENT_WAKE, .t_ns = mt_now_ns() };

	mt_inbox_post(&ev, m->inbox);
}

/* --- guests: all with the lock held ------------------------------------ */

static struct entry *entry_of(struct manager *m, const char *uuid)
{
	for (struct entry *e = m->entries; e; e = e->next)
		if (e->stage < STAGE_ENDED && !strcmp(guest_uuid(e->guest), uuid))
			return e;
	return NULL;
}

static struct entry *entry_of_guest(struct manager *m, const struct guest *g)
{
	struct entry *e = m->entries;

	while (e && e->guest != g)
		e = e->next;
	return e;
}

static bool held_off(const struct manager *m, const char *uuid)
{
	uint64_t now_ns = mt_now_ns();

	for (size_t i = 0; i < MT_ARRAY_SIZE(m->hold_off); i++)
		if (m->hold_off[i].until_ns > now_ns && !strcmp(m->hold_off[i].uuid, uuid))
			return true;
	return false;
}

static void hold_off(struct manager *m, const char *uuid)
{
	struct hold_off *h = &m->hold_off[m->n_hold_off++ % MT_ARRAY_SIZE(m->hold_off)];

	snprintf(h->uuid, sizeof(h->uuid), "%s", uuid);
	h->until_ns = mt_now_ns() + HOLD_OFF_MS * MT_NS_PER_MS;
}

static void on_guest_ready(struct guest *g, void *opaque);
static void on_guest_ended(struct guest *g, void *opaque);
static void on_guest_done(struct guest *g, json_t *finished, void *opaque);

static void begin(struct manager *m, const char *uuid, const char *domain, const struct mt_event *event)
{
	const struct guest_setup setup = {
		.conn = m->conn,
		.config = m->config,
		.leftovers = m->leftovers,
		.uuid = uuid,
		.event = event,
		.leave = &m->leave,
		.ready = on_guest_ready,
		.ended = on_guest_ended,
		.done = on_guest_done,
		.opaque = m,
	};
	struct entry *e;

	if (m->leave)
		return;
	if (!config_wants(m->config, domain)) {
		log_debug("%s: not among the domains that are supervised", domain);
		return;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return;
	e->guest = guest_new(&setup);
	if (!e->guest) {
		free(e);
		return;
	}
	e->next = m->entries;
	m->entries = e;
}

/* Whether a migration of a guest that nobody supervises is under way, going by this event. */
static bool tells_of_migration(const struct manager *m, const struct mt_event *ev)
{
	if (ev->kind == MT_EVENT_MIGRATION && ev->status == MT_STATUS_SETUP)
		return true;
	if (held_off(m, ev->uuid))
		return false;
	return ev->kind == MT_EVENT_ITERATION ||
	       (ev->kind == MT_EVENT_MIGRATION &&
		(ev->status == MT_STATUS_ACTIVE || ev->status == MT_STATUS_POSTCOPY));
}

static void dispatch(struct manager *m, const struct mt_event *ev)
{
	struct entry *e = entry_of(m, ev->uuid);

	if (e)
		guest_post(e->guest, ev);
	else if (tells_of_migration(m, ev))
		begin(m, ev->uuid, ev->domain, ev);
}

/* --- called on guests' threads ------------------------------------------ */

static void set_stage(struct manager *m, const struct guest *g, enum stage stage)
{
	struct entry *e;

	pthread_mutex_lock(&m->lock);
	/* guest_new() starts the thread before it returns; begin() holds the lock until all is in place. */
	e = entry_of_guest(m, g);
	if (e)
		e->stage = stage;
	pthread_mutex_unlock(&m->lock);
}

static void on_guest_ready(struct guest *g, void *opaque)
{
	set_stage(opaque, g, STAGE_READY);
	wake(opaque);
	changed(opaque);
}

/* The next migration may have begun while the end of this one was being settled. */
static void on_guest_ended(struct guest *g, void *opaque)
{
	struct manager *m = opaque;
	bool next = false;
	struct mt_event ev;

	pthread_mutex_lock(&m->lock);
	entry_of_guest(m, g)->stage = STAGE_ENDED;
	while (!guest_unread(g, &ev)) {
		next |= ev.kind == MT_EVENT_MIGRATION && ev.status == MT_STATUS_SETUP;
		if (next)
			dispatch(m, &ev);
	}
	pthread_mutex_unlock(&m->lock);
}

static void on_guest_done(struct guest *g, json_t *finished, void *opaque)
{
	struct manager *m = opaque;
	json_t **slot;

	pthread_mutex_lock(&m->lock);
	if (finished) {
		slot = &m->finished[m->n_finished++ % FINISHED_KEPT];
		json_decref(*slot);
		*slot = finished;
	}
	/* Late events of a migration that is over, or of one that cannot be supervised. */
	hold_off(m, guest_uuid(g));
	entry_of_guest(m, g)->stage = STAGE_DONE;
	pthread_mutex_unlock(&m->lock);
	wake(m);
	changed(m);
}

/* --- called by libvirt's loop, or the reconnecting thread --------------- */

static void on_event(const struct mt_event *ev, void *opaque)
{
	struct manager *m = opaque;

	pthread_mutex_lock(&m->lock);
	if (ev->kind == MT_EVENT_CONN_DOWN || ev->kind == MT_EVENT_CONN_UP) {
		m->connected = ev->kind == MT_EVENT_CONN_UP;
		snprintf(m->error, sizeof(m->error), "%s", m->connected ? "" : "libvirtd went away");
		for (struct entry *e = m->entries; e; e = e->next)
			guest_post(e->guest, ev);
		log_write(m->connected ? 6 : 4, "%s: %s", mt_conn_uri(m->conn),
			  m->connected ? "connected again" : "libvirtd went away; waiting for it");
	} else {
		dispatch(m, ev);
	}
	pthread_mutex_unlock(&m->lock);
	if (!*ev->uuid) {
		mt_inbox_post(ev, m->inbox);
		changed(m);
	}
}

/* --- the thread --------------------------------------------------------- */

/* Waits, unless it is time to go. */
static void pause_ms(struct manager *m, uint64_t ms)
{
	uint64_t until_ns = mt_now_ns() + ms * MT_NS_PER_MS, now_ns;
	struct mt_event ev;

	while (!m->leave && (now_ns = mt_now_ns()) < until_ns)
		if (mt_inbox_take(m->inbox, &ev, (until_ns - now_ns) / MT_NS_PER_MS + 1))
			break;
}

static bool try_connect(struct manager *m, const char *uri)
{
	struct mt_conn *conn = NULL;
	struct mt_err err = { 0 };
	int ret = mt_conn_open(&conn, uri, &err);
	bool news;

	pthread_mutex_lock(&m->lock);
	news = strcmp(m->error, err.msg) != 0;
	snprintf(m->error, sizeof(m->error), "%s", err.msg);
	if (!ret) {
		m->conn = conn;
		m->connected = true;
	}
	pthread_mutex_unlock(&m->lock);
	if (!ret)
		log_info("%s: connected", mt_conn_uri(conn));
	else if (news)
		log_warn("%s; trying again until it answers", err.msg);
	if (!ret || news)
		changed(m);
	return !ret;
}

static void connect_first(struct manager *m)
{
	uint64_t delay_ms = RETRY_FIRST_MS;
	char *uri = m->config->uri;	/* a reload that changes it asks for a restart */

	while (!m->leave && !try_connect(m, uri)) {
		pause_ms(m, delay_ms);
		delay_ms = delay_ms * 2 < RETRY_MAX_MS ? delay_ms * 2 : RETRY_MAX_MS;
	}
}

/* Whatever migrates already: nobody may have been there to see it begin. Return: false to try again. */
static bool scan(struct manager *m)
{
	mt_autofree struct mt_domain_info *list = NULL;
	struct mt_err err = { 0 };
	size_t n = 0;
	int ret = mt_domain_list(m->conn, true, &list, &n, &err);

	if (ret) {
		log_warn("cannot look for migrations under way: %s", err.msg);
		return false;
	}
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < n; i++)
		if (list[i].migrating_out && !entry_of(m, list[i].uuid))
			begin(m, list[i].uuid, list[i].name, NULL);
	pthread_mutex_unlock(&m->lock);
	m->scanned = true;
	return true;
}

/* Joins what is done; @all: waits for the rest as well. */
static void reap(struct manager *m, bool all)
{
	struct entry **link, *e;

	pthread_mutex_lock(&m->lock);
	link = &m->entries;
	while ((e = *link)) {
		if (e->stage != STAGE_DONE && !all) {
			link = &e->next;
			continue;
		}
		pthread_mutex_unlock(&m->lock);
		/* Only this thread removes, others add at the head: *link is looked up again. */
		if (e->stage != STAGE_DONE) {
			const struct mt_event ev = { .kind = MT_EVENT_WAKE, .t_ns = mt_now_ns() };

			guest_post(e->guest, &ev);
		}
		pthread_mutex_lock(&m->lock);
		link = &m->entries;
		break;
	}
	pthread_mutex_unlock(&m->lock);
}
