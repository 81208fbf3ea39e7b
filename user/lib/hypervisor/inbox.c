// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * inbox.c - events waiting for one worker
 *
 * Any thread posts, one takes. The lock is held for moments only, and nothing
 * else is locked under it. Whoever frees an inbox has unsubscribed it first.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/thread.h"
#include "conn.h"

/* Beyond this the worker is hopelessly behind, and old boundaries are of no use to it. */
#define INBOX_MAX	256

struct entry {
	struct entry *next;
	struct mt_event ev;
};

struct mt_inbox {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct entry *first, **end;
	size_t n;
	bool woken;		/* a WAKE waits already */
};

struct mt_inbox *mt_inbox_new(void)
{
	struct mt_inbox *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	pthread_mutex_init(&in->lock, NULL);
	mt_cond_init(&in->filled);
	in->end = &in->first;
	return in;
}

void mt_inbox_free(struct mt_inbox *in)
{
	struct entry *e;

	if (!in)
		return;
	while ((e = in->first)) {
		in->first = e->next;
		free(e);
	}
	pthread_cond_destroy(&in->filled);
	pthread_mutex_destroy(&in->lock);
	free(in);
}

/* Unlinks *@link. */
static struct entry *unlink_entry(struct mt_inbox *in, struct entry **link)
{
	struct entry *e = *link;

	*link = e->next;
	if (in->end == &e->next)
		in->end = link;
	in->n--;
	return e;
}

/* Other kinds are few, and each is needed to learn the outcome: they stay. */
static struct entry *drop_oldest_iteration(struct mt_inbox *in)
{
	for (struct entry **link = &in->first; *link; link = &(*link)->next)
		if ((*link)->ev.kind == MT_EVENT_ITERATION)
			return unlink_entry(in, link);
	return NULL;
}

void mt_inbox_post(const struct mt_event *ev, void *inbox)
{
	struct mt_inbox *in = inbox;
	struct entry *e = malloc(sizeof(*e)), *dropped = NULL;

	if (!e)
		return;
	e->next = NULL;
	e->ev = *ev;

	pthread_mutex_lock(&in->lock);
	if (ev->kind == MT_EVENT_WAKE && in->woken) {
		dropped = e;
	} else {
		in->woken |= ev->kind == MT_EVENT_WAKE;
		*in->end = e;
		in->end = &e->next;
		if (++in->n > INBOX_MAX)
			dropped = drop_oldest_iteration(in);
		mt_cond_wake(&in->filled);
	}
	pthread_mutex_unlock(&in->lock);
	free(dropped);
}

int mt_inbox_take(struct mt_inbox *in, struct mt_event *ev, uint64_t timeout_ms)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms);
	struct entry *e = NULL;
	bool more = true;

	pthread_mutex_lock(&in->lock);
	while (!in->first && more)
		more = mt_cond_wait_until(&in->filled, &in->lock, until_ns);
	if (in->first) {
		e = unlink_entry(in, &in->first);
		if (e->ev.kind == MT_EVENT_WAKE)
			in->woken = false;
	}
	pthread_mutex_unlock(&in->lock);
	if (!e)
		return -ETIMEDOUT;
	*ev = e->ev;
	free(e);
	return 0;
}

enum mt_status mt_inbox_status(struct mt_inbox *in)
{
	enum mt_status status = MT_STATUS_NONE;

	pthread_mutex_lock(&in->lock);
	for (const struct entry *e = in->first; e; e = e->next)
		if (e->ev.kind == MT_EVENT_MIGRATION)
			status = e->ev.status;
	pthread_mutex_unlock(&in->lock);
	return status;
}
