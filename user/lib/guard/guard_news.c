// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * guard_news.c - what the guard tells, on a thread of its own: whoever listens cannot hold it up
 */
#include <string.h>

#include "base/thread.h"
#include "base/units.h"
#include "guard_ward.h"

static struct mt_event event(enum mt_guard_news kind, const char *uuid, const char *name,
			     const char *text)
{
	struct mt_event ev = { .kind = MT_EVENT_GUARD, .t_ns = mt_now_ns(), .detail = kind };

	snprintf(ev.uuid, sizeof(ev.uuid), "%s", uuid);
	snprintf(ev.domain, sizeof(ev.domain), "%s", name);
	snprintf(ev.text, sizeof(ev.text), "%s", text);
	return ev;
}

static void post(struct mt_guard *g, struct mt_inbox *inbox, const struct mt_event *ev)
{
	if (inbox)
		mt_inbox_post(ev, inbox);
	if (!g->news)
		return;
	if (g->n_told == GUARD_NEWS_MAX) {
		g->first_told = (g->first_told + 1) % GUARD_NEWS_MAX;
		g->n_told--;
	}
	g->told[(g->first_told + g->n_told++) % GUARD_NEWS_MAX] = *ev;
	mt_cond_wake(&g->changed);
}

void guard_post(struct mt_guard *g, struct ward *w, enum mt_guard_news kind, const char *text)
{
	struct mt_event ev = event(kind, w->mark.uuid, w->mark.name, text);

	if (kind != MT_GUARD_ADOPTED)
		memcpy(w->text, ev.text, sizeof(w->text));
	post(g, w->inbox, &ev);
}

void guard_post_trouble(struct mt_guard *g, const char *uuid, struct mt_inbox *inbox,
			const char *text)
{
	struct mt_event ev = event(MT_GUARD_TROUBLE, uuid, "", text);

	post(g, inbox, &ev);
}

void guard_publish(struct mt_guard *g, const struct mt_stop_mark *mark, enum mt_guard_news kind,
		   const char *text)
{
	struct mt_event ev = event(kind, mark->uuid, mark->name, text);

	post(g, NULL, &ev);
}

/* What waits at the end is still told. */
void *guard_tell(void *guard)
{
	struct mt_guard *g = guard;

	pthread_mutex_lock(&g->lock);
	while (g->n_told || !g->closing) {
		mt_event_fn news = g->news;
		struct mt_event ev;

		if (!g->n_told) {
			mt_cond_wait(&g->changed, &g->lock);
			continue;
		}
		ev = g->told[g->first_told];
		g->first_told = (g->first_told + 1) % GUARD_NEWS_MAX;
		g->n_told--;
		pthread_mutex_unlock(&g->lock);
		if (news)
			news(&ev, g->opaque);
		pthread_mutex_lock(&g->lock);
	}
	guard_thread_end(g);
	return NULL;
}
