// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm.bpf.c - what is behind this file descriptor of a VM, and which memory has it?
 *
 * The other programs tell guests apart by the address of their struct kvm. User space holds
 * the descriptor for as long as it uses that address.
 */
#include "core.bpf.h"

#include <migtrace/events.h>

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 wanted_fd;

__u64 kvm;
struct mte_walk walk;

/* Over the files of the task that opened it */
SEC("iter/task_file")
int on_file(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;

	if (!file || ctx->fd != wanted_fd)
		return 0;
	kvm = (__u64)file->private_data;
	READ_AT(walk.ring_size, kvm + bpf_core_field_offset(struct kvm, dirty_ring_size));
	return 0;
}

/*
 * Where the walk is. Not on a stack: 6.1 verifies one turn of bpf_loop() only, and takes what
 * it finds there for constant.
 */
__u64 at_slots;			/* struct kvm_memslots */
__u64 at_node;
__u32 at_bucket, at_node_idx;

/* One step: to the next bucket, or past a memslot in it. */
static long walk_step(__u32 i, void *unused)
{
	const struct kvm_memory_slot *slot;
	struct mte_walk_slot *found;

	if (!at_node) {
		if (at_bucket >= 128)
			return 1;
		READ_AT(at_node, at_slots + bpf_core_field_offset(struct kvm_memslots, id_hash) +
			at_bucket++ * sizeof(__u64));
		return 0;
	}
	slot = (void *)(at_node - bpf_core_field_offset(struct kvm_memory_slot, id_node) -
			(at_node_idx & 1) * 2 * sizeof(__u64));
	READ_AT(at_node, at_node);
	if (walk.count < MTE_WALK_MAX) {
		found = &walk.slot[walk.count];
		found->base_gfn = BPF_CORE_READ(slot, base_gfn);
		found->pages = BPF_CORE_READ(slot, npages);
		found->dirty_bitmap = (__u64)BPF_CORE_READ(slot, dirty_bitmap);
		found->flags = BPF_CORE_READ(slot, flags);
		found->as_id = BPF_CORE_READ(slot, as_id);
		found->id = (__u16)BPF_CORE_READ(slot, id);
	}
	walk.count++;
	return 0;
}

static __always_inline __u64 memslots_of(__u32 as_id)
{
	__u64 slots = 0;

	READ_AT(slots, kvm + bpf_core_field_offset(struct kvm, memslots) + as_id * sizeof(slots));
	return slots;
}

static __always_inline __u64 generation_of(__u64 slots)
{
	__u64 generation = 0;

	READ_AT(generation, slots + bpf_core_field_offset(struct kvm_memslots, generation));
	return generation;
}

/* Are the memslots what walk has? */
static __always_inline bool walk_is_good(void)
{
	for (__u32 as = 0; as < 2; as++)
		if (as < walk.address_spaces &&
		    generation_of(memslots_of(as)) != walk.generation[as])
			return false;
	return true;
}

/*
 * Cheap when nothing has changed. KVM changes a copy and then lets it take the place of the old
 * one.
 */
SEC("raw_tp")
int do_walk(void *ctx)
{
	if (walk.count && walk_is_good())
		return 0;
	walk.address_spaces = bpf_core_field_size(struct kvm, memslots) / sizeof(__u64);
	walk.count = 0;
	for (__u32 as = 0; as < 2; as++) {
	
		if (as >= walk.address_spaces)
			break;
		at_slots = memslots_of(as);
		at_node = 0;
		at_bucket = 0;
		walk.generation[as] = generation_of(at_slots);
		READ_AT(at_node_idx,
			at_slots + bpf_core_field_offset(struct kvm_memslots, node_idx));
		bpf_loop(128 + 0x8000, walk_step, NULL, 0);
	}
	walk.torn = !walk_is_good();
	return 1;
}
