// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_history.c - recordings into series of what the guest dirtied
 */
#include <errno.h>

#include "base/units.h"
#include "store/history.h"
#include "ktap.h"

static struct mt_entry look(double t_s, uint64_t iteration, double remaining_mib)
{
	struct mt_entry e = { .type = MT_ENTRY_SAMPLE };

	e.sample.status = MT_STATUS_ACTIVE;
	e.sample.t_ns = (uint64_t)(t_s * 1e9 + 0.5);
	e.sample.boundary = true;
	mt_sample_set(&e.sample, iteration, iteration);
	mt_sample_set(&e.sample, remaining_bytes, (uint64_t)(remaining_mib * MT_MIB));
	return e;
}

static struct mt_entry tick(double start_s, double end_s, uint64_t window, uint64_t pages)
{
	struct mt_entry e = { .type = MT_ENTRY_TICK };

	e.tick.start_ns = (uint64_t)(start_s * 1e9 + 0.5);
	e.tick.t_ns = (uint64_t)(end_s * 1e9 + 0.5);
	e.tick.state = MIGTRACE_STATE_LOGGING;
	mt_tick_put(&e.tick, MT_TICK_pages, pages);
	mt_tick_put(&e.tick, MT_TICK_window, window);
	return e;
}

static void test_passes(void)
{
	/*
	 * 2 s that leave 40 MiB, 1 s that leaves 10 MiB; the last pass has not ended. Ticks beside
	 * them say the same in other words.
	 */
	struct mt_entry entries[] = { look(10, 1, 100),	 tick(10, 11, 1, 99999), look(12, 2, 40),
				      look(12.4, 2, 20), look(13, 3, 10),	 look(13.5, 3, 5) };
	const struct mt_recording rec = { .entries = entries, .n_entries = MT_ARRAY_SIZE(entries) };
	struct mt_history h;

	CHECK_INT(mt_history_of(&h, &rec, 0.1), 0);
	CHECK_INT(h.n, 30);
	CHECK_NEAR(h.slot_s, 0.1, 0);
	for (int k = 0; k < 30; k++)
		CHECK_NEAR(h.bytes[k], (k < 20 ? 2 : 1) * MT_MIB, 1);
	mt_history_fini(&h);
	CHECK(!h.bytes && !h.n);
}

/* A window's first ticks have most of its pages: they are spread over the window. */
static void test_windows(void)
{
	struct mt_entry entries[] = {
		tick(1.0, 1.1, 1, 700), tick(1.1, 1.2, 1, 200), tick(1.2, 1.4, 1, 100),
		tick(1.4, 1.5, 2, 50), tick(1.5, 1.6, 2, 0),
	};
	struct mt_recording rec = { .entries = entries, .n_entries = MT_ARRAY_SIZE(entries) };
	struct mt_history h;

	CHECK_INT(mt_history_of(&h, &rec, 0.1), 0);
	CHECK_INT(h.n, 6);
	for (int k = 0; k < 6; k++)
		CHECK_NEAR(h.bytes[k], (k < 4 ? 250 : 25) * 4096.0, 1e-3);
	mt_history_fini(&h);
	/* Windows that are not known: tick by tick. */
	for (size_t i = 0; i < rec.n_entries; i++)
		entries[i].tick.valid &= ~(1ULL << MT_TICK_window);
	CHECK_INT(mt_history_of(&h, &rec, 0.1), 0);
	CHECK_INT(h.n, 6);
	CHECK_NEAR(h.bytes[0], 700 * 4096.0, 1e-3);
	CHECK_NEAR(h.bytes[3], 50 * 4096.0, 1e-3);
	mt_history_fini(&h);
}

static void test_nothing(void)
{
	struct mt_entry entries[] = { look(10, 1, 100), tick(1, 1, 1, 5), tick(2, 1, 1, 5),
				      tick(0, 1e6, 1, 5), tick(1, 2, 1, 5) };
	struct mt_recording rec = { .entries = entries, .n_entries = 0 };
	struct mt_history h;

	CHECK_INT(mt_history_of(&h, &rec, 0.1), -ENODATA);
	rec.n_entries = 4;		/* none of the ticks makes sense */
	CHECK_INT(mt_history_of(&h, &rec, 0.1), -ENODATA);
	CHECK(!h.bytes);
	entries[4].tick.state = 0;	/* nothing was logged */
	rec.n_entries = 5;
	CHECK_INT(mt_history_of(&h, &rec, 0.1), -ENODATA);
	entries[4].tick.state = MIGTRACE_STATE_LOGGING;
	CHECK_INT(mt_history_of(&h, &rec, 0.1), 0);
	CHECK_INT(h.n, 10);
	mt_history_fini(&h);
}

static const struct ktap_case cases[] = {
	{ "passes become slots of what they dirtied", test_passes },
	{ "a window's pages are spread over its ticks", test_windows },
	{ "a recording with nothing to learn from has no history", test_nothing },
};
KTAP_MAIN(cases)
