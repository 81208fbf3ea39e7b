// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pagesqueue.c - sets of pages on their way from the thread that reads them to the one that records
 *
 * A set that reaches over the beginning of a window is cut there: KVM logs a page once after it was
 * last cleared, so that whoever plays the sets back has to know when that was.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "curve/pageset.h"
#include "pagesqueue.h"

void mt_pagesqueue_init(struct mt_pagesqueue *q)
{
	memset(q, 0, sizeof(*q));
	pthread_mutex_init(&q->lock, NULL);
}

static void empty(struct mt_pagesqueue *q)
{
	for (size_t i = 0; i < q->n; i++)
		free((char *)q->entries[i].pages);
	q->n = 0;
}

void mt_pagesqueue_fini(struct mt_pagesqueue *q)
{
	empty(q);
	free(q->entries);
	q->entries = NULL;
	pthread_mutex_destroy(&q->lock);
}

struct span {
	struct mt_pagesqueue *q;
	uint64_t start_ns, end_ns;
	bool begins;
};

/* Under the lock. */
static int push(void *opaque, const char *text)
{
	const struct span *span = opaque;
	struct mt_pagesqueue *q = span->q;
	char *copy = strdup(text);

	if (copy && q->n == q->room) {
		size_t room = q->room ? 2 * q->room : 64;
		struct mt_record_pages *more = reallocarray(q->entries, room, sizeof(*more));

		if (more) {
			q->entries = more;
			q->room = room;
		} else {
			free(copy);
			copy = NULL;
		}
	}
	if (!copy)
		return -ENOMEM;
	q->entries[q->n++] =
		(struct mt_record_pages){ span->end_ns, span->start_ns, span->begins, copy };
	return 0;
}

static void put(struct mt_pagesqueue *q, uint64_t start_ns, uint64_t end_ns, bool begins,
		const struct mt_pageset *pages)
{
	struct span span = { q, start_ns, end_ns, begins };
	int rc;

	if (end_ns <= start_ns)
		return;
	pthread_mutex_lock(&q->lock);
	/* That nothing was written to is worth an entry, too. */
	rc = mt_pageset_count(pages) ? mt_record_pages_write(pages, push, &span) : push(&span, "");
	q->lost |= rc != 0;
	pthread_mutex_unlock(&q->lock);
}

/* The part before the window that began in between, and the part since. */
static void put_cut(struct mt_pagesqueue *q, uint64_t start_ns, const struct mt_seen *seen)
{
	const struct migtrace_record *r = seen->record;
	struct mt_pageset *before = mt_pageset_copy(seen->pages);
	uint64_t cut_ns = r->window_start_ns > start_ns ? r->window_start_ns : start_ns;

	if (!before) {
		q->lost = true;
		return;
	}
	mt_pageset_andnot(before, seen->window_pages);
	put(q, start_ns, cut_ns, false, before);
	put(q, cut_ns, r->end_ns, !r->window_stale_pages, seen->window_pages);
	mt_pageset_free(before);
}

void mt_pagesqueue_add(struct mt_pagesqueue *q, const struct mt_seen *seen)
{
	const struct migtrace_record *r = seen->record;
	uint64_t start_ns = q->end_ns && !seen->pages_lost ? q->end_ns : r->start_ns;

	if (!(r->state & MIGTRACE_STATE_LOGGING) && !r->events) {
		q->end_ns = 0;		/* nobody looks: nothing is known of this time */
		return;
	}
	if (!seen->pages)
		return;			/* the next set has these, too */
	if (seen->window_pages)
		put_cut(q, start_ns, seen);
	else
		put(q, start_ns, r->end_ns, false, seen->pages);
	q->end_ns = r->end_ns;
}

int mt_pagesqueue_record(struct mt_pagesqueue *q, struct mt_recorder *r)
{
	int rc;

	pthread_mutex_lock(&q->lock);
	rc = q->lost ? -ENOMEM : 0;
	for (size_t i = 0; i < q->n && !rc; i++)
		rc = mt_recorder_pages(r, &q->entries[i]);
	empty(q);
	pthread_mutex_unlock(&q->lock);
	return rc;
}
