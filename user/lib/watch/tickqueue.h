/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tickqueue.h - ticks on their way from the thread that reads them to the one that records
 *
 * Merged on the way, since a recording has no use for a thousand a second; ticks in which
 * nothing was logged are left out.
 */
#ifndef MT_TICKQUEUE_H
#define MT_TICKQUEUE_H

#include <pthread.h>

#include "source/tick.h"

/* one entry for each of these: each tick of a session for passes, unless nobody takes them */
#define MT_TICKQUEUE_EVERY_NS	45000000ULL
/* waiting; what comes then is merged into the newest */
#define MT_TICKQUEUE_MAX	1024

struct mt_tickqueue {
	pthread_mutex_t lock;
	struct mt_tick merging;		/* all 0: none */
	struct mt_tick *ring;
	size_t first, n;
};

MT_MUST_CHECK int mt_tickqueue_init(struct mt_tickqueue *q);
void mt_tickqueue_fini(struct mt_tickqueue *q);
void mt_tickqueue_add(struct mt_tickqueue *q, const struct migtrace_record *r);
/* @all: also what would still be merged with later ones. Return: false: there is none. */
bool mt_tickqueue_take(struct mt_tickqueue *q, struct mt_tick *t, bool all);

#endif
