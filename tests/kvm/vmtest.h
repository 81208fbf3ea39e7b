/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmtest.h - what the tests of the machine have in common
 */
#ifndef VMTEST_H
#define VMTEST_H

#include <errno.h>
#include <unistd.h>

#include "../unit/ktap.h"
#include "oracle.h"
#include "vm.h"

/*
 * A test that hangs ends here at last. Whoever runs it has a limit of his own, which comes first
 * and shows where it hangs; so this one is far above what a test takes on the busiest machine.
 */
#define VMTEST_LIMIT_S	1500
#define VMTEST_HANG_MS	(VMTEST_LIMIT_S * 1000)	/* for what is over at once, unless it hangs */

static const char *const vmtest_mode_name[] = {
	[VM_RING] = "ring",
	[VM_BITMAP] = "bitmap",
	[VM_BITMAP_MANUAL] = "manual bitmap",
	[VM_BITMAP_INITIALLY_SET] = "initially set bitmap",
};

/*
 * Does a page that is written twice count once? Where KVM emulates the guest's
 * stores (KVM on PVM does), each of them marks its page: then sets can be
 * compared, but not counts and orders.
 */
static inline bool vmtest_counts_exact(void)
{
	static int exact = -1;
	struct vm_params params = {
		.mode = VM_RING, .vcpus = 1, .ring_entries = 1024,
		.slot = { { .id = 1, .pages = 1, .logging = true } },
	};
	struct vm_harvest h;
	uint64_t gfns[2];
	struct vm *vm;

	if (exact >= 0)
		return exact;
	exact = 1;
	if (vm_unsupported(VM_RING) || vm_open(&vm, &params))
		return exact;
	gfns[0] = gfns[1] = vm_slot_gfn(vm, 1, 0);
	if (!vm_start(vm) && !vm_write(vm, 0, gfns, 2) && !vm_harvest(vm, &h, 0)) {
		exact = h.total == 1;
		vm_harvest_free(&h);
	}
	vm_close(vm);
	if (!exact)
		printf("# this KVM marks a page at every write: only the sets are compared\n");
	return exact;
}

/* Begins a case: a machine with its vCPUs running, or a skip */
#define VMTEST_OPEN(vm, params) do { \
	const char *vmtest_why = vm_unsupported((params)->mode); \
	if (vmtest_why) \
		SKIP(vmtest_why); \
	CHECK_INT(vm_open(&(vm), params), 0); \
	CHECK_INT(vm_start(vm), 0); \
} while (0)

/* As VMTEST_OPEN, for what needs each page counted once */
#define VMTEST_OPEN_EXACT(vm, params) do { \
	if (!vm_unsupported((params)->mode) && !vmtest_counts_exact()) \
		SKIP("this KVM marks a page at every write"); \
	VMTEST_OPEN(vm, params); \
} while (0)

/* Runs the check in this mode and those after it; skips if there is none of them. */
static inline void vmtest_each_mode(enum vm_mode first, void (*check)(enum vm_mode mode))
{
	const char *why = NULL;
	int ran = 0;

	for (enum vm_mode mode = first; mode <= VM_BITMAP_INITIALLY_SET && !ktap_failed; mode++) {
		const char *lacks = vm_unsupported(mode);

		if (lacks) {
			why = lacks;
			printf("# %s: %s\n", vmtest_mode_name[mode], why);
			continue;
		}
		ran++;
		check(mode);
		if (ktap_failed)
			printf("# in mode %s\n", vmtest_mode_name[mode]);
	}
	if (!ran)
		ktap_skip_reason = why;
}

/* Where all pages start dirty, gets that out of the way. */
static inline int vmtest_settle(struct vm *vm)
{
	int err = vm_harvest(vm, NULL, 0);

	vm_forget(vm);
	return err;
}

__attribute__((constructor)) static void vmtest_limit(void)
{
	const char *limit_s = getenv("VMTEST_LIMIT_S");

	alarm(limit_s ? atoi(limit_s) : VMTEST_LIMIT_S);
}

#endif
