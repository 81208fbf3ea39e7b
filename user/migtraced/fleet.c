// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fleet.c - every migration that is supervised, and which event belongs to which
 *
 * Threads: any. The lock is held for moments; under it guests are begun and told things, and never
 * waited for.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "fleet.h"
#include "log.h"
#include "totals.h"

#define FINISHED_KEPT	16
#define HOLD_OFFS	8
/* A migration that cannot be supervised is not tried again at each of its events. */
#define HOLD_OFF_MS	5000
/* One that has not said by then whether it migrates hangs. */
#define STARTING_MS	5000

enum stage { STAGE_STARTING, STAGE_READY, STAGE_ENDED, STAGE_DONE };

struct entry {
	struct entry *next;
	struct guest *guest;
	enum stage stage;
	uint64_t begun_ns;
	bool over;			/* QEMU said so; how it went is being found out, for
					 * seconds */
};

struct hold_off {
	char uuid[VIR_UUID_STRING_BUFLEN];
	uint64_t until_ns;
};

struct fleet {
	struct fleet_options o;
	char *uri;

	pthread_mutex_t lock;		/* of what follows */
	const struct mt_versions *versions;
	struct config *config;
	bool locked;
	struct entry *entries;
	struct hold_off hold_off[HOLD_OFFS];	/* a ring */
	unsigned n_hold_off;
	json_t *finished[FINISHED_KEPT];	/* a ring */
	unsigned n_finished;
	struct totals totals;
};

static const struct mt_versions versions_unknown;

/* --- entries: all with the lock held -------------------------------------- */

/* The newest, which is the one that events are about. */
static struct entry *entry_of(struct fleet *f, const char *uuid)
{
	for (struct entry *e = f->entries; e; e = e->next)
		if (e->stage < STAGE_ENDED && !strcmp(guest_uuid(e->guest), uuid))
			return e;
	return NULL;
}

static struct entry *entry_of_guest(struct fleet *f, const struct guest *g)
{
	struct entry *e = f->entries;

	while (e && e->guest != g)
		e = e->next;
	return e;
}

static bool held_off(const struct fleet *f, const char *uuid)
{
	uint64_t now_ns = mt_now_ns();

	for (size_t i = 0; i < HOLD_OFFS; i++)
		if (f->hold_off[i].until_ns > now_ns && !strcmp(f->hold_off[i].uuid, uuid))
			return true;
	return false;
}

static void hold_off(struct fleet *f, const char *uuid)
{
	struct hold_off *h = &f->hold_off[f->n_hold_off++ % HOLD_OFFS];

	snprintf(h->uuid, sizeof(h->uuid), "%s", uuid);
	h->until_ns = mt_now_ns() + HOLD_OFF_MS * MT_NS_PER_MS;
}

static void on_guest_ready(struct guest *g, void *opaque);
static void on_guest_ended(struct guest *g, void *opaque);
static void on_guest_done(struct guest *g, json_t *finished, void *opaque);

static void begin(struct fleet *f, const char *uuid, const char *domain,
		  const struct mt_event *event)
{
	const struct guest_setup setup = {
		.uri = f->uri,
		.versions = f->versions,
		.config = f->config,
		.leftovers = f->o.leftovers,
		.knowledge = f->o.knowledge,
		.historian = f->o.historian,
		.hands = reins_hands(f->o.reins),
		.guard = reins_guard(f->o.reins),
		.locked = f->locked,
		.uuid = uuid,
		.event = event,
		.leave = f->o.leave,
		.ready = on_guest_ready,
		.ended = on_guest_ended,
		.done = on_guest_done,
		.opaque = f,
	};
	struct entry *e;

	if (__atomic_load_n(f->o.leave, __ATOMIC_ACQUIRE))
		return;
	if (!config_wants(f->config, domain, uuid)) {
		log_debug("%s: not among the domains that are supervised", domain ? domain : uuid);
		return;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return;
	e->begun_ns = mt_now_ns();
	e->guest = guest_new(&setup);
	if (!e->guest) {
		free(e);
		return;
	}
	e->next = f->entries;
	f->entries = e;
}

/* Whether a migration of a guest that nobody supervises is under way, going by this event. */
static bool tells_of_migration(const struct fleet *f, const struct mt_event *ev)
{
	if (ev->kind == MT_EVENT_MIGRATION && ev->status == MT_STATUS_SETUP)
		return true;
	if (held_off(f, ev->uuid))
		return false;
	return ev->kind == MT_EVENT_ITERATION ||
	       (ev->kind == MT_EVENT_MIGRATION &&
		(ev->status == MT_STATUS_ACTIVE || ev->status == MT_STATUS_POSTCOPY));
}

static void dispatch(struct fleet *f, const struct mt_event *ev)
{
	struct entry *e = entry_of(f, ev->uuid);

	/* Somebody who tries again at once does not wait until we know how the first try ended. */
	if (e && e->over && ev->kind == MT_EVENT_MIGRATION && ev->status == MT_STATUS_SETUP)
		e = NULL;
	if (!e) {
		if (tells_of_migration(f, ev))
			begin(f, ev->uuid, ev->domain_cut ? NULL : ev->domain, ev);
		return;
	}
	if (ev->kind == MT_EVENT_MIGRATION && (ev->status == MT_STATUS_COMPLETED ||
	    ev->status == MT_STATUS_FAILED || ev->status == MT_STATUS_CANCELLED))
		e->over = true;
	guest_post(e->guest, ev);
}

/* --- called on guests' threads ---------------------------------------------- */

static void on_guest_ready(struct guest *g, void *opaque)
{
	struct fleet *f = opaque;

	pthread_mutex_lock(&f->lock);
	/*
	 * guest_new() starts the thread before it returns; begin() holds the lock until all is in
	 * place.
	 */
	entry_of_guest(f, g)->stage = STAGE_READY;
	pthread_mutex_unlock(&f->lock);
	f->o.changed(f->o.opaque);
}

/* The next migration may have begun while the end of this one was being settled. */
static void on_guest_ended(struct guest *g, void *opaque)
{
	struct fleet *f = opaque;
	bool next = false;
	struct mt_event ev;

	pthread_mutex_lock(&f->lock);
	entry_of_guest(f, g)->stage = STAGE_ENDED;
	while (!guest_unread(g, &ev)) {
		next |= ev.kind == MT_EVENT_MIGRATION && ev.status == MT_STATUS_SETUP;
		if (next)
			dispatch(f, &ev);
	}
	pthread_mutex_unlock(&f->lock);
}

static void on_guest_done(struct guest *g, json_t *finished, void *opaque)
{
	struct fleet *f = opaque;
	void (*changed)(void *) = f->o.changed;
	void *changed_opaque = f->o.opaque;
	json_t **slot, *old = NULL;

	pthread_mutex_lock(&f->lock);
	if (finished) {
		slot = &f->finished[f->n_finished++ % FINISHED_KEPT];
		old = *slot;
		*slot = finished;
		totals_add(&f->totals, finished);
	}
	/* Late events of a migration that is over, or of one that cannot be supervised. */
	hold_off(f, guest_uuid(g));
	entry_of_guest(f, g)->stage = STAGE_DONE;
	pthread_mutex_unlock(&f->lock);
	json_decref(old);
	changed(changed_opaque);
}

/* --- the interface ------------------------------------------------------------ */

int fleet_new(struct fleet **out, const struct fleet_options *options)
{
	struct fleet *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->o = *options;
	f->config = config_get(options->config);
	f->o.config = NULL;
	f->versions = &versions_unknown;
	f->locked = true;
	pthread_mutex_init(&f->lock, NULL);
	*out = f;
	return 0;
}

void fleet_free(struct fleet *f)
{
	if (!f)
		return;
	config_put(f->config);
	for (size_t i = 0; i < FINISHED_KEPT; i++)
		json_decref(f->finished[i]);
	pthread_mutex_destroy(&f->lock);
	free(f->uri);
	free(f);
}

int fleet_set_uri(struct fleet *f, const char *uri)
{
	f->uri = strdup(uri);
	return f->uri ? 0 : -ENOMEM;
}

void fleet_set_versions(struct fleet *f, const struct mt_versions *versions)
{
	pthread_mutex_lock(&f->lock);
	f->versions = versions;
	pthread_mutex_unlock(&f->lock);
}

void fleet_set_config(struct fleet *f, struct config *config)
{
	struct config *old;

	pthread_mutex_lock(&f->lock);
	old = f->config;
	f->config = config_get(config);
	for (struct entry *e = f->entries; e; e = e->next)
		guest_reconfigure(e->guest, config);
	pthread_mutex_unlock(&f->lock);
	config_put(old);
}

struct config *fleet_config(struct fleet *f)
{
	struct config *config;

	pthread_mutex_lock(&f->lock);
	config = config_get(f->config);
	pthread_mutex_unlock(&f->lock);
	return config;
}

void fleet_set_locked(struct fleet *f, bool locked)
{
	pthread_mutex_lock(&f->lock);
	f->locked = locked;
	for (struct entry *e = f->entries; e; e = e->next)
		guest_set_locked(e->guest, locked);
	pthread_mutex_unlock(&f->lock);
}

void fleet_on_event(struct fleet *f, const struct mt_event *ev)
{
	pthread_mutex_lock(&f->lock);
	dispatch(f, ev);
	pthread_mutex_unlock(&f->lock);
}

void fleet_post(struct fleet *f, const struct mt_event *ev)
{
	pthread_mutex_lock(&f->lock);
	for (struct entry *e = f->entries; e; e = e->next)
		guest_post(e->guest, ev);
	pthread_mutex_unlock(&f->lock);
}

void fleet_found(struct fleet *f, const char *uuid, const char *domain)
{
	pthread_mutex_lock(&f->lock);
	if (!entry_of(f, uuid))
		begin(f, uuid, domain, NULL);
	pthread_mutex_unlock(&f->lock);
}

bool fleet_has(struct fleet *f, const char *uuid)
{
	bool has;

	pthread_mutex_lock(&f->lock);
	has = entry_of(f, uuid);
	pthread_mutex_unlock(&f->lock);
	return has;
}

int fleet_uuid(struct fleet *f, const char *name, char uuid[VIR_UUID_STRING_BUFLEN])
{
	int ret = -ENOENT;

	pthread_mutex_lock(&f->lock);
	for (struct entry *e = f->entries; e; e = e->next) {
		if (e->stage >= STAGE_ENDED || !guest_is_called(e->guest, name))
			continue;
		/* Two migrations of one guest, one of them ending, are one guest. */
		if (!ret && strcmp(uuid, guest_uuid(e->guest))) {
			ret = -EEXIST;
			break;
		}
		snprintf(uuid, VIR_UUID_STRING_BUFLEN, "%s", guest_uuid(e->guest));
		ret = 0;
	}
	pthread_mutex_unlock(&f->lock);
	return ret;
}

bool fleet_is_starting(struct fleet *f)
{
	uint64_t now_ns = mt_now_ns();
	bool starting = false;

	pthread_mutex_lock(&f->lock);
	for (struct entry *e = f->entries; e && !starting; e = e->next)
		starting = e->stage == STAGE_STARTING &&
			   now_ns < e->begun_ns + STARTING_MS * MT_NS_PER_MS;
	pthread_mutex_unlock(&f->lock);
	return starting;
}

unsigned fleet_count(struct fleet *f)
{
	unsigned n = 0;

	pthread_mutex_lock(&f->lock);
	for (struct entry *e = f->entries; e; e = e->next)
		n += e->stage == STAGE_READY;
	pthread_mutex_unlock(&f->lock);
	return n;
}

bool fleet_reap(struct fleet *f)
{
	struct entry **link, *e, *done = NULL;
	bool empty;

	pthread_mutex_lock(&f->lock);
	link = &f->entries;
	while ((e = *link)) {
		if (e->stage != STAGE_DONE) {
			link = &e->next;
			continue;
		}
		*link = e->next;
		e->next = done;
		done = e;
	}
	empty = !f->entries;
	pthread_mutex_unlock(&f->lock);
	while ((e = done)) {
		done = e->next;
		/* It has nothing left to do but to return. */
		guest_free(e->guest);
		free(e);
	}
	return empty;
}

/* --- status --------------------------------------------------------------------- */

json_t *fleet_supervised_json(struct fleet *f)
{
	json_t *a = json_array();
	char why[256];

	(void)reins_held(f->o.reins, why, sizeof(why));
	pthread_mutex_lock(&f->lock);
	for (struct entry *e = f->entries; e && a; e = e->next) {
		/* Until it stands among the finished ones. */
		json_t *o = e->stage < STAGE_DONE ? guest_status(e->guest, why) : NULL;

		if (o)
			json_array_append_new(a, o);
	}
	pthread_mutex_unlock(&f->lock);
	return a;
}

json_t *fleet_totals_json(struct fleet *f)
{
	json_t *o;

	pthread_mutex_lock(&f->lock);
	o = totals_json(&f->totals);
	pthread_mutex_unlock(&f->lock);
	return o;
}

json_t *fleet_finished_json(struct fleet *f)
{
	json_t *a = json_array();

	pthread_mutex_lock(&f->lock);
	for (unsigned i = 0; a && i < FINISHED_KEPT && i < f->n_finished; i++)
		json_array_append_new(
			a, json_deep_copy(f->finished[(f->n_finished - 1 - i) % FINISHED_KEPT]));
	pthread_mutex_unlock(&f->lock);
	return a;
}

void fleet_stuck_json(struct fleet *f, json_t *array)
{
	pthread_mutex_lock(&f->lock);
	for (struct entry *e = f->entries; e; e = e->next)
		if (e->stage < STAGE_ENDED)
			guest_stuck_json(e->guest, array);
	pthread_mutex_unlock(&f->lock);
}
