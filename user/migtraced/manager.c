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
#include "leftovers.h"

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
	bool over;			/* QEMU said so; how it went is being found out, for seconds */
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
	bool scanned;			/* once: all that was under way at our start is known */

	pthread_mutex_t lock;		/* of what follows; held for moments, no call of libvirt's under it */
	struct mt_conn *conn;		/* set once */
	struct mt_versions versions;	/* asked for once, when nothing waits: libvirtd may take seconds to try QEMU out */
	struct config *config;
	struct leftovers *leftovers;	/* set before the first guest */
	char error[512];		/* why not connected */
	struct entry *entries;
	struct hold_off hold_off[8];	/* a ring */
	unsigned n_hold_off;
	json_t *finished[FINISHED_KEPT];	/* a ring */
	unsigned n_finished;
};

static bool leaving(const struct manager *m)
{
	return __atomic_load_n(&m->leave, __ATOMIC_ACQUIRE);
}

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

/* The newest, which is the one that events are about. */
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
		.versions = &m->versions,
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

	if (leaving(m))
		return;
	if (!config_wants(m->config, domain, uuid)) {
		log_debug("%s: not among the domains that are supervised", domain ? domain : uuid);
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

	/* Somebody who tries again at once does not wait until we know how the first try ended. */
	if (e && e->over && ev->kind == MT_EVENT_MIGRATION && ev->status == MT_STATUS_SETUP)
		e = NULL;
	if (!e) {
		if (tells_of_migration(m, ev))
			begin(m, ev->uuid, ev->domain_cut ? NULL : ev->domain, ev);
		return;
	}
	if (ev->kind == MT_EVENT_MIGRATION && (ev->status == MT_STATUS_COMPLETED ||
	    ev->status == MT_STATUS_FAILED || ev->status == MT_STATUS_CANCELLED))
		e->over = true;
	guest_post(e->guest, ev);
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

static void on_conn_event(struct manager *m, const struct mt_event *ev)
{
	bool up = ev->kind == MT_EVENT_CONN_UP;

	pthread_mutex_lock(&m->lock);
	snprintf(m->error, sizeof(m->error), "%s", up ? "" : "libvirtd went away");
	for (struct entry *e = m->entries; e; e = e->next)
		guest_post(e->guest, ev);
	pthread_mutex_unlock(&m->lock);
	if (up)
		log_info("%s: connected again", mt_conn_uri(m->conn));
	else
		log_warn("%s: libvirtd went away; waiting for it", mt_conn_uri(m->conn));
	mt_inbox_post(ev, m->inbox);
	changed(m);
}

static void on_event(const struct mt_event *ev, void *opaque)
{
	struct manager *m = opaque;

	if (ev->kind == MT_EVENT_CONN_DOWN || ev->kind == MT_EVENT_CONN_UP) {
		on_conn_event(m, ev);
		return;
	}
	pthread_mutex_lock(&m->lock);
	dispatch(m, ev);
	pthread_mutex_unlock(&m->lock);
}

/* --- the thread --------------------------------------------------------- */

/* Waits, unless it is time to go. */
static void pause_ms(struct manager *m, uint64_t ms)
{
	uint64_t until_ns = mt_now_ns() + ms * MT_NS_PER_MS, now_ns;
	struct mt_event ev;

	while (!leaving(m) && (now_ns = mt_now_ns()) < until_ns)
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
	if (!ret)
		m->conn = conn;
	pthread_mutex_unlock(&m->lock);
	if (!ret)
		mt_versions_get(&m->versions, conn);
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
	struct config *config;

	pthread_mutex_lock(&m->lock);
	config = config_get(m->config);	/* a reload with another URI asks for a restart */
	pthread_mutex_unlock(&m->lock);
	while (!leaving(m) && !try_connect(m, config->uri)) {
		pause_ms(m, delay_ms);
		delay_ms = delay_ms * 2 < RETRY_MAX_MS ? delay_ms * 2 : RETRY_MAX_MS;
	}
	config_put(config);
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
			begin(m, list[i].uuid, list[i].name_cut ? NULL : list[i].name, NULL);
	pthread_mutex_unlock(&m->lock);
	m->scanned = true;
	return true;
}

/* Joins the threads that are done. Return: whether that was all. */
static bool reap(struct manager *m)
{
	struct entry **link, *e;
	bool empty;

	pthread_mutex_lock(&m->lock);
	link = &m->entries;
	while ((e = *link)) {
		if (e->stage != STAGE_DONE) {
			link = &e->next;
			continue;
		}
		*link = e->next;
		/* It has nothing left to do but to return: no long wait under the lock. */
		guest_free(e->guest);
		free(e);
	}
	empty = !m->entries;
	pthread_mutex_unlock(&m->lock);
	return empty;
}

/* Once every migration that was under way at our start has asked for its recording. */
static void finish_leftovers(struct manager *m, bool *finished)
{
	bool ready = m->scanned && !leaving(m);

	if (*finished)
		return;
	pthread_mutex_lock(&m->lock);
	for (struct entry *e = m->entries; e && ready; e = e->next)
		ready = e->stage != STAGE_STARTING;
	pthread_mutex_unlock(&m->lock);
	if (!ready)
		return;
	leftovers_finish(m->leftovers);
	*finished = true;
}

static void follow(struct manager *m)
{
	bool looked = scan(m), finished = false;
	struct mt_event ev;

	while (!leaving(m)) {
		int ret;

		reap(m);
		finish_leftovers(m, &finished);
		ret = mt_inbox_take(m->inbox, &ev, looked ? FOR_EVER_MS : SCAN_RETRY_MS);
		if (leaving(m))
			break;
		if (ret || ev.kind == MT_EVENT_CONN_UP)
			looked = scan(m);
	}
}

static void let_go(struct manager *m)
{
	const struct mt_event wake_up = { .kind = MT_EVENT_WAKE, .t_ns = mt_now_ns() };
	struct mt_event ev;

	pthread_mutex_lock(&m->lock);
	for (struct entry *e = m->entries; e; e = e->next)
		guest_post(e->guest, &wake_up);
	pthread_mutex_unlock(&m->lock);
	while (!reap(m))
		(void)mt_inbox_take(m->inbox, &ev, FOR_EVER_MS);	/* each that is done wakes us */
}

static void *manager_main(void *arg)
{
	struct manager *m = arg;
	int id;

	connect_first(m);
	if (!m->conn)
		return NULL;
	while ((id = mt_conn_subscribe(m->conn, NULL, on_event, m)) < 0 && !leaving(m)) {
		log_warn("%s: no events: %s; trying again", mt_conn_uri(m->conn), strerror(-id));
		pause_ms(m, RETRY_MAX_MS);
	}
	if (id > 0)
		follow(m);
	let_go(m);
	if (id > 0)
		mt_conn_unsubscribe(m->conn, id);
	mt_conn_close(m->conn);
	mt_loop_stop();
	return NULL;
}

/* --- the interface ------------------------------------------------------ */

static void manager_free(struct manager *m)
{
	if (m->inbox)
		mt_inbox_free(m->inbox);
	if (m->changed >= 0)
		close(m->changed);
	leftovers_put(m->leftovers);
	config_put(m->config);
	for (size_t i = 0; i < FINISHED_KEPT; i++)
		json_decref(m->finished[i]);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

int manager_new(struct manager **out, struct config *config)
{
	struct manager *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return -ENOMEM;
	pthread_mutex_init(&m->lock, NULL);
	m->start_ns = mt_now_ns();
	m->config = config_get(config);
	m->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m->inbox = mt_inbox_new();
	if (m->changed < 0 || !m->inbox) {
		ret = m->changed < 0 ? -errno : -ENOMEM;
		goto fail;
	}
	if (*config->directory)
		m->leftovers = leftovers_find(config->directory);
	ret = -pthread_create(&m->thread, NULL, manager_main, m);
	if (ret)
		goto fail;
	*out = m;
	return 0;
fail:
	manager_free(m);
	return ret;
}

int manager_stop(struct manager *m, uint64_t timeout_ms)
{
	struct timespec until;
	uint64_t ns;

	__atomic_store_n(&m->leave, 1, __ATOMIC_RELEASE);
	wake(m);
	clock_gettime(CLOCK_REALTIME, &until);
	ns = until.tv_nsec + timeout_ms % MT_MS_PER_S * MT_NS_PER_MS;
	until.tv_sec += timeout_ms / MT_MS_PER_S + ns / MT_NS_PER_S;
	until.tv_nsec = ns % MT_NS_PER_S;
	if (pthread_timedjoin_np(m->thread, NULL, &until))
		return -ETIMEDOUT;
	manager_free(m);
	return 0;
}

void manager_set_config(struct manager *m, struct config *config)
{
	struct config *old;

	config_get(config);
	pthread_mutex_lock(&m->lock);
	old = m->config;
	m->config = config;
	pthread_mutex_unlock(&m->lock);
	config_put(old);
	changed(m);
}

int manager_changed_fd(const struct manager *m)
{
	return m->changed;
}

/* With the lock held. */
static bool is_connected(const struct manager *m)
{
	return m->conn && !mt_conn_wait(m->conn, 0);
}

void manager_summary(struct manager *m, char *buf, size_t size)
{
	unsigned n = 0;

	pthread_mutex_lock(&m->lock);
	for (struct entry *e = m->entries; e; e = e->next)
		n += e->stage == STAGE_READY;
	snprintf(buf, size, "%s, libvirt %s, %u migration%s supervised", config_mode_name(m->config->guest.mode),
		 is_connected(m) ? "connected" : "disconnected", n, n == 1 ? "" : "s");
	pthread_mutex_unlock(&m->lock);
}

/* With the lock held. */
static json_t *libvirt_json(struct manager *m, int *failed)
{
	json_t *o = json_object();
	bool connected = is_connected(m);

	if (!o)
		return NULL;
	mt_json_set(o, "uri", mt_json_string(m->conn ? mt_conn_uri(m->conn) : m->config->uri), failed);
	mt_json_set(o, "connected", json_boolean(connected), failed);
	mt_json_set(o, "error", mt_json_string(connected || !*m->error ? NULL : m->error), failed);
	return o;
}

/* With the lock held. */
static json_t *supervised_json(struct manager *m)
{
	json_t *a = json_array();

	for (struct entry *e = m->entries; e && a; e = e->next) {
		json_t *o = e->stage < STAGE_ENDED ? guest_status(e->guest) : NULL;

		if (o)
			json_array_append_new(a, o);
	}
	return a;
}

/* With the lock held. The newest first. */
static json_t *finished_json(struct manager *m)
{
	json_t *a = json_array();

	for (unsigned i = 0; a && i < FINISHED_KEPT && i < m->n_finished; i++)
		json_array_append_new(a, json_deep_copy(m->finished[(m->n_finished - 1 - i) % FINISHED_KEPT]));
	return a;
}

json_t *manager_status(struct manager *m)
{
	json_t *o = json_object();
	int failed = 0;

	if (!o)
		return NULL;
	pthread_mutex_lock(&m->lock);
	mt_json_set(o, "version", mt_json_string(MT_VERSION), &failed);
	mt_json_set(o, "pid", mt_json_uint(getpid()), &failed);
	mt_json_set(o, "mode", mt_json_string(config_mode_name(m->config->guest.mode)), &failed);
	mt_json_set(o, "policy", mt_json_string(m->config->guest.policy->name), &failed);
	mt_json_set(o, "libvirt", libvirt_json(m, &failed), &failed);
	mt_json_set(o, "uptime_s", mt_json_uint((mt_now_ns() - m->start_ns) / MT_NS_PER_S), &failed);
	mt_json_set(o, "config", mt_json_string(m->config->path), &failed);
	mt_json_set(o, "supervised", supervised_json(m), &failed);
	mt_json_set(o, "finished", finished_json(m), &failed);
	pthread_mutex_unlock(&m->lock);
	if (failed) {
		json_decref(o);
		return NULL;
	}
	return o;
}
