// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * guard_adopt.c - guests that were stopped by a process that has ended
 *
 * Threads: any.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "base/units.h"
#include "hands/hands_files.h"
#include "guard_ward.h"

/*
 * A mark says nothing that could keep a guest stopped for longer than the process that wrote it
 * would have.
 */
static void bound(struct mt_stop_mark *m)
{
	const uint64_t hour_ms = 3600 * MT_MS_PER_S;
	uint64_t now_ns = mt_now_ns(), most_ns;

	if (m->predicted_ms > hour_ms)
		m->predicted_ms = hour_ms;
	most_ns = now_ns + (MT_GUARD_MORE_MS + MT_GUARD_FACTOR * m->predicted_ms) * MT_NS_PER_MS;

	if (m->stopped_ns > now_ns)
		m->stopped_ns = now_ns;
	if (m->due_ns > most_ns)
		m->due_ns = most_ns;
}

/*
 * Before its thread can look, and so before anything else that is told of it. With the lock held.
 */
static void tell(struct mt_guard *g, struct ward *w)
{
	const struct mt_stop_mark *m = &w->mark;
	char text[256], since[MT_UNIT_STR], due[MT_UNIT_STR];
	uint64_t now_ns = mt_now_ns();
	bool wait = m->due_ns > now_ns;

	snprintf(
		text, sizeof(text),
		"stopped %s ago by a process that has ended; cancelled and resumed here %s%s unless it is gone by then",
		mt_format_duration_ms(since, (double)(now_ns - m->stopped_ns) / MT_NS_PER_MS),
		wait ? "in " : "now",
		wait ? mt_format_duration_ms(due, (double)(m->due_ns - now_ns) / MT_NS_PER_MS) :
		       "");
	guard_post(g, w, MT_GUARD_ADOPTED, text);
}

/* Return: 1 taken, 0 not to be had, or -errno. */
static int adopt(struct mt_guard *g, const struct mt_stop_mark *found)
{
	struct mt_err ignored = { 0 };
	struct mt_wheel *wheel;
	struct mt_stop_mark m;
	struct ward *w;
	int ret;

	ret = mt_wheel_take(g->hands, found->host, found->uuid, g->who, &wheel, NULL, &ignored);
	if (ret)
		return ret == -EBUSY || ret == -EAGAIN ? 0 : ret;
	/* As it is now that nobody else can write it. */
	if (mt_wheel_marked(wheel, &m)) {
		mt_wheel_put(wheel);
		return 0;
	}
	bound(&m);
	pthread_mutex_lock(&g->lock);
	ret = guard_ward(g, m.uuid) || g->closing ? -EALREADY : guard_add(g, wheel, &m, &w);
	if (!ret) {
		w->adopted = true;
		/* A call of the dead one's may still be waiting at the hypervisor's. */
		w->state.call = m.confirmed ? GUARD_CALL_BACK : GUARD_CALL_DOUBTFUL;
		w->state.call_until_ns = m.stopped_ns + GUARD_CALL_MAX_MS * MT_NS_PER_MS;
		snprintf(w->why, sizeof(w->why),
			 "the guest was stopped by a process that has ended, and has not moved");
		tell(g, w);
	}
	pthread_mutex_unlock(&g->lock);
	mt_wheel_put(wheel);
	return ret == -EALREADY ? 0 : ret ? ret : 1;
}

int mt_guard_adopt(struct mt_guard *g, const char *uuid, struct mt_err *err)
{
	struct mt_stop_mark *list;
	int ret, limits, taken = 0;
	size_t n;

	ret = mt_hands_marks(g->hands, &list, &n, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < n; i++) {
		int one;

		if ((uuid && strcmp(list[i].uuid, uuid)) || mt_guard_has(g, list[i].uuid))
			continue;
		one = adopt(g, &list[i]);
		if (one < 0)
			ret = mt_err_set(
				err, one,
				"guest %s, stopped by a process that has ended, cannot be taken over: %s",
				list[i].uuid, strerror(-one));
		else
			taken += one;
	}
	free(list);
	limits = guard_adopt_limits(g, uuid, ret ? NULL : err);
	if (limits > 0)
		taken += limits;
	else if (!ret)
		ret = limits;
	return taken ? taken : ret;
}
