/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * core.bpf.h - the few fields of the kernel's structures that the programs read
 *
 * Declared here by name alone; libbpf finds their offsets in the running kernel's BTF. Where
 * kernels differ, one helper hides it and says which kernels.
 */
#ifndef MIGTRACE_CORE_BPF_H
#define MIGTRACE_CORE_BPF_H

#include <asm/ptrace.h>
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define KVM_MEM_LOG_DIRTY_PAGES	(1u << 0)	/* linux/kvm.h */

#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

struct super_block {
	__u32 s_dev;
};

struct inode {
	__u16 i_mode;
	struct super_block *i_sb;
	__u64 i_ino;
	__u32 i_rdev;
};

struct file {
	void *private_data;
	struct inode *f_inode;
};

struct task_struct {
	int pid;
	int tgid;
};

struct mm_struct {
	struct task_struct *owner;
};

struct vm_area_struct {
	struct mm_struct *vm_mm;
};

enum fault_flag {
	FAULT_FLAG_RETRY_NOWAIT = 1 << 3,
};

struct vm_fault {
	struct vm_area_struct *vma;
	enum fault_flag flags;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	int ifindex;
	possible_net_t nd_net;
};

struct sk_buff {
	struct net_device *dev;
	unsigned int len;
	__u16 mac_header;
	unsigned char *head, *data;
};

struct bpf_iter__task_file {
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

/* Taken for 64 bits of plain number at an address, see on_mark_direct(). */
struct timespec64 {
	long long tv_sec;
};

struct kvm_dirty_ring {
	__u32 dirty_index;
	__u32 reset_index;
	__u32 size;
	void *dirty_gfns;
};

struct kvm_memory_slot {
	struct hlist_node id_node[2];
	__u64 base_gfn;
	unsigned long npages;
	unsigned long *dirty_bitmap;
	__u32 flags;
	short id;
	__u16 as_id;
};

struct kvm_memslots {
	__u64 generation;
	struct hlist_head id_hash[128];
	int node_idx;
};

struct xarray {
	void *xa_head;
};

struct xa_node {
	unsigned char shift;
	void *slots[64];
};

struct kvm {
	struct kvm_memslots *memslots[1];	/* as many as the kernel has address spaces */
	struct xarray vcpu_array;
	atomic_t online_vcpus;
	__u32 dirty_ring_size;
};

struct kvm_vcpu {
	struct kvm *kvm;
	int vcpu_idx;
	struct kvm_dirty_ring dirty_ring;
};

#pragma clang attribute pop

/* Reads at an address that the verifier knows nothing of. */
#define READ_AT(to, address) bpf_probe_read_kernel(&(to), sizeof(to), (const void *)(address))

/* Since 6.2; no code of its own. What is read by its result is 0 where there is nothing. */
extern void *bpf_rdonly_cast(const void *at, __u32 type) __ksym __weak;

/* A ring is a part of its vCPU, and there is no way to say so to the verifier before 6.2. */
static __always_inline __u64 vcpu_of_ring(const struct kvm_dirty_ring *ring)
{
	return (__u64)ring - bpf_core_field_offset(struct kvm_vcpu, dirty_ring);
}

static __always_inline __u64 kvm_of_vcpu(__u64 vcpu)
{
	__u64 kvm = 0;

	READ_AT(kvm, vcpu + bpf_core_field_offset(struct kvm_vcpu, kvm));
	return kvm;
}

#endif
