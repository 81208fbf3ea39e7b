// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_bitmap.c - the module against the machine's own harvests, dirty bitmaps
 */
#include "kmodtest.h"

#define PAGES	3003
#define FAST_NS	(2 * WATCH_MS)
#define SLOW_NS	(50 * WATCH_MS)

static struct vm_params params = {
	.vcpus = 2,
	.slot = { { .id = 3, .pages = PAGES, .logging = true },
		  { .id = 70, .pages = 77, .logging = true } },
};

/* Rounds of random pages and harvests: each page that a harvest gives was logged once. */
static void run_rounds(enum vm_mode mode, uint64_t tick_ns)
{
	struct vm_stats before, stats;
	struct watch w;
	struct vm *vm;

	params.mode = mode;
	VMTEST_OPEN_EXACT(vm, &params);
	CHECK_INT(vmtest_settle(vm), 0);
	vm_stats(vm, &before);
	KMODTEST_WATCH(vm, w, tick_ns, 0);
	CHECK_INT(w.args.mode, MIGTRACE_MODE_BITMAP);
	CHECK(w.args.features & MIGTRACE_FEAT_CLEAR);
	KMODTEST_CLEAN(vm, w, 70);
	CHECK_INT(w.sum.events, 1);
	for (unsigned int round = 0; round < 12; round++) {
		for (unsigned int v = 0; v < params.vcpus; v++)
			CHECK_INT(vm_run_pattern(vm, v, 3, PATTERN_UNIFORM, 800, round * 7 + v,
						 VM_RATE_MAX),
				  0);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	}
	CHECK_INT(watch_settle(&w), 0);
	vm_stats(vm, &stats);
	CHECK_INT(w.sum.events, stats.harvested - before.harvested);
	CHECK_INT(w.sum.cleared_pages, stats.harvested - before.harvested);
	CHECK_INT(w.sum.overruns, 0);
	CHECK_INT(w.last.record.window_pages, stats.distinct);
	kmodtest_check_window(&w, vm, 3, PAGES);
	KMODTEST_CLOSE(vm, w);
}

static void test_legacy(void) { run_rounds(VM_BITMAP, FAST_NS); }
static void test_manual(void) { run_rounds(VM_BITMAP_MANUAL, FAST_NS); }
static void test_manual_slow(void) { run_rounds(VM_BITMAP_MANUAL, SLOW_NS); }
static void test_initially_set(void) { run_rounds(VM_BITMAP_INITIALLY_SET, FAST_NS); }

/* The whole-guest harvest of a bitmap that begins all ones is no event. */
static void test_all_ones(void)
{
	struct vm_params p = params;
	struct vm_stats stats;
	struct watch w;
	struct vm *vm;

	p.mode = VM_BITMAP_INITIALLY_SET;
	p.slot[0].logging = p.slot[1].logging = false;
	KMODTEST_OPEN(vm, &p, w, FAST_NS, 0);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 500, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.events, 0);
	CHECK(!(w.last.record.state & MIGTRACE_STATE_LOGGING));

	CHECK_INT(vm_slot_set_logging(vm, 3, true), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.events, 0);
	CHECK_INT(w.sum.cleared_pages, PAGES);
	vm_stats(vm, &stats);
	CHECK_INT(stats.harvested, PAGES);
	CHECK(w.last.record.state & MIGTRACE_STATE_LOGGING);
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	CHECK_INT(w.last.record.window_pages, 0);

	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 500, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.events, 500);
	CHECK_INT(w.last.record.window_pages, 500);
	KMODTEST_CLOSE(vm, w);
}

/* A session that begins amid logging does not count what was dirty before it. */
static void test_late(void)
{
	struct watch w;
	struct vm *vm;

	params.mode = VM_BITMAP_MANUAL;
	VMTEST_OPEN_EXACT(vm, &params);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 500, 1, VM_RATE_MAX), 0);
	KMODTEST_WATCH(vm, w, FAST_NS, 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.events, 0);
	CHECK(!(w.last.record.valid & MIGTRACE_VALID_WINDOW));
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 600, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.events, 100);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.events, 100);
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	KMODTEST_CLOSE(vm, w);
}

static const struct ktap_case cases[] = {
	{ "harvests that clear: each page counted once", test_legacy },
	{ "harvests and clears apart: each page counted once", test_manual },
	{ "harvests and clears within a tick: each page counted once", test_manual_slow },
	{ "a bitmap that began all ones: each page counted once", test_initially_set },
	{ "the first harvest of one that begins all ones is no event", test_all_ones },
	{ "a session that comes late to a bitmap counts from then on", test_late },
};

KTAP_MAIN(cases)
