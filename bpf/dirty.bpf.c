// SPDX-License-Identifier: GPL-2.0-only
/*
 * dirty.bpf.c - which pages does this guest dirty?
 *
 * on_push() runs for each page that any guest with a dirty ring dirties, on the vCPU's way
 * back into the guest, so it does as little as possible: it knows its guest's vCPUs by the
 * addresses of their rings, looks up where the memslot's bits are, sets one and counts. What
 * is seen for the first time goes the longer way through on_strange_push().
 *
 * Guests with bitmaps: on_mark() is called for each page that KVM marks, again for pages
 * that are marked already and also while nothing is logged. An event is a mark that sets the
 * page's bit in KVM's own bitmap.
 */
#include "core.bpf.h"

#include <migtrace/events.h>

char LICENSE[] SEC("license") = "GPL";

const volatile __u64 kvm;		/* address of the VM's struct kvm */
const volatile __u64 words;		/* size of bits[] */

struct mte_dirty dirty;
struct mte_vcpu vcpus[MTE_VCPU_IDS];
struct mte_slot slots[MTE_SLOT_IDS];

/* User space makes this map, of the size that the guest wants. */
struct mte_word bits[1] SEC(".data.bits");

/* 1 << n, n modulo 64 as the instruction has it: clang would mask n itself. */
static __always_inline __u64 bit(__u64 n)
{
	__u64 one = 1;

	asm("%0 <<= %1" : "+r"(one) : "r"(n));
	return one;
}

/* The address of word @i, without clang's believing that there is but one. */
static __always_inline struct mte_word *word_at(__u64 i)
{
	struct mte_word *first = bits;

	asm volatile("" : "+r"(first));
	return first + i;
}

static __always_inline __u64 *at_lane(__u64 *lanes, __u64 lane)
{
	return (void *)lanes + lane;
}

/* Return: whether there is such a page. */
static __always_inline bool set_page(__u64 slot, __u64 offset, __u64 lane)
{
	const struct mte_slot *s = &slots[slot & (MTE_SLOT_IDS - 1)];
	__u64 word;

	if (offset >= s->pages)
		return false;
	word = s->first_word + (offset >> 6);
	if (word >= words)
		return false;
	__sync_fetch_and_or(at_lane(word_at(word)->lane, lane), bit(offset));
	return true;
}

/* Remembers a ring that is of our VM. Return: its vCPU; NULL if it is another's, or has no place. */
static __always_inline struct mte_vcpu *learn(const struct kvm_dirty_ring *ring, bool *ours)
{
	__u64 vcpu = vcpu_of_ring(ring);
	struct mte_vcpu *v = &vcpus[ring->index & (MTE_VCPU_IDS - 1)];
	__u32 n;

	*ours = kvm_of_vcpu(vcpu) == kvm;
	if (!*ours)
		return NULL;
	if (v->ring == (__u64)ring)
		return v;
	if (v->ring)
		return NULL;
	READ_AT(v->idx, vcpu + bpf_core_field_offset(struct kvm_vcpu, vcpu_idx));
	v->ring = (__u64)ring;
	n = __sync_fetch_and_add(&dirty.vcpus, 1);
	if (n < MTE_VCPU_IDS)
		dirty.vcpu_id[n] = ring->index & (MTE_VCPU_IDS - 1);
	return v;
}

static __always_inline void count_page(__u64 slot, __u64 offset, __u64 lane)
{
	if (!set_page(slot, offset, lane))
		__sync_fetch_and_add(at_lane(dirty.strange, lane), 1);
}

static __noinline int on_strange_push(const struct kvm_dirty_ring *ring, __u32 slot, __u64 offset)
{
	__u64 lane = dirty.state & MTE_STATE_LANE;
	struct mte_vcpu *v;
	bool ours;

	v = learn(ring, &ours);
	if (!ours)
		return 0;
	if (v)
		*at_lane(v->events, lane) += 1;
	else
		__sync_fetch_and_add(at_lane(dirty.events, lane), 1);
	count_page(slot, offset, lane);
	return 0;
}

SEC("tp_btf/kvm_dirty_ring_push")
int BPF_PROG(on_push, struct kvm_dirty_ring *ring, __u32 slot, __u64 offset)
{
	__u64 lane = dirty.state & MTE_STATE_LANE;
	struct mte_vcpu *v;

	if (!ring)
		return 0;	/* never, but 6.12's verifier takes it for possible */
	v = &vcpus[ring->index & (MTE_VCPU_IDS - 1)];
	if (v->ring != (__u64)ring)
		return on_strange_push(ring, slot, offset);
	/* Only the CPU that runs this vCPU comes here for it. */
	*at_lane(v->events, lane) += 1;
	count_page(slot, offset, lane);
	return 0;
}

/* --- windows --------------------------------------------------------------------------- */
static __always_inline void begin_window(void)
{
	__u64 state = dirty.state, now = bpf_ktime_get_ns(), prev, next;

	if (!(state & MTE_STATE_SPARE_VALID))
		return;
	if (!dirty.wanted && (!dirty.window_ns || now - dirty.window_start_ns < dirty.window_ns))
		return;
	prev = state & MTE_STATE_LANE;
	next = state >> MTE_STATE_SPARE_SHIFT & MTE_STATE_BITS;
	dirty.began_ns = now;
	if (__sync_val_compare_and_swap(&dirty.state, state,
					next | MTE_STATE_BEGAN | prev << MTE_STATE_PREV_SHIFT) == state) {
		dirty.window_start_ns = now;
		dirty.wanted = 0;
	}
}

/*
 * One ioctl resets the rings of all vCPUs, in their order: a window begins after the last one.
 */
SEC("tp_btf/kvm_dirty_ring_reset")
int BPF_PROG(on_reset, struct kvm_dirty_ring *ring)
{
	__u64 vcpu = vcpu_of_ring(ring), lane;
	__u32 idx = 0, online = 0;
	bool ours = true;

	if (!ring)
		return 0;
	if (vcpus[ring->index & (MTE_VCPU_IDS - 1)].ring != (__u64)ring)
		learn(ring, &ours);
	if (!ours)
		return 0;
	lane = dirty.state & MTE_STATE_LANE;
	__sync_fetch_and_add(at_lane(dirty.resets, lane), 1);
	READ_AT(idx, vcpu + bpf_core_field_offset(struct kvm_vcpu, vcpu_idx));
	READ_AT(online, kvm + bpf_core_field_offset(struct kvm, online_vcpus));
	if (idx + 1 >= online)
		begin_window();
	return 0;
}

SEC("tp_btf/kvm_dirty_ring_exit")
int BPF_PROG(on_ring_full, struct kvm_vcpu *vcpu)
{
	if (vcpu && (__u64)vcpu->kvm == kvm)
		__sync_fetch_and_add(at_lane(dirty.ring_full, dirty.state & MTE_STATE_LANE), 1);
	return 0;
}

/* --- guests with bitmaps ----------------------------------------------------------------- */
static __always_inline int mark(__u64 bitmap, __u64 slot, __u64 offset)
{
	struct mte_vcpu *cpu = &vcpus[bpf_get_smp_processor_id() & (MTE_VCPU_IDS - 1)];
	__u64 lane = dirty.state & MTE_STATE_LANE, word;

	if (!bitmap || READ_AT(word, bitmap + (offset >> 6) * sizeof(word)))
		return 0;
	if (word >> (offset & 63) & 1)
		return 0;
	/* 6.1's verifier does not follow what clang makes of the number's parts. */
	asm volatile("" : "+r"(slot));
	/* By CPU, so that it is seldom contended; atomic, since a program may be preempted here. */
	__sync_fetch_and_add(at_lane(cpu->events, lane), 1);
	count_page(slot, offset, lane);
	return 0;
}

SEC("fentry/mark_page_dirty_in_slot")
int BPF_PROG(on_mark, struct kvm *vm, struct kvm_memory_slot *slot, __u64 gfn)
{
	if ((__u64)vm != kvm || !slot || !(slot->flags & KVM_MEM_LOG_DIRTY_PAGES))
		return 0;
	return mark((__u64)slot->dirty_bitmap, (__u32)slot->as_id << 16 | (__u16)slot->id, gfn - slot->base_gfn);
}

/* For kernels that have no trampolines for fentry, or not for kvm.ko */
SEC("kprobe/mark_page_dirty_in_slot")
int BPF_KPROBE(on_mark_kprobe, void *vm, struct kvm_memory_slot *slot, __u64 gfn)
{
	if ((__u64)vm != kvm || !slot || !(BPF_CORE_READ(slot, flags) & KVM_MEM_LOG_DIRTY_PAGES))
		return 0;
	return mark((__u64)BPF_CORE_READ(slot, dirty_bitmap),
		    (__u32)BPF_CORE_READ(slot, as_id) << 16 | (__u16)BPF_CORE_READ(slot, id),
		    gfn - BPF_CORE_READ(slot, base_gfn));
}

static __always_inline __u64 popcount(__u64 x)
{
	x -= x >> 1 & 0x5555555555555555;
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return x * 0x0101010101010101 >> 56;
}

/* Called for each 64 pages of which some were cleared in KVM's bitmap and are now write-protected. */
static __always_inline int clear(__u64 vm, __u64 mask)
{
	__u64 lane;

	if (vm != kvm)
		return 0;
	lane = dirty.state & MTE_STATE_LANE;
	__sync_fetch_and_add(at_lane(dirty.resets, lane), 1);
	__sync_fetch_and_add(at_lane(dirty.cleared_pages, lane), popcount(mask));
	begin_window();
	return 0;
}

SEC("fentry/kvm_arch_mmu_enable_log_dirty_pt_masked")
int BPF_PROG(on_clear, struct kvm *vm, struct kvm_memory_slot *slot, __u64 first, unsigned long mask)
{
	return clear((__u64)vm, mask);
}

SEC("kprobe/kvm_arch_mmu_enable_log_dirty_pt_masked")
int BPF_KPROBE(on_clear_kprobe, void *vm, void *slot, __u64 first, unsigned long mask)
{
	return clear((__u64)vm, mask);
}

/* --- on request ---------------------------------------------------------------------------
 * User space runs these with BPF_PROG_TEST_RUN when it wants to know.
 */
/*
 * What a ring holds, into MTE_LANE_SCRATCH. What loops go by is not on a stack: 6.1 verifies
 * one turn of bpf_loop() only, and takes what it finds there for constant.
 */
__u64 read_entries;
__u32 read_from, read_to, read_mask;

static long read_entry(__u32 i, void *unused)
{
	struct kvm_dirty_gfn e = {};

	if (read_from == read_to)
		return 1;
	READ_AT(e, read_entries + (read_from++ & read_mask) * sizeof(e));
	set_page(e.slot, e.offset, MTE_LANE_SCRATCH * sizeof(__u64));
	return 0;
}

SEC("raw_tp")
int do_read_ring(__u64 *ctx)
{
	struct mte_vcpu *v = &vcpus[ctx[0] & (MTE_VCPU_IDS - 1)];
	struct kvm_dirty_ring *ring = (void *)v->ring;

	if (!ring)
		return 0;
	read_entries = (__u64)BPF_CORE_READ(ring, dirty_gfns);
	read_mask = BPF_CORE_READ(ring, size) - 1;
	read_from = BPF_CORE_READ(ring, reset_index);
	read_to = BPF_CORE_READ(ring, dirty_index);
	if (read_to - read_from <= read_mask + 1)
		bpf_loop(read_mask + 1, read_entry, NULL, 0);
	return 0;
}

/* What KVM's bitmap of a memslot holds, likewise */
__u64 copy_from, copy_first_word;

static long copy_word(__u32 i, void *unused)
{
	__u64 word = 0, to = copy_first_word + i;

	READ_AT(word, copy_from + i * sizeof(word));
	if (to < words)
		word_at(to)->lane[MTE_LANE_SCRATCH] = word;
	return 0;
}

SEC("raw_tp")
int do_copy_bitmap(__u64 *ctx)
{
	copy_from = ctx[0];
	copy_first_word = ctx[1];
	bpf_loop(ctx[2], copy_word, NULL, 0);
	return 0;
}
