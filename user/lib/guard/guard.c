// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * guard.c - the guard's list of guests, and what is asked of it
 *
 * Threads: any. Whoever puts a guest under guard waits for a file to be written, nobody else for
 * anything.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "base/units.h"
#include "hands/hands_files.h"
#include "guard_ward.h"

#define CLOSE_WAIT_MS	1000	/* for threads that are not stuck */

/* --- threads -------------------------------------------------------------------- */
static void put(struct mt_guard *g)
{
	unsigned refs;

	pthread_mutex_lock(&g->lock);
	refs = --g->refs;
	pthread_mutex_unlock(&g->lock);
	if (refs)
		return;
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
	mt_hands_close(g->hands);
	free(g);
}

int guard_thread(struct mt_guard *g, const char *name, void *(*fn)(void *), void *arg)
{
	int ret;

	g->refs++;
	g->threads++;
	ret = mt_thread_start(NULL, name, fn, arg);
	if (ret) {
		g->refs--;
		g->threads--;
	}
	return ret;
}

void guard_thread_end(struct mt_guard *g)
{
	g->threads--;
	mt_cond_wake(&g->changed);
	pthread_mutex_unlock(&g->lock);
	put(g);
}

/* --- the list --------------------------------------------------------------------- */
struct ward *guard_ward(struct mt_guard *g, const char *uuid)
{
	struct ward *w = g->wards;

	while (w && strcmp(w->mark.uuid, uuid))
		w = w->next;
	return w;
}

void guard_ward_put(struct mt_guard *g, struct ward *w)
{
	if (!--w->refs)
		free(w);
}

int guard_add(struct mt_guard *g, struct mt_wheel *wheel, const struct mt_stop_mark *mark,
	      struct ward **added)
{
	struct ward *w = calloc(1, sizeof(*w));
	int ret;

	if (!w)
		return -ENOMEM;
	w->refs = 1;
	w->wheel = mt_wheel_get(wheel);
	w->mark = *mark;
	w->state.due_ns = mark->due_ns;
	ret = guard_look_after(g, w);
	if (ret) {
		mt_wheel_put(w->wheel);	/* not the last: the caller has it */
		guard_ward_put(g, w);
		return ret;
	}
	w->next = g->wards;
	g->wards = w;
	mt_cond_wake(&g->changed);
	*added = w;
	return 0;
}

/* --- the whole ---------------------------------------------------------------------- */
int mt_guard_new(struct mt_guard **guard, const struct mt_guard_options *o, struct mt_err *err)
{
	struct mt_guard *g = calloc(1, sizeof(*g));
	int ret;

	if (!g)
		return mt_err_set(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&g->lock, NULL);
	mt_cond_init(&g->changed);
	g->refs = 1;
	g->hands = mt_hands_get(o->hands);
	snprintf(g->who, sizeof(g->who), "%s", o->who ? o->who : "migtrace");
	g->max_stopped = o->max_stopped ? o->max_stopped : MT_GUARD_MAX_STOPPED;
	g->news = o->news;
	g->opaque = o->opaque;
	pthread_mutex_lock(&g->lock);
	ret = guard_thread(g, "guard-keep", guard_keep, g);
	if (!ret && g->news)
		ret = guard_thread(g, "guard-tell", guard_tell, g);
	if (ret)
		g->closing = true;
	mt_cond_wake(&g->changed);
	pthread_mutex_unlock(&g->lock);
	if (ret) {
		put(g);
		return mt_err_set(err, ret, "cannot start a thread to guard stopped guests: %s",
				  strerror(-ret));
	}
	*guard = g;
	return 0;
}

void mt_guard_free(struct mt_guard *g)
{
	uint64_t until_ns = mt_deadline_ns(CLOSE_WAIT_MS);
	bool more = true;
	struct watch *watch;
	struct ward *w;

	if (!g)
		return;
	pthread_mutex_lock(&g->lock);
	g->closing = true;
	for (w = g->wards; w; w = w->next)
		w->inbox = NULL;
	mt_cond_wake(&g->changed);
	while (g->threads && more)
		more = mt_cond_wait_until(&g->changed, &g->lock, until_ns);
	g->news = NULL;
	while ((w = g->wards)) {
		struct mt_wheel *wheel = w->wheel;

		g->wards = w->next;
		w->over = true;
		w->wheel = NULL;
		guard_ward_put(g, w);
		pthread_mutex_unlock(&g->lock);
		mt_wheel_put(wheel);
		pthread_mutex_lock(&g->lock);
	}
	while ((watch = g->watches)) {
		g->watches = watch->next;
		free(watch);
	}
	pthread_mutex_unlock(&g->lock);
	put(g);
}

/* --- around a stop --------------------------------------------------------------------- */
int mt_guard_arm(struct mt_guard *g, struct mt_wheel *wheel, struct mt_conn *conn, const char *name,
		 double predicted_ms, struct mt_inbox *inbox, struct mt_err *err)
{
	uint64_t now_ns = mt_now_ns();
	struct mt_stop_mark mark = {
		.stopped_ns = now_ns,
		.predicted_ms = predicted_ms > 0 && predicted_ms < 1e9 ? (uint64_t)predicted_ms : 0,
	};
	struct ward *w;
	int ret;

	mark.due_ns =
		now_ns + (MT_GUARD_MORE_MS + MT_GUARD_FACTOR * mark.predicted_ms) * MT_NS_PER_MS;
	snprintf(mark.host, sizeof(mark.host), "%s", mt_wheel_host(wheel));
	snprintf(mark.uuid, sizeof(mark.uuid), "%s", mt_wheel_uuid(wheel));
	snprintf(mark.name, sizeof(mark.name), "%s", name);
	if (snprintf(mark.uri, sizeof(mark.uri), "%s", mt_conn_uri(conn)) >= (int)sizeof(mark.uri))
		return mt_err_set(
			err, -ENAMETOOLONG,
			"the hypervisor's URI is too long for the mark of a stopped guest");
	if (mt_guard_has(g, mark.uuid))
		return mt_err_set(err, -EALREADY,
				  "the guest is stopped already, or was, and is looked after");
	ret = mt_wheel_mark(wheel, &mark, g->max_stopped, err);
	if (ret)
		return ret;
	pthread_mutex_lock(&g->lock);
	ret = guard_add(g, wheel, &mark, &w);
	if (!ret)
		w->inbox = inbox;
	pthread_mutex_unlock(&g->lock);
	if (!ret)
		return 0;
	mt_wheel_unmark(wheel);
	return mt_err_set(err, ret, "cannot start a thread to look after the stopped guest: %s",
			  strerror(-ret));
}

/* Whether a call that failed like this may have, or may yet, stop the guest. */
static bool is_doubtful(int rc)
{
	switch (rc) {
	case 0:
	case -EBUSY:
	case -ENOENT:
	case -EPERM:
	case -EACCES:
	case -EINVAL:
	case -EOPNOTSUPP:
		return false;
	default:
		return true;
	}
}

static void set_call(struct mt_guard *g, const char *uuid, enum guard_call call)
{
	struct ward *w;

	pthread_mutex_lock(&g->lock);
	w = guard_ward(g, uuid);
	if (w) {
		w->state.call = call;
		w->state.call_until_ns = mt_deadline_ns(GUARD_CALL_MAX_MS);
		w->look = true;
		mt_cond_wake(&g->changed);
	}
	pthread_mutex_unlock(&g->lock);
}

void mt_guard_suspended(struct mt_guard *g, const char *uuid, int rc)
{
	set_call(g, uuid, is_doubtful(rc) ? GUARD_CALL_DOUBTFUL : GUARD_CALL_BACK);
}

void mt_guard_not_suspended(struct mt_guard *g, const char *uuid)
{
	set_call(g, uuid, GUARD_CALL_NEVER);
}

void mt_guard_due(struct mt_guard *g, const char *uuid, const char *why)
{
	uint64_t now_ns = mt_now_ns();
	struct ward *w;

	pthread_mutex_lock(&g->lock);
	w = guard_ward(g, uuid);
	if (w && w->state.due_ns > now_ns) {
		w->state.due_ns = now_ns;
		snprintf(w->why, sizeof(w->why), "%s", why);
	}
	if (w)
		w->look = true;
	mt_cond_wake(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

void mt_guard_look(struct mt_guard *g, const char *uuid)
{
	struct ward *w;

	pthread_mutex_lock(&g->lock);
	w = guard_ward(g, uuid);
	if (w)
		w->look = true;
	mt_cond_wake(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

void mt_guard_detach(struct mt_guard *g, const char *uuid)
{
	struct ward *w;

	pthread_mutex_lock(&g->lock);
	w = guard_ward(g, uuid);
	if (w)
		w->inbox = NULL;
	pthread_mutex_unlock(&g->lock);
}

bool mt_guard_has(struct mt_guard *g, const char *uuid)
{
	bool has;

	pthread_mutex_lock(&g->lock);
	has = guard_ward(g, uuid);
	pthread_mutex_unlock(&g->lock);
	return has;
}
