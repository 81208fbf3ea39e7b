// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * late.c - a vCPU that is plugged in while the machine runs
 *
 * The machine makes all of its vCPUs as it begins, so this one knows how it does: segments
 * and control registers are the first vCPU's, which no guest code ever changes.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../kvm/vm_int.h"
#include "late.h"

static int copy_cpuid(int from, int to)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + 256 * sizeof(cpuid->entries[0]));
	int err = 0;

	if (!cpuid)
		return -ENOMEM;
	cpuid->nent = 256;
	if (ioctl(from, KVM_GET_CPUID2, cpuid) || ioctl(to, KVM_SET_CPUID2, cpuid))
		err = -errno;
	free(cpuid);
	return err;
}

static int make(struct vm *vm, struct vm_vcpu *vcpu)
{
	struct kvm_regs regs = {
		.rip = GUEST_CODE, .rsp = GUEST_STACK_TOP(vcpu->index) - 8,
		.rdi = GUEST_MAILBOX(vcpu->index), .rflags = 2,
	};
	struct kvm_sregs sregs;
	int err;

	vcpu->run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		return -errno;
	if (vm->params.mode == VM_RING) {
		vcpu->ring = mmap(NULL, vm->params.ring_entries * sizeof(*vcpu->ring),
				  PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd,
				  KVM_DIRTY_LOG_PAGE_OFFSET * VM_PAGE_SIZE);
		if (vcpu->ring == MAP_FAILED)
			return -errno;
	}
	err = copy_cpuid(vm->vcpu[0].fd, vcpu->fd);
	if (err)
		return err;
	if (ioctl(vm->vcpu[0].fd, KVM_GET_SREGS, &sregs))
		return -errno;
	sregs.apic_base &= ~0x100UL;		/* the first one is the boot processor */
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) || ioctl(vcpu->fd, KVM_SET_REGS, &regs))
		return -errno;
	return 0;
}

int late_vcpu(struct vm *vm)
{
	unsigned int i = vm->params.vcpus;
	struct vm_vcpu *vcpu = &vm->vcpu[i];
	int err;

	if (i == VM_VCPUS_MAX)
		return -ENOSPC;
	vcpu->box = (struct guest_mailbox *)(vm->low + GUEST_MAILBOX(i));
	vcpu->box->word = i * sizeof(uint64_t);
	vcpu->box->list = GUEST_LIST(i);
	vcpu->box->table = GUEST_TABLE;
	vcpu->list = (uint64_t *)(vm->low + GUEST_LIST(i));
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, i);
	if (vcpu->fd < 0)
		return -errno;
	err = make(vm, vcpu);
	if (!err) {
		pthread_mutex_lock(&vm->harvest_lock);
		vm->params.vcpus++;
		pthread_mutex_unlock(&vm->harvest_lock);
	}
	return err;
}
