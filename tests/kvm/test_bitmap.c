// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_bitmap.c - the bitmap in its three modes against the known sequence of writes
 */
#include "vmtest.h"

static const uint64_t odd_sizes[] = { 1, 63, 64, 65, 1000, 4097 };
#define SLOTS	(sizeof(odd_sizes) / sizeof(odd_sizes[0]))

/* Not contiguous, not ascending */
static uint32_t slot_id(size_t i)
{
	return 90 - 13 * i;
}

static struct vm_params odd_slots(enum vm_mode mode, unsigned int vcpus)
{
	struct vm_params params = { .mode = mode, .vcpus = vcpus };

	for (size_t i = 0; i < SLOTS; i++)
		params.slot[i] = (struct vm_slot_params){ .id = slot_id(i),
							  .pages = odd_sizes[i],
							  .logging = true };
	return params;
}

static void check_first_harvest(enum vm_mode mode)
{
	struct vm_params params = odd_slots(mode, 1);
	uint64_t all = 0;
	struct vm_harvest h;
	struct vm *vm;

	VMTEST_OPEN(vm, &params);
	for (size_t i = 0; i < SLOTS; i++)
		all += odd_sizes[i];
	CHECK_INT(vm_harvest(vm, &h, 0), 0);
	CHECK_INT(h.total, mode == VM_BITMAP_INITIALLY_SET ? all : 0);
	vm_harvest_free(&h);
	CHECK_INT(vm_harvest(vm, &h, 0), 0);
	CHECK_INT(h.total, 0);
	vm_harvest_free(&h);
	vm_close(vm);
}

static void test_first_harvest(void)
{
	vmtest_each_mode(VM_BITMAP, check_first_harvest);
}

/* Each harvest has what was written since the one before, neither more nor less. */
static void check_each_harvest(enum vm_mode mode)
{
	struct vm_params params = odd_slots(mode, 1);
	struct vm_harvest h;
	struct vm *vm;

	VMTEST_OPEN(vm, &params);
	CHECK_INT(vmtest_settle(vm), 0);
	for (int round = 0; round < 4; round++) {
		struct oracle o[SLOTS];
		uint64_t count = 0;

		for (size_t s = 0; s < SLOTS; s++) {
			uint64_t gfns[200];
			size_t n = 0;

			o[s] = oracle_new(vm, slot_id(s));
			for (uint64_t i = 0; i < 100 && round != 2; i++) {
				uint64_t offset =
					i ? (i * 17 + round * 31) % odd_sizes[s] : odd_sizes[s] - 1;

				oracle_mark(&o[s], offset);
				gfns[n++] = vm_slot_gfn(vm, slot_id(s), offset);
				gfns[n++] = vm_slot_gfn(vm, slot_id(s), offset);
			}
			CHECK_INT(vm_write(vm, 0, gfns, n), 0);
			count += o[s].count;
		}
		CHECK_INT(vm_harvest(vm, &h, 0), 0);
		CHECK_INT(h.total, count);
		for (size_t s = 0; s < SLOTS; s++) {
			CHECK(oracle_is_harvest(&o[s], &h));
			oracle_free(&o[s]);
		}
		vm_harvest_free(&h);
	}
	vm_close(vm);
}

static void test_each_harvest(void)
{
	vmtest_each_mode(VM_BITMAP, check_each_harvest);
}

static void check_pieces(enum vm_mode mode)
{
	struct vm_params params = { .mode = mode, .vcpus = 1, .clear_pages = 64,
				    .slot = { { .id = 6, .pages = 1001, .logging = true } } };
	uint64_t gfn, total = 0;
	struct vm_harvest h;
	struct vm *vm;

	if (mode == VM_BITMAP)
		return;
	VMTEST_OPEN(vm, &params);
	CHECK_INT(vmtest_settle(vm), 0);
	CHECK_INT(vm_run_pattern(vm, 0, 6, PATTERN_SEQUENTIAL, 1001, 0, VM_RATE_MAX), 0);
	CHECK_INT(vm_harvest(vm, &h, 100), 0);
	CHECK_INT(h.total, 128);
	vm_harvest_free(&h);

	/* Page 0 was cleared and is dirty again, page 200 still is. */
	gfn = vm_slot_gfn(vm, 6, 0);
	CHECK_INT(vm_write(vm, 0, &gfn, 1), 0);
	gfn = vm_slot_gfn(vm, 6, 200);
	CHECK_INT(vm_write(vm, 0, &gfn, 1), 0);
	for (int i = 0; i < 20; i++) {
		CHECK_INT(vm_harvest(vm, &h, 64), 0);
		CHECK(h.total <= 64 || !i);
		total += h.total;
		vm_harvest_free(&h);
	}
	CHECK_INT(total, 1001 - 128 + 1);
	vm_close(vm);
}

static void test_pieces(void)
{
	vmtest_each_mode(VM_BITMAP, check_pieces);
}

/* vCPUs write at random over all of a slot while it is harvested all the time. */
static void run_vcpus(enum vm_mode mode, unsigned int vcpus)
{
	enum { PAGES = 3001, WRITES = 6000 };
	struct vm_params params = {
		.mode = mode, .vcpus = vcpus,
		.slot = { { .id = 7, .pages = PAGES, .logging = true } },
	};
	struct vm_run run = { .count = WRITES };
	struct vm_stats stats;
	struct oracle o;
	struct vm *vm;

	VMTEST_OPEN(vm, &params);
	CHECK_INT(vmtest_settle(vm), 0);
	o = oracle_new(vm, 7);
	run.first_gfn = vm_slot_gfn(vm, 7, 0);
	for (unsigned int i = 0; i < vcpus; i++) {
		pattern_init(&run.pattern, PATTERN_UNIFORM, PAGES, i);
		oracle_pattern(&o, run.pattern, 0, WRITES);
		CHECK_INT(vm_run_begin(vm, i, &run), 0);
	}
	for (unsigned int i = 0; i < vcpus; i++) {
		while (vm_wait(vm, i, 5) == -ETIMEDOUT)
			CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		CHECK_INT(vm_wait(vm, i, 0), 0);
	}
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK(oracle_is_seen(&o, vm));
	vm_stats(vm, &stats);
	CHECK_INT(stats.distinct, o.count);
	CHECK_INT(stats.stray, 0);
	oracle_free(&o);
	vm_close(vm);
}

static void check_one_vcpu(enum vm_mode mode)
{
	run_vcpus(mode, 1);
}

static void check_two_vcpus(enum vm_mode mode)
{
	run_vcpus(mode, 2);
}

static void check_four_vcpus(enum vm_mode mode)
{
	run_vcpus(mode, 4);
}

static void test_one_vcpu(void)
{
	vmtest_each_mode(VM_BITMAP, check_one_vcpu);
}

static void test_two_vcpus(void)
{
	vmtest_each_mode(VM_BITMAP, check_two_vcpus);
}

static void test_four_vcpus(void)
{
	vmtest_each_mode(VM_BITMAP, check_four_vcpus);
}

static const struct ktap_case cases[] = {
	{ "nothing is dirty at first, or everything", test_first_harvest },
	{ "each harvest has what was written since, in slots of odd sizes", test_each_harvest },
	{ "cleared piece by piece", test_pieces },
	{ "one vCPU, harvested all the time", test_one_vcpu },
	{ "two vCPUs, harvested all the time", test_two_vcpus },
	{ "four vCPUs, harvested all the time", test_four_vcpus },
};

KTAP_MAIN(cases)
