// SPDX-License-Identifier: GPL-2.0-only
/*
 * vcpu.bpf.c - how long does each vCPU run, and what does it lose to full rings?
 *
 * OVERHEAD: runs at each entry into a guest and each exit from it, of all the host's guests,
 * and reads the clock there: some 150 instructions an exit. Not for always; guests that exit
 * 100,000 times a second feel it. Two branches for the other guests' vCPUs.
 */
#include "core.bpf.h"

#include <migtrace/events.h>

char LICENSE[] SEC("license") = "GPL";

const volatile __u64 kvm;		/* address of the VM's struct kvm */

struct mte_vcpu_time times[MTE_VCPU_TIMES];

static __always_inline struct mte_vcpu_time *ours(struct kvm_vcpu *vcpu)
{
	__u32 idx;

	if (!vcpu || (__u64)vcpu->kvm != kvm)
		return NULL;
	idx = vcpu->vcpu_idx;
	return idx < MTE_VCPU_TIMES ? &times[idx] : NULL;
}

/* 6.8 gave it a second argument, which is not read. */
SEC("tp_btf/kvm_entry")
int BPF_PROG(on_entry, struct kvm_vcpu *vcpu)
{
	struct mte_vcpu_time *t = ours(vcpu);

	if (!t)
		return 0;
	t->entered_ns = bpf_ktime_get_ns();
	if (t->full_since_ns) {
		t->full_ns += t->entered_ns - t->full_since_ns;
		t->full_since_ns = 0;
	}
	return 0;
}

SEC("tp_btf/kvm_exit")
int BPF_PROG(on_exit, struct kvm_vcpu *vcpu)
{
	struct mte_vcpu_time *t = ours(vcpu);

	if (!t || !t->entered_ns)
		return 0;
	t->run_ns += bpf_ktime_get_ns() - t->entered_ns;
	t->entered_ns = 0;
	t->exits++;
	return 0;
}

/* KVM_RUN returns to the VMM at once; until the next entry the vCPU can do nothing. */
SEC("tp_btf/kvm_dirty_ring_exit")
int BPF_PROG(on_ring_full, struct kvm_vcpu *vcpu)
{
	struct mte_vcpu_time *t = ours(vcpu);

	if (!t)
		return 0;
	t->full_exits++;
	if (!t->full_since_ns)
		t->full_since_ns = bpf_ktime_get_ns();
	return 0;
}
