// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ticker.c - a thread that reads a source's ticks as they come
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "base/thread.h"
#include "pagereader.h"
#include "ticker.h"

#define LOOK_MS		1000	/* should a source forget to wake us */
#define NICE		-10	/* a set of pages is there for one tick only */

struct mt_ticker {
	struct mt_source *source;
	struct mt_pagereader pages;
	bool with_pages;
	mt_seen_fn fn;
	void *opaque;
	pthread_t thread;
	int wake;			/* eventfd: stop */
	size_t room;
	struct migtrace_record *record;
};

static void see(struct mt_ticker *t)
{
	struct mt_seen seen = { .record = t->record };

	if (t->with_pages) {
		enum mt_pages_read got = mt_pagereader_read(&t->pages, t->record);

		seen.pages = got == MT_PAGES_LATE || got == MT_PAGES_NONE ? NULL : t->pages.set;
		seen.window_pages = seen.pages && t->pages.has_begun ? t->pages.begun : NULL;
		seen.pages_exact = got == MT_PAGES_TICK || got == MT_PAGES_LOST;
		seen.pages_lost = got == MT_PAGES_LOST || got == MT_PAGES_NONE;
		t->with_pages = got != MT_PAGES_NONE;
	}
	t->fn(&seen, t->opaque);
}

/* Return: false when nothing will come any more. */
static bool read_all(struct mt_ticker *t)
{
	int rc;

	while ((rc = mt_source_read(t->source, t->record, t->room)) == 1)
		see(t);
	return !rc;
}

static void *run(void *arg)
{
	struct mt_ticker *t = arg;
	struct pollfd fds[] = {
		{ .fd = t->wake, .events = POLLIN },
		{ .fd = t->source->ops->fd(t->source), .events = POLLIN },
	};
	bool more = true;

	setpriority(PRIO_PROCESS, 0, NICE);	/* of this thread alone; not all may */
	while (!fds[0].revents) {
		int n = poll(fds, more ? 2 : 1, more ? LOOK_MS : -1);

		if (n < 0 && errno != EINTR)
			break;
		if (more)
			more = read_all(t) &&
			       !(n > 0 && fds[1].revents & (POLLERR | POLLHUP | POLLNVAL));
	}
	return NULL;
}

static void release(struct mt_ticker *t)
{
	mt_pagereader_fini(&t->pages);
	mt_source_close(t->source);
	if (t->wake >= 0)
		close(t->wake);
	free(t->record);
	free(t);
}

int mt_ticker_start(struct mt_ticker **out, struct mt_source *source, bool pages,
		    mt_seen_fn fn, void *opaque, struct mt_err *err)
{
	struct mt_ticker *t = calloc(1, sizeof(*t));
	int rc = -ENOMEM;

	*out = NULL;
	if (!t) {
		mt_source_close(source);
		return mt_err_set(err, -ENOMEM, "out of memory");
	}
	t->source = source;
	t->with_pages = pages;
	t->fn = fn;
	t->opaque = opaque;
	t->room = source->record_bytes > sizeof(*t->record) ? source->record_bytes :
							      MT_SOURCE_RECORD_MAX_BYTES;
	t->record = malloc(t->room);
	t->wake = eventfd(0, EFD_CLOEXEC);
	if (t->record && t->wake >= 0)
		rc = pages ? mt_pagereader_init(&t->pages, source) : 0;
	if (!rc)
		rc = mt_thread_start(&t->thread, "mt-ticker", run, t);
	if (rc) {
		release(t);
		return mt_err_set(err, rc, "cannot read ticks on a thread: %s", strerror(-rc));
	}
	*out = t;
	return 0;
}

void mt_ticker_stop(struct mt_ticker *t)
{
	const uint64_t one = 1;

	if (!t)
		return;
	while (write(t->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	mt_thread_join(t->thread);
	release(t);
}
