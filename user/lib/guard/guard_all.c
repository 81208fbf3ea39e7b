// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * guard_all.c - all guests that are under guard: shown, waited for, hurried
 *
 * Threads: any.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/thread.h"
#include "base/units.h"
#include "guard_ward.h"

static unsigned count(const struct mt_guard *g)
{
	unsigned n = 0;

	for (const struct ward *w = g->wards; w; w = w->next)
		n++;
	return n;
}

int mt_guard_list(struct mt_guard *g, struct mt_guarded **list, size_t *n)
{
	struct mt_guarded *to;

	pthread_mutex_lock(&g->lock);
	*list = to = calloc(count(g) + 1, sizeof(*to));
	*n = 0;
	for (const struct ward *w = g->wards; w && to; w = w->next, to++, ++*n) {
		snprintf(to->uuid, sizeof(to->uuid), "%s", w->mark.uuid);
		snprintf(to->name, sizeof(to->name), "%s", w->mark.name);
		snprintf(to->text, sizeof(to->text), "%s", w->text);
		to->stopped_ns = w->mark.stopped_ns;
		to->due_ns = w->state.due_ns;
		to->adopted = w->adopted;
		for (size_t i = 0; i < MT_ARRAY_SIZE(w->busy_since_ns); i++) {
			uint64_t since_ns = w->busy_since_ns[i];

			if (since_ns && mt_now_ns() - since_ns >= GUARD_STUCK_MS * MT_NS_PER_MS &&
			    (!to->stuck_since_ns || since_ns < to->stuck_since_ns))
				to->stuck_since_ns = since_ns;
		}
	}
	pthread_mutex_unlock(&g->lock);
	return *list ? 0 : -ENOMEM;
}

unsigned mt_guard_wait(struct mt_guard *g, uint64_t until_ns)
{
	bool more = true;
	unsigned left;

	pthread_mutex_lock(&g->lock);
	while (g->wards && more)
		more = mt_cond_wait_until(&g->changed, &g->lock, until_ns);
	left = count(g);
	pthread_mutex_unlock(&g->lock);
	return left;
}

unsigned mt_guard_leave(struct mt_guard *g, uint64_t within_ms)
{
	uint64_t due_ns = mt_deadline_ns(within_ms);

	pthread_mutex_lock(&g->lock);
	for (struct ward *w = g->wards; w; w = w->next) {
		if (w->state.due_ns <= due_ns)
			continue;
		w->state.due_ns = due_ns;
		snprintf(w->why, sizeof(w->why), "whoever looks after it must end");
		w->look = true;
	}
	mt_cond_wake(&g->changed);
	pthread_mutex_unlock(&g->lock);
	return mt_guard_wait(g, mt_deadline_ns(within_ms + MT_GUARD_MORE_MS));
}
