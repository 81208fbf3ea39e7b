// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_restart.c - logging goes off and on again within one tick, as QEMU's dirty-rate
 * measurements one after the other make it do
 *
 * What such a tick saw is at least that, and it says so; the window that begins with the restart
 * counts each page that is written from then on, and none that is not.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "kmodtest.h"

#define PAGES		3003
#define TICK_NS		(400 * WATCH_MS)
#define AGAIN_TICK_NS	(20 * WATCH_MS)
#define MEASUREMENTS	50
#define TRIES		20
#define ROUNDS		2

static struct vm_params params = {
	.vcpus = 2, .ring_entries = 4096,
	.slot = { { .id = 3, .pages = PAGES, .logging = false } },
};

/* Records since the last settling */
static uint64_t events, pages;
static uint32_t states;
static unsigned int ticks;

static void on_record(struct watch *w, const struct migtrace_record *r, void *arg)
{
	events += r->events;
	pages += r->pages;
	states |= r->state;
	ticks++;
}

/* Begins just after a tick has ended. */
static int at_tick(struct watch *w)
{
	int err = watch_settle(w);

	events = pages = states = ticks = 0;
	return err;
}

static int all_clear(struct vm *vm)
{
	return vm_harvest(vm, NULL, 0);
}

/* Is what began at this moment all within the tick that runs? */
static bool same_tick(struct watch *w)
{
	watch_drain(w);
	return ticks == 0;
}

/* Off, on, read, cleared; then writes that the new log has. */
static int restart(struct vm *vm, bool remove, unsigned int write, unsigned int seed)
{
	const struct vm_slot_params again = {
		.id = 3, .pages = PAGES, .logging = true, .gfn = vm_slot_gfn(vm, 3, 0)
	};
	int err;

	if (remove) {
		err = vm_slot_remove(vm, 3);
		err = err ? err : vm_slot_add(vm, &again);
	} else {
		err = vm_slot_set_logging(vm, 3, false);
		err = err ? err : vm_slot_set_logging(vm, 3, true);
	}
	err = err ? err : all_clear(vm);
	vm_forget(vm);
	return err ? err : vm_run_pattern(vm, 0, 3, PATTERN_UNIFORM, write, seed, VM_RATE_MAX);
}

static void check_round(struct vm *vm, struct watch *w, unsigned int round, bool remove)
{
	struct vm_stats stats;
	uint64_t written;
	unsigned int tries = 0;

	do {
		CHECK_INT(at_tick(w), 0);
		CHECK_INT(vm_run_pattern(vm, 1, 3, PATTERN_UNIFORM, 100, 99 + round, VM_RATE_MAX),
			  0);
		CHECK_INT(restart(vm, remove, 500, round), 0);
	} while (!same_tick(w) && ++tries < TRIES);
	CHECK(tries < TRIES);
	CHECK_INT(watch_settle(w), 0);
	CHECK(states & MIGTRACE_STATE_LOWER_BOUND);
	CHECK(states & MIGTRACE_STATE_LOGGING);
	CHECK(events <= 100 + 500);

	/* What is written after that is seen, and is what the window grows by: nobody is blind. */
	CHECK_INT(at_tick(w), 0);
	CHECK_INT(vm_run_pattern(vm, 1, 3, PATTERN_UNIFORM, 900, 7 + round, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(w), 0);
	CHECK(events > 0);
	written = events;
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(at_tick(w), 0);
	vm_stats(vm, &stats);
	CHECK(w->last.record.valid & MIGTRACE_VALID_WINDOW);
	CHECK(!(w->last.record.state & MIGTRACE_STATE_LOWER_BOUND));
	CHECK(written <= stats.distinct);
	kmodtest_check_window(w, vm, 3, PAGES);
}

static void run_restarts(enum vm_mode mode, bool remove)
{
	struct watch w;
	struct vm *vm;

	params.mode = mode;
	VMTEST_OPEN_EXACT(vm, &params);
	KMODTEST_WATCH(vm, w, TICK_NS, 0);
	w.on_record = on_record;
	CHECK_INT(vm_slot_set_logging(vm, 3, true), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(all_clear(vm), 0);
	for (unsigned int round = 0; round < ROUNDS && !ktap_failed; round++) {
		check_round(vm, &w, round, remove);
		if (ktap_failed)
			printf("# round %u\n", round);
	}
	if (ktap_failed)
		return;
	CHECK_INT(w.sum.overruns, 0);
	KMODTEST_CLOSE(vm, w);
}

/*
 * A VMM that measures again and again: on, read, cleared, wait, read, off, and at once from the
 * start. In each measurement U(T) and all pages together are what was written, to 5 %.
 */
static uint64_t all_words[(PAGES + 63) / 64];

static int add_tick(struct watch *w)
{
	static uint64_t words[(PAGES + 63) / 64];
	int err;

	if (w->last.record.state & (MIGTRACE_STATE_LOWER_BOUND | MIGTRACE_STATE_RESTART))
		return 0;
	/* All of the window so far: sets of ticks that nobody waited for are gone. */
	if (!(w->last.record.valid & MIGTRACE_VALID_WINDOW))
		return 0;
	err = watch_pages(w, 0, MIGTRACE_SET_WINDOW, 3, PAGES, words);
	for (unsigned int i = 0; !err && i < (PAGES + 63) / 64; i++)
		all_words[i] |= words[i];
	return err;
}

/* A third of the memory is what the guest works on. */
static int write_some(struct vm *vm, unsigned int vcpu, uint64_t seed)
{
	struct vm_run run = { .first_gfn = vm_slot_gfn(vm, 3, 0), .count = 300 };
	int err;

	pattern_init(&run.pattern, PATTERN_UNIFORM, PAGES / 3, seed);
	err = vm_run_begin(vm, vcpu, &run);
	return err ? err : vm_wait(vm, vcpu, -1);
}

static void measure_again(struct vm *vm, struct watch *w, unsigned int round, uint8_t *ever)
{
	struct vm_stats stats;
	double u, truth;

	CHECK_INT(vm_slot_set_logging(vm, 3, true), 0);
	CHECK_INT(all_clear(vm), 0);
	vm_forget(vm);
	vm_stats_reset(vm);
	CHECK_INT(write_some(vm, 0, round), 0);
	CHECK_INT(write_some(vm, 1, 1000 + round), 0);
	CHECK_INT(watch_settle(w), 0);
	u = w->last.record.window_pages;
	CHECK(w->last.record.valid & MIGTRACE_VALID_WINDOW);
	CHECK_INT(add_tick(w), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	vm_stats(vm, &stats);
	CHECK_INT(vm_slot_set_logging(vm, 3, false), 0);
	truth = stats.distinct;
	for (uint64_t i = 0; i < PAGES; i++)
		ever[i] |= vm_seen(vm, 3, i);
	if (u < 0.95 * truth || u > 1.05 * truth)
		printf("# measurement %u: U %g of %g\n", round, u, truth);
	CHECK(u >= 0.95 * truth && u <= 1.05 * truth);
}

static void run_again(enum vm_mode mode)
{
	uint8_t ever[PAGES] = { 0 };
	double mw = 0, truth = 0;
	struct watch w;
	struct vm *vm;

	params.mode = mode;
	VMTEST_OPEN_EXACT(vm, &params);
	KMODTEST_WATCH(vm, w, AGAIN_TICK_NS, 0);
	memset(all_words, 0, sizeof(all_words));
	for (unsigned int round = 0; round < MEASUREMENTS && !ktap_failed; round++) {
		measure_again(vm, &w, round, ever);
		for (truth = 0, mw = watch_popcount(all_words, PAGES); !ktap_failed && truth == 0; )
			for (uint64_t i = 0; i < PAGES; i++)
				truth += ever[i];
		if (ktap_failed)
			return;
		CHECK(mw >= 0.95 * truth && mw <= 1.05 * truth);
	}
	printf("# %s: %d measurements, %g pages in all, %g of them seen\n", vmtest_mode_name[mode],
	       MEASUREMENTS, truth, mw);
	KMODTEST_CLOSE(vm, w);
}

static void test_again(void) { vmtest_each_mode(VM_RING, run_again); }

#define KPROBES	"/sys/kernel/debug/kprobes/enabled"

static bool switch_kprobes(bool on)
{
	int fd = open(KPROBES, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, on ? "1" : "0", 1) == 1;

	if (fd >= 0)
		close(fd);
	return done;
}

/*
 * Somebody has switched off all kprobes: nobody tells of logs, so they are taken as found, two
 * ticks late.
 */
static void run_untold(enum vm_mode mode)
{
	struct watch w;
	struct vm *vm;

	params.mode = mode;
	if (access(KPROBES, W_OK) && mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL))
		SKIP("no debugfs");
	VMTEST_OPEN_EXACT(vm, &params);
	KMODTEST_WATCH(vm, w, AGAIN_TICK_NS, 0);
	w.on_record = on_record;
	if (!switch_kprobes(false)) {
		KMODTEST_CLOSE(vm, w);
		SKIP("kprobes cannot be switched off");
	}
	CHECK_INT(at_tick(&w), 0);
	CHECK_INT(vm_slot_set_logging(vm, 3, true), 0);
	CHECK_INT(all_clear(vm), 0);
	for (unsigned int i = 0; i < 4; i++)
		watch_settle(&w);
	switch_kprobes(true);
	CHECK_INT(events, 0);
	CHECK(w.last.record.state & MIGTRACE_STATE_LOGGING);
	CHECK_INT(w.last.record.logged_pages, PAGES);
	CHECK_INT(at_tick(&w), 0);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 500, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(events, 500);
	CHECK_INT(all_clear(vm), 0);
	CHECK_INT(at_tick(&w), 0);
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 500, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.last.record.window_pages, 500);
	KMODTEST_CLOSE(vm, w);
}

static void test_untold(void) { vmtest_each_mode(VM_RING, run_untold); }

static void run_switched(enum vm_mode mode) { run_restarts(mode, false); }
static void run_removed(enum vm_mode mode) { run_restarts(mode, true); }

static void test_switched(void) { vmtest_each_mode(VM_RING, run_switched); }
static void test_removed(void) { vmtest_each_mode(VM_RING, run_removed); }

static const struct ktap_case cases[] = {
	{ "logging off and on within a tick", test_switched },
	{ "logging switched on while all kprobes are off", test_untold },
	{ "measured again and again", test_again },
	{ "memslot removed and added within a tick", test_removed },
};

KTAP_MAIN(cases)
