// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_slots.c - memory slots that come, go and change their logging, in each mode
 */
#include "vmtest.h"

static struct vm_params machine(enum vm_mode mode)
{
	return (struct vm_params){
		.mode = mode, .vcpus = 2, .ring_entries = 2048,
		.slot = { { .id = 60, .pages = 2999, .logging = true } },
	};
}

static int sweep(struct vm *vm, uint32_t slot, uint64_t count)
{
	return vm_run_pattern(vm, 0, slot, PATTERN_SEQUENTIAL, count, 0, VM_RATE_MAX);
}

static void check_logging(enum vm_mode mode)
{
	struct vm_params params = machine(mode);
	struct oracle o;
	struct vm *vm;

	VMTEST_OPEN(vm, &params);
	CHECK_INT(vmtest_settle(vm), 0);
	o = oracle_new(vm, 60);
	for (int round = 0; round < 3; round++) {
		/* Off: whatever is written is not dirty. */
		CHECK_INT(vm_slot_set_logging(vm, 60, false), 0);
		CHECK_INT(sweep(vm, 60, 2999), 0);
		CHECK_INT(vmtest_settle(vm), 0);
		CHECK(oracle_is_seen(&o, vm));
		/* On again: pages that the guest could write freely are watched anew. */
		CHECK_INT(vm_slot_set_logging(vm, 60, true), 0);
		CHECK_INT(vmtest_settle(vm), 0);
		CHECK_INT(sweep(vm, 60, 700), 0);
		for (uint64_t i = 0; i < 700; i++)
			oracle_mark(&o, i);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		CHECK(oracle_is_seen(&o, vm));
		vm_forget(vm);
		memset(o.marked, 0, o.pages);
	}
	oracle_free(&o);
	vm_close(vm);
}

static void test_logging(void)
{
	vmtest_each_mode(VM_RING, check_logging);
}

static void check_while_running(enum vm_mode mode)
{
	struct vm_params params = machine(mode);
	struct vm_slot_params added = { .id = 8, .logging = true };
	struct vm_run run = { .count = VM_COUNT_ENDLESS };
	struct oracle beside, o;
	struct vm *vm;

	VMTEST_OPEN(vm, &params);
	CHECK_INT(vmtest_settle(vm), 0);
	CHECK_INT(vm_reaper_start(vm, 10), 0);
	run.first_gfn = vm_slot_gfn(vm, 60, 0);
	pattern_init(&run.pattern, PATTERN_UNIFORM, 2999, 1);
	CHECK_INT(vm_run_begin(vm, 1, &run), 0);

	/* The same id, of another size each time, while vCPU 1 writes elsewhere */
	for (uint64_t pages = 65; pages < 3000; pages += 1461) {
		added.pages = pages;
		CHECK_INT(vm_slot_add(vm, &added), 0);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		vm_slot_forget(vm, 8);		/* all of it, where all pages start dirty */
		o = oracle_new(vm, 8);
		CHECK_INT(sweep(vm, 8, pages / 2), 0);
		for (uint64_t i = 0; i < pages / 2; i++)
			oracle_mark(&o, i);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		CHECK(oracle_is_seen(&o, vm));
		oracle_free(&o);
		CHECK_INT(vm_slot_remove(vm, 8), 0);
	}
	vm_cancel(vm, 1);
	CHECK_INT(vm_wait(vm, 1, VMTEST_HANG_MS), 0);
	CHECK_INT(vm_reaper_stop(vm), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);

	beside = oracle_new(vm, 60);
	oracle_pattern(&beside, run.pattern, 0, vm_written(vm, 1));
	CHECK(oracle_is_seen(&beside, vm));
	oracle_free(&beside);
	vm_close(vm);
}

static void test_while_running(void)
{
	vmtest_each_mode(VM_RING, check_while_running);
}

static void check_high(enum vm_mode mode)
{
	enum { FIRST = 1500000, PAGES = 1048583 };	/* from 5.7 GiB, 4 GiB and 7 pages of it */
	struct vm_params params = {
		.mode = mode, .vcpus = 1, .ring_entries = 1024,
		.slot = { { .id = 33, .pages = 100, .logging = true },
			  { .id = 34, .pages = PAGES, .gfn = FIRST, .logging = true } },
	};
	uint64_t gfns[300];
	struct vm_harvest h;
	struct oracle o;
	struct vm *vm;

	VMTEST_OPEN(vm, &params);
	CHECK_INT(vmtest_settle(vm), 0);
	o = oracle_new(vm, 34);
	for (uint64_t i = 0; i < 300; i++) {
		uint64_t offset = PAGES - 1 - i * 3491;

		gfns[i] = vm_slot_gfn(vm, 34, offset);
		oracle_mark(&o, offset);
	}
	CHECK_INT(gfns[0], FIRST + PAGES - 1);
	CHECK_INT(vm_write(vm, 0, gfns, 300), 0);
	CHECK_INT(vm_harvest(vm, &h, 0), 0);
	CHECK(oracle_is_harvest(&o, &h));
	CHECK_INT(vm_slot_value(vm, 34, PAGES - 1, 0), 1);
	vm_harvest_free(&h);
	oracle_free(&o);
	vm_close(vm);
}

static void test_high(void)
{
	vmtest_each_mode(VM_RING, check_high);
}

/* Mapped by huge pages while nobody logs, a page is a page once somebody does. */
static void check_huge(enum vm_mode mode)
{
	struct vm_params params = {
		.mode = mode, .vcpus = 1, .ring_entries = 1024,
		.slot = { { .id = 4, .pages = 5 * 512 + 77, .huge = true } },
	};
	struct oracle o;
	struct vm *vm;

	VMTEST_OPEN(vm, &params);
	CHECK_INT(sweep(vm, 4, 5 * 512 + 77), 0);
	CHECK_INT(vm_slot_set_logging(vm, 4, true), 0);
	CHECK_INT(vmtest_settle(vm), 0);
	o = oracle_new(vm, 4);
	for (uint64_t i = 0; i < 5 * 512 + 77; i += 259) {
		uint64_t gfn = vm_slot_gfn(vm, 4, i);

		CHECK_INT(vm_write(vm, 0, &gfn, 1), 0);
		oracle_mark(&o, i);
	}
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK(oracle_is_seen(&o, vm));
	oracle_free(&o);
	vm_close(vm);
}

static void test_huge(void)
{
	vmtest_each_mode(VM_RING, check_huge);
}

static const struct ktap_case cases[] = {
	{ "logging is switched off and on", test_logging },
	{ "slots come and go beside a running vCPU", test_while_running },
	{ "a slot of more than 4 GiB, above 4 GiB", test_high },
	{ "logging of huge pages", test_huge },
};

KTAP_MAIN(cases)
