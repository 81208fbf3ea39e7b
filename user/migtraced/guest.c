// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guest.c - the thread that looks after a migration of one guest, and its inbox
 *
 * Threads: its own does the work and may hang in any call; whatever others ask of it waits for
 * none.
 */
#include <errno.h>
#include <string.h>

#include "base/thread.h"
#include "base/units.h"
#include "guest_int.h"
#include "health.h"
#include "log.h"

/* libvirt knows of its job before QEMU begins; this is for a slow answer. */
#define APPEAR_MS	1000
#define APPEAR_POLL_MS	50

/*
 * A connection of its own is tried for that often: libvirtd may be busy, or have too many clients
 * for the moment.
 */
#define CONNECT_MS	60000
#define CONNECT_FIRST_MS	100
#define CONNECT_MAX_MS	1000

#define BUSY_MS		10000	/* of work of its own between two calls */

/* --- whether there is a migration ------------------------------------- */

static bool leaving(const struct guest *g)
{
	return __atomic_load_n(g->setup.leave, __ATOMIC_ACQUIRE);
}

/*
 * Calls of one migration must not wait behind another's (see conn.h), so each worker makes its own
 * over a connection of its own, or none. Return: whether it has one.
 */
static bool open_calls(struct guest *g)
{
	uint64_t until_ns = mt_deadline_ns(CONNECT_MS), delay_ms = CONNECT_FIRST_MS;
	struct mt_err err = { 0 };
	bool told = false;

	health_call("a connection of its own");
	while (mt_conn_open(&g->calls, g->setup.uri, &err)) {
		g->calls = NULL;
		if (!told)
			log_warn(
				"%s: not supervised as long as it has no connection of its own: %s",
				g->uuid, err.msg);
		told = true;
		if (leaving(g) || mt_now_ns() >= until_ns)
			return false;
		mt_sleep_ms(delay_ms);
		delay_ms = delay_ms * 2 < CONNECT_MAX_MS ? delay_ms * 2 : CONNECT_MAX_MS;
	}
	return true;
}

/* Incoming migrations look the same in QEMU's events; only libvirt tells them apart. */
static bool is_migrating_out(struct guest *g)
{
	uint64_t until_ns = mt_now_ns() + APPEAR_MS * MT_NS_PER_MS;

	do {
		struct mt_domain_info info;
		struct mt_err err = { 0 };
		struct mt_sample sample;
		int ret = mt_domain_info(g->calls, g->uuid, &info, &err);

		if (ret) {
			log_debug("%s: %s", g->uuid, err.msg);
			return false;
		}
		pthread_mutex_lock(&g->lock);
		g->info = info;
		pthread_mutex_unlock(&g->lock);
		if (info.migrating_in) {
			log_debug("%s: migrates to this host; its source supervises that", info.name);
			return false;
		}
		if (info.migrating_out) {
			ret = mt_domain_sample(g->calls, g->uuid, &sample, NULL);
			if (!ret && mt_sample_has(&sample, total_ms))
				g->total_ms = sample.total_ms;
			return true;
		}
		mt_sleep_ms(APPEAR_POLL_MS);
	} while (!leaving(g) && mt_now_ns() < until_ns);
	return false;
}

/* --- the thread ------------------------------------------------------- */

static void *guest_main(void *arg)
{
	struct guest *g = arg;
	json_t *finished = NULL;
	bool migrates;

	health_begin(g->uuid, BUSY_MS);
	migrates = open_calls(g);
	health_call("whether it migrates");
	migrates = migrates && !leaving(g) && is_migrating_out(g);
	health_busy();
	if (!migrates || leaving(g)) {
		guest_drop_unread(g, g->told);
		g->setup.ready(g, g->setup.opaque);
		g->setup.ended(g, g->setup.opaque);
	} else {
		finished = guest_migration(g);
	}
	health_call("its connection, to close it");
	mt_conn_close(g->calls);
	health_end();
	g->setup.done(g, finished, g->setup.opaque);
	return NULL;
}

/* --- the interface ---------------------------------------------------- */

static void release(struct guest *g)
{
	config_put(g->config);
	mt_inbox_free(g->inbox);
	pthread_mutex_destroy(&g->lock);
	free(g->recording);
	free(g->experience);
	free(g);
}

struct guest *guest_new(const struct guest_setup *setup)
{
	struct guest *g = calloc(1, sizeof(*g));
	int ret = -ENOMEM;

	if (g)
		g->inbox = mt_inbox_new();
	if (!g || !g->inbox)
		goto fail;
	pthread_mutex_init(&g->lock, NULL);
	g->setup = *setup;
	snprintf(g->uuid, sizeof(g->uuid), "%s", setup->uuid);
	g->setup.uuid = g->uuid;
	g->setup.event = NULL;		/* the caller's, and gone when the thread runs */
	g->config = config_get(setup->config);
	g->setup.config = NULL;
	g->told = setup->event;
	g->seen_begin = setup->event && setup->event->kind == MT_EVENT_MIGRATION;
	g->begun_ns = mt_now_ns();
	g->first_t_ns = setup->event ? setup->event->t_ns : g->begun_ns;
	g->observe = setup->locked ? OBSERVE_LOCKED : 0;
	if (setup->event) {
		/* for people, until it is asked */
		snprintf(g->info.name, sizeof(g->info.name), "%s", setup->event->domain);
		mt_inbox_post(setup->event, g->inbox);
	}
	ret = mt_thread_start(&g->thread, "guest", guest_main, g);
	if (!ret)
		return g;
	release(g);
	g = NULL;
fail:
	free(g);
	log_err("%s: not supervised: cannot start a thread: %s", setup->uuid, strerror(-ret));
	return NULL;
}

void guest_free(struct guest *g)
{
	mt_thread_join(g->thread);
	release(g);
}

const char *guest_uuid(const struct guest *g)
{
	return g->uuid;
}

bool guest_is_called(struct guest *g, const char *name)
{
	bool is;

	pthread_mutex_lock(&g->lock);
	is = !g->info.name_cut && !strcmp(g->info.name, name);
	pthread_mutex_unlock(&g->lock);
	return is;
}

void guest_post(struct guest *g, const struct mt_event *ev)
{
	mt_inbox_post(ev, g->inbox);
}

int guest_unread(struct guest *g, struct mt_event *ev)
{
	return mt_inbox_take(g->inbox, ev, 0);
}

/* --- whether it is only observed ---------------------------------------- */

/* With the lock held. Return: whether that was news. */
bool guest_set_observe(struct guest *g, int bit, bool on)
{
	int was = g->observe;

	__atomic_store_n(&g->observe, on ? was | bit : was & ~bit, __ATOMIC_RELEASE);
	return g->observe != was;
}

static void wake(struct guest *g)
{
	const struct mt_event ev = { .kind = MT_EVENT_WAKE, .t_ns = mt_now_ns() };

	guest_post(g, &ev);
}

void guest_reconfigure(struct guest *g, struct config *config)
{
	struct config *old = NULL;
	struct mt_rule how;
	const char *domain;
	bool news = false;

	pthread_mutex_lock(&g->lock);
	if (!g->ruled) {
		old = g->config;
		g->config = config_get(config);
	} else if (g->how.mode == MT_MODE_ACT) {
		domain = g->info.name_cut ? NULL : g->info.name;
		config_for_domain(config, domain, g->uuid, &how);
		/*
		 * Once it is let go of it stays so: a rule that acts again is for the next
		 * migration.
		 */
		if (how.mode == MT_MODE_OBSERVE || !config_wants(config, domain, g->uuid))
			news = guest_set_observe(g, OBSERVE_RELOADED, true);
	}
	pthread_mutex_unlock(&g->lock);
	config_put(old);
	if (news) {
		log_info("%s: only observed from now on, as configured", g->info.name);
		wake(g);
	}
}

void guest_set_locked(struct guest *g, bool locked)
{
	bool news;

	pthread_mutex_lock(&g->lock);
	news = guest_set_observe(g, OBSERVE_LOCKED, locked);
	pthread_mutex_unlock(&g->lock);
	if (news)
		wake(g);
}
