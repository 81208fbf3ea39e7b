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

#define KMODTEST_CLOSE(vm, watch) do { \
	watch_close(&(watch)); \
	vm_close(vm); \
} while (0)

#endif
