// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_ringfull.c - storms: writers that fill their rings, and each way to go on
 */
#include "vmtest.h"

#define RING	1024
#define PAGES	5003

static struct vm_params storm(enum vm_full full, unsigned int vcpus)
{
	return (struct vm_params){
		.mode = VM_RING, .vcpus = vcpus, .ring_entries = RING, .full = full,
		.slot = { { .id = 11, .pages = vcpus * PAGES, .logging = true } },
	};
}

/* Each vCPU sweeps once over PAGES pages of its own: each page is written once. */
static int sweep_begin(struct vm *vm, unsigned int vcpu, struct oracle *o)
{
	struct vm_run run = { .first_gfn = vm_slot_gfn(vm, 11, vcpu * PAGES), .count = PAGES };

	pattern_init(&run.pattern, PATTERN_SEQUENTIAL, PAGES, 0);
	oracle_pattern(o, run.pattern, vcpu * PAGES, PAGES);
	return vm_run_begin(vm, vcpu, &run);
}

static void check_seen(struct vm *vm, const struct oracle *o)
{
	struct vm_stats stats;

	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK(oracle_is_seen(o, vm));
	vm_stats(vm, &stats);
	CHECK_INT(stats.stray, 0);
	CHECK_INT(stats.distinct, o->count);
}

/*
 * At each exit the ring holds a page whose store is still to come. A harvest of
 * all protects it again, so that the store faults, and pushes it, once more.
 */
static void check_twice_at_exits(struct vm *vm)
{
	struct vm_stats stats;

	vm_stats(vm, &stats);
	CHECK(stats.ring_full[0] >= PAGES / RING);
	if (vmtest_counts_exact())
		CHECK_INT(stats.pushed[0], PAGES + stats.ring_full[0]);
	printf("# %" PRIu64 " entries, ring full %" PRIu64 " times\n", stats.pushed[0],
	       stats.ring_full[0]);
}

static void run_by_itself(enum vm_full full, unsigned int vcpus)
{
	struct vm_params params = storm(full, vcpus);
	struct oracle o;
	struct vm *vm;

	VMTEST_OPEN(vm, &params);
	o = oracle_new(vm, 11);
	for (unsigned int i = 0; i < vcpus; i++)
		CHECK_INT(sweep_begin(vm, i, &o), 0);
	for (unsigned int i = 0; i < vcpus; i++)
		CHECK_INT(vm_wait(vm, i, -1), 0);
	check_seen(vm, &o);
	/*
	 * Of several vCPUs, each one's harvest empties the others' rings too: no telling how often
	 * one is full.
	 */
	if (vcpus == 1 && !ktap_failed)
		check_twice_at_exits(vm);
	oracle_free(&o);
	vm_close(vm);
}

static void test_harvest(void)
{
	run_by_itself(VM_FULL_HARVEST, 1);
}

static void test_harvest_by_four(void)
{
	run_by_itself(VM_FULL_HARVEST, 4);
}

static void test_stop_world(void)
{
	run_by_itself(VM_FULL_STOP_WORLD, 1);
}

static void test_stop_world_by_four(void)
{
	run_by_itself(VM_FULL_STOP_WORLD, 4);
}

static uint64_t ring_full(struct vm *vm, unsigned int vcpu)
{
	struct vm_stats stats;

	vm_stats(vm, &stats);
	return stats.ring_full[vcpu];
}

/*
 * Nobody harvests: the vCPU stands still, its ring holds what was written and the page to be
 * written next.
 */
static void test_stands_still(void)
{
	struct vm_params params = storm(VM_FULL_WAIT, 1);
	uint64_t written, next = 0, exits = 0;
	struct vm_harvest h;
	struct oracle o;
	struct vm *vm;
	bool ended;

	VMTEST_OPEN_EXACT(vm, &params);
	o = oracle_new(vm, 11);
	CHECK_INT(sweep_begin(vm, 0, &o), 0);
	do {
		while ((ended = !vm_wait(vm, 0, 1)) == false && ring_full(vm, 0) == exits)
			;
		exits += !ended;
		written = vm_written(vm, 0);
		usleep(20000);
		CHECK_INT(vm_written(vm, 0), written);
		CHECK_INT(vm_harvest(vm, &h, 0), 0);
		CHECK(h.total < RING);
		for (uint64_t i = 0; i < h.total; i++)
			CHECK_INT(h.page[i].offset, next++);
		CHECK_INT(next, written + !ended);
		vm_harvest_free(&h);
		next = written;		/* once more, see check_twice_at_exits() */
	} while (!ended);
	CHECK_INT(written, PAGES);
	CHECK_INT(ring_full(vm, 0), exits);
	check_seen(vm, &o);
	oracle_free(&o);
	vm_close(vm);
}

/* Two writers against a harvest of a few entries at a time, by somebody else */
static void run_trickle(enum vm_full full)
{
	struct vm_params params = storm(full, 2);
	struct oracle o;
	struct vm *vm;

	VMTEST_OPEN(vm, &params);
	o = oracle_new(vm, 11);
	for (int i = 0; i < 2; i++)
		CHECK_INT(sweep_begin(vm, i, &o), 0);
	while (!ring_full(vm, 0) || !ring_full(vm, 1))
		usleep(1000);
	for (int i = 0; i < 2; i++) {
		while (vm_wait(vm, i, 1) == -ETIMEDOUT)
			CHECK_INT(vm_harvest(vm, NULL, 151), 0);
		CHECK_INT(vm_wait(vm, i, 0), 0);
	}
	check_seen(vm, &o);
	oracle_free(&o);
	vm_close(vm);
}

static void test_trickle_wait(void)
{
	run_trickle(VM_FULL_WAIT);
}

static void test_trickle_retry(void)
{
	run_trickle(VM_FULL_RETRY);
}

/* A write whose page is in the ring, but whose vCPU is kept out, happens after the harvest. */
static void test_cancel(void)
{
	struct vm_params params = storm(VM_FULL_WAIT, 1);
	struct oracle o;
	uint64_t written;
	struct vm *vm;

	VMTEST_OPEN_EXACT(vm, &params);
	o = oracle_new(vm, 11);
	CHECK_INT(sweep_begin(vm, 0, &o), 0);
	while (!ring_full(vm, 0))
		CHECK_INT(vm_wait(vm, 0, 1), -ETIMEDOUT);
	written = vm_written(vm, 0);
	vm_cancel(vm, 0);
	CHECK_INT(vm_wait(vm, 0, 100), -ETIMEDOUT);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(vm_wait(vm, 0, VMTEST_HANG_MS), 0);
	CHECK_INT(vm_written(vm, 0), written + 1);
	oracle_free(&o);
	vm_close(vm);
}

static void test_close(void)
{
	struct vm_params params = storm(VM_FULL_WAIT, 2);
	struct oracle o;
	struct vm *vm;

	VMTEST_OPEN(vm, &params);
	o = oracle_new(vm, 11);
	for (int i = 0; i < 2; i++)
		CHECK_INT(sweep_begin(vm, i, &o), 0);
	while (!ring_full(vm, 0) || !ring_full(vm, 1))
		CHECK_INT(vm_wait(vm, 0, 1), -ETIMEDOUT);
	oracle_free(&o);
	vm_close(vm);
}

static const struct ktap_case cases[] = {
	{ "a full ring, harvested by its vCPU, loses nothing", test_harvest },
	{ "full rings, harvested by four vCPUs, lose nothing", test_harvest_by_four },
	{ "the vCPU stops the world", test_stop_world },
	{ "four vCPUs stop the world", test_stop_world_by_four },
	{ "a full ring stands still until it is harvested", test_stands_still },
	{ "two vCPUs wait, harvests of a few entries", test_trickle_wait },
	{ "two vCPUs try again and again, harvests of a few entries", test_trickle_retry },
	{ "a command is cancelled in front of a full ring", test_cancel },
	{ "a machine is closed in front of full rings", test_close },
};

KTAP_MAIN(cases)
