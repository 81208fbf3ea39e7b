// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * manager.c - the connection to libvirt and every migration on it
 *
 * Threads: one of its own. It calls libvirt only to connect and to list guests by name, which asks
 * none of them; whatever asks a guest is on a thread of that guest (fleet.h) or of a probe
 * (probe.h), and nobody waits for it.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/thread.h"
#include "base/units.h"
#include "hypervisor/domain.h"
#include "health.h"
#include "log.h"
#include "manager_int.h"

#define RETRY_FIRST_MS	100
#define RETRY_MAX_MS	5000
#define SCAN_RETRY_MS	5000
#define TICK_MS		1000	/* between two looks for orphans, for the lock, for what hangs */
#define FACTS_MS	1000	/* what the host is: a healthy libvirtd says it in milliseconds */
#define FACTS_RETRY_MS	5000
#define BUSY_MS		10000	/* of work of its own */

static bool leaving(const struct manager *m)
{
	return __atomic_load_n(&m->leave, __ATOMIC_ACQUIRE);
}

/* Any thread. */
static void changed(void *opaque)
{
	const struct mt_event ev = { .kind = MT_EVENT_WAKE, .t_ns = mt_now_ns() };
	struct manager *m = opaque;
	uint64_t one = 1;

	mt_inbox_post(&ev, m->inbox);
	/* Fails only when the counter is at its end: readable then, too. */
	if (write(m->changed, &one, sizeof(one)) < 0)
		return;
}

/* --- called by libvirt's loop, or the reconnecting thread --------------- */

static void on_conn_event(struct manager *m, const struct mt_event *ev)
{
	bool up = ev->kind == MT_EVENT_CONN_UP;

	pthread_mutex_lock(&m->lock);
	m->connected = up;
	snprintf(m->error, sizeof(m->error), "%s", up ? "" : "libvirtd went away");
	pthread_mutex_unlock(&m->lock);
	fleet_post(m->fleet, ev);
	if (up)
		log_info("%s: connected again", m->uri);
	else
		log_warn("%s: libvirtd went away; waiting for it", m->uri);
	mt_inbox_post(ev, m->inbox);
	changed(m);
}

static void on_event(const struct mt_event *ev, void *opaque)
{
	struct manager *m = opaque;

	if (ev->kind == MT_EVENT_CONN_DOWN || ev->kind == MT_EVENT_CONN_UP)
		on_conn_event(m, ev);
	else
		fleet_on_event(m->fleet, ev);
}

/* --- called by probes ----------------------------------------------------- */

static void on_found(const char *uuid, const char *domain, void *opaque)
{
	struct manager *m = opaque;

	fleet_found(m->fleet, uuid, domain);
}

/* --- who acts ---------------------------------------------------------------- */

static void hold_reins(struct manager *m)
{
	struct config *config = fleet_config(m->fleet);
	bool wanted = config_acts(config);
	char why[8];

	config_put(config);
	if (!reins_tick(m->reins, wanted))
		return;
	fleet_set_locked(m->fleet, !reins_held(m->reins, why, sizeof(why)));
	changed(m);
}

/* --- connecting ------------------------------------------------------------- */

/* Waits, unless it is time to go. */
static void pause_ms(struct manager *m, uint64_t ms)
{
	uint64_t until_ns = mt_now_ns() + ms * MT_NS_PER_MS, now_ns;
	struct mt_event ev;

	health_waiting("the time to try again");
	while (!leaving(m) && (now_ns = mt_now_ns()) < until_ns)
		(void)mt_inbox_take(m->inbox, &ev, (until_ns - now_ns) / MT_NS_PER_MS + 1);
	health_busy();
}

static bool try_connect(struct manager *m, const char *uri)
{
	struct mt_conn *conn = NULL;
	struct mt_err err = { 0 };
	bool news;
	int ret;

	health_call("connecting to libvirt");
	ret = mt_conn_open(&conn, uri, &err);
	health_busy();
	if (!ret && fleet_set_uri(m->fleet, mt_conn_uri(conn))) {
		mt_conn_close(conn);
		ret = mt_err_set(&err, -ENOMEM, "out of memory");
	}
	pthread_mutex_lock(&m->lock);
	news = strcmp(m->error, err.msg) != 0;
	snprintf(m->error, sizeof(m->error), "%s", err.msg);
	if (!ret) {
		m->conn = conn;
		m->connected = true;
		snprintf(m->uri, sizeof(m->uri), "%s", mt_conn_uri(conn));
	}
	pthread_mutex_unlock(&m->lock);
	if (!ret)
		log_info("%s: connected", m->uri);
	else if (news)
		log_warn("%s; trying again until it answers", err.msg);
	if (!ret || news)
		changed(m);
	return !ret;
}

static void connect_first(struct manager *m)
{
	struct config *config = fleet_config(m->fleet);	/* a reload with another URI asks for a
							 * restart */
	uint64_t delay_ms = RETRY_FIRST_MS;

	while (!leaving(m) && !try_connect(m, config->uri)) {
		hold_reins(m);
		pause_ms(m, delay_ms);
		delay_ms = delay_ms * 2 < RETRY_MAX_MS ? delay_ms * 2 : RETRY_MAX_MS;
	}
	config_put(config);
}

/* Until it has been said. */
static void take_facts(struct manager *m, uint64_t timeout_ms)
{
	char host[VIR_UUID_STRING_BUFLEN];
	struct mt_versions versions;
	bool known, failed;

	if (m->facts_known)
		return;
	if (!m->facts && mt_now_ns() >= m->next_facts_ns)
		m->facts = facts_ask(m->uri);
	if (!m->facts)
		return;
	health_call("asking which host it is");
	known = facts_get(m->facts, &versions, host, timeout_ms);
	failed = !known && facts_failed(m->facts);
	health_busy();
	if (known) {
		m->facts_known = true;
		m->versions = versions;
		fleet_set_versions(m->fleet, &m->versions);
		reins_set_host(m->reins, host);
	}
	if (known || failed) {
		facts_put(m->facts);
		m->facts = NULL;
		m->next_facts_ns = mt_deadline_ns(FACTS_RETRY_MS);
	}
}

/* --- looking for migrations under way ---------------------------------------- */

/* Only those that nobody looks after, and that somebody wants looked after. */
static size_t keep_unknown(struct manager *m, struct mt_domain_name *list, size_t n)
{
	struct config *config = fleet_config(m->fleet);
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!fleet_has(m->fleet, list[i].uuid) &&
		    config_wants(config, list[i].name_cut ? NULL : list[i].name, list[i].uuid))
			list[kept++] = list[i];
	config_put(config);
	return kept;
}

/* Whatever migrates already: nobody may have been there to see it begin. */
static void scan(struct manager *m)
{
	mt_autofree struct mt_domain_name *list = NULL;
	struct mt_err err = { 0 };
	size_t n = 0;
	int ret;

	health_call("listing the guests by name");
	ret = mt_domain_names(m->conn, &list, &n, &err);
	health_busy();
	if (!ret && probes_look(m->probes, m->uri, list, keep_unknown(m, list, n)))
		ret = mt_err_set(&err, -ENOMEM, "out of memory");
	m->listed = !ret;
	m->scanned |= !ret;
	m->next_scan_ns = mt_deadline_ns(SCAN_RETRY_MS);
	if (ret)
		log_warn("cannot look for migrations under way: %s", err.msg);
}

/* --- once a second ------------------------------------------------------------- */

/*
 * Once every migration that was under way at our start has asked for its recording. One that hangs
 * has not, and never may.
 */
static void finish_leftovers(struct manager *m, bool probing)
{
	if (m->finished_leftovers || !m->scanned || probing || fleet_is_starting(m->fleet))
		return;
	leftovers_finish(m->leftovers);
	m->finished_leftovers = true;
}

static void tick(struct manager *m)
{
	bool probing, reloaded;

	pthread_mutex_lock(&m->lock);
	reloaded = m->reloaded;
	m->reloaded = false;
	pthread_mutex_unlock(&m->lock);
	m->listed &= !reloaded;
	take_facts(m, 0);
	hold_reins(m);
	fleet_reap(m->fleet);
	probing = probes_check(m->probes);
	finish_leftovers(m, probing);
	if (probes_failed(m->probes))
		m->listed = false;
	if (!m->listed && (reloaded || mt_now_ns() >= m->next_scan_ns))
		scan(m);
}

static void follow(struct manager *m)
{
	uint64_t tick_ns = 0;
	struct mt_event ev;

	scan(m);
	while (!leaving(m)) {
		uint64_t now_ns = mt_now_ns();
		int ret;

		if (now_ns >= tick_ns) {
			tick(m);
			tick_ns = mt_now_ns() + TICK_MS * MT_NS_PER_MS;
			continue;
		}
		fleet_reap(m->fleet);
		health_waiting("events");
		ret = mt_inbox_take(m->inbox, &ev, (tick_ns - now_ns) / MT_NS_PER_MS + 1);
		health_busy();
		if (!ret && ev.kind == MT_EVENT_CONN_UP && !leaving(m))
			scan(m);
	}
}

/* --- the thread --------------------------------------------------------------- */

static void let_go(struct manager *m)
{
	const struct mt_event wake_up = { .kind = MT_EVENT_WAKE, .t_ns = mt_now_ns() };
	struct mt_event ev;

	fleet_post(m->fleet, &wake_up);
	health_waiting("migrations to be let go of");
	while (!fleet_reap(m->fleet))
		(void)mt_inbox_take(m->inbox, &ev, TICK_MS);	/* each that is done wakes us */
}

/*
 * Guests that were stopped by a process that has ended do not wait for libvirt to be asked about
 * anything else.
 */
static void *manager_main(void *arg)
{
	struct manager *m = arg;
	int id;

	health_begin("manager", BUSY_MS);
	hold_reins(m);
	connect_first(m);
	if (!m->conn)
		goto out;
	take_facts(m, FACTS_MS);
	hold_reins(m);
	health_call("subscribing to events");
	while ((id = mt_conn_subscribe(m->conn, NULL, on_event, m)) < 0 && !leaving(m)) {
		log_warn("%s: no events: %s; trying again", m->uri, strerror(-id));
		pause_ms(m, RETRY_MAX_MS);
	}
	health_busy();
	if (id > 0)
		follow(m);
	let_go(m);
	health_call("closing the connection");
	if (id > 0)
		mt_conn_unsubscribe(m->conn, id);
	mt_conn_close(m->conn);
	facts_put(m->facts);
out:
	health_end();
	return NULL;
}

/* --- the interface -------------------------------------------------------------- */

/* The last thing that is known of it by anybody. */
static void manager_free(struct manager *m)
{
	fleet_free(m->fleet);
	reins_free(m->reins);
	leftovers_put(m->leftovers);
	if (m->inbox)
		mt_inbox_free(m->inbox);
	if (m->changed >= 0)
		close(m->changed);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static int open_parts(struct manager *m, struct config *config)
{
	const struct probes_options probes = { .found = on_found,
					       .answered = changed,
					       .opaque = m };
	struct fleet_options fleet = {
		.config = config, .leave = &m->leave, .changed = changed, .opaque = m
	};
	int ret;

	m->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m->inbox = mt_inbox_new();
	if (m->changed < 0 || !m->inbox)
		return m->changed < 0 ? -errno : -ENOMEM;
	ret = reins_new(&m->reins, config);
	if (ret)
		return ret;
	if (*config->directory)
		m->leftovers = leftovers_find(config->directory);
	fleet.reins = m->reins;
	fleet.leftovers = m->leftovers;
	m->knowledge = knowledge_new(config->directory);
	fleet.knowledge = m->knowledge;
	m->historian = historian_new(config);
	fleet.historian = m->historian;
	ret = fleet_new(&m->fleet, &fleet);
	if (ret)
		return ret;
	return probes_new(&m->probes, &probes);
}

int manager_new(struct manager **out, struct config *config)
{
	struct manager *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return -ENOMEM;
	pthread_mutex_init(&m->lock, NULL);
	m->start_ns = mt_now_ns();
	ret = open_parts(m, config);
	if (!ret)
		ret = mt_thread_start(&m->thread, "manager", manager_main, m);
	if (!ret) {
		*out = m;
		return 0;
	}
	if (m->probes)
		probes_let_go(m->probes);
	(void)knowledge_stop(m->knowledge, MT_FOR_EVER_NS);
	(void)historian_stop(m->historian, MT_FOR_EVER_NS);
	manager_free(m);
	return ret;
}

int manager_stop(struct manager *m, uint64_t timeout_ms)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms);
	bool joined, all;

	__atomic_store_n(&m->leave, 1, __ATOMIC_RELEASE);
	changed(m);
	joined = mt_thread_join_until(m->thread, until_ns);
	/* Whoever supervises has been told; now nobody stops another guest. */
	reins_leave(m->reins);
	all = probes_stop(m->probes, until_ns) && joined;
	/* The manager's thread, if its call comes back yet, looks at them. */
	if (joined)
		probes_let_go(m->probes);
	if (all)
		all = historian_stop(m->historian, until_ns) &&
		      knowledge_stop(m->knowledge, until_ns);
	if (!all)
		return -ETIMEDOUT;
	manager_free(m);
	mt_loop_stop();		/* the guard's connections needed it, too */
	return 0;
}

void manager_set_config(struct manager *m, struct config *config)
{
	fleet_set_config(m->fleet, config);
	pthread_mutex_lock(&m->lock);
	m->reloaded = true;
	pthread_mutex_unlock(&m->lock);
	changed(m);
}

int manager_changed_fd(const struct manager *m)
{
	return m->changed;
}
