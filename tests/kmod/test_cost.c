// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_cost.c - what a session may cost the host: time under its lock, a CPU's, wake-ups
 *
 * How long the lock is held is judged by how much was done meanwhile, as the module counts it: the
 * time itself is the machine's, which may be slow or take the CPU away.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "kmodtest.h"

#define VCPUS		8
#define RING		16384
#define EACH		12000		/* pages of each vCPU, nearly a ring full */
#define HOLD_MOST	4096		/* entries or words: ring.c and bitmap.c */
#define LARGE_PAGES	(1UL << 24)	/* 64 GiB, with next to nothing behind it */
#define TICK_NS		(20 * WATCH_MS)
#define WAKE_RECORDS	10

static const struct vm_params full = {
	.mode = VM_RING, .vcpus = VCPUS, .ring_entries = RING,
	.slot = { { .id = 3, .pages = VCPUS * EACH, .logging = true } },
};

static int stats_of(struct watch *w, struct migtrace_stats *stats)
{
	return ioctl(w->fd, MIGTRACE_IOC_STATS, stats) ? -errno : 0;
}

#define DEBUGFS	"/sys/kernel/debug"

/*
 * What debugfs tells whoever looks after the host is what the session's reader is told. Return:
 * lines of our VMM.
 */
static int told_by_debugfs(const struct migtrace_stats *stats)
{
	unsigned long long late_ns, look_ns, hold_ns, hold_work, bytes;
	int pid, found = 0;
	char line[256];
	FILE *f;

	if (access(DEBUGFS "/migtrace", F_OK) && mount("debugfs", DEBUGFS, "debugfs", 0, NULL))
		return -errno;
	f = fopen(DEBUGFS "/migtrace/sessions", "re");
	while (f && fgets(line, sizeof(line), f))
		found += sscanf(line, "%d ring %*u %llu %llu %llu %llu %*u %llu", &pid, &late_ns,
				&look_ns, &hold_ns, &hold_work, &bytes) == 6 &&
			 pid == getpid() && late_ns >= stats->late_ns &&
			 look_ns >= stats->look_ns && hold_ns >= stats->hold_ns &&
			 hold_work == stats->hold_work && bytes == stats->bytes;
	if (f)
		fclose(f);
	return found;
}

/* Each vCPU writes pages of its own. */
static int fill_rings(struct vm *vm)
{
	int err = 0;

	for (unsigned int v = 0; !err && v < VCPUS; v++) {
		struct vm_run run = { .first_gfn = vm_slot_gfn(vm, 3, v * EACH), .count = EACH };

		pattern_init(&run.pattern, PATTERN_SEQUENTIAL, EACH, 1);
		err = vm_run_begin(vm, v, &run);
	}
	for (unsigned int v = 0; !err && v < VCPUS; v++)
		err = vm_wait(vm, v, -1);
	return err;
}

/* All of them are stale as a window begins; then one reset frees them all. */
static void test_full_rings(void)
{
	struct migtrace_stats stats;
	struct watch w;
	struct vm *vm;

	KMODTEST_OPEN(vm, &full, w, TICK_NS, 0);
	CHECK_INT(fill_rings(vm), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.events, VCPUS * EACH);
	CHECK_INT(w.last.record.ring_used, EACH);
	CHECK_INT(watch_new_window(&w), 0);
	CHECK_INT(vm_harvest(vm, NULL, 1), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	CHECK_INT(w.last.record.window_stale_pages, VCPUS * (EACH - 1));
	CHECK_INT(w.last.record.window_pages, VCPUS * (EACH - 1));
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.overruns, 0);
	CHECK_INT(stats_of(&w, &stats), 0);
	printf("# %d vCPUs with %d entries each: at most %llu in one hold, %llu ns; looks up to %llu ns, late up to %llu ns\n",
	       VCPUS, EACH, stats.hold_work, stats.hold_ns, stats.look_ns, stats.late_ns);
	CHECK_INT(told_by_debugfs(&stats), 1);
	CHECK(stats.hold_work > 1000);
	CHECK(stats.hold_work <= HOLD_MOST);
	CHECK_INT(stats.missed_hooks, 0);
	KMODTEST_CLOSE(vm, w);
}

/* No tick comes before the reset, which reads it all. */
static void test_reset_reads(void)
{
	struct migtrace_stats stats;
	struct watch w;
	struct vm *vm;

	KMODTEST_OPEN(vm, &full, w, MIGTRACE_TICK_MAX_NS, 0);
	CHECK_INT(fill_rings(vm), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(stats_of(&w, &stats), 0);
	printf("# at most %llu in one hold, %llu ns\n", stats.hold_work, stats.hold_ns);
	CHECK(stats.hold_work > 1000);
	CHECK(stats.hold_work <= HOLD_MOST);
	KMODTEST_CLOSE(vm, w);
}

/*
 * Resets come faster than the set of a large guest's window can be emptied: windows begin all the
 * same.
 */
static void test_fast_resets(void)
{
	struct vm_params p = { .mode = VM_RING,
			       .vcpus = 1,
			       .ring_entries = 1024,
			       .slot = { { .id = 3, .pages = 77, .logging = true },
					 { .id = 4, .pages = LARGE_PAGES, .logging = true } } };
	struct vm_run run = { .count = VM_COUNT_ENDLESS, .rate = 2000 };
	uint64_t window, from;
	struct watch w;
	struct vm *vm;

	KMODTEST_OPEN(vm, &p, w, TICK_NS, 50 * WATCH_MS);
	pattern_init(&run.pattern, PATTERN_UNIFORM, 77, 1);
	run.first_gfn = vm_slot_gfn(vm, 3, 0);
	CHECK_INT(vm_reaper_start(vm, 1), 0);
	CHECK_INT(vm_run_begin(vm, 0, &run), 0);
	CHECK_INT(watch_settle(&w), 0);
	window = w.last.record.window;
	from = watch_now_ns();
	while (w.last.record.window < window + 3 && watch_now_ns() - from < 20000 * WATCH_MS)
		CHECK_INT(watch_settle(&w), 0);
	CHECK(w.last.record.window >= window + 3);
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	vm_cancel(vm, 0);
	CHECK_INT(vm_wait(vm, 0, 30000), 0);
	CHECK_INT(vm_reaper_stop(vm), 0);
	KMODTEST_CLOSE(vm, w);
}

/* A look at a large guest's bitmap takes longer than the tick: ticks get longer, and say so. */
static void test_slow_looks(void)
{
	struct vm_params p = { .mode = VM_BITMAP_MANUAL, .vcpus = 1,
		.slot = { { .id = 3, .pages = LARGE_PAGES, .logging = true } } };
	struct migtrace_stats stats;
	struct watch w;
	uint64_t from, records;
	struct vm *vm;

	KMODTEST_OPEN(vm, &p, w, WATCH_MS, 0);
	for (unsigned int i = 0; i < 8; i++)
		CHECK_INT(watch_settle(&w), 0);
	from = watch_now_ns();
	records = w.sum.records;
	for (unsigned int i = 0; i < 8; i++)
		CHECK_INT(watch_settle(&w), 0);
	records = w.sum.records - records;
	from = watch_now_ns() - from;
	CHECK_INT(stats_of(&w, &stats), 0);
	printf("# 64 GiB: ticks of %llu ns for 1 ms, looks up to %llu ns; %lu records in %lu ms\n",
	       w.last.record.tick_ns, stats.look_ns, records, from / 1000000);
	CHECK(w.last.record.state & MIGTRACE_STATE_SLOWED);
	CHECK(w.last.record.tick_ns > WATCH_MS);
	CHECK(w.last.record.tick_ns <= 4 * stats.look_ns);
	CHECK(stats.hold_work <= HOLD_MOST);
	CHECK(stats.bytes >= LARGE_PAGES / 2 && stats.bytes <= stats.bytes_max);
	KMODTEST_CLOSE(vm, w);
}

#define KICK	"/sys/module/migtrace/parameters/kick"

static int set_kick(const char *value)
{
	int fd = open(KICK, O_WRONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = write(fd, value, 1) == 1 ? 0 : -errno;
	close(fd);
	return rc;
}

/*
 * A vCPU in the guest is made to leave it at each tick, where root said so; one that waits is left
 * alone.
 */
static void test_kick(void)
{
	struct vm_params p = { .mode = VM_RING, .vcpus = 2, .ring_entries = 1024,
		.slot = { { .id = 3, .pages = 77, .logging = true } } };
	struct vm_run run = { .first_gfn = 0, .count = VM_COUNT_ENDLESS, .rate = VM_RATE_MAX };
	struct migtrace_stats before, during, after;
	struct watch w;
	struct vm *vm;

	KMODTEST_OPEN(vm, &p, w, 5 * WATCH_MS, 0);
	run.first_gfn = vm_slot_gfn(vm, 3, 0);
	pattern_init(&run.pattern, PATTERN_SEQUENTIAL, 77, 1);
	CHECK_INT(vm_run_begin(vm, 0, &run), 0);
	for (unsigned int i = 0; i < 10; i++)
		CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(stats_of(&w, &before), 0);
	CHECK_INT(set_kick("Y"), 0);
	w.sum.records = w.sum.missed = 0;
	for (unsigned int i = 0; i < 100; i++)
		CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(set_kick("N"), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(stats_of(&w, &during), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(stats_of(&w, &after), 0);
	vm_cancel(vm, 0);
	CHECK_INT(vm_wait(vm, 0, 30000), 0);
	printf("# %llu kicks in %lu ticks\n", during.kicks, w.sum.records);
	CHECK_INT(before.kicks, 0);
	CHECK(during.kicks > 0 && during.kicks <= w.sum.records);
	CHECK_INT(after.kicks, during.kicks);
	CHECK_INT(w.sum.overruns, 0);
	KMODTEST_CLOSE(vm, w);
}

/* A reader that asked for ten records at a time is not woken for one. */
static void test_wake(void)
{
	struct vm_params p = { .mode = VM_RING,
			       .vcpus = 1,
			       .ring_entries = 1024,
			       .slot = { { .id = 3, .pages = 77 } } };
	struct migtrace_attach args = { .tick_ns = 5 * WATCH_MS, .wake_records = WAKE_RECORDS };
	struct pollfd poll_fd;
	struct watch w;
	struct vm *vm;

	VMTEST_OPEN(vm, &p);
	if (watch_unsupported())
		SKIP(watch_unsupported());
	args.vm_fd = vm_vm_fd(vm);
	CHECK_INT(watch_open_as(&w, &args), 0);
	poll_fd = (struct pollfd){ .fd = w.fd, .events = POLLIN };
	for (unsigned int i = 0; i < 3; i++) {
		CHECK_INT(poll(&poll_fd, 1, 30000), 1);
		CHECK_INT(poll_fd.revents, POLLIN);
		CHECK(watch_drain(&w) >= WAKE_RECORDS);
	}
	KMODTEST_CLOSE(vm, w);
}

static const struct ktap_case cases[] = {
	{ "many vCPUs with full rings", test_full_rings },
	{ "a reset that reads full rings", test_reset_reads },
	{ "windows begin though resets never end", test_fast_resets },
	{ "looks that take longer than a tick", test_slow_looks },
	{ "vCPUs are made to leave the guest where root said so", test_kick },
	{ "readers are woken for many records", test_wake },
};

KTAP_MAIN(cases)
