// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_machine.c - the machine does what it is told: writes, patterns, pacing,
 * cancel, pause; checked in the guest's memory, without any dirty log
 */
#include <time.h>

#include "vmtest.h"

#define PAGES	1003

static const struct vm_params plain = {
	.mode = VM_BITMAP, .vcpus = 2,
	.slot = { { .id = 3, .pages = PAGES }, { .id = 9, .pages = 1 } },
};

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static void test_pattern_values(void)
{
	/* From an implementation in another language, after the authors' definitions */
	static const uint64_t uniform[] = { 194106, 562633, 486107, 271106, 803670, 582023 };
	static const uint64_t sweep[] = { 0, 1, 2, 0, 1 };
	struct pattern p;

	pattern_init(&p, PATTERN_UNIFORM, 1000003, 42);
	for (size_t i = 0; i < sizeof(uniform) / sizeof(uniform[0]); i++)
		CHECK_INT(pattern_next(&p, NULL), uniform[i]);
	pattern_init(&p, PATTERN_SEQUENTIAL, 3, 42);
	for (size_t i = 0; i < sizeof(sweep) / sizeof(sweep[0]); i++)
		CHECK_INT(pattern_next(&p, NULL), sweep[i]);
}

static void test_refused(void)
{
	struct vm_params none = plain, overlap = plain, twice = plain, taken = plain;
	const char *why = vm_unsupported(VM_BITMAP);
	struct vm *vm;

	if (why)
		SKIP(why);
	none.vcpus = 0;
	CHECK_INT(vm_open(&vm, &none), -EINVAL);
	overlap.slot[0].gfn = overlap.slot[1].gfn = VM_FIRST_GFN;
	CHECK_INT(vm_open(&vm, &overlap), -EEXIST);
	twice.slot[1].id = 3;
	CHECK_INT(vm_open(&vm, &twice), -EINVAL);
	taken.slot[1].id = VM_SLOT_LOW;
	CHECK_INT(vm_open(&vm, &taken), -EINVAL);
}

static void test_list(void)
{
	static uint64_t gfns[3 * PAGES];
	size_t n = 0;
	struct vm *vm;

	VMTEST_OPEN(vm, &plain);
	for (uint64_t i = 0; i < PAGES; i += 2)
		gfns[n++] = vm_slot_gfn(vm, 3, PAGES - 1 - i);
	gfns[n++] = vm_slot_gfn(vm, 9, 0);
	CHECK_INT(vm_write(vm, 1, gfns, n), 0);
	CHECK_INT(vm_written(vm, 1), n);
	CHECK_INT(vm_written(vm, 0), 0);
	for (uint64_t i = 0; i < PAGES; i++) {
		uint64_t back = PAGES - 1 - i;

		CHECK_INT(vm_slot_value(vm, 3, back, 1), i % 2 ? 0 : i / 2 + 1);
		CHECK_INT(vm_slot_value(vm, 3, back, 0), 0);
	}
	CHECK_INT(vm_slot_value(vm, 9, 0, 1), n);
	vm_close(vm);
}

static void test_long_list(void)
{
	enum { N = 150001 };	/* more than the guest takes at once */
	uint64_t *gfns = calloc(N, sizeof(*gfns));
	struct vm *vm;

	VMTEST_OPEN(vm, &plain);
	CHECK(gfns);
	for (uint64_t i = 0; i < N; i++)
		gfns[i] = vm_slot_gfn(vm, 3, i % PAGES);
	CHECK_INT(vm_write(vm, 0, gfns, N), 0);
	CHECK_INT(vm_written(vm, 0), N);
	CHECK_INT(vm_slot_value(vm, 3, (N - 1) % PAGES, 0), N);
	CHECK_INT(vm_slot_value(vm, 3, N % PAGES, 0), N - PAGES + 1);
	free(gfns);
	vm_close(vm);
}

/* Each page holds the number of the last write to it, as the host recomputes it. */
static void check_memory(struct vm *vm, unsigned int vcpu, enum pattern_kind kind, uint64_t seed,
			 uint64_t count)
{
	uint64_t last[PAGES] = { 0 };
	struct pattern p;

	pattern_init(&p, kind, PAGES, seed);
	for (uint64_t i = 1; i <= count; i++)
		last[pattern_next(&p, NULL)] = i;
	for (uint64_t i = 0; i < PAGES; i++)
		CHECK_INT(vm_slot_value(vm, 3, i, vcpu), last[i]);
}

static void test_patterns(void)
{
	struct vm *vm;

	VMTEST_OPEN(vm, &plain);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_UNIFORM, 5000, 7, VM_RATE_MAX), 0);
	CHECK_INT(vm_run_pattern(vm, 1, 3, PATTERN_SEQUENTIAL, 2500, 7, 25000), 0);
	check_memory(vm, 0, PATTERN_UNIFORM, 7, 5000);
	if (!ktap_failed)
		check_memory(vm, 1, PATTERN_SEQUENTIAL, 7, 2500);
	CHECK_INT(vm_run_pattern(vm, 0, 4, PATTERN_UNIFORM, 1, 7, VM_RATE_MAX), -ENOENT);
	vm_close(vm);
}

/* With one write on each page in ten to page 5, 15, 25 ...: the weights decide. */
static void test_alias(void)
{
	static struct pattern_alias table[PAGES];
	struct vm_run run = { .count = 4000, .table = table };
	struct vm *vm;

	VMTEST_OPEN(vm, &plain);
	for (uint32_t i = 0; i < PAGES; i++) {
		uint32_t near = i / 10 * 10 + 5;

		table[i] = (struct pattern_alias){ .keep = 0, .alias = near < PAGES ? near : 5 };
	}
	run.first_gfn = vm_slot_gfn(vm, 3, 0);
	pattern_init(&run.pattern, PATTERN_ALIAS, PAGES, 1);
	CHECK_INT(vm_run_begin(vm, 0, &run), 0);
	CHECK_INT(vm_wait(vm, 0, -1), 0);
	for (uint64_t i = 0; i < PAGES; i++)
		CHECK_INT(vm_slot_value(vm, 3, i, 0) > 0, i % 10 == 5);
	vm_close(vm);
}

static void test_rate(void)
{
	struct vm *vm;
	double t;

	VMTEST_OPEN(vm, &plain);
	t = now_s();
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_UNIFORM, 2000, 7, 4000), 0);
	t = now_s() - t;
	printf("# 2000 writes at 4000 a second took %.4f s\n", t);
	/* Never faster; how much slower is the machine's load. */
	CHECK(t >= 0.4995);
	vm_close(vm);
}

static void test_cancel(void)
{
	struct vm_run run = { .count = VM_COUNT_ENDLESS };
	uint64_t written;
	struct vm *vm;

	VMTEST_OPEN(vm, &plain);
	run.first_gfn = vm_slot_gfn(vm, 3, 0);
	pattern_init(&run.pattern, PATTERN_UNIFORM, PAGES, 11);
	CHECK_INT(vm_run_begin(vm, 0, &run), 0);
	CHECK_INT(vm_run_begin(vm, 0, &run), -EBUSY);
	while (!vm_written(vm, 0))
		CHECK_INT(vm_wait(vm, 0, 1), -ETIMEDOUT);
	vm_cancel(vm, 0);
	CHECK_INT(vm_wait(vm, 0, VMTEST_HANG_MS), 0);
	written = vm_written(vm, 0);
	check_memory(vm, 0, PATTERN_UNIFORM, 11, written);
	vm_close(vm);
}

static void test_pause(void)
{
	struct vm_run run = { .count = VM_COUNT_ENDLESS };
	uint64_t before[2];
	struct vm *vm;

	VMTEST_OPEN(vm, &plain);
	run.first_gfn = vm_slot_gfn(vm, 3, 0);
	for (int i = 0; i < 2; i++) {
		pattern_init(&run.pattern, PATTERN_UNIFORM, PAGES, i);
		CHECK_INT(vm_run_begin(vm, i, &run), 0);
	}
	for (int round = 0; round < 20; round++) {
		usleep(round * 200);
		vm_pause(vm);
		for (int i = 0; i < 2; i++)
			before[i] = vm_written(vm, i);
		usleep(2000);
		for (int i = 0; i < 2; i++)
			CHECK_INT(vm_written(vm, i), before[i]);
		vm_resume(vm);
	}
	/* Paused anywhere and resumed, the sequence is unharmed. */
	for (int i = 0; i < 2; i++) {
		vm_cancel(vm, i);
		CHECK_INT(vm_wait(vm, i, VMTEST_HANG_MS), 0);
		check_memory(vm, i, PATTERN_UNIFORM, i, vm_written(vm, i));
	}
	vm_close(vm);
}

static void test_close_running(void)
{
	struct vm_run run = { .count = VM_COUNT_ENDLESS };
	struct vm *vm;

	VMTEST_OPEN(vm, &plain);
	run.first_gfn = vm_slot_gfn(vm, 3, 0);
	pattern_init(&run.pattern, PATTERN_UNIFORM, PAGES, 1);
	CHECK_INT(vm_run_begin(vm, 0, &run), 0);
	usleep(10000);
	vm_close(vm);
}

static const struct ktap_case cases[] = {
	{ "the sequences are those of their definitions", test_pattern_values },
	{ "senseless machines are refused", test_refused },
	{ "a list is written in its order, each vCPU to its own word", test_list },
	{ "a list longer than the guest takes at once", test_long_list },
	{ "patterns write what the host recomputes, paced or not", test_patterns },
	{ "pages are written by their weight", test_alias },
	{ "the rate is kept", test_rate },
	{ "a command is cancelled between two writes", test_cancel },
	{ "paused vCPUs write nothing, and go on where they were", test_pause },
	{ "a running machine can be closed", test_close_running },
};

KTAP_MAIN(cases)
