// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_dirty.c - the dirty probe against the harvests of the machine itself
 */
#include "bpftest.h"

#define PAGES	3003
#define LONGS	((PAGES + 63) / 64)

static const struct vm_params ring = {
	.mode = VM_RING,
	.vcpus = 1,
	.ring_entries = 1024,
	.slot = { { .id = 3, .pages = PAGES, .logging = true },
		  { .id = 70, .pages = 77, .logging = true } },
};

/* The window's set is what harvests saw of slot 3. */
static void check_seen(struct watch *w, struct vm *vm)
{
	uint64_t bits[LONGS];

	CHECK_INT(watch_pages(w, 3, PAGES, MIGTRACE_SET_WINDOW, bits), 0);
	for (uint64_t i = 0; i < PAGES; i++)
		CHECK_INT(bits[i / 64] >> i % 64 & 1, vm_seen(vm, 3, i));
}

/* A window begins with everything clean; what was seen before is forgotten. */
static int begin(struct vm *vm, struct watch *w)
{
	uint64_t gfn = vm_slot_gfn(vm, 70, 0);
	int rc = w->source->ops->window(w->source);

	/* A page, so that bitmap guests have something to clear */
	rc = rc ? rc : vm_write(vm, 0, &gfn, 1);
	rc = rc ? rc : vm_harvest(vm, NULL, 0);
	rc = rc ? rc : watch_settle(w);
	vm_forget(vm);
	return rc;
}

static void test_one_tick(void)
{
	uint64_t bits[LONGS], gfns[100];
	struct watch w;
	struct vm *vm;

	VMTEST_OPEN_EXACT(vm, &ring);
	BPFTEST_WATCH(vm, w, 50 * MS, 0);
	CHECK_INT(w.source->mode, MIGTRACE_MODE_RING);
	CHECK_INT(watch_tick(&w), 0);
	for (unsigned i = 0; i < 100; i++)
		gfns[i] = vm_slot_gfn(vm, 3, i * 7);
	CHECK_INT(vm_write(vm, 0, gfns, 100), 0);
	CHECK_INT(watch_tick(&w), 0);
	CHECK_INT(w.last->events, 100);
	CHECK_INT(w.last->pages, 100);
	CHECK_INT(w.last->overruns, 0);
	CHECK_INT(w.last->vcpus, VM_VCPUS_MAX);
	CHECK_INT(w.last->vcpu[0].events, 100);
	CHECK(w.last->valid & MIGTRACE_VALID_RING_USED);
	CHECK_INT(w.last->vcpu[0].ring_used, 100);
	CHECK_INT(w.last->ring_used, 100);
	CHECK_INT(w.last->ring_entries, ring.ring_entries);
	CHECK_INT(w.last->logged_pages, PAGES + 77);
	CHECK(w.last->state & MIGTRACE_STATE_LOGGING);
	CHECK(!(w.last->valid & MIGTRACE_VALID_WINDOW));
	CHECK_INT(watch_pages(&w, 3, PAGES, MIGTRACE_SET_TICK, bits), 0);
	for (unsigned i = 0; i < PAGES; i++)
		CHECK_INT(bits[i / 64] >> i % 64 & 1, i % 7 == 0 && i < 700);
	CHECK_INT(watch_tick(&w), 0);
	CHECK_INT(w.last->pages, 0);
	CHECK_INT(watch_pages(&w, 3, PAGES, MIGTRACE_SET_TICK, bits), 0);
	CHECK_INT(bits[0], 0);
	CHECK_INT(watch_pages(&w, 4, 1, MIGTRACE_SET_TICK, bits), -ENXIO);
	CHECK_INT(watch_pages(&w, 3, PAGES + 1, MIGTRACE_SET_TICK, bits), -EINVAL);
	BPFTEST_CLOSE(vm, w);
}

/* Rounds of random pages and harvests, ring-full exits among them */
static void run_ring(unsigned vcpus, unsigned entries, enum vm_full full, uint64_t tick_ns)
{
	struct vm_params p = ring;
	struct vm_stats before, after;
	uint64_t full_exits = 0, pushed = 0;
	struct watch w;
	struct vm *vm;

	p.vcpus = vcpus;
	p.ring_entries = entries;
	p.full = full;
	VMTEST_OPEN(vm, &p);
	BPFTEST_WATCH(vm, w, tick_ns, 0);
	CHECK_INT(begin(vm, &w), 0);
	CHECK_INT(w.last->window, 1);
	CHECK_INT(w.last->window_stale_pages, 0);
	CHECK(w.last->valid & MIGTRACE_VALID_WINDOW);
	memset(&w.events, 0, offsetof(struct watch, records) - offsetof(struct watch, events));
	vm_stats(vm, &before);
	for (unsigned round = 0; round < 6; round++) {
		for (unsigned v = 0; v < vcpus; v++) {
			struct vm_run run = { .first_gfn = vm_slot_gfn(vm, 3, 0),
					      .count = 4000,
					      .rate = VM_RATE_MAX };

			pattern_init(&run.pattern, round % 2 ? PATTERN_SEQUENTIAL : PATTERN_UNIFORM,
				     PAGES, round * 7 + v);
			CHECK_INT(vm_run_begin(vm, v, &run), 0);
		}
		for (unsigned v = 0; v < vcpus; v++)
			while (vm_wait(vm, v, 0))
				CHECK_INT(watch_tick(&w), 0);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	}
	CHECK_INT(watch_settle(&w), 0);
	vm_stats(vm, &after);
	for (unsigned v = 0; v < vcpus; v++) {
		CHECK_INT(w.vcpu_events[v], after.pushed[v] - before.pushed[v]);
		pushed += after.pushed[v] - before.pushed[v];
		full_exits += after.ring_full[v] - before.ring_full[v];
	}
	printf("# %" PRIu64 " events, %" PRIu64 " full rings, %" PRIu64 " resets in %u ticks\n",
	       pushed, full_exits, w.resets, w.records);
	CHECK_INT(w.events, pushed);
	CHECK_INT(w.overruns, 0);
	CHECK_INT(w.ring_full, full_exits);
	/* Each harvest that found something reset all the rings. */
	CHECK(w.resets > 0 && w.resets % vcpus == 0);
	CHECK(w.resets <= (after.harvests - before.harvests) * vcpus);
	CHECK_INT(w.last->window, 1);
	CHECK_INT(w.last->window_pages, after.distinct);
	check_seen(&w, vm);
	BPFTEST_CLOSE(vm, w);
}

static void test_ring_1(void) { run_ring(1, 1024, VM_FULL_HARVEST, TICK_NS); }
static void test_ring_2(void) { run_ring(2, 4096, VM_FULL_HARVEST, TICK_NS); }
static void test_ring_4(void) { run_ring(4, 1024, VM_FULL_STOP_WORLD, TICK_NS); }
static void test_ring_slow(void) { run_ring(4, 1024, VM_FULL_HARVEST, 200 * MS); }

/* What a harvest leaves in the ring is dirty as the window begins, and counts from its start. */
static void test_stale(void)
{
	struct vm_params p = ring;
	uint64_t bits[LONGS];
	struct watch w;
	struct vm *vm;

	VMTEST_OPEN_EXACT(vm, &p);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 300, 1, VM_RATE_MAX), 0);
	BPFTEST_WATCH(vm, w, TICK_NS, 0);
	/* A ring is learnt at its first push. */
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 310, 1, VM_RATE_MAX), 0);
	CHECK_INT(vm_harvest(vm, NULL, 100), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.events, 10);
	CHECK_INT(w.last->window, 1);
	CHECK_INT(w.last->window_stale_pages, 210);
	CHECK_INT(w.last->window_pages, 210);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 50, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.events, 60);
	CHECK_INT(w.last->window_pages, 260);
	CHECK_INT(watch_pages(&w, 3, PAGES, MIGTRACE_SET_WINDOW, bits), 0);
	for (unsigned i = 0; i < PAGES; i++)
		CHECK_INT(bits[i / 64] >> i % 64 & 1, i < 50 || (i >= 100 && i < 310));
	BPFTEST_CLOSE(vm, w);
}

/* Windows of a least length begin at resets, by themselves; U(T) starts anew. */
static void test_windows(void)
{
	struct watch w;
	struct vm *vm;

	VMTEST_OPEN_EXACT(vm, &ring);
	BPFTEST_WATCH(vm, w, TICK_NS, 1 * MS);
	for (unsigned i = 1; i <= 5; i++) {
		CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 100 * i, 1, VM_RATE_MAX), 0);
		CHECK_INT(watch_settle(&w), 0);
		CHECK_INT(w.last->window, i - 1);
		if (i > 1)
			CHECK_INT(w.last->window_pages, 100 * i);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		CHECK_INT(watch_settle(&w), 0);
		CHECK_INT(w.last->window, i);
		CHECK_INT(w.last->window_pages, 0);
		CHECK(w.last->valid & MIGTRACE_VALID_WINDOW);
		CHECK(w.last->window_start_ns < w.last->start_ns);
	}
	BPFTEST_CLOSE(vm, w);
}

/* Logging that begins is a window's beginning. Memslots that come later are learnt. */
static void test_slots(void)
{
	struct vm_slot_params more = { .id = 9, .pages = 5000, .logging = true };
	struct vm_params p = ring;
	struct migtrace_slot slots[8];
	uint64_t events;
	struct watch w;
	struct vm *vm;
	size_t n;

	p.slot[0].logging = p.slot[1].logging = false;
	VMTEST_OPEN_EXACT(vm, &p);
	BPFTEST_WATCH(vm, w, TICK_NS, 0);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 100, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.events, 0);
	CHECK(!(w.last->state & MIGTRACE_STATE_LOGGING));
	CHECK_INT(w.last->window, 0);
	CHECK_INT(vm_slot_set_logging(vm, 3, true), 0);
	CHECK_INT(watch_tick(&w), 0);
	CHECK(w.last->state & MIGTRACE_STATE_LOGGING);
	CHECK(w.last->state & MIGTRACE_STATE_SLOTS);
	CHECK_INT(w.last->window, 1);
	CHECK_INT(w.last->logged_pages, PAGES);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 100, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.events, 100);
	CHECK_INT(w.last->window_pages, 100);
	CHECK(w.last->valid & MIGTRACE_VALID_WINDOW);

	CHECK_INT(vm_slot_add(vm, &more), 0);
	CHECK_INT(watch_tick(&w), 0);
	CHECK_INT(w.source->ops->slots(w.source, slots, 8, &n), 0);
	CHECK_INT(n, 4);	/* and the machine's own */
	CHECK_INT(slots[1].id, 9);
	CHECK_INT(slots[1].pages, 5000);
	CHECK(slots[1].flags & MIGTRACE_SLOT_LOGGING);
	CHECK_INT(slots[1].base_gfn, vm_slot_gfn(vm, 9, 0));
	events = w.events;
	CHECK_INT(vm_run_pattern(vm, 0, 9, PATTERN_SEQUENTIAL, 100, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.events - events, 100);
	CHECK_INT(w.overruns, 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(vm_slot_remove(vm, 9), 0);
	CHECK_INT(watch_tick(&w), 0);
	CHECK_INT(w.source->ops->slots(w.source, slots, 8, &n), 0);
	CHECK_INT(n, 3);
	BPFTEST_CLOSE(vm, w);
}

/* Another guest's pages are not ours. */
static void test_other_guest(void)
{
	struct vm *vm, *other;
	struct watch w;

	VMTEST_OPEN_EXACT(vm, &ring);
	BPFTEST_WATCH(vm, w, TICK_NS, 0);
	CHECK_INT(vm_open(&other, &ring), 0);
	CHECK_INT(vm_start(other), 0);
	CHECK_INT(vm_run_pattern(other, 0, 3, PATTERN_SEQUENTIAL, 300, 1, VM_RATE_MAX), 0);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 100, 1, VM_RATE_MAX), 0);
	CHECK_INT(vm_run_pattern(other, 0, 3, PATTERN_SEQUENTIAL, 600, 1, VM_RATE_MAX), 0);
	CHECK_INT(vm_harvest(other, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.events, 100);
	CHECK_INT(w.pages, 100);
	CHECK_INT(w.resets, 0);
	vm_close(other);
	BPFTEST_CLOSE(vm, w);
}

/* --- guests with bitmaps ------------------------------------------------------------------ */
static void run_bitmap(enum vm_mode mode, uint64_t tick_ns)
{
	struct vm_params p = ring;
	struct vm_stats before, after;
	struct watch w;
	struct vm *vm;

	p.mode = mode;
	p.vcpus = 4;
	VMTEST_OPEN_EXACT(vm, &p);
	CHECK_INT(vmtest_settle(vm), 0);
	BPFTEST_WATCH(vm, w, tick_ns, 0);
	CHECK_INT(w.source->mode, MIGTRACE_MODE_BITMAP);
	CHECK_INT(begin(vm, &w), 0);
	CHECK_INT(w.last->window, 1);
	CHECK_INT(w.last->window_stale_pages, 0);
	CHECK(w.last->valid & MIGTRACE_VALID_WINDOW);
	memset(&w.events, 0, offsetof(struct watch, records) - offsetof(struct watch, events));
	vm_stats(vm, &before);
	for (unsigned round = 0; round < 8; round++) {
		for (unsigned v = 0; v < p.vcpus; v++)
			CHECK_INT(vm_run_pattern(vm, v, 3, PATTERN_UNIFORM, 800, round * 7 + v,
						 VM_RATE_MAX),
				  0);
		if (round % 2)
			CHECK_INT(watch_tick(&w), 0);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	}
	CHECK_INT(watch_settle(&w), 0);
	vm_stats(vm, &after);
	CHECK_INT(w.events, after.harvested - before.harvested);
	CHECK_INT(w.cleared_pages, after.harvested - before.harvested);
	CHECK_INT(w.overruns, 0);
	CHECK_INT(w.last->window, 1);
	CHECK_INT(w.last->window_pages, after.distinct);
	check_seen(&w, vm);
	BPFTEST_CLOSE(vm, w);
}

static void test_bitmap(void) { run_bitmap(VM_BITMAP, TICK_NS); }
static void test_bitmap_slow(void) { run_bitmap(VM_BITMAP, 100 * MS); }
static void test_manual(void) { run_bitmap(VM_BITMAP_MANUAL, TICK_NS); }
static void test_initially_set(void) { run_bitmap(VM_BITMAP_INITIALLY_SET, TICK_NS); }

/* A session that begins amid logging: what was dirty is no event, and stale if not cleared. */
static void test_bitmap_late(void)
{
	struct vm_params p = ring;
	struct watch w;
	struct vm *vm;

	p.mode = VM_BITMAP_MANUAL;
	p.clear_pages = 64;
	VMTEST_OPEN_EXACT(vm, &p);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 640, 1, VM_RATE_MAX), 0);
	BPFTEST_WATCH(vm, w, TICK_NS, 0);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 740, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.events, 100);
	CHECK(!(w.last->valid & MIGTRACE_VALID_WINDOW));
	CHECK_INT(vm_harvest(vm, NULL, 128), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.last->window, 1);
	CHECK_INT(w.last->window_stale_pages, 740 - 128);
	CHECK_INT(w.last->window_pages, 740 - 128);
	BPFTEST_CLOSE(vm, w);
}

static const struct ktap_case cases[] = {
	{ "a tick's pages, ring", test_one_tick },
	{ "1 vCPU, ring of 1024", test_ring_1 },
	{ "2 vCPUs, rings of 4096", test_ring_2 },
	{ "4 vCPUs, rings of 1024, all stopped at each full one", test_ring_4 },
	{ "4 vCPUs, many resets in a tick", test_ring_slow },
	{ "probes: pages that are dirty as a window begins are stale", test_stale },
	{ "windows one after the other", test_windows },
	{ "logging that begins, memslots that come and go", test_slots },
	{ "another guest beside it", test_other_guest },
	{ "bitmap that harvests clear", test_bitmap },
	{ "bitmap, many harvests in a tick", test_bitmap_slow },
	{ "a bitmap that is cleared apart: each page counted once", test_manual },
	{ "bitmap that began all ones", test_initially_set },
	{ "bitmap, a session that comes late", test_bitmap_late },
};

int main(void)
{
	alarm(1500);		/* a hang */
	return ktap_main(cases, sizeof(cases) / sizeof(cases[0]));
}
