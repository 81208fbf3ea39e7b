// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * settle_ask.c - several destinations asked for a guest at once
 *
 * A few threads take one destination after the other. One that hangs in a call is left to itself,
 * with its share of what they have in common; the last frees that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "base/units.h"
#include "hypervisor/domain.h"
#include "settle_ask.h"

#define THREADS_MAX	16
#define CONNECT_MS	10000	/* for all of them, beside the time for the guest to get there */

struct ask {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned refs;
	bool over;			/* nobody waits any more */
	uint64_t timeout_ms;
	char uuid[VIR_UUID_STRING_BUFLEN];
	char **uris;
	size_t n, next, answered, absent;
	enum mt_side seen;
	size_t where;
	struct mt_err err;		/* of one that could not be asked */
};

static void put(struct ask *a)
{
	unsigned refs;

	pthread_mutex_lock(&a->lock);
	refs = --a->refs;
	pthread_mutex_unlock(&a->lock);
	if (refs)
		return;
	for (size_t i = 0; i < a->n; i++)
		free(a->uris[i]);
	free(a->uris);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

static enum mt_side ask_one(const struct ask *a, const char *uri, struct mt_err *err)
{
	struct mt_conn *c;
	int rc = mt_conn_open(&c, uri, err);

	if (rc)
		return MT_SIDE_UNKNOWN;
	rc = mt_domain_verify(c, a->uuid, a->timeout_ms, err);
	mt_conn_close(c);
	return !rc	     ? MT_SIDE_RUNS :
	       rc == -EAGAIN ? MT_SIDE_PAUSED :
	       rc == -ENOENT ? MT_SIDE_ABSENT :
			       MT_SIDE_UNKNOWN;
}

/* With the lock held. Running counts for more than paused, and that for more than not there. */
static void answer(struct ask *a, size_t i, enum mt_side seen, const struct mt_err *err)
{
	a->answered++;
	a->absent += seen == MT_SIDE_ABSENT;
	if (seen == MT_SIDE_UNKNOWN)
		a->err = *err;
	if (seen < a->seen) {
		a->seen = seen;
		a->where = i;
		if (seen != MT_SIDE_RUNS)
			a->err = *err;
	}
	mt_cond_wake(&a->changed);
}

static void *ask_some(void *arg)
{
	struct ask *a = arg;

	pthread_mutex_lock(&a->lock);
	while (!a->over && a->next < a->n) {
		size_t i = a->next++;
		struct mt_err err = { 0 };
		enum mt_side seen;

		pthread_mutex_unlock(&a->lock);
		seen = ask_one(a, a->uris[i], &err);
		pthread_mutex_lock(&a->lock);
		answer(a, i, seen, &err);
	}
	pthread_mutex_unlock(&a->lock);
	put(a);
	return NULL;
}

static struct ask *ask_new(const char *const *destinations, const char *uuid, uint64_t timeout_ms)
{
	struct ask *a = calloc(1, sizeof(*a));
	size_t n = 0;

	if (!a)
		return NULL;
	while (destinations[n])
		n++;
	a->refs = 1;
	a->timeout_ms = timeout_ms;
	a->seen = MT_SIDE_UNKNOWN;
	snprintf(a->uuid, sizeof(a->uuid), "%s", uuid);
	pthread_mutex_init(&a->lock, NULL);
	mt_cond_init(&a->changed);
	a->uris = calloc(n, sizeof(*a->uris));
	for (; a->uris && a->n < n; a->n++) {
		a->uris[a->n] = strdup(destinations[a->n]);
		if (!a->uris[a->n])
			break;
	}
	if (a->n == n)
		return a;
	put(a);
	return NULL;
}

enum mt_side mt_settle_ask(const char *const *destinations, const char *uuid, uint64_t timeout_ms,
			   const char **where, struct mt_err *err)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms + CONNECT_MS);
	enum mt_side seen;
	struct ask *a;
	bool more = true;

	if (!destinations || !*destinations)
		return MT_SIDE_UNKNOWN;
	a = ask_new(destinations, uuid, timeout_ms);
	if (!a) {
		mt_err_set(err, -ENOMEM, "out of memory");
		return MT_SIDE_UNKNOWN;
	}
	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < a->n && i < THREADS_MAX; i++) {
		a->refs++;
		if (mt_thread_start(NULL, "settle", ask_some, a)) {
			a->refs--;
			break;
		}
	}
	while (a->refs > 1 && a->answered < a->n && a->seen != MT_SIDE_RUNS && more)
		more = mt_cond_wait_until(&a->changed, &a->lock, until_ns);
	a->over = true;
	seen = a->seen;
	/* Where only some could be asked, it may be at another. */
	if (seen == MT_SIDE_ABSENT && a->absent < a->n)
		seen = MT_SIDE_UNKNOWN;
	if (seen != MT_SIDE_UNKNOWN)
		*where = destinations[a->where];
	if (a->answered < a->n && seen == MT_SIDE_UNKNOWN && !*a->err.msg)
		mt_err_set(err, -ETIMEDOUT, "%s does not answer", destinations[0]);
	else
		*err = a->err;
	pthread_mutex_unlock(&a->lock);
	put(a);
	return seen;
}
