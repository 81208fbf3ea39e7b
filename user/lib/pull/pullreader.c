// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pullreader.c - a guest's missing pages are asked for by being read
 *
 * Threads: the reader's own share its lock, which is held for moments and never while a page is
 * waited for.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "base/units.h"
#include "pagemap.h"
#include "pullreader.h"

struct mt_pullreader {
	const struct mt_pull_guest *guest;
	const struct mt_order *order;
	pthread_t *threads;
	unsigned n;
	uint64_t max_pages, began_ns;
	pthread_mutex_t lock;		/* of all that follows */
	bool stop;
	uint64_t asked;			/* pages that were waited for, or are */
	unsigned reading;		/* threads */
	size_t extent;			/* whose turn it is */
	uint64_t offset;
	struct mt_pagemap map;
	struct mt_pull_counts counts;
};

/*
 * What was missing when its neighbours were looked at may have come since, so that is looked at
 * again. One of which nothing is known is read all the same.
 */
static bool is_there(struct mt_pullreader *r, uint64_t page)
{
	const struct mt_extent *e = &r->order->v[r->extent];
	uint64_t end = e->first + e->count;

	if (mt_pagemap_has(&r->map, r->guest, page, end) > 0)
		return true;
	if (page == r->map.first)
		return false;
	r->map.n = 0;
	return mt_pagemap_has(&r->map, r->guest, page, end) > 0;
}

/* The next page that is not there. */
static bool take(struct mt_pullreader *r, uint64_t *page)
{
	bool found = false;

	pthread_mutex_lock(&r->lock);
	while (!found && !r->stop && r->asked < r->max_pages && r->extent < r->order->n &&
	       !mt_pull_guest_ended(r->guest)) {
		const struct mt_extent *e = &r->order->v[r->extent];

		*page = e->first + r->offset;
		found = !is_there(r, *page);
		if (!found) {
			r->counts.there++;
			r->counts.done++;
		}
		if (++r->offset == e->count) {
			r->extent++;
			r->offset = 0;
			r->map.n = 0;
		}
	}
	r->asked += found;
	pthread_mutex_unlock(&r->lock);
	return found;
}

/* A page that is not there yet puts the thread to sleep, and nothing else here does. */
static long waits(void)
{
	struct rusage used;

	return getrusage(RUSAGE_THREAD, &used) ? 0 : used.ru_nvcsw;
}

static bool read_page(const struct mt_pull_guest *g, uint64_t page)
{
	char byte;
	struct iovec here = { &byte, 1 },
		     there = { (void *)(uintptr_t)(g->address + page * MT_PULL_PAGE_BYTES), 1 };

	return process_vm_readv(g->pid, &here, 1, &there, 1, 0) == 1;
}

static void *read_pages(void *opaque)
{
	struct mt_pullreader *r = opaque;
	uint64_t page;

	while (take(r, &page)) {
		long before = waits();
		bool read = read_page(r->guest, page), waited = waits() > before;

		pthread_mutex_lock(&r->lock);
		r->counts.done++;
		r->counts.fetched += read && waited;
		r->counts.there += read && !waited;
		r->counts.failed += !read;
		pthread_mutex_unlock(&r->lock);
	}
	pthread_mutex_lock(&r->lock);
	if (!--r->reading) {
		uint64_t ms = (mt_now_ns() - r->began_ns) / MT_NS_PER_MS;

		r->counts.took_ms = ms ? ms : 1;
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int mt_pullreader_start(struct mt_pullreader **out, const struct mt_pull_guest *guest,
		    const struct mt_order *order, uint64_t max_pages, unsigned threads)
{
	struct mt_pullreader *r = calloc(1, sizeof(*r));
	int rc = 0;

	*out = NULL;
	if (!r)
		return -ENOMEM;
	r->threads = calloc(threads, sizeof(*r->threads));
	if (!r->threads) {
		free(r);
		return -ENOMEM;
	}
	r->guest = guest;
	r->order = order;
	pthread_mutex_init(&r->lock, NULL);
	r->began_ns = mt_now_ns();
	r->max_pages = max_pages;
	pthread_mutex_lock(&r->lock);
	while (!rc && r->n < threads) {
		rc = mt_thread_start(&r->threads[r->n], "mt-pull", read_pages, r);
		r->n += !rc;
	}
	r->reading = r->n;
	pthread_mutex_unlock(&r->lock);
	if (!r->n) {
		free(r->threads);
		free(r);
		return rc ? rc : -EINVAL;
	}
	*out = r;
	return 0;
}

void mt_pullreader_counts(const struct mt_pullreader *r, struct mt_pull_counts *counts)
{
	struct mt_pullreader *locked = (struct mt_pullreader *)r;

	pthread_mutex_lock(&locked->lock);
	*counts = r->counts;
	pthread_mutex_unlock(&locked->lock);
}

void mt_pullreader_stop(struct mt_pullreader *r)
{
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_mutex_unlock(&r->lock);
}

bool mt_pullreader_free(struct mt_pullreader *r, uint64_t until_ns)
{
	mt_pullreader_stop(r);
	while (r->n) {
		if (!mt_thread_join_until(r->threads[r->n - 1], until_ns))
			return false;
		r->n--;
	}
	free(r->threads);
	free(r);
	return true;
}
