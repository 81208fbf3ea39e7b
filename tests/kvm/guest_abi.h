/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_abi.h - what the host and the code inside the machine agree upon
 *
 * All that the guest reads or writes of its own accord (code, stacks, page
 * tables, mailboxes, lists of pages) lies in the low slot, which never has dirty
 * logging: in logged memory nothing is dirty but the pages it was told to write.
 */
#ifndef GUEST_ABI_H
#define GUEST_ABI_H

#include <stdint.h>

#include "pattern.h"

#define GUEST_VCPUS_MAX		16

/* Guest-physical addresses in the low slot; the mapping is identity. */
#define GUEST_CODE		0x1000UL
#define GUEST_CODE_MAX		0x3000UL
#define GUEST_PML4		0x4000UL
#define GUEST_PDPT		0x5000UL
#define GUEST_MAILBOX(vcpu)	(0x10000UL + (vcpu) * 0x1000UL)
#define GUEST_STACK_TOP(vcpu)	(0x21000UL + (vcpu) * 0x1000UL)
#define GUEST_PD		0x200000UL	/* 512 pages: 512 GiB in pages of 2 MiB */
#define GUEST_LIST(vcpu)	(0x400000UL + (vcpu) * 0x80000UL)
#define GUEST_LIST_MAX		0x10000UL
#define GUEST_LOW_BYTES		0xc00000UL

/* The weights of PATTERN_ALIAS, in a slot of their own, without logging either */
#define GUEST_TABLE		(1UL << 38)
#define GUEST_TABLE_PAGES_MAX	(1UL << 19)
#define GUEST_BYTES		(1UL << 39)

/* A write to this port says: command done. */
#define GUEST_PORT		0x10

enum guest_op {
	GUEST_OP_LIST = 1,
	GUEST_OP_PATTERN,
};

/* One per vCPU. The host fills it in while the vCPU is outside the guest. */
struct guest_mailbox {
	uint64_t op;
	uint64_t count;			/* writes to do */
	uint64_t done;			/* writes done since the start, counted by the guest after
					 * each */
	uint64_t stop;			/* the host may set this at any time: end after the current
					 * write */
	uint64_t word;			/* byte offset in the page */
	uint64_t list;			/* guest-physical address of uint64_t gfn[count] */
	uint64_t first_gfn;		/* page 0 of the pattern */
	struct pattern pattern;
	uint64_t table;			/* guest-physical address of the weights */
};

#endif
