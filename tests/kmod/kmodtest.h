/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmodtest.h - what the tests of the module have in common
 */
#ifndef KMODTEST_H
#define KMODTEST_H

#include "../kvm/vmtest.h"
#include "watch.h"

/* A session on a machine, or a skip */
#define KMODTEST_WATCH(vm, watch, tick_ns, window_ns) do { \
	if (watch_unsupported()) { \
		vm_close(vm); \
		SKIP(watch_unsupported()); \
	} \
	CHECK_INT(watch_open(&(watch), vm_vm_fd(vm), tick_ns, window_ns), 0); \
} while (0)

/* Begins a case: a machine with its vCPUs running and a session on it, or a skip */
#define KMODTEST_OPEN(vm, params, watch, tick_ns, window_ns) do { \
	VMTEST_OPEN_EXACT(vm, params); \
	KMODTEST_WATCH(vm, watch, tick_ns, window_ns); \
} while (0)

/* A clean window: begun by the harvest of one page, which no harvest counts as seen any more */
#define KMODTEST_CLEAN(vm, watch, slot) do { \
	CHECK_INT(vm_run_pattern(vm, 0, slot, PATTERN_SEQUENTIAL, 1, 1, VM_RATE_MAX), 0); \
	CHECK_INT(vm_harvest(vm, NULL, 0), 0); \
	CHECK_INT(watch_settle(&(watch)), 0); \
	CHECK((watch).last.record.valid & MIGTRACE_VALID_WINDOW); \
	CHECK_INT((watch).last.record.window_pages, 0); \
	vm_forget(vm); \
} while (0)

/* The window's set of the first @pages of a slot has just the pages that harvests gave. */
static inline void kmodtest_check_window(struct watch *w, struct vm *vm, uint32_t slot,
					 uint64_t pages)
{
	static uint64_t words[64];

	CHECK(pages <= 64 * sizeof(words) / sizeof(words[0]));
	CHECK_INT(watch_pages(w, 0, MIGTRACE_SET_WINDOW, slot, pages, words), 0);
	for (uint64_t i = 0; i < pages; i++)
		CHECK_INT(words[i / 64] >> i % 64 & 1, vm_seen(vm, slot, i));
}

#define KMODTEST_CLOSE(vm, watch) do { \
	watch_close(&(watch)); \
	vm_close(vm); \
} while (0)

#endif
