// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_ring.c - the dirty ring against the known sequence of writes: order,
 * count, partial reset, wrap-around, several vCPUs
 */
#include "vmtest.h"

#define RING	1024

/* Odd sizes, ids in no order, gaps between */
static const struct vm_params three_slots = {
	.mode = VM_RING, .vcpus = 1, .ring_entries = RING,
	.slot = {
		{ .id = 17, .pages = 333, .logging = true },
		{ .id = 2, .pages = 1, .logging = true },
		{ .id = 301, .pages = 10007, .logging = true },
		{ .id = 5, .pages = 4000 },	/* not logged */
	},
};

static void test_order(void)
{
	static const uint32_t ids[] = { 301, 17, 5, 2 };
	struct vm_page wrote[600];
	uint64_t gfns[800];
	size_t n = 0, logged = 0;
	struct vm_harvest h;
	struct vm *vm;

	VMTEST_OPEN_EXACT(vm, &three_slots);
	for (uint64_t i = 0; i < 200; i++) {
		for (int s = 0; s < 4; s++) {
			uint64_t offset = (i * 61 + s) % (ids[s] == 2 ? 1 : 333);

			gfns[n++] = vm_slot_gfn(vm, ids[s], offset);
			if (ids[s] == 5 || (ids[s] == 2 && i))
				continue;
			wrote[logged++] = (struct vm_page){ .slot = ids[s], .offset = offset };
		}
	}
	CHECK_INT(vm_write(vm, 0, gfns, n), 0);
	CHECK_INT(vm_harvest(vm, &h, 0), 0);
	CHECK_INT(h.total, logged);
	CHECK_INT(h.vcpu[0], logged);
	for (size_t i = 0; i < logged; i++) {
		CHECK_INT(h.page[i].slot, wrote[i].slot);
		CHECK_INT(h.page[i].offset, wrote[i].offset);
	}
	vm_harvest_free(&h);
	vm_close(vm);
}

static void test_once_until_harvested(void)
{
	uint64_t gfns[300];
	struct vm_harvest h;
	struct vm *vm;

	VMTEST_OPEN_EXACT(vm, &three_slots);
	for (int i = 0; i < 300; i++)
		gfns[i] = vm_slot_gfn(vm, 17, i % 100);
	for (int round = 0; round < 3; round++) {
		CHECK_INT(vm_write(vm, 0, gfns, 300), 0);
		CHECK_INT(vm_write(vm, 0, gfns, 300), 0);
		CHECK_INT(vm_harvest(vm, &h, 0), 0);
		CHECK_INT(h.total, 100);
		vm_harvest_free(&h);
	}
	CHECK_INT(vm_harvest(vm, &h, 0), 0);
	CHECK_INT(h.total, 0);
	vm_harvest_free(&h);
	vm_close(vm);
}

static void fill_gfns(const struct vm *vm, uint64_t *gfns, uint64_t first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		gfns[i] = vm_slot_gfn(vm, 301, first + i);
}

static void test_partial(void)
{
	uint64_t gfns[700];
	struct vm_harvest h;
	struct vm *vm;

	VMTEST_OPEN_EXACT(vm, &three_slots);
	fill_gfns(vm, gfns, 1000, 700);
	CHECK_INT(vm_write(vm, 0, gfns, 700), 0);
	CHECK_INT(vm_harvest(vm, &h, 100), 0);
	CHECK_INT(h.total, 100);
	for (int i = 0; i < 100; i++)
		CHECK_INT(h.page[i].offset, 1000 + i);
	vm_harvest_free(&h);

	/* Only the pages that were harvested are dirty anew, behind the others. */
	CHECK_INT(vm_write(vm, 0, gfns, 700), 0);
	CHECK_INT(vm_harvest(vm, &h, 0), 0);
	CHECK_INT(h.total, 700);
	for (int i = 0; i < 700; i++)
		CHECK_INT(h.page[i].offset, 1000 + (100 + i) % 700);
	vm_harvest_free(&h);
	vm_close(vm);
}

/* The ring is never empty while its index goes round five times. */
static void test_wrap(void)
{
	uint64_t gfns[7], written = 0, read = 0;
	struct vm_harvest h;
	struct vm *vm;

	VMTEST_OPEN_EXACT(vm, &three_slots);
	while (written < 5 * RING) {
		fill_gfns(vm, gfns, written, 7);
		CHECK_INT(vm_write(vm, 0, gfns, 7), 0);
		written += 7;
		if (written < 500)
			continue;
		CHECK_INT(vm_harvest(vm, &h, 7), 0);
		CHECK_INT(h.total, 7);
		for (int i = 0; i < 7; i++)
			CHECK_INT(h.page[i].offset, read + i);
		read += 7;
		vm_harvest_free(&h);
	}
	CHECK_INT(vm_harvest(vm, &h, 0), 0);
	CHECK_INT(h.total, written - read);
	vm_harvest_free(&h);
	vm_close(vm);
}

/*
 * Each vCPU writes at random over an area of its own and then over one that all
 * share, with a harvest by whose ring is full, the reaper or the test, at once.
 */
static void run_vcpus(unsigned int vcpus, uint32_t ring_entries)
{
	enum { OWN = 1501, SHARED = 700, WRITES = 4000 };
	struct vm_params params = {
		.mode = VM_RING, .vcpus = vcpus, .ring_entries = ring_entries,
		.slot = { { .id = 40, .pages = vcpus * OWN + SHARED, .logging = true } },
	};
	struct vm_run run = { .count = WRITES };
	struct vm_stats stats;
	struct oracle o;
	uint64_t pushed = 0;
	struct vm *vm;

	VMTEST_OPEN(vm, &params);
	o = oracle_new(vm, 40);
	CHECK_INT(vm_reaper_start(vm, 10), 0);
	for (int shared = 0; shared < 2; shared++) {
		for (unsigned int i = 0; i < vcpus; i++) {
			uint64_t first = shared ? vcpus * OWN : i * OWN;

			run.first_gfn = vm_slot_gfn(vm, 40, first);
			pattern_init(&run.pattern, PATTERN_UNIFORM, shared ? SHARED : OWN, 100 + i);
			oracle_pattern(&o, run.pattern, first, WRITES);
			CHECK_INT(vm_run_begin(vm, i, &run), 0);
		}
		for (unsigned int i = 0; i < vcpus; i++) {
			while (vm_wait(vm, i, 0) == -ETIMEDOUT) {
				CHECK_INT(vm_harvest(vm, NULL, 50), 0);
				usleep(3000);
			}
			CHECK_INT(vm_wait(vm, i, 0), 0);
		}
	}
	CHECK_INT(vm_reaper_stop(vm), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK(oracle_is_seen(&o, vm));
	vm_stats(vm, &stats);
	for (unsigned int i = 0; i < vcpus; i++)
		pushed += stats.pushed[i];
	CHECK_INT(stats.harvested, pushed);
	CHECK_INT(stats.distinct, o.count);
	CHECK_INT(stats.stray, 0);
	printf("# %u vCPUs, %u writes: %" PRIu64 " entries, %" PRIu64 " pages, %" PRIu64
	       " harvests\n",
	       vcpus, 2 * WRITES * vcpus, pushed, stats.distinct, stats.harvests);
	oracle_free(&o);
	vm_close(vm);
}

static void test_one_vcpu(void)
{
	run_vcpus(1, RING);
}

static void test_two_vcpus(void)
{
	run_vcpus(2, 4096);
}

static void test_four_vcpus(void)
{
	run_vcpus(4, RING);
}

/* Whose page it is, where no page is shared */
static void test_own_ring(void)
{
	struct vm_params params = {
		.mode = VM_RING, .vcpus = 4, .ring_entries = 2048,
		.slot = { { .id = 1, .pages = 4 * 1023, .logging = true } },
	};
	struct vm_run run = { .count = 1023 };
	struct vm_harvest h;
	struct vm *vm;

	VMTEST_OPEN_EXACT(vm, &params);
	for (int i = 0; i < 4; i++) {
		run.first_gfn = vm_slot_gfn(vm, 1, i * 1023);
		pattern_init(&run.pattern, PATTERN_SEQUENTIAL, 1023, 0);
		CHECK_INT(vm_run_begin(vm, i, &run), 0);
	}
	for (int i = 0; i < 4; i++)
		CHECK_INT(vm_wait(vm, i, -1), 0);
	CHECK_INT(vm_harvest(vm, &h, 0), 0);
	CHECK_INT(h.total, 4 * 1023);
	for (uint64_t i = 0; i < h.total; i++) {
		CHECK_INT(h.page[i].vcpu, i / 1023);
		CHECK_INT(h.page[i].offset, i);
	}
	for (int i = 0; i < 4; i++)
		CHECK_INT(h.vcpu[i], 1023);
	vm_harvest_free(&h);
	vm_close(vm);
}

static const struct ktap_case cases[] = {
	{ "entries are the writes, in their order, over three slots", test_order },
	{ "a page is in the ring once until it is harvested", test_once_until_harvested },
	{ "a part of the ring is harvested", test_partial },
	{ "the index goes round, the ring never empty", test_wrap },
	{ "each vCPU has its ring", test_own_ring },
	{ "one vCPU, harvests from three sides", test_one_vcpu },
	{ "two vCPUs, harvests from three sides", test_two_vcpus },
	{ "four vCPUs, harvests from three sides", test_four_vcpus },
};

KTAP_MAIN(cases)
