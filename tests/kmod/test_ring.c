// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_ring.c - the module against the machine's own harvests, dirty rings
 */
#include "kmodtest.h"

#define PAGES	3003
#define FAST_NS	(2 * WATCH_MS)
#define SLOW_NS	(50 * WATCH_MS)

static struct vm_params params = {
	.mode = VM_RING,
	.vcpus = 1,
	.ring_entries = 1024,
	.slot = { { .id = 3, .pages = PAGES, .logging = true },
		  { .id = 70, .pages = 77, .logging = true } },
};

static uint64_t gfns[PAGES];

/* Events of each vCPU are those that its ring gave the machine. */
static void check_events(const struct watch *w, struct vm *vm)
{
	struct vm_stats stats;
	uint64_t total = 0;

	vm_stats(vm, &stats);
	for (unsigned int i = 0; i < params.vcpus; i++) {
		CHECK_INT(w->sum.vcpu_events[i], stats.pushed[i]);
		total += stats.pushed[i];
	}
	CHECK_INT(w->sum.events, total);
	CHECK_INT(w->sum.overruns, 0);
	CHECK_INT(w->sum.missed, 0);
}

/* How full each vCPU's ring was, before and after a reset. */
static void test_used(void)
{
	struct watch w;
	struct vm *vm;

	params.vcpus = 2;
	KMODTEST_OPEN(vm, &params, w, SLOW_NS, 0);
	KMODTEST_CLEAN(vm, w, 70);
	memset(&w.sum, 0, sizeof(w.sum));
	for (size_t i = 0; i < 410; i++)
		gfns[i] = vm_slot_gfn(vm, 3, i);
	CHECK_INT(vm_write(vm, 0, gfns, 300), 0);
	CHECK_INT(vm_write(vm, 1, gfns + 300, 10), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK(w.last.record.valid & MIGTRACE_VALID_RING_USED);
	CHECK_INT(w.last.record.ring_entries, params.ring_entries);
	CHECK_INT(w.last.record.ring_used, 300);
	CHECK_INT(w.last.vcpu[0].ring_used, 300);
	CHECK_INT(w.last.vcpu[1].ring_used, 10);
	/* What a reset freed was there until then. */
	CHECK_INT(vm_write(vm, 1, gfns + 310, 100), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.vcpu_ring_used[0], 300);
	CHECK_INT(w.sum.vcpu_ring_used[1], 110);
	CHECK_INT(w.last.record.ring_used, 0);
	CHECK_INT(w.last.vcpu[1].ring_used, 0);
	CHECK_INT(w.sum.events, 410);
	KMODTEST_CLOSE(vm, w);
}

/* A list of pages, no reset: the tick's set and the window's are the list. */
static void test_list(void)
{
	static uint64_t words[(PAGES + 63) / 64];
	struct watch w;
	struct vm *vm;

	params.vcpus = 1;
	KMODTEST_OPEN(vm, &params, w, SLOW_NS, 0);
	CHECK_INT(w.args.mode, MIGTRACE_MODE_RING);
	CHECK_INT(watch_settle(&w), 0);
	CHECK(!(w.last.record.valid & MIGTRACE_VALID_WINDOW));
	KMODTEST_CLEAN(vm, w, 70);
	CHECK_INT(w.last.record.window, 1);
	CHECK_INT(w.sum.events, 1);
	for (size_t i = 0; i < 300; i++)
		gfns[i] = vm_slot_gfn(vm, 3, i * 10 + 3);
	CHECK_INT(vm_write(vm, 0, gfns, 300), 0);
	CHECK_INT(vm_write(vm, 0, gfns, 300), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.events, 301);
	CHECK_INT(w.sum.pages, 301);
	CHECK_INT(w.last.record.window_pages, 300);
	CHECK(w.last.record.state & MIGTRACE_STATE_LOGGING);
	CHECK_INT(w.last.record.logged_pages, PAGES + 77);
	CHECK_INT(watch_pages(&w, 0, MIGTRACE_SET_WINDOW, 3, PAGES, words), 0);
	CHECK_INT(watch_popcount(words, PAGES), 300);
	for (uint64_t i = 0; i < PAGES; i++)
		CHECK_INT(words[i / 64] >> i % 64 & 1, i % 10 == 3 && i < 3000);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	check_events(&w, vm);
	KMODTEST_CLOSE(vm, w);
}

/* Many rounds of random pages, harvested by turns: events and the window's set. */
static void run_rounds(unsigned int vcpus, uint64_t tick_ns, uint64_t max)
{
	static uint64_t words[(PAGES + 63) / 64];
	struct vm_stats stats;
	struct watch w;
	struct vm *vm;

	params.vcpus = vcpus;
	KMODTEST_OPEN(vm, &params, w, tick_ns, 0);
	KMODTEST_CLEAN(vm, w, 70);
	for (unsigned int round = 0; round < 12; round++) {
		for (unsigned int v = 0; v < vcpus; v++)
			CHECK_INT(vm_run_pattern(vm, v, 3, PATTERN_UNIFORM, 800, round * 7 + v,
						 VM_RATE_MAX),
				  0);
		CHECK_INT(vm_harvest(vm, NULL, max), 0);
	}
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	check_events(&w, vm);
	if (ktap_failed)
		return;
	vm_stats(vm, &stats);
	CHECK_INT(w.last.record.window_pages, stats.distinct);
	CHECK_INT(watch_pages(&w, 0, MIGTRACE_SET_WINDOW, 3, PAGES, words), 0);
	for (uint64_t i = 0; i < PAGES; i++)
		CHECK_INT(words[i / 64] >> i % 64 & 1, vm_seen(vm, 3, i));
	CHECK(w.sum.resets > 0);
	KMODTEST_CLOSE(vm, w);
}

static void test_rounds_1(void) { run_rounds(1, FAST_NS, 0); }
static void test_rounds_2(void) { run_rounds(2, FAST_NS, 0); }
static void test_rounds_4(void) { run_rounds(4, FAST_NS, 0); }
static void test_rounds_slow_tick(void) { run_rounds(2, SLOW_NS, 0); }
static void test_partial_resets(void) { run_rounds(2, FAST_NS, 300); }

static const struct ktap_case cases[] = {
	{ "a list of pages: events, the tick's and the window's set", test_list },
	{ "how full each vCPU's ring was", test_used },
	{ "random pages, 1 vCPU, harvests", test_rounds_1 },
	{ "random pages, 2 vCPUs, harvests", test_rounds_2 },
	{ "random pages, 4 vCPUs, harvests", test_rounds_4 },
	{ "random pages, resets in mid-tick", test_rounds_slow_tick },
	{ "partial harvests: each page counted once", test_partial_resets },
};

KTAP_MAIN(cases)
