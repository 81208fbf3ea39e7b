// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * room.c - how much memory the destination of a migration has free
 *
 * The thread and its owner share struct mt_room; the last of the two frees it. The lock is held for
 * moments, never while the destination is asked.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "base/units.h"
#include "hypervisor/domain.h"
#include "room.h"

#define ASK_EACH_MS	2000	/* inferred: hosts fill within seconds, not faster */
#define HOLDS_MS	10000	/* an answer; inferred */

struct mt_room {
	atomic_int refs;
	char *uri;

	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t changed;
	bool leave;
	uint64_t bytes, t_ns;		/* the newest answer, and when it was asked for; 0 = none */
};

static void put(struct mt_room *r)
{
	if (atomic_fetch_sub(&r->refs, 1) > 1)
		return;
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r->uri);
	free(r);
}

static bool leaving(struct mt_room *r, uint64_t wait_until_ns)
{
	bool leave;

	pthread_mutex_lock(&r->lock);
	while (!r->leave && mt_cond_wait_until(&r->changed, &r->lock, wait_until_ns))
		;
	leave = r->leave;
	pthread_mutex_unlock(&r->lock);
	return leave;
}

static void ask(struct mt_room *r, struct mt_conn *c)
{
	uint64_t t_ns = mt_now_ns(), bytes;

	if (mt_conn_free_memory(c, &bytes, NULL))
		return;
	pthread_mutex_lock(&r->lock);
	r->bytes = bytes;
	r->t_ns = t_ns;
	pthread_mutex_unlock(&r->lock);
}

static void *run(void *room)
{
	struct mt_room *r = room;
	struct mt_conn *c = NULL;
	uint64_t next_ns;

	do {
		next_ns = mt_deadline_ns(ASK_EACH_MS);
		if (!c && mt_conn_open(&c, r->uri, NULL))
			c = NULL;
		if (c)
			ask(r, c);
	} while (!leaving(r, next_ns));
	mt_conn_close(c);
	put(r);
	return NULL;
}

struct mt_room *mt_room_new(const char *destination_uri)
{
	struct mt_room *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	atomic_init(&r->refs, 2);
	pthread_mutex_init(&r->lock, NULL);
	mt_cond_init(&r->changed);
	r->uri = strdup(destination_uri);
	if (r->uri && !mt_thread_start(NULL, "room", run, r))
		return r;
	atomic_store(&r->refs, 1);
	put(r);
	return NULL;
}

void mt_room_free(struct mt_room *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->leave = true;
	mt_cond_wake(&r->changed);
	pthread_mutex_unlock(&r->lock);
	put(r);
}

double mt_room_bytes(struct mt_room *r)
{
	double bytes = NAN;

	if (!r)
		return NAN;
	pthread_mutex_lock(&r->lock);
	if (r->t_ns && mt_now_ns() - r->t_ns < HOLDS_MS * MT_NS_PER_MS)
		bytes = (double)r->bytes;
	pthread_mutex_unlock(&r->lock);
	return bytes;
}
