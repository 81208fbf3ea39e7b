// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_vcpu.c - the vcpu probe against a machine whose exits are known
 *
 * The guest leaves to say that a command is done (a write to a port), so n commands are n
 * exits at least; it runs only as long as a command takes.
 */
#include <time.h>

#include "source/bpf_probes.h"

#include "bpftest.h"

#define COMMANDS	300

static const struct vm_params params = {
	.mode = VM_RING, .vcpus = 2, .ring_entries = 1024,
	.slot = { { .id = 3, .pages = 3003, .logging = true } },
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

#define OPEN(vm, p) do { \
	struct mt_err open_err = { 0 }; \
	int open_rc; \
	VMTEST_OPEN(vm, &params); \
	open_rc = mt_bpf_vcpu_open(getpid(), &(p), &open_err); \
	if (open_rc == -EPERM || open_rc == -EOPNOTSUPP) { \
		static char why[512]; \
		snprintf(why, sizeof(why), "%s", open_err.msg); \
		vm_close(vm); \
		SKIP(why); \
	} \
	if (open_rc) \
		printf("# %s\n", open_err.msg); \
	CHECK_INT(open_rc, 0); \
} while (0)

static void test_exits(void)
{
	struct mte_vcpu_time before[2], after[2];
	uint64_t start, took, gfn;
	struct mt_bpf_vcpu *p;
	struct vm *vm;

	OPEN(vm, p);
	gfn = vm_slot_gfn(vm, 3, 0);
	CHECK_INT(vm_write(vm, 1, &gfn, 1), 0);
	mt_bpf_vcpu_read(p, before, 2);
	start = now_ns();
	for (unsigned i = 0; i < COMMANDS; i++)
		CHECK_INT(vm_write(vm, 1, &gfn, 1), 0);
	mt_bpf_vcpu_read(p, after, 2);
	took = now_ns() - start;
	printf("# %d commands: %llu exits, %llu of %" PRIu64 " us in the guest\n", COMMANDS,
	       after[1].exits - before[1].exits, (after[1].run_ns - before[1].run_ns) / 1000,
	       took / 1000);
	if (!after[1].exits) {
		mt_bpf_vcpu_close(p);
		vm_close(vm);
		SKIP("this KVM has tracepoints of entries and exits, and does not pass them");
	}
	CHECK(after[1].exits - before[1].exits >= COMMANDS);
	CHECK(after[1].exits - before[1].exits < 20 * COMMANDS);
	CHECK_INT(after[0].exits, before[0].exits);
	CHECK_INT(after[0].run_ns, before[0].run_ns);
	CHECK(after[1].run_ns > before[1].run_ns);
	CHECK(after[1].run_ns - before[1].run_ns <= took);
	CHECK_INT(after[1].full_exits, 0);
	CHECK_INT(after[1].full_ns, 0);
	mt_bpf_vcpu_close(p);
	vm_close(vm);
}

/* A vCPU whose ring is full waits until somebody harvests: here after a known time. */
static void test_ring_full(void)
{
	struct mte_vcpu_time t[2], later[2];
	struct vm_params waits = params;
	uint64_t start, waited;
	struct mt_bpf_vcpu *p;
	struct vm_stats stats;
	struct vm_run run = { .count = 2500, .rate = VM_RATE_MAX };
	struct mt_err err = { 0 };
	struct vm *vm;
	int rc;

	waits.full = VM_FULL_WAIT;
	VMTEST_OPEN(vm, &waits);
	rc = mt_bpf_vcpu_open(getpid(), &p, &err);
	if (rc == -EPERM || rc == -EOPNOTSUPP) {
		vm_close(vm);
		SKIP("the probe cannot be had, as above");
	}
	CHECK_INT(rc, 0);
	run.first_gfn = vm_slot_gfn(vm, 3, 0);
	pattern_init(&run.pattern, PATTERN_SEQUENTIAL, 3003, 1);
	CHECK_INT(vm_run_begin(vm, 0, &run), 0);
	do
		vm_stats(vm, &stats);
	while (!stats.ring_full[0]);
	start = now_ns();
	usleep(50000);
	mt_bpf_vcpu_read(p, t, 2);
	CHECK_INT(t[0].full_exits, 1);
	CHECK(t[0].full_ns >= 50 * MS);		/* it waits even now */
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	waited = now_ns() - start;
	while (vm_wait(vm, 0, 20) == -ETIMEDOUT)
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	mt_bpf_vcpu_read(p, t, 2);
	vm_stats(vm, &stats);
	printf("# %llu full rings, %llu us lost, of which the first %" PRIu64 "\n", t[0].full_exits,
	       t[0].full_ns / 1000, waited / 1000);
	CHECK_INT(t[0].full_exits, stats.ring_full[0]);
	CHECK(t[0].full_ns >= 50 * MS);
	CHECK_INT(t[1].full_exits, 0);
	if (!t[0].exits) {
		mt_bpf_vcpu_close(p);
		vm_close(vm);
		SKIP("this KVM does not pass the tracepoint of entries");
	}
	usleep(20000);
	mt_bpf_vcpu_read(p, later, 2);
	CHECK_INT(later[0].full_ns, t[0].full_ns);
	mt_bpf_vcpu_close(p);
	vm_close(vm);
}

static const struct ktap_case cases[] = {
	{ "exits and run time are counted", test_exits },
	{ "time lost in front of a full ring is told", test_ring_full },
};

KTAP_MAIN(cases)
