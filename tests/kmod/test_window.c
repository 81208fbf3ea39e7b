// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_window.c - when windows begin, and with what
 */
#include <sys/ioctl.h>

#include "kmodtest.h"

#define PAGES		3003
/* A harvest is over within a few ticks, also where tests were given more time. */
#define TICK_NS		((getenv("VMTEST_LIMIT_S") ? 20 : 2) * WATCH_MS)
#define WINDOW_NS	(100 * WATCH_MS)
/* For so many ticks a window that began amid a harvest may begin anew */
#define AGAIN_TICKS	5

static struct vm_params params = {
	.vcpus = 1,
	.ring_entries = 4096,
	.clear_pages = 64,
	.slot = { { .id = 3, .pages = PAGES, .logging = true },
		  { .id = 70, .pages = 77, .logging = true } },
};

/* Begins a case: a session with all clean, or a skip */
#define OPEN_CLEAN(vm, watch, window_ns) do { \
	VMTEST_OPEN_EXACT(vm, &params); \
	CHECK_INT(vmtest_settle(vm), 0); \
	KMODTEST_WATCH(vm, watch, TICK_NS, window_ns); \
	KMODTEST_CLEAN(vm, watch, 70); \
} while (0)

/* Without window_ns a window lasts until another one is asked for, and then until a harvest. */
static void run_request(enum vm_mode mode)
{
	uint64_t number, from, to;
	struct vm_stats stats;
	struct watch w;
	struct vm *vm;

	params.mode = mode;
	OPEN_CLEAN(vm, w, 0);
	number = w.last.record.window;
	for (int i = 0; i < 4; i++) {
		CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_UNIFORM, 500, i, VM_RATE_MAX), 0);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		CHECK_INT(watch_settle(&w), 0);
		CHECK_INT(w.last.record.window, number);
		vm_stats(vm, &stats);
		CHECK_INT(w.last.record.window_pages, stats.distinct);
	}

	CHECK_INT(ioctl(w.fd, MIGTRACE_IOC_WINDOW), 0);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_UNIFORM, 500, 9, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.last.record.window, number);
	from = watch_now_ns();
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	to = watch_now_ns();
	vm_forget(vm);
	CHECK_INT(watch_settle(&w), 0);
	for (int i = 0; i < AGAIN_TICKS; i++)
		CHECK_INT(watch_settle(&w), 0);
	/* Where a harvest lasts for several ticks, the window begins anew in each of them. */
	CHECK(w.last.record.window > number);
	number = w.last.record.window;
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	CHECK(w.last.record.window_start_ns >= from);
	CHECK(w.last.record.window_start_ns <= to);
	CHECK_INT(w.last.record.window_pages, 0);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_UNIFORM, 500, 10, VM_RATE_MAX), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	vm_stats(vm, &stats);
	CHECK_INT(w.last.record.window, number);
	CHECK_INT(w.last.record.window_pages, stats.distinct);
	KMODTEST_CLOSE(vm, w);
}

struct windows {
	uint64_t number, start_ns;
	uint64_t harvest_ns;		/* when the harvest that was last began */
	unsigned int begun, early;
};

static void on_record(struct watch *w, const struct migtrace_record *r, void *arg)
{
	struct windows *s = arg;

	if (r->window == s->number)
		return;
	s->number = r->window;
	/* One that began amid a harvest may begin anew as that goes on. */
	if (s->start_ns >= s->harvest_ns)
		return;
	s->begun++;
	s->early += r->window_start_ns - s->start_ns < w->args.window_ns;
	s->start_ns = r->window_start_ns;
}

/* With it, the first harvest after so long begins the next. */
static void run_period(enum vm_mode mode)
{
	struct windows windows = { 0 };
	struct watch w;
	struct vm *vm;
	uint64_t from;

	params.mode = mode;
	OPEN_CLEAN(vm, w, WINDOW_NS);
	windows.number = w.last.record.window;
	windows.start_ns = w.last.record.window_start_ns;
	w.on_record = on_record;
	w.arg = &windows;
	from = watch_now_ns();
	while (windows.begun < 3 && watch_now_ns() - from < 100 * WINDOW_NS) {
		CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 100, 1, VM_RATE_MAX), 0);
		windows.harvest_ns = watch_now_ns();
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		CHECK_INT(watch_settle(&w), 0);
		CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
		CHECK(w.last.record.window_pages <= 100);
		usleep(5000);
	}
	CHECK_INT(windows.begun, 3);
	CHECK_INT(windows.early, 0);
	KMODTEST_CLOSE(vm, w);
}

/* Pages that a harvest left dirty are those that the window begins with. */
static void run_stale(enum vm_mode mode)
{
	struct vm_stats stats;
	uint64_t number, left;
	struct watch w;
	struct vm *vm;

	params.mode = mode;
	OPEN_CLEAN(vm, w, 0);
	number = w.last.record.window;
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 1000, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_new_window(&w), 0);
	CHECK_INT(vm_harvest(vm, NULL, 300), 0);
	CHECK_INT(watch_settle(&w), 0);
	vm_stats(vm, &stats);
	left = 1000 - stats.distinct;
	CHECK(left >= 600);
	CHECK(w.last.record.window > number);
	CHECK(w.last.record.valid & MIGTRACE_VALID_WINDOW);
	CHECK_INT(w.last.record.window_stale_pages, left);
	CHECK_INT(w.last.record.window_pages, left);
	/* Clean ones count once they are written; those that are dirty do not again. */
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 1100, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.last.record.window_stale_pages, left);
	CHECK_INT(w.last.record.window_pages, 1100);
	KMODTEST_CLOSE(vm, w);
}

static void all_modes(void (*run)(enum vm_mode mode))
{
	for (enum vm_mode m = VM_RING;
	     m <= VM_BITMAP_INITIALLY_SET && !ktap_failed && !ktap_skip_reason; m++) {
		run(m);
		if (ktap_failed)
			printf("# %s\n", vmtest_mode_name[m]);
	}
}

static void test_request(void) { all_modes(run_request); }
static void test_period(void) { all_modes(run_period); }

static void test_stale(void)
{
	/* VM_BITMAP harvests all or nothing. */
	run_stale(VM_RING);
	if (!ktap_failed && !ktap_skip_reason)
		run_stale(VM_BITMAP_MANUAL);
}

static const struct ktap_case cases[] = {
	{ "a window on request", test_request },
	{ "windows of a given length", test_period },
	{ "pages that are dirty as a window begins are stale", test_stale },
};

KTAP_MAIN(cases)
