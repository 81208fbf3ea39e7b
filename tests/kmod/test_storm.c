// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_storm.c - small rings that are full most of the time, and reset in mid-tick
 *
 * However the rings are treated, the module counts the entries that were pushed, and what it
 * says of their pages is right: exactly, or but for as many as it says it has missed.
 */
#include "drive.h"
#include "kmodtest.h"

#define PAGES		3003
#define VCPUS		4

static uint64_t bad_records;

static void on_record(struct watch *w, const struct migtrace_record *r, void *arg)
{
	uint64_t events = 0;

	for (unsigned int v = 0; v < r->vcpus; v++)
		events += r->vcpu[v].events;
	bad_records += events != r->events || r->pages + r->overruns > r->events ||
		       r->end_ns <= r->start_ns;
}

static void check_pages(struct watch *w, struct vm *vm, const struct vm_stats *stats)
{
	static uint64_t words[(PAGES + 63) / 64];
	uint64_t set;

	CHECK_INT(watch_settle(w), 0);
	for (int try = 0; try < 1000 && watch_pages(w, 0, MIGTRACE_SET_WINDOW, 3, PAGES, words);
	     try++)
		;
	set = watch_popcount(words, PAGES);
	CHECK_INT(set, w->last.record.window_pages);
	for (uint64_t i = 0; i < PAGES; i++)
		CHECK(!(words[i / 64] >> i % 64 & 1) || vm_seen(vm, 3, i));
	/* A window in which something was missed was followed by another. */
	if (!w->sum.overruns)
		CHECK_INT(set, stats->distinct);
}

static void run(uint32_t ring_entries, enum vm_full full, uint64_t tick_ns, unsigned int reap_ms,
		uint64_t writes)
{
	struct vm_params params = {
		.mode = VM_RING,
		.vcpus = VCPUS,
		.ring_entries = ring_entries,
		.full = full,
		.slot = { { .id = 3, .pages = PAGES, .logging = true },
			  { .id = 70, .pages = 77, .logging = true } },
	};
	struct drive d = {
		.slot = 3, .kind = PATTERN_UNIFORM, .count = writes, .seed = ring_entries + full
	};
	uint64_t pushed = 0, ring_full = 0;
	struct vm_stats stats;
	struct watch w;
	struct vm *vm;

	KMODTEST_OPEN(vm, &params, w, tick_ns, 0);
	KMODTEST_CLEAN(vm, w, 70);
	bad_records = 0;
	w.on_record = on_record;
	if (reap_ms)
		CHECK_INT(vm_reaper_start(vm, reap_ms), 0);
	CHECK_INT(drive(vm, VCPUS, &w, &d), 0);
	CHECK_INT(vm_reaper_stop(vm), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	vm_stats(vm, &stats);
	for (unsigned int v = 0; v < VCPUS; v++) {
		CHECK_INT(w.sum.vcpu_events[v], stats.pushed[v]);
		pushed += stats.pushed[v];
		ring_full += stats.ring_full[v];
	}
	CHECK_INT(w.sum.events, pushed);
	/* Some ring went round; how the writes fall to the vCPUs' pages is chance. */
	CHECK(pushed > ring_entries);
	CHECK_INT(w.sum.missed + w.ring->lost, 0);
	CHECK_INT(bad_records, 0);
	CHECK_INT(w.sum.ring_full_exits, ring_full);
	CHECK_INT(stats.stray, 0);
	check_pages(&w, vm, &stats);
	printf("# ring of %u: %lu pushed, %lu overruns, %lu exits of a full ring, %lu resets in %lu ticks\n", ring_entries,
	       pushed, w.sum.overruns, ring_full, w.sum.resets, w.sum.records);
	KMODTEST_CLOSE(vm, w);
}

/* Only KVM on AMD takes a ring as small as this. */
static uint32_t smallest_ring(void)
{
	struct vm_params params = {
		.mode = VM_RING, .vcpus = 1, .ring_entries = 256,
		.slot = { { .id = 1, .pages = 1 } },
	};
	struct vm *vm;

	if (vm_open(&vm, &params))
		return 1024;
	vm_close(vm);
	return 256;
}

static void test_retry(void) { run(smallest_ring(), VM_FULL_RETRY, 2 * WATCH_MS, 5, 2000); }
static void test_retry_slow_tick(void)
{
	run(smallest_ring(), VM_FULL_RETRY, 100 * WATCH_MS, 3, 2000);
}
static void test_retry_1024(void) { run(1024, VM_FULL_RETRY, 10 * WATCH_MS, 100, 8000); }
static void test_harvest(void) { run(smallest_ring(), VM_FULL_HARVEST, WATCH_MS, 0, 2000); }
static void test_stop_world(void)
{
	run(smallest_ring(), VM_FULL_STOP_WORLD, 30 * WATCH_MS, 0, 2000);
}
static void test_wait(void) { run(smallest_ring(), VM_FULL_WAIT, 2 * WATCH_MS, 7, 2000); }

static const struct ktap_case cases[] = {
	{ "vCPUs that try again and again", test_retry },
	{ "the same, many resets in a tick", test_retry_slow_tick },
	{ "the same, a ring of 1024 harvested seldom", test_retry_1024 },
	{ "vCPUs that harvest while the others write", test_harvest },
	{ "all stop for each harvest", test_stop_world },
	{ "vCPUs that wait for the reaper", test_wait },
};

KTAP_MAIN(cases)
