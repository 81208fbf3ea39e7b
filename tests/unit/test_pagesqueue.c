// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_pagesqueue.c - what of a ticker's sets gets into a recording, and from when to when
 */
#include "curve/pageset.h"
#include "store/record.h"
#include "watch/pagesqueue.h"
#include "ktap.h"
#include "scratch.h"

#define MS	1000000ULL

static char path[96];

static struct mt_pagesqueue queue;
static struct mt_pageset *pages, *window;

/*
 * A tick of 50 ms; @n pages from @first on. @window_ms: another window began then, with the last
 * @n_window of them.
 */
static void see(uint64_t end_ms, uint64_t first, uint64_t n, uint64_t window_ms, uint64_t n_window,
		bool lost)
{
	struct migtrace_record r = {
		.start_ns = (end_ms - 50) * MS, .end_ns = end_ms * MS,
		.state = MIGTRACE_STATE_LOGGING, .events = n,
		.window_start_ns = window_ms * MS,
	};
	struct mt_seen seen = {
		.record = &r, .pages = pages, .pages_exact = true, .pages_lost = lost
	};

	mt_pageset_clear(pages);
	mt_pageset_clear(window);
	for (uint64_t i = 0; i < n; i++)
		if (mt_pageset_add(pages, first + i) ||
		    (i >= n - n_window && mt_pageset_add(window, first + i)))
			abort();
	if (window_ms)
		seen.window_pages = window;
	mt_pagesqueue_add(&queue, &seen);
}

static void see_nothing(uint64_t end_ms, bool logging)
{
	struct migtrace_record r = {
		.start_ns = (end_ms - 50) * MS, .end_ns = end_ms * MS,
		.state = logging ? MIGTRACE_STATE_LOGGING : 0, .events = logging,
	};

	mt_pagesqueue_add(&queue, &(struct mt_seen){ .record = &r });
}

static void test_queue(void)
{
	static const struct {
		uint64_t start_ms, end_ms;
		bool begins;
		const char *pages;
	} expected[] = {
		{ 50, 100, false, "10+4" },
		/* One tick's set was late: the next one has its time, too. */
		{ 100, 200, false, "20" },
		/* A window begins in the middle of a tick. */
		{ 200, 230, false, "30+1" },
		{ 230, 250, true, "32+2" },
		{ 250, 300, false, "" },
		/* Lost ones leave a hole, and so does a time without logging. */
		{ 350, 400, false, "50" },
		{ 500, 550, false, "60" },
	};
	const struct mt_record_header header = { .domain = "g", .start_t_ns = 1 };
	struct mt_recording *rec;
	struct mt_recorder *r;

	snprintf(path, sizeof(path), "%s/g.mtrec", dir);
	CHECK_INT(mt_recorder_open(&r, path, &header, NULL), 0);
	mt_pagesqueue_init(&queue);
	pages = mt_pageset_new();
	window = mt_pageset_new();
	see(100, 10, 5, 0, 0, false);
	see_nothing(150, true);
	see(200, 20, 1, 0, 0, false);
	CHECK_INT(mt_pagesqueue_record(&queue, r), 0);
	see(250, 30, 5, 230, 3, false);
	see(300, 40, 0, 0, 0, false);
	see(400, 50, 1, 0, 0, true);
	see_nothing(450, false);
	see(550, 60, 1, 0, 0, false);
	CHECK_INT(mt_pagesqueue_record(&queue, r), 0);
	CHECK_INT(mt_pagesqueue_record(&queue, r), 0);
	CHECK_INT(mt_recorder_close(r, NULL), 0);
	mt_pagesqueue_fini(&queue);
	mt_pageset_free(pages);
	mt_pageset_free(window);
	CHECK_INT(mt_recording_load(&rec, path, NULL), 0);
	CHECK_INT(rec->n_entries, MT_ARRAY_SIZE(expected));
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_record_pages *p = &rec->entries[i].pages;

		CHECK_INT(rec->entries[i].type, MT_ENTRY_PAGES);
		CHECK_INT(p->start_ns, expected[i].start_ms * MS);
		CHECK_INT(p->t_ns, expected[i].end_ms * MS);
		CHECK_INT(p->begins, expected[i].begins);
		CHECK_STR(p->pages, expected[i].pages);
	}
	mt_recording_free(rec);
}

static const struct ktap_case cases[] = {
	{ "sets come with their times, and where windows begin", test_queue },
};
KTAP_MAIN(cases)
