/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpf_vm.h - a VM as the kernel has it: its address, and the memslots that it has now
 */
#ifndef MIGTRACE_SOURCE_BPF_VM_H
#define MIGTRACE_SOURCE_BPF_VM_H

#include <stdint.h>

#include <migtrace/events.h>

#include "base/cleanup.h"
#include "base/err.h"

struct mt_bpf_vm;

/* @vm_fd: of mt_vm_fd(); it must stay open for as long as the result is used. */
MT_MUST_CHECK int mt_bpf_vm_open(int vm_fd, struct mt_bpf_vm **vm, struct mt_err *err);
void mt_bpf_vm_close(struct mt_bpf_vm *vm);		/* NULL is fine */

uint64_t mt_bpf_vm_kvm(const struct mt_bpf_vm *vm);	/* the address of its struct kvm */
uint32_t mt_bpf_vm_ring_size(const struct mt_bpf_vm *vm);	/* 0: it logs into bitmaps */

/* Return: 1 they are new or have changed, 0 they are as before, or -errno. */
MT_MUST_CHECK int mt_bpf_vm_walk(struct mt_bpf_vm *vm, const struct mte_walk **walk);

#endif
