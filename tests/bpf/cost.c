// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cost.c - what the dirty probe adds to a dirty page: nanoseconds a page, without and with it
 *
 *	cost [ring|bitmap] [TICK_MS]
 *
 * Writing a page, harvesting and clearing it, all on one CPU. Under `scripts/lab --icount` a
 * nanosecond is an instruction, and the figure is the same at each boot. Prints one JSON
 * object. A tick of 10 s (default) has nothing but the programs; a shorter one has ours too.
 */
#include <time.h>

#include "bpftest.h"

#define PAGES	1000
#define ROUNDS	100

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static double page_ns(struct vm *vm, struct watch *w)
{
	uint64_t start, sum = 0;

	/* The first round fills caches, and tables of the guest's. */
	for (unsigned i = 0; i <= ROUNDS; i++) {
		start = now_ns();
		if (vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, PAGES, 1, VM_RATE_MAX) ||
		    vm_harvest(vm, NULL, 0))
			exit(1);
		while (w && mt_source_read(w->source, w->last, w->bytes) == 1)
			;
		sum += i ? now_ns() - start : 0;
	}
	return (double)sum / (ROUNDS * PAGES);
}

int main(int argc, char **argv)
{
	struct vm_params params = {
		.mode = argc > 1 && !strcmp(argv[1], "bitmap") ? VM_BITMAP : VM_RING, .vcpus = 1,
		.ring_entries = 4096,
		.slot = { { .id = 3, .pages = PAGES, .logging = true } },
	};
	uint64_t tick_ms = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000;
	double without, with, after;
	struct watch w;
	struct vm *vm;

	alarm(600);
	if (vm_open(&vm, &params) || vm_start(vm))
		return 1;
	without = page_ns(vm, NULL);
	if (watch_open(&w, tick_ms * MS, 0)) {
		fprintf(stderr, "cost: %s\n", w.why);
		return 1;
	}
	with = page_ns(vm, &w);
	watch_close(&w);
	after = page_ns(vm, NULL);
	vm_close(vm);
	printf("{\"mode\": \"%s\", \"tick_ms\": %" PRIu64
	       ", \"without_ns\": %.2f, \"with_ns\": %.2f, \"after_ns\": %.2f, \"added_ns\": %.2f}\n",
	       params.mode == VM_RING ? "ring" : "bitmap", tick_ms, without, with, after,
	       with - (without + after) / 2);
	return 0;
}
