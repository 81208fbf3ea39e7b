// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_memslots.c - memslots come, go, change and are logged or not while the session ticks
 */
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kmodtest.h"

#define PAGES		3003
#define TICK_NS		(2 * WATCH_MS)
#define SLOW_NS		(100 * WATCH_MS)
/* above 2 GiB, and no multiple of anything */
#define HUGE_PAGES	((2UL << 18) + 4096 + 77)
#define FEW		200

static const enum vm_mode modes[] = { VM_RING, VM_BITMAP, VM_BITMAP_MANUAL,
				      VM_BITMAP_INITIALLY_SET };

static struct vm_params params = {
	.vcpus = 2,
	.ring_entries = 4096,
	.slot = { { .id = 3, .pages = PAGES, .logging = true },
		  { .id = 70, .pages = 77, .logging = true } },
};

/* What the machine's harvests had; with rings, all that were pushed */
static uint64_t harvested(struct vm *vm)
{
	struct vm_stats stats;

	vm_stats(vm, &stats);
	if (params.mode != VM_RING)
		return stats.harvested;
	return stats.pushed[0] + stats.pushed[1];
}

/* Begins a case: a session with all clean, and how many events there were so far */
#define OPEN_CLEAN(vm, watch, tick_ns, base) do { \
	VMTEST_OPEN_EXACT(vm, &params); \
	CHECK_INT(vmtest_settle(vm), 0); \
	KMODTEST_WATCH(vm, watch, tick_ns, 0); \
	KMODTEST_CLEAN(vm, watch, 70); \
	(base) = harvested(vm) - (watch).sum.events; \
} while (0)

/* Writes, harvests: every event is seen */
#define ROUND(vm, watch, slot, base) do { \
	for (unsigned int v = 0; v < 2; v++) \
		CHECK_INT(vm_run_pattern(vm, v, slot, PATTERN_UNIFORM, 500, v + 1, \
					 VM_RATE_MAX), 0); \
	CHECK_INT(watch_settle(&(watch)), 0); \
	CHECK_INT(vm_harvest(vm, NULL, 0), 0); \
	CHECK_INT(watch_settle(&(watch)), 0); \
	CHECK_INT((watch).sum.events, harvested(vm) - (base)); \
	CHECK_INT((watch).sum.overruns, 0); \
} while (0)

static int slot_pages(struct watch *w, uint32_t slot, uint64_t pages, uint64_t *words)
{
	int err, tries = 0;

	do
		err = watch_pages(w, 0, MIGTRACE_SET_WINDOW, slot, pages, words);
	while (err == -ESTALE && ++tries < 1000);
	return err;
}

static uint32_t states;

static void on_record(struct watch *w, const struct migtrace_record *r, void *arg)
{
	states |= r->state;
}

static void run_hotplug(enum vm_mode mode)
{
	static uint64_t words[2 * PAGES / 64 + 1];
	uint64_t base, logged;
	struct watch w;
	struct vm *vm;

	params.mode = mode;
	OPEN_CLEAN(vm, w, TICK_NS, base);
	w.on_record = on_record;
	ROUND(vm, w, 3, base);
	logged = w.last.record.logged_pages;
	CHECK_INT(logged, PAGES + 77);

	/* It comes, */
	states = 0;
	CHECK_INT(slot_pages(&w, 9, 1001, words), -ENXIO);
	CHECK_INT(vm_slot_add(vm,
			      &(struct vm_slot_params){ .id = 9, .pages = 1001, .logging = true }),
		  0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK(states & MIGTRACE_STATE_SLOTS);
	CHECK_INT(w.last.record.logged_pages, logged + 1001);
	/* All of its pages begin dirty: out of the way with them, they are nobody's. */
	if (mode == VM_BITMAP_INITIALLY_SET) {
		CHECK(!(w.last.record.valid & MIGTRACE_VALID_WINDOW));
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		CHECK_INT(watch_settle(&w), 0);
		base += 1001;
	}
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	CHECK_INT(slot_pages(&w, 9, 1001, words), 0);
	CHECK_INT(watch_popcount(words, 1001), 0);
	ROUND(vm, w, 9, base);

	/* grows by going and coming again under its name, */
	CHECK_INT(vm_slot_remove(vm, 9), 0);
	CHECK_INT(vm_slot_add(
			  vm,
			  &(struct vm_slot_params){ .id = 9, .pages = 2 * PAGES, .logging = true }),
		  0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.last.record.logged_pages, logged + 2 * PAGES);
	if (mode == VM_BITMAP_INITIALLY_SET) {
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		CHECK_INT(watch_settle(&w), 0);
		base += 2 * PAGES;
	}
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	CHECK_INT(slot_pages(&w, 9, 2 * PAGES, words), 0);
	CHECK_INT(watch_popcount(words, 2 * PAGES), 0);
	ROUND(vm, w, 9, base);
	ROUND(vm, w, 3, base);
	CHECK_INT(slot_pages(&w, 9, 2 * PAGES + 1, words), -EINVAL);

	/* and goes. */
	CHECK_INT(vm_slot_remove(vm, 9), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.last.record.logged_pages, logged);
	CHECK_INT(slot_pages(&w, 9, 64, words), -ENXIO);
	ROUND(vm, w, 3, base);
	KMODTEST_CLOSE(vm, w);
}

/* Logging goes off and on again: what is written meanwhile is nobody's. */
static void run_logging(enum vm_mode mode)
{
	struct watch w;
	struct vm *vm;
	uint64_t base;

	params.mode = mode;
	OPEN_CLEAN(vm, w, TICK_NS, base);
	ROUND(vm, w, 3, base);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(vm_slot_set_logging(vm, 3, false), 0);
		CHECK_INT(watch_settle(&w), 0);
		CHECK_INT(w.last.record.logged_pages, 77);
		CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, PAGES, 1, VM_RATE_MAX), 0);
		CHECK_INT(vm_slot_set_logging(vm, 70, false), 0);
		CHECK_INT(watch_settle(&w), 0);
		CHECK(!(w.last.record.state & MIGTRACE_STATE_LOGGING));
		CHECK_INT(w.last.record.logged_pages, 0);
		CHECK_INT(w.last.record.pages, 0);
		CHECK_INT(vm_slot_set_logging(vm, 3, true), 0);
		CHECK_INT(vm_slot_set_logging(vm, 70, true), 0);
		CHECK_INT(watch_settle(&w), 0);
		CHECK(w.last.record.state & MIGTRACE_STATE_LOGGING);
		CHECK_INT(w.last.record.logged_pages, PAGES + 77);
		if (mode == VM_BITMAP_INITIALLY_SET) {
			CHECK_INT(vm_harvest(vm, NULL, 0), 0);
			base += PAGES + 77;
		}
		CHECK_INT(watch_settle(&w), 0);
		/* Nothing is dirty: the window began clean, by itself. */
		CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
		CHECK_INT(w.last.record.window_pages, 0);
		ROUND(vm, w, 3, base);
	}
	KMODTEST_CLOSE(vm, w);
}

/* Logging begins in mid-tick with the guest writing at once: all of it is in a clean window. */
static void run_switched_on(enum vm_mode mode)
{
	struct vm_params p = params;
	struct vm_stats stats;
	struct watch w;
	struct vm *vm;
	uint64_t at, to;

	params.mode = p.mode = mode;
	p.slot[0].logging = false;
	p.slot[1].logging = false;
	VMTEST_OPEN_EXACT(vm, &p);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, PAGES, 1, VM_RATE_MAX), 0);
	KMODTEST_WATCH(vm, w, SLOW_NS, 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.last.record.window, 0);
	CHECK(!(w.last.record.valid & MIGTRACE_VALID_WINDOW));
	usleep(40000);
	at = watch_now_ns();
	CHECK_INT(vm_slot_set_logging(vm, 3, true), 0);
	to = watch_now_ns();
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_UNIFORM, 800, 5, VM_RATE_MAX), 0);
	CHECK_INT(vm_run_pattern(vm, 1, 3, PATTERN_UNIFORM, 800, 6, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.last.record.window, 1);
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	CHECK_INT(w.last.record.window_stale_pages, 0);
	CHECK(w.last.record.window_start_ns >= at);
	CHECK(w.last.record.window_start_ns <= to);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	vm_stats(vm, &stats);
	CHECK_INT(w.sum.events, harvested(vm));
	CHECK_INT(w.last.record.window_pages, stats.distinct);
	CHECK_INT(w.sum.overruns, 0);
	KMODTEST_CLOSE(vm, w);
}

/*
 * A memslot goes with pages that nobody has looked at: counts say that they are lower bounds, and
 * the pages are lost with a bitmap; a ring still has them, though not whose they are.
 */
static void run_removed_dirty(enum vm_mode mode)
{
	unsigned int tries = 0;
	uint64_t ticks;
	struct watch w;
	struct vm *vm;

	params.mode = mode;
	do {	/* until no tick comes in between */
		VMTEST_OPEN_EXACT(vm, &params);
		CHECK_INT(vmtest_settle(vm), 0);
		KMODTEST_WATCH(vm, w, SLOW_NS, 0);
		KMODTEST_CLEAN(vm, w, 70);
		w.on_record = on_record;
		CHECK_INT(watch_settle(&w), 0);
		states = 0;
		ticks = w.sum.records;
		CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, FEW, 1, VM_RATE_MAX), 0);
		CHECK_INT(vm_slot_remove(vm, 3), 0);
		watch_drain(&w);
		if (w.sum.records == ticks)
			break;
		KMODTEST_CLOSE(vm, w);
	} while (++tries < 20);
	CHECK(tries < 20);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.events, mode == VM_RING ? 1 + FEW : 1);
	CHECK_INT(w.sum.overruns, mode == VM_RING ? FEW : 0);
	CHECK(mode == VM_RING || states & MIGTRACE_STATE_LOWER_BOUND);
	CHECK(!(w.last.record.valid & MIGTRACE_VALID_WINDOW));
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	KMODTEST_CLOSE(vm, w);
}

static int tick_pages(struct watch *w, uint64_t *words)
{
	int err, tries = 0;

	do
		err = watch_pages(w, 0, MIGTRACE_SET_TICK, 3, HUGE_PAGES, words);
	while (err == -ESTALE && ++tries < 1000);
	return err;
}

/* More than 2 GiB, of which little is written: sets are cleared by parts. */
static void run_huge(enum vm_mode mode)
{
	struct vm_params p = { .mode = mode,
			       .vcpus = 1,
			       .ring_entries = 4096,
			       .slot = { { .id = 3, .pages = HUGE_PAGES, .logging = true },
					 { .id = 70, .pages = 77, .logging = true } } };
	uint64_t *words = calloc(HUGE_PAGES / 64 + 1, sizeof(*words)), gfns[FEW], round, i;
	struct watch w;
	struct vm *vm;

	CHECK(words);
	VMTEST_OPEN_EXACT(vm, &p);
	CHECK_INT(vmtest_settle(vm), 0);
	KMODTEST_WATCH(vm, w, 20 * WATCH_MS, 0);
	KMODTEST_CLEAN(vm, w, 70);
	for (round = 0; round < 4; round++) {
		uint64_t before = w.sum.events, window = w.last.record.window_pages;

		for (i = 0; i < FEW; i++)
			gfns[i] = vm_slot_gfn(vm, 3, i == FEW - 1 ? HUGE_PAGES - 1 - round :
					      (i * 2654435761U + round * 997) % (HUGE_PAGES - 4));
		CHECK_INT(vm_write(vm, 0, gfns, FEW), 0);
		CHECK_INT(watch_settle(&w), 0);
		/* A page written just behind a look is in the next tick. */
		CHECK_INT(watch_settle(&w), 0);
		CHECK_INT(w.sum.events - before, FEW);
		CHECK_INT(w.last.record.window_pages - window, FEW);
		/* A look that had begun before the writes has left some of them to that tick. */
		CHECK_INT(watch_settle(&w), 0);
		CHECK_INT(w.last.record.pages, 0);
		CHECK_INT(slot_pages(&w, 3, HUGE_PAGES, words), 0);
		CHECK_INT(watch_popcount(words, HUGE_PAGES), FEW * (round + 1));
		for (i = 0; i < FEW; i++) {
			uint64_t page = gfns[i] - vm_slot_gfn(vm, 3, 0);

			CHECK(words[page / 64] >> page % 64 & 1);
		}
		/* The tick's set is empty again, in every part of it. */
		CHECK_INT(tick_pages(&w, words), 0);
		CHECK_INT(watch_popcount(words, HUGE_PAGES), 0);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	}
	CHECK_INT(w.sum.overruns, 0);
	free(words);
	KMODTEST_CLOSE(vm, w);
}

/*
 * A guest's video memory is logged always. It is no large memslot, so windows are not about it: not
 * while the memory is not logged, and not as it is cleared again and again beside it.
 */
static void run_small_beside(enum vm_mode mode)
{
	struct vm_params p = params;
	struct vm_stats stats;
	uint64_t window, base;
	struct watch w;
	struct vm *vm;

	params.mode = p.mode = mode;
	p.slot[0].logging = false;
	VMTEST_OPEN_EXACT(vm, &p);
	CHECK_INT(vmtest_settle(vm), 0);
	if (watch_unsupported())
		SKIP(watch_unsupported());
	CHECK_INT(
		watch_open_as(&w, &(struct migtrace_attach){ .vm_fd = vm_vm_fd(vm),
							     .tick_ns = TICK_NS,
							     .window_ns = 1,
							     .large_pages = MIGTRACE_LARGE_AUTO }),
		0);
	for (unsigned int i = 0; i < 3; i++) {
		CHECK_INT(vm_run_pattern(vm, 0, 70, PATTERN_SEQUENTIAL, 20, 1, VM_RATE_MAX), 0);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		CHECK_INT(watch_settle(&w), 0);
		CHECK(!(w.last.record.valid & MIGTRACE_VALID_WINDOW));
		CHECK(!(w.last.record.state & MIGTRACE_STATE_LOGGING));
		CHECK_INT(w.last.record.logged_pages, 0);
	}
	CHECK_INT(vm_slot_set_logging(vm, 3, true), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	CHECK_INT(w.last.record.logged_pages, PAGES);

	/* Its clears begin no windows; the reset of a ring is not of a memslot. */
	window = w.last.record.window;
	for (unsigned int i = 0; i < 3 && mode != VM_RING; i++) {
		CHECK_INT(vm_run_pattern(vm, 0, 70, PATTERN_SEQUENTIAL, 20, 1, VM_RATE_MAX), 0);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		CHECK_INT(watch_settle(&w), 0);
		CHECK_INT(w.last.record.window, window);
	}
	/* But its pages are dirty as any other. */
	vm_stats(vm, &stats);
	base = harvested(vm) - w.sum.events;
	CHECK_INT(vm_run_pattern(vm, 0, 70, PATTERN_SEQUENTIAL, 20, 1, VM_RATE_MAX), 0);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 200, 1, VM_RATE_MAX), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.events, harvested(vm) - base);
	CHECK(w.last.record.window > window);
	KMODTEST_CLOSE(vm, w);
}

/*
 * The same memory once more in the address space of SMM: no sets, no pages, no part of what is
 * logged.
 */
static void run_smm(enum vm_mode mode)
{
	struct kvm_userspace_memory_region region = {
		.slot = 1 << 16 | 5, .flags = KVM_MEM_LOG_DIRTY_PAGES,
		.memory_size = PAGES * VM_PAGE_SIZE,
	};
	struct migtrace_slot list[8];
	struct migtrace_slots slots = { .slots_ptr = (uintptr_t)list, .count = 8 };
	struct watch w;
	struct vm *vm;
	uint64_t base;
	void *memory;

	params.mode = mode;
	memory = mmap(NULL, region.memory_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(memory != MAP_FAILED);
	OPEN_CLEAN(vm, w, TICK_NS, base);
	region.userspace_addr = (uintptr_t)memory;
	region.guest_phys_addr = vm_slot_gfn(vm, 3, 0) * VM_PAGE_SIZE;
	CHECK_INT(ioctl(vm_vm_fd(vm), KVM_SET_USER_MEMORY_REGION, &region), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	CHECK_INT(w.last.record.logged_pages, PAGES + 77);
	CHECK_INT(ioctl(w.fd, MIGTRACE_IOC_SLOTS, &slots), 0);
	for (unsigned int i = 0; i < slots.count; i++)
		CHECK_INT(list[i].as_id, 0);
	ROUND(vm, w, 3, base);
	region.memory_size = 0;
	CHECK_INT(ioctl(vm_vm_fd(vm), KVM_SET_USER_MEMORY_REGION, &region), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	ROUND(vm, w, 3, base);
	KMODTEST_CLOSE(vm, w);
	munmap(memory, PAGES * VM_PAGE_SIZE);
}

static void all_modes(void (*run)(enum vm_mode mode))
{
	for (unsigned int i = 0;
	     i < sizeof(modes) / sizeof(modes[0]) && !ktap_failed && !ktap_skip_reason; i++) {
		run(modes[i]);
		if (ktap_failed)
			printf("# %s\n", vmtest_mode_name[modes[i]]);
	}
}

static void test_hotplug(void) { all_modes(run_hotplug); }
static void test_logging(void) { all_modes(run_logging); }
static void test_small_beside(void) { all_modes(run_small_beside); }
static void test_smm(void) { all_modes(run_smm); }
static void test_removed_dirty(void) { all_modes(run_removed_dirty); }

/* A bitmap that begins all ones has no clean beginning before its first clear. */
static void test_switched_on(void)
{
	run_switched_on(VM_RING);
	if (!ktap_failed && !ktap_skip_reason)
		run_switched_on(VM_BITMAP);
	if (!ktap_failed && !ktap_skip_reason)
		run_switched_on(VM_BITMAP_MANUAL);
}

static void test_huge_ring(void) { run_huge(VM_RING); }
static void test_huge_bitmap(void) { run_huge(VM_BITMAP_MANUAL); }

static const struct ktap_case cases[] = {
	{ "memslot added, resized, removed", test_hotplug },
	{ "logging off and on", test_logging },
	{ "logging switched on in mid-tick begins a clean window", test_switched_on },
	{ "a small memslot that is logged always", test_small_beside },
	{ "the same memory in the address space of SMM", test_smm },
	{ "memslot removed with pages nobody has seen", test_removed_dirty },
	{ "memslot above 2 GiB: ring", test_huge_ring },
	{ "memslot above 2 GiB: bitmap", test_huge_bitmap },
};

KTAP_MAIN(cases)
