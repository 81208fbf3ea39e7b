// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_layout.c - a module that was built for another KVM than runs is refused
 *
 * kmod.mk builds one with KVM's header changed: its structures have members at other places.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/utsname.h>

#include "kernel.h"
#include "kmodtest.h"

#define TICK_NS	(2 * WATCH_MS)

static const char *shifted_ko(void)
{
	static char path[256];
	const char *b = getenv("B");
	struct utsname name;

	uname(&name);
	snprintf(path, sizeof(path), "%s/kmod-shifted/%s/migtrace.ko", b ? b : "build",
		 name.release);
	return access(path, R_OK) ? NULL : path;
}

static void run_shifted(enum vm_mode mode)
{
	struct vm_params params = { .mode = mode, .vcpus = 1, .ring_entries = 1024,
		.slot = { { .id = 3, .pages = 77, .logging = true } } };
	const char *ko = kernel_ko(), *shifted = shifted_ko();
	struct watch w;
	struct vm *vm;

	if (watch_unsupported())
		SKIP(watch_unsupported());
	if (!ko || !shifted)
		SKIP("no module that was built for another KVM: make kmod-tests");
	VMTEST_OPEN(vm, &params);
	CHECK_INT(kernel_unload("migtrace"), 0);
	CHECK_INT(kernel_load(shifted, NULL), 0);
	CHECK_INT(watch_open(&w, vm_vm_fd(vm), TICK_NS, 0), -EOPNOTSUPP);
	CHECK_INT(watch_open(&w, vm_vm_fd(vm), TICK_NS, 0), -EOPNOTSUPP);
	CHECK_INT(kernel_unload("migtrace"), 0);
	CHECK_INT(kernel_load(ko, NULL), 0);
	CHECK_INT(watch_open(&w, vm_vm_fd(vm), TICK_NS, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	KMODTEST_CLOSE(vm, w);
}

static void test_shifted_ring(void) { run_shifted(VM_RING); }
static void test_shifted_bitmap(void) { run_shifted(VM_BITMAP_MANUAL); }

static const struct ktap_case cases[] = {
	{ "built for another KVM: ring", test_shifted_ring },
	{ "built for another KVM: bitmap", test_shifted_bitmap },
};

KTAP_MAIN(cases)
