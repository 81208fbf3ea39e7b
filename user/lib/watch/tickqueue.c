// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tickqueue.c - ticks on their way from the thread that reads them to the one that records
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tickqueue.h"

int mt_tickqueue_init(struct mt_tickqueue *q)
{
	memset(q, 0, sizeof(*q));
	pthread_mutex_init(&q->lock, NULL);
	q->ring = calloc(MT_TICKQUEUE_MAX, sizeof(*q->ring));
	return q->ring ? 0 : -ENOMEM;
}

void mt_tickqueue_fini(struct mt_tickqueue *q)
{
	pthread_mutex_destroy(&q->lock);
	free(q->ring);
	q->ring = NULL;
}

/* Under the lock. */
static void push(struct mt_tickqueue *q)
{
	if (q->n < MT_TICKQUEUE_MAX)
		q->ring[(q->first + q->n++) % MT_TICKQUEUE_MAX] = q->merging;
	else
		mt_tick_merge(&q->ring[(q->first + q->n - 1) % MT_TICKQUEUE_MAX], &q->merging);
	memset(&q->merging, 0, sizeof(q->merging));
}

void mt_tickqueue_add(struct mt_tickqueue *q, const struct migtrace_record *r)
{
	bool idle = !(r->state & MIGTRACE_STATE_LOGGING) && !r->events;
	struct mt_tick t;

	mt_tick_from_record(&t, r);
	pthread_mutex_lock(&q->lock);
	if (!idle)
		mt_tick_merge(&q->merging, &t);
	if (q->merging.ticks &&
	    (idle || q->merging.t_ns - q->merging.start_ns >= MT_TICKQUEUE_EVERY_NS))
		push(q);
	pthread_mutex_unlock(&q->lock);
}

bool mt_tickqueue_take(struct mt_tickqueue *q, struct mt_tick *t, bool all)
{
	bool got;

	pthread_mutex_lock(&q->lock);
	if (!q->n && all && q->merging.ticks)
		push(q);
	got = q->n > 0;
	if (got) {
		*t = q->ring[q->first];
		q->first = (q->first + 1) % MT_TICKQUEUE_MAX;
		q->n--;
	}
	pthread_mutex_unlock(&q->lock);
	return got;
}
