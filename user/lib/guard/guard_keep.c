// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * guard_keep.c - the guard's own thread: it makes no call that can hang, and sees to those that do
 *
 * Where every thread of a guest hangs in a call, it starts another. Where the supervising thread
 * does not heed a person's wish to cancel, it has that done.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "base/units.h"
#include "hypervisor/domain.h"
#include "guard_ward.h"

#define FLAG_EVERY_MS	250
#define WARD_EVERY_MS	1000
#define FLAG_HEED_MS	1000	/* the supervising thread's time to heed it */
#define CANCEL_RETRY_MS	500

/* --- calls that hang -------------------------------------------------------------- */
/* When all of @w's threads will have hung for too long; 0: one of them does not. */
static uint64_t stuck_at_ns(const struct ward *w)
{
	uint64_t newest_ns = 0;

	for (unsigned i = 0; i < GUARD_THREADS_MAX; i++) {
		if (!(w->slots & (1U << i)))
			continue;
		if (!w->busy_since_ns[i])
			return 0;
		if (w->busy_since_ns[i] > newest_ns)
			newest_ns = w->busy_since_ns[i];
	}
	return newest_ns + GUARD_STUCK_MS * MT_NS_PER_MS;
}

/* With the lock held. */
static void see_to(struct mt_guard *g, struct ward *w, uint64_t now_ns, uint64_t *next_ns)
{
	uint64_t at_ns = stuck_at_ns(w);
	char text[256];

	/* Who begins a call does not wake this thread. */
	if (now_ns + WARD_EVERY_MS * MT_NS_PER_MS < *next_ns)
		*next_ns = now_ns + WARD_EVERY_MS * MT_NS_PER_MS;
	if (!at_ns)
		return;
	if (now_ns < at_ns) {
		*next_ns = at_ns < *next_ns ? at_ns : *next_ns;
		return;
	}
	/* Where there is no thread to be had it is tried again. */
	if (w->threads < GUARD_THREADS_MAX && guard_look_after(g, w))
		*next_ns = now_ns + FLAG_EVERY_MS * MT_NS_PER_MS;
	if (w->told_stuck)
		return;
	w->told_stuck = true;
	snprintf(
		text, sizeof(text),
		"a call about the stopped guest has not come back for %d s: tried on another connection",
		GUARD_STUCK_MS / 1000);
	guard_post(g, w, MT_GUARD_TROUBLE, text);
}

/* --- a person's wish ------------------------------------------------------------------ */
struct cancel {
	struct mt_guard *g;
	char uri[256], uuid[VIR_UUID_STRING_BUFLEN];
	bool told;			/* that it fails */
};

static struct watch *watch_of(struct mt_guard *g, const char *uuid)
{
	struct watch *w = g->watches;

	while (w && strcmp(w->uuid, uuid))
		w = w->next;
	return w;
}

static bool wanted(struct cancel *c)
{
	struct watch *w;
	bool is;

	pthread_mutex_lock(&c->g->lock);
	w = watch_of(c->g, c->uuid);
	is = w && !w->heeded && !c->g->closing;
	pthread_mutex_unlock(&c->g->lock);
	return is;
}

/* Once: the supervising thread, if it comes round to it, and whoever wants all news. */
static void tell_failure(struct cancel *c, const struct mt_err *err)
{
	struct watch *w;
	char text[256];

	if (c->told)
		return;
	c->told = true;
	snprintf(text, sizeof(text),
		 "the migration is to be cancelled, and that failed: %.160s; tried again",
		 err->msg);
	pthread_mutex_lock(&c->g->lock);
	w = watch_of(c->g, c->uuid);
	guard_post_trouble(c->g, c->uuid, w ? w->inbox : NULL, text);
	pthread_mutex_unlock(&c->g->lock);
}

static void *cancel(void *arg)
{
	struct cancel *c = arg;
	struct mt_guard *g = c->g;
	struct mt_conn *conn = NULL;
	struct watch *w;
	int ret = -1;

	/*
	 * Until it is done, or the supervising thread has come round to it. In post-copy libvirt
	 * refuses.
	 */
	while (ret && wanted(c)) {
		struct mt_err err = { 0 };

		ret = conn ? 0 : mt_conn_open(&conn, c->uri, &err);
		if (ret)
			conn = NULL;
		else
			ret = mt_domain_abort(conn, c->uuid, &err);
		if (!ret)
			break;
		tell_failure(c, &err);
		mt_sleep_ms(CANCEL_RETRY_MS);
	}
	mt_conn_close(conn);
	pthread_mutex_lock(&g->lock);
	w = watch_of(g, c->uuid);
	if (w && !ret)
		w->heeded = true;
	free(c);
	guard_thread_end(g);
	return NULL;
}

/* With the lock held. */
static void see_flag(struct mt_guard *g, struct watch *w, uint64_t now_ns, uint64_t *next_ns)
{
	struct cancel *c;

	if (now_ns + FLAG_EVERY_MS * MT_NS_PER_MS < *next_ns)
		*next_ns = now_ns + FLAG_EVERY_MS * MT_NS_PER_MS;
	if (w->heeded || w->thread || !__atomic_load_n(w->cancel, __ATOMIC_RELAXED))
		return;
	if (!w->since_ns)
		w->since_ns = now_ns;
	if (now_ns < w->since_ns + FLAG_HEED_MS * MT_NS_PER_MS)
		return;
	c = calloc(1, sizeof(*c));
	if (!c)
		return;
	c->g = g;
	memcpy(c->uri, w->uri, sizeof(c->uri));
	memcpy(c->uuid, w->uuid, sizeof(c->uuid));
	if (guard_thread(g, "guard-cancel", cancel, c))
		free(c);
	else
		w->thread = true;
}

int mt_guard_watch(struct mt_guard *g, struct mt_conn *conn, const char *uuid,
		   const volatile int *flag, struct mt_inbox *inbox)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	if (snprintf(w->uri, sizeof(w->uri), "%s", mt_conn_uri(conn)) >= (int)sizeof(w->uri)) {
		free(w);
		return -ENAMETOOLONG;
	}
	snprintf(w->uuid, sizeof(w->uuid), "%s", uuid);
	w->cancel = flag;
	w->inbox = inbox;
	pthread_mutex_lock(&g->lock);
	w->next = g->watches;
	g->watches = w;
	mt_cond_wake(&g->changed);
	pthread_mutex_unlock(&g->lock);
	return 0;
}

void mt_guard_heeded(struct mt_guard *g, const char *uuid)
{
	struct watch *w;

	pthread_mutex_lock(&g->lock);
	w = watch_of(g, uuid);
	if (w)
		w->heeded = true;
	pthread_mutex_unlock(&g->lock);
}

void mt_guard_unwatch(struct mt_guard *g, const char *uuid)
{
	struct watch **link, *w;

	pthread_mutex_lock(&g->lock);
	for (link = &g->watches; (w = *link); link = &w->next) {
		if (!strcmp(w->uuid, uuid)) {
			*link = w->next;
			free(w);
			break;
		}
	}
	pthread_mutex_unlock(&g->lock);
}

/* --- the thread --------------------------------------------------------------------------- */
void *guard_keep(void *guard)
{
	struct mt_guard *g = guard;

	pthread_mutex_lock(&g->lock);
	while (!g->closing) {
		uint64_t now_ns = mt_now_ns(), next_ns = MT_FOR_EVER_NS;

		for (struct ward *w = g->wards; w; w = w->next)
			see_to(g, w, now_ns, &next_ns);
		for (struct watch *w = g->watches; w; w = w->next)
			see_flag(g, w, now_ns, &next_ns);
		mt_cond_wait_until(&g->changed, &g->lock, next_ns);
	}
	guard_thread_end(g);
	return NULL;
}
