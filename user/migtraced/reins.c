// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reins.c - whether this daemon may act, and who looks after the guests that it stops
 *
 * Threads: any; reins_tick() from one. The lock is held for moments: it is about files on a tmpfs.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/units.h"
#include "log.h"
#include "reins.h"
#include "stuck.h"

struct reins {
	char *directory;		/* NULL: the host's own */
	unsigned max_stopped;
	bool told_directory;

	pthread_mutex_t lock;		/* of what follows */
	struct mt_hands *hands;		/* these two are set once, together */
	struct mt_guard *guard;
	char host[VIR_UUID_STRING_BUFLEN];	/* "": not said yet */
	struct mt_host_lock *held;
	char why[256];			/* not */
};

/* --- what the guard tells ------------------------------------------------- */

static void on_news(const struct mt_event *ev, void *opaque)
{
	static const int priorities[] = {
		[MT_GUARD_ADOPTED] = 4, [MT_GUARD_GIVING_BACK] = 4, [MT_GUARD_TROUBLE] = 4,
		[MT_GUARD_GIVEN_BACK] = 4,
		[MT_GUARD_RUNS] = 6, [MT_GUARD_GONE] = 6, [MT_GUARD_NOT_OURS] = 3,
		[MT_GUARD_UNLIMITED] = 4,
	};
	bool known = ev->detail >= 0 && ev->detail < (int)MT_ARRAY_SIZE(priorities);

	log_write(known ? priorities[ev->detail] : 4, "guard: %s: %s",
		  *ev->domain ? ev->domain : ev->uuid, ev->text);
}

/* --- the directory ---------------------------------------------------------- */

static void open_hands(struct reins *r)
{
	struct mt_hands *hands = NULL;
	struct mt_guard *guard = NULL;
	struct mt_err err = { 0 };
	int ret = mt_hands_open(&hands, r->directory, &err);

	if (!ret)
		ret = mt_guard_new(&guard,
				   &(struct mt_guard_options){ .hands = hands,
							       .who = REINS_WHO,
							       .max_stopped = r->max_stopped,
							       .news = on_news,
							       .opaque = r },
				   &err);
	if (ret && !r->told_directory)
		log_warn("acts on nothing, and cannot look after guests that another stopped: %s; trying again", err.msg);
	r->told_directory = ret;
	if (ret)
		mt_hands_close(hands);
	pthread_mutex_lock(&r->lock);
	if (ret) {
		snprintf(r->why, sizeof(r->why), "%.200s", err.msg);
	} else {
		r->hands = hands;
		r->guard = guard;
	}
	pthread_mutex_unlock(&r->lock);
}

int reins_new(struct reins **out, const struct config *config)
{
	struct reins *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	pthread_mutex_init(&r->lock, NULL);
	r->max_stopped = (unsigned)config->max_stopped;
	snprintf(r->why, sizeof(r->why), "libvirt has not said yet which host this is");
	if (*config->hands) {
		r->directory = strdup(config->hands);
		if (!r->directory) {
			reins_free(r);
			return -ENOMEM;
		}
	}
	open_hands(r);
	*out = r;
	return 0;
}

void reins_free(struct reins *r)
{
	if (!r)
		return;
	mt_host_lock_drop(r->held);
	mt_guard_free(r->guard);
	mt_hands_close(r->hands);
	pthread_mutex_destroy(&r->lock);
	free(r->directory);
	free(r);
}

void reins_set_host(struct reins *r, const char *host)
{
	pthread_mutex_lock(&r->lock);
	snprintf(r->host, sizeof(r->host), "%s", host);
	pthread_mutex_unlock(&r->lock);
}

struct mt_hands *reins_hands(struct reins *r)
{
	struct mt_hands *hands;

	pthread_mutex_lock(&r->lock);
	hands = r->hands;
	pthread_mutex_unlock(&r->lock);
	return hands;
}

struct mt_guard *reins_guard(struct reins *r)
{
	struct mt_guard *guard;

	pthread_mutex_lock(&r->lock);
	guard = r->guard;
	pthread_mutex_unlock(&r->lock);
	return guard;
}

/* --- the lock ----------------------------------------------------------------- */

static void adopt(struct reins *r)
{
	struct mt_err err = { 0 };

	if (mt_guard_adopt(r->guard, NULL, &err) < 0)
		log_debug("%s", err.msg);
}

static void take_lock(struct reins *r)
{
	struct mt_host_lock *lock = NULL;
	struct mt_err err = { 0 };
	char why[sizeof(r->why)];
	bool news = false;

	if (!*r->host)
		return;
	if (mt_host_lock_take(r->hands, r->host, REINS_WHO, &lock, NULL, &err)) {
		lock = NULL;
		snprintf(why, sizeof(why), "%.250s", err.msg);
	} else {
		*why = '\0';
	}
	pthread_mutex_lock(&r->lock);
	news = strcmp(why, r->why) != 0;
	memcpy(r->why, why, sizeof(why));
	r->held = lock;
	pthread_mutex_unlock(&r->lock);
	if (!lock && news)
		log_warn("only observes: %s; trying again", why);
	else if (lock)
		log_info("acts on this host, and no other daemon does");
}

bool reins_tick(struct reins *r, bool wanted)
{
	bool held = r->held;
	struct mt_host_lock *drop = NULL;

	if (!r->guard)
		open_hands(r);
	if (!r->guard)
		return false;
	adopt(r);
	if (wanted && !held)
		take_lock(r);
	if (!wanted) {
		/* Another daemon, whose rules do, may have it. */
		pthread_mutex_lock(&r->lock);
		drop = r->held;
		r->held = NULL;
		snprintf(r->why, sizeof(r->why), "no rule acts");
		pthread_mutex_unlock(&r->lock);
		mt_host_lock_drop(drop);
	}
	return held != !!r->held;
}

bool reins_held(struct reins *r, char *why, size_t size)
{
	bool held;

	pthread_mutex_lock(&r->lock);
	held = r->held;
	snprintf(why, size, "%s", held ? "" : r->why);
	pthread_mutex_unlock(&r->lock);
	return held;
}

int reins_release(struct reins *r, const char *uuid, bool off, struct mt_err *err)
{
	struct mt_hands *hands = reins_hands(r);
	char host[VIR_UUID_STRING_BUFLEN];

	pthread_mutex_lock(&r->lock);
	memcpy(host, r->host, sizeof(host));
	pthread_mutex_unlock(&r->lock);
	if (!hands)
		return mt_err_set(err, -ENOENT, "the directory of hands cannot be used: %.200s",
				  r->why);
	if (!*host)
		return mt_err_set(
			err, -EAGAIN,
			"libvirt has not said yet which host this is; nothing is done before");
	return mt_hands_release(hands, host, uuid, off, err);
}

/* --- status --------------------------------------------------------------------- */

static json_t *guarded_json(const struct mt_guarded *g, uint64_t now_ns)
{
	json_t *o = json_object();
	int failed = 0;

	if (!o)
		return NULL;
	mt_json_set(o, "domain", mt_json_string(g->name), &failed);
	mt_json_set(o, "uuid", mt_json_string(g->uuid), &failed);
	mt_json_set(
		o, "stopped_ms",
		mt_json_uint(now_ns > g->stopped_ns ? (now_ns - g->stopped_ns) / MT_NS_PER_MS : 0),
		&failed);
	mt_json_set(o, "due_ms",
		    mt_json_uint(g->due_ns > now_ns ? (g->due_ns - now_ns) / MT_NS_PER_MS : 0),
		    &failed);
	mt_json_set(o, "giving_back", json_boolean(g->due_ns <= now_ns), &failed);
	mt_json_set(o, "adopted", json_boolean(g->adopted), &failed);
	mt_json_set(o, "text", mt_json_string(*g->text ? g->text : NULL), &failed);
	return o;
}

static json_t *list_json(struct reins *r, struct mt_guard *guard)
{
	json_t *a = json_array();
	struct mt_guarded *list;
	size_t n;

	if (!a || !guard || mt_guard_list(guard, &list, &n))
		return a;
	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, guarded_json(&list[i], mt_now_ns()));
	free(list);
	return a;
}

/* Over all processes of the host. */
static json_t *stopped_json(struct mt_hands *hands)
{
	struct mt_stop_mark *marks;
	size_t n;

	if (!hands || mt_hands_marks(hands, &marks, &n, NULL))
		return json_null();
	free(marks);
	return mt_json_uint(n);
}

json_t *reins_json(struct reins *r)
{
	struct mt_hands *hands = reins_hands(r);
	json_t *o = json_object();
	char why[sizeof(r->why)], host[VIR_UUID_STRING_BUFLEN];
	bool held = reins_held(r, why, sizeof(why));
	int failed = 0;

	if (!o)
		return NULL;
	pthread_mutex_lock(&r->lock);
	memcpy(host, r->host, sizeof(host));
	pthread_mutex_unlock(&r->lock);
	mt_json_set(o, "may_act", json_boolean(held), &failed);
	mt_json_set(o, "why", mt_json_string(*why ? why : NULL), &failed);
	mt_json_set(o, "host", mt_json_string(*host ? host : NULL), &failed);
	mt_json_set(o, "directory", mt_json_string(hands ? mt_hands_directory(hands) : NULL),
		    &failed);
	mt_json_set(o, "released_all",
		    hands && *host ? json_boolean(mt_hands_off(hands, host, host) == MT_OFF_ALL) :
				     json_null(),
		    &failed);
	mt_json_set(o, "stopped", stopped_json(hands), &failed);
	mt_json_set(o, "max_stopped", mt_json_uint(r->max_stopped), &failed);
	mt_json_set(o, "guarded", list_json(r, reins_guard(r)), &failed);
	return o;
}

void reins_stuck_json(struct reins *r, json_t *array)
{
	struct mt_guard *guard = reins_guard(r);
	struct mt_guarded *list;
	size_t n;

	if (!guard || mt_guard_list(guard, &list, &n))
		return;
	for (size_t i = 0; i < n; i++)
		if (list[i].stuck_since_ns)
			stuck_add(array, list[i].uuid, list[i].name, "the guard asked about it",
				  list[i].stuck_since_ns);
	free(list);
}

/* --- the end ---------------------------------------------------------------------- */

void reins_leave(struct reins *r)
{
	struct mt_guard *guard = reins_guard(r);
	struct mt_guarded *list;
	unsigned left;
	size_t n;

	if (!guard || mt_guard_list(guard, &list, &n))
		return;
	for (size_t i = 0; i < n; i++)
		log_warn(
			"%s: stopped for its last pages, under guard: waiting for it before exiting",
			list[i].name);
	free(list);
	if (!n)
		return;
	left = mt_guard_leave(guard, MT_GUARD_LEAVE_MS);
	if (!left || mt_guard_list(guard, &list, &n))
		return;
	for (size_t i = 0; i < n; i++)
		log_err("%s (%s): still under guard%s%s: the next migtraced, or `migtrace guard`, sees to it", list[i].name,
			list[i].uuid, *list[i].text ? ", newest: " : "", list[i].text);
	free(list);
}
