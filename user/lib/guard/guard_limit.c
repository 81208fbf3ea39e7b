// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * guard_limit.c - guests whose vCPUs or migrations were limited by a process that has ended
 *
 * Each is seen to on a thread of its own, which holds the guest's wheel meanwhile. What fails keeps
 * its mark, is told of, and is tried again later by whoever adopts then.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hands/hands_files.h"
#include "hypervisor/domain.h"
#include "guard_ward.h"

/* Until then whoever migrates the guest may have its wheel. Inferred. */
#define AGAIN_MS	5000

struct lift {
	struct mt_guard *g;
	struct mt_wheel *wheel;
	struct mt_stop_mark mark;
};

static struct guard_stuck *find_stuck(struct mt_guard *g, const char *uuid)
{
	for (size_t i = 0; i < GUARD_STUCK_MAX; i++)
		if (!strcmp(g->stuck[i].uuid, uuid))
			return &g->stuck[i];
	return NULL;
}

/* Return: whether that is news. */
static bool stuck(struct mt_guard *g, const char *uuid)
{
	struct guard_stuck *s = find_stuck(g, uuid);
	bool news = !s;

	if (!s)
		s = &g->stuck[g->n_stuck++ % GUARD_STUCK_MAX];
	snprintf(s->uuid, sizeof(s->uuid), "%s", uuid);
	s->again_ns = mt_deadline_ns(AGAIN_MS);
	return news;
}

static void unstuck(struct mt_guard *g, const char *uuid)
{
	struct guard_stuck *s = find_stuck(g, uuid);

	if (s)
		*s = (struct guard_stuck){ .again_ns = 0 };
}

static int lift_limit(struct mt_wheel *wheel, struct mt_conn *conn,
		      const struct mt_stop_mark *mark, struct mt_err *err)
{
	int ret = 0;

	if (mark->left.vcpus)
		ret = mt_domain_lift_vcpu_limit(conn, mark->uuid, err);
	if (!ret)
		ret = mt_domain_put_speed_back(conn, mark->uuid, &mark->left.speed, err);
	if (ret)
		return ret;
	ret = mt_wheel_unmark_limited(wheel);
	if (ret)
		mt_err_set(err, ret, "the mark of it cannot be removed: %s", strerror(-ret));
	return ret;
}

/* With the lock held. */
static void tell(struct mt_guard *g, const struct mt_stop_mark *mark, int ret,
		 const struct mt_err *err)
{
	const char *what = mark->left.vcpus ? "what its vCPUs may dirty" :
					      "the speed of its migrations";
	char text[320];

	if (!ret) {
		unstuck(g, mark->uuid);
		snprintf(text, sizeof(text),
			 "%s was limited by a process that has ended, and is no more", what);
		guard_publish(g, mark, MT_GUARD_UNLIMITED, text);
	} else if (stuck(g, mark->uuid)) {
		snprintf(text, sizeof(text),
			 "%s is limited by a process that has ended, and that cannot be lifted: %.150s; tried again",
			 what, err->msg);
		guard_publish(g, mark, MT_GUARD_TROUBLE, text);
	}
}

static void *lift(void *arg)
{
	struct lift *l = arg;
	struct mt_guard *g = l->g;
	struct mt_conn *conn = NULL;
	struct mt_err err = { 0 };
	int ret = mt_conn_open(&conn, l->mark.uri, &err);

	if (!ret) {
		ret = lift_limit(l->wheel, conn, &l->mark, &err);
		mt_conn_close(conn);
	}
	mt_wheel_put(l->wheel);
	pthread_mutex_lock(&g->lock);
	tell(g, &l->mark, ret, &err);
	free(l);
	guard_thread_end(g);
	return NULL;
}

void guard_lift(struct mt_guard *g, struct mt_wheel *wheel, struct mt_conn *conn,
		const struct mt_stop_mark *stopped)
{
	struct mt_stop_mark mark = *stopped;
	struct mt_err err = { 0 };
	int ret;

	if (!conn || !mt_wheel_is_limited(wheel, &mark.left))
		return;
	ret = lift_limit(wheel, conn, &mark, &err);
	pthread_mutex_lock(&g->lock);
	tell(g, &mark, ret, &err);
	pthread_mutex_unlock(&g->lock);
}

static bool is_waited_for(struct mt_guard *g, const char *uuid)
{
	struct guard_stuck *s;
	bool waits;

	pthread_mutex_lock(&g->lock);
	s = find_stuck(g, uuid);
	waits = s && mt_now_ns() < s->again_ns;
	pthread_mutex_unlock(&g->lock);
	return waits;
}

/* Return: 1 is seen to, 0 not to be had, or -errno. */
static int adopt(struct mt_guard *g, const struct mt_stop_mark *found)
{
	struct mt_err ignored = { 0 };
	struct lift *l;
	int ret;

	if (is_waited_for(g, found->uuid))
		return 0;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->g = g;
	l->mark = *found;
	ret = mt_wheel_take(g->hands, found->host, found->uuid, g->who, &l->wheel, NULL, &ignored);
	if (ret) {
		free(l);
		return ret == -EBUSY || ret == -EAGAIN ? 0 : ret;
	}
	/* As it is now that nobody else can write it. */
	if (mt_wheel_is_limited(l->wheel, &l->mark.left)) {
		pthread_mutex_lock(&g->lock);
		ret = g->closing ? -ECANCELED : guard_thread(g, "guard-limit", lift, l);
		pthread_mutex_unlock(&g->lock);
		if (!ret)
			return 1;
	}
	mt_wheel_put(l->wheel);
	free(l);
	return ret == -ECANCELED ? 0 : ret;
}

int guard_adopt_limits(struct mt_guard *g, const char *uuid, struct mt_err *err)
{
	struct mt_stop_mark *list;
	int ret, taken = 0;
	size_t n;

	ret = mt_hands_limited(g->hands, &list, &n, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < n; i++) {
		int one = !uuid || !strcmp(list[i].uuid, uuid) ? adopt(g, &list[i]) : 0;

		if (one < 0)
			ret = mt_err_set(
				err, one,
				"guest %s, limited by a process that has ended, cannot be taken over: %s",
				list[i].uuid, strerror(-one));
		else
			taken += one;
	}
	free(list);
	return taken ? taken : ret;
}
