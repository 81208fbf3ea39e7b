// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_passcutter.c - ticks cut into the passes of a migration, and read as sets of pages, from a
 * source in memory
 */
#include <errno.h>

#include "watch/pagereader.h"
#include "watch/passcutter.h"
#include "watch/tickqueue.h"
#include "ktap.h"

#define MS	1000000ULL

static struct mt_pageset *range(uint64_t first, uint64_t n)
{
	struct mt_pageset *s = mt_pageset_new();

	while (n--)
		mt_pageset_add(s, first++);
	return s;
}

/* Tick @i of 20 ms logs @n pages from @first on. */
static void tick(struct mt_passcutter *p, unsigned i, uint64_t first, uint64_t n)
{
	const struct migtrace_record r = {
		.tick = i, .start_ns = 20 * MS * (i - 1), .end_ns = 20 * MS * i, .events = n
	};
	struct mt_pageset *s = range(first, n);

	mt_passcutter_tick(p, &r, s, true);
	mt_pageset_free(s);
}

static void cuts_at_boundaries(void)
{
	static struct mt_passcutter p;
	struct mt_record_pass pass;

	CHECK_INT(mt_passcutter_init(&p), 0);
	for (unsigned i = 1; i <= 5; i++)
		tick(&p, i, 1000, 50);		/* before the first sync */
	mt_passcutter_boundary(&p, 1, 100 * MS);
	CHECK(!mt_passcutter_take(&p, &pass));
	for (unsigned i = 6; i <= 15; i++)	/* 100 to 300 ms: 0..99, ten more each, and 20 hot
						 * ones */
		tick(&p, i, 10 * (i - 6), 20);
	mt_passcutter_boundary(&p, 2, 300 * MS);
	CHECK(mt_passcutter_take(&p, &pass));
	CHECK_INT(pass.iteration, 1);
	CHECK_INT(pass.start_ns, 100 * MS);
	CHECK_INT(pass.t_ns, 300 * MS);
	CHECK_NEAR(pass.pages, 110, 0);
	CHECK_INT(pass.events, 200);
	CHECK(!mt_passcutter_take(&p, &pass));
	tick(&p, 16, 0, 5);
	mt_passcutter_boundary(&p, 3, 345 * MS);	/* tick 18 runs: waits for it */
	tick(&p, 17, 5, 5);
	CHECK(!mt_passcutter_take(&p, &pass));
	/*
	 * 340 to 360: a quarter of it is before the boundary; 5 of its pages the pass had, 7 nobody
	 * has.
	 */
	tick(&p, 18, 5, 12);
	CHECK(mt_passcutter_take(&p, &pass));
	CHECK_INT(pass.iteration, 2);
	CHECK_NEAR(pass.pages, 10 + 7 / 4.0, 1e-9);
	CHECK_INT(pass.events, 13);
	mt_passcutter_boundary(&p, 4, 380 * MS);
	tick(&p, 19, 7, 20);			/* 10 pages of tick 18 again: its own; of 5 and 6
						 * three quarters */
	CHECK(mt_passcutter_take(&p, &pass));
	CHECK_INT(pass.iteration, 3);
	CHECK_NEAR(pass.pages, 20 + 2 * 0.75, 1e-9);
	CHECK_INT(pass.events, 29);
	/* The boundary is after the newest tick, and none follows. */
	tick(&p, 20, 0, 4);
	mt_passcutter_boundary(&p, 5, 415 * MS);
	CHECK(!mt_passcutter_take(&p, &pass));
	mt_passcutter_end(&p);
	CHECK(mt_passcutter_take(&p, &pass));
	CHECK_INT(pass.iteration, 4);
	CHECK_NEAR(pass.pages, 4, 0);
	mt_passcutter_fini(&p);
}

/* Two syncs in one tick: what was between them nobody knows. The passes around it are as good. */
static void syncs_in_one_tick(void)
{
	static struct mt_passcutter p;
	struct mt_record_pass pass;

	CHECK_INT(mt_passcutter_init(&p), 0);
	mt_passcutter_boundary(&p, 1, 20 * MS);
	tick(&p, 1, 0, 10);
	tick(&p, 2, 10, 10);
	mt_passcutter_boundary(&p, 2, 45 * MS);
	mt_passcutter_boundary(&p, 3, 50 * MS);
	tick(&p, 3, 20, 8);
	tick(&p, 4, 28, 10);
	mt_passcutter_boundary(&p, 4, 80 * MS);
	CHECK(mt_passcutter_take(&p, &pass) && pass.iteration == 1);
	CHECK_NEAR(pass.pages, 12, 1e-9);
	CHECK(mt_passcutter_take(&p, &pass) && pass.iteration == 2 && isnan(pass.pages));
	CHECK(mt_passcutter_take(&p, &pass) && pass.iteration == 3);
	CHECK(pass.pages >= 10 && pass.pages <= 18);
	mt_passcutter_fini(&p);
}

/* A tick whose pages nobody knows makes its pass unknown, and no other. */
static void missing_pages(void)
{
	const struct migtrace_record unknown = {
		.tick = 3, .start_ns = 40 * MS, .end_ns = 60 * MS, .events = 3, .overruns = 1
	};
	static struct mt_passcutter p;
	struct mt_record_pass pass;

	CHECK_INT(mt_passcutter_init(&p), 0);
	mt_passcutter_boundary(&p, 1, 1);
	tick(&p, 1, 0, 10);
	tick(&p, 2, 0, 10);
	mt_passcutter_boundary(&p, 2, 40 * MS);
	mt_passcutter_tick(&p, &unknown, NULL, false);
	mt_passcutter_boundary(&p, 3, 60 * MS);
	tick(&p, 4, 0, 3);
	mt_passcutter_boundary(&p, 4, 80 * MS);
	CHECK(mt_passcutter_take(&p, &pass) && pass.pages == 10);
	CHECK(mt_passcutter_take(&p, &pass) && isnan(pass.pages) && pass.events == 3 &&
	      pass.overruns == 1 && pass.unread_events == 3);
	CHECK(mt_passcutter_take(&p, &pass) && pass.pages == 3);
	mt_passcutter_fini(&p);
}

/*
 * A window that began with the pass makes up for ticks that were read late, one from before it does
 * not.
 */
static void windows_make_up(void)
{
	struct migtrace_record r = {
		.tick = 2, .start_ns = 20 * MS, .end_ns = 40 * MS, .events = 30
	};
	struct mt_pageset *all = range(0, 50);
	static struct mt_passcutter p;
	struct mt_record_pass pass;

	for (unsigned long long window_ns = 10 * MS; window_ns;
	     window_ns = window_ns == 10 * MS ? 950 * MS : 0) {
		CHECK_INT(mt_passcutter_init(&p), 0);
		mt_passcutter_boundary(&p, 1, 1000 * MS);
		r = (struct migtrace_record){
			.tick = 51, .start_ns = 1000 * MS, .end_ns = 1020 * MS, .events = 30
		};
		mt_passcutter_tick(&p, &r, NULL, false);
		r = (struct migtrace_record){ .tick = 52,
					      .start_ns = 1020 * MS,
					      .end_ns = 1040 * MS,
					      .events = 20,
					      .window_start_ns = window_ns };
		mt_passcutter_tick(&p, &r, all, false);
		tick(&p, 53, 45, 10);
		mt_passcutter_boundary(&p, 2, 1060 * MS);
		CHECK(mt_passcutter_take(&p, &pass));
		CHECK_INT(pass.events, 60);
		if (window_ns == 950 * MS) {
			CHECK_NEAR(pass.pages, 55, 0);
			CHECK_INT(pass.unread_events, 0);
		} else {
			CHECK(isnan(pass.pages));
			CHECK_INT(pass.unread_events, 50);
		}
		mt_passcutter_fini(&p);
	}
	mt_pageset_free(all);
}

/* A long pass is longer than what is kept apart. */
static void long_passes(void)
{
	static struct mt_passcutter p;
	struct mt_record_pass pass;

	CHECK_INT(mt_passcutter_init(&p), 0);
	mt_passcutter_boundary(&p, 1, 1);
	for (unsigned i = 1; i <= 3 * MT_PASSCUTTER_RECENT; i++)
		tick(&p, i, i, 2);
	mt_passcutter_boundary(&p, 2, 3 * MT_PASSCUTTER_RECENT * 20 * MS);
	CHECK(mt_passcutter_take(&p, &pass));
	CHECK_NEAR(pass.pages, 3 * MT_PASSCUTTER_RECENT + 1, 1e-3);
	CHECK_INT(pass.events, 6 * MT_PASSCUTTER_RECENT);
	/* Boundaries out of order, too many of them, ticks that go back: nothing breaks. */
	for (unsigned i = 0; i < 300; i++)
		mt_passcutter_boundary(&p, i, (uint64_t)(300 - i) * 1000000000000);
	for (unsigned i = 0; i < 300; i++)
		mt_passcutter_boundary(&p, i, (uint64_t)i * 1000000000000);
	tick(&p, 1, 0, 1);
	mt_passcutter_end(&p);
	while (mt_passcutter_take(&p, &pass))
		;
	mt_passcutter_fini(&p);
}

/* --- a source whose sets the test decides on ---------------------------------- */
#define SLOTS	3

static struct migtrace_slot slots[SLOTS] = {
	{ .id = 0, .flags = MIGTRACE_SLOT_LOGGING, .base_gfn = 0, .pages = 160 },
	{ .id = 1, .flags = MIGTRACE_SLOT_LOGGING, .base_gfn = 1 << 20, .pages = 100 },
	{ .as_id = 1, .id = 0, .flags = MIGTRACE_SLOT_LOGGING, .base_gfn = 0, .pages = 160 },
};
static size_t n_slots;
static int pages_rc;
static unsigned asked_kind, listed;

static int fake_slots(struct mt_source *source, struct migtrace_slot *into, size_t room,
		      size_t *count)
{
	*count = n_slots;
	listed++;
	for (size_t i = 0; i < n_slots && i < room; i++)
		into[i] = slots[i];
	return 0;
}

/* Page 1 of each memslot, all ones of the window; and bits beyond the end, which are nobody's. */
static int fake_pages(struct mt_source *source, struct migtrace_pages *args)
{
	uint64_t *words = (uint64_t *)(uintptr_t)args->bitmap_ptr;

	asked_kind = args->kind;
	if (pages_rc)
		return pages_rc;
	memset(words, args->kind == MIGTRACE_SET_WINDOW ? 0xff : 0,
	       (args->page_count + 63) / 64 * 8);
	words[0] |= 2;
	words[(args->page_count - 1) / 64] |= 1ULL << 63;
	return 0;
}

static const struct mt_source_ops fake = { .name = "fake",
					   .slots = fake_slots,
					   .pages = fake_pages };

static struct migtrace_record logged(uint64_t n, uint64_t window)
{
	return (struct migtrace_record){ .tick = n,
					 .state = MIGTRACE_STATE_LOGGING,
					 .valid = 0x1f,
					 .events = 1,
					 .window = window };
}

static void reads_sets(void)
{
	struct mt_source source = { .ops = &fake };
	struct mt_pagereader p;
	struct migtrace_record r = logged(5, 1);

	n_slots = SLOTS;
	CHECK_INT(mt_pagereader_init(&p, &source), 0);
	CHECK_INT(mt_pagereader_read(&p, &r), MT_PAGES_TICK);
	/* Pages 1 of both address spaces are one; 191 and 127 are beyond the memslots' ends. */
	CHECK_INT(mt_pageset_count(p.set), 2);
	CHECK(mt_pageset_has(p.set, 1) && mt_pageset_has(p.set, (1 << 20) + 1));
	CHECK_INT(listed, 2);	/* how many there are, and they */
	r = logged(6, 1);
	CHECK_INT(mt_pagereader_read(&p, &r), MT_PAGES_TICK);
	CHECK_INT(listed, 2);
	CHECK(!p.has_begun);
	/* Late once: the window makes up for it. */
	pages_rc = -ESTALE;
	r = logged(7, 1);
	CHECK_INT(mt_pagereader_read(&p, &r), MT_PAGES_LATE);
	pages_rc = 0;
	r = logged(8, 1);
	CHECK_INT(mt_pagereader_read(&p, &r), MT_PAGES_WINDOW);
	CHECK_INT(asked_kind, MIGTRACE_SET_WINDOW);
	CHECK_INT(mt_pageset_count(p.set), 260);
	r = logged(9, 1);
	CHECK_INT(mt_pagereader_read(&p, &r), MT_PAGES_TICK);
	/* Late as another window began: nothing does. */
	r = logged(11, 2);
	CHECK_INT(mt_pagereader_read(&p, &r), MT_PAGES_LOST);
	CHECK_INT(asked_kind, MIGTRACE_SET_WINDOW);	/* for what has begun */
	CHECK(p.has_begun);
	CHECK_INT(mt_pageset_count(p.begun), 260);
	CHECK_INT(mt_pageset_count(p.set), 2);
	/* A memslot went: listed again. */
	pages_rc = -ENXIO;
	r = logged(12, 2);
	CHECK_INT(mt_pagereader_read(&p, &r), MT_PAGES_LATE);
	pages_rc = 0;
	n_slots = 1;
	r = logged(13, 2);
	CHECK_INT(mt_pagereader_read(&p, &r), MT_PAGES_WINDOW);
	CHECK_INT(mt_pageset_count(p.set), 160);
	/* Nothing was logged: nothing is asked. */
	r = logged(14, 2);
	r.state = 0;
	r.events = 0;
	pages_rc = -EIO;
	CHECK_INT(mt_pagereader_read(&p, &r), MT_PAGES_TICK);
	CHECK_INT(mt_pageset_count(p.set), 0);
	r = logged(15, 2);
	pages_rc = -EOPNOTSUPP;
	CHECK_INT(mt_pagereader_read(&p, &r), MT_PAGES_NONE);
	pages_rc = 0;
	mt_pagereader_fini(&p);
}

static void queue_merges(void)
{
	struct migtrace_record r = { .tick = 1, .valid = 0x1f, .pages = 1, .events = 2 };
	struct mt_tickqueue q;
	struct mt_tick t;
	uint64_t events = 0, ticks = 0;

	CHECK_INT(mt_tickqueue_init(&q), 0);
	CHECK(!mt_tickqueue_take(&q, &t, true));
	for (unsigned i = 0; i < 1000000; i++) {
		r.tick = i + 1;
		r.state = i % 1000 < 500 ? MIGTRACE_STATE_LOGGING : 0;
		r.events = r.state ? 2 : 0;
		r.start_ns = i * 10 * MS;
		r.end_ns = r.start_ns + 10 * MS;
		mt_tickqueue_add(&q, &r);
		/* Somebody who takes too little: nothing is lost but how fine it is. */
		if (i % 1000 == 0 && mt_tickqueue_take(&q, &t, false)) {
			CHECK_INT(t.ticks, 5);	/* of 10 ms, until they are 45 */
			CHECK_INT(t.t_ns - t.start_ns, 50 * MS);
			events += t.events;
			ticks += t.ticks;
		}
	}
	while (mt_tickqueue_take(&q, &t, true)) {
		events += t.events;
		ticks += t.ticks;
	}
	CHECK_INT(ticks, 500000);
	CHECK_INT(events, 1000000);
	mt_tickqueue_fini(&q);
}

static const struct ktap_case cases[] = {
	{ "passes are cut at QEMU's syncs", cuts_at_boundaries },
	{ "two syncs in one tick", syncs_in_one_tick },
	{ "a pass with missing pages is unknown", missing_pages },
	{ "a window makes up for ticks that were read late", windows_make_up },
	{ "long passes, and boundaries that cannot be", long_passes },
	{ "sets of pages from a source", reads_sets },
	{ "ticks are merged on their way", queue_merges },
};

KTAP_MAIN(cases)
