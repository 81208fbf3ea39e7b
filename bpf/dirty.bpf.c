// SPDX-License-Identifier: GPL-2.0-only
/*
 * dirty.bpf.c - which pages does this guest dirty?
 *
 * Guests with dirty rings: the ring is the record, so nothing runs as a page is dirtied. What
 * has been added to a ring is read when user space asks (each tick), before a reset frees
 * entries, and when a ring is full. A program on tracepoint kvm_dirty_ring_push, which was
 * here first, cost 119 (Linux 6.1) to 129 (6.12) instructions a page on the vCPU's path, of
 * which 60 to 70 were the tracepoint's own.
 *
 * dirty_index runs free, so the count of events is exact; entries that were overwritten
 * before they were read are counted as strange.
 *
 * Guests with bitmaps: on_mark() is called for each page that KVM marks, again for pages
 * that are marked already and also while nothing is logged. An event is a mark that sets the
 * page's bit in KVM's own bitmap.
 *
 * OVERHEAD: tests/bpf/cost measures it.
 */
#include "core.bpf.h"

#include <migtrace/events.h>

char LICENSE[] SEC("license") = "GPL";

const volatile __u64 kvm;		/* address of the VM's struct kvm */
const volatile __u64 words;		/* size of bits[] */

struct mte_dirty dirty;
struct mte_vcpu vcpus[MTE_VCPUS];
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

static __always_inline void count_page(__u64 slot, __u64 offset, __u64 lane)
{
	if (!set_page(slot, offset, lane))
		__sync_fetch_and_add(at_lane(dirty.strange, lane), 1);
}

/* --- reading rings ---------------------------------------------------------------------- */
#define BATCH		128
#define RING_MAX	65536	/* KVM_DIRTY_RING_MAX_ENTRIES */

/*
 * Copied to: 0 by hooks, which nobody interrupts, 1 on behalf of user space. Twice what is used,
 * for the verifier.
 */
struct batch {
	struct mte_entry entry[2 * BATCH];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct batch);
} batches SEC(".maps");

struct harvest {
	__u32 vcpu;
	__u32 key;		/* of batches */
	__u64 lane;
	__u32 to;		/* read up to this index */
};

static __always_inline __u32 dirty_index(const struct mte_vcpu *v)
{
	__u32 index = 0;

	READ_AT(index, v->ring + bpf_core_field_offset(struct kvm_dirty_ring, dirty_index));
	return index;
}

/*
 * How full the ring is. Two at once may lose the smaller one's, or the larger one's to the other's.
 */
static __always_inline void note_used(struct mte_vcpu *v, __u32 to)
{
	__u32 index = to;

	READ_AT(index, v->ring + bpf_core_field_offset(struct kvm_dirty_ring, reset_index));
	if (to - index > v->used)
		v->used = to - index;
}

/* Claims some entries and reads them. Return: 1 at the end. */
static long take_batch(__u32 turn, struct harvest *h)
{
	struct mte_vcpu *v = &vcpus[h->vcpu & (MTE_VCPUS - 1)];
	__u32 from = *(volatile __u32 *)&v->position, left = h->to - from, at, behind;
	struct batch *b;
	__u64 n = BATCH, lane = h->lane & MTE_STATE_LANE;

	if ((__s32)left <= 0)
		return 1;
	b = bpf_map_lookup_elem(&batches, &h->key);
	if (!b)
		return 1;
	at = from & (v->size - 1);
	if (n > left)
		n = left;
	if (n > v->size - at)
		n = v->size - at;
	behind = dirty_index(v) - from;
	if (behind > v->size) {
		/* Too late for these. */
		n = behind - v->size < left ? behind - v->size : left;
		if (__sync_val_compare_and_swap(&v->position, from, from + (__u32)n) != from)
			return 0;
		__sync_fetch_and_add(at_lane(v->events, lane), n);
		__sync_fetch_and_add(at_lane(dirty.strange, lane), n);
		return 0;
	}
	/* By 128 at most, so that somebody who is interrupted here holds back no more. */
	if (__sync_val_compare_and_swap(&v->position, from, from + (__u32)n) != from)
		return 0;
	__sync_fetch_and_add(at_lane(v->events, lane), n);
	asm volatile("" : "+r"(n));
	n &= 2 * BATCH - 1;
	if (bpf_probe_read_kernel(b, n * sizeof(b->entry[0]),
				  (void *)(v->entries + at * sizeof(b->entry[0]))) ||
	    dirty_index(v) - from > v->size) {
		__sync_fetch_and_add(at_lane(dirty.strange, lane), n);
		return 0;
	}
	for (__u32 i = 0; i < BATCH && i < n; i++)
		count_page(b->entry[i].slot, b->entry[i].offset, lane);
	return 0;
}

/*
 * The lane written to, busy until leave(). A lane that is no longer it when we are in is left
 * again.
 */
static __always_inline __u64 enter(void)
{
	__u64 lane = 0;

	for (int i = 0; i < 8; i++) {
		lane = *(volatile __u64 *)&dirty.state & MTE_STATE_LANE;
		__sync_fetch_and_add((__u32 *)((void *)dirty.busy + lane / 2), 1);
		if ((*(volatile __u64 *)&dirty.state & MTE_STATE_LANE) == lane)
			break;
		__sync_fetch_and_add((__u32 *)((void *)dirty.busy + lane / 2), -1);
	}
	return lane;
}

static __always_inline void leave(__u64 lane)
{
	__sync_fetch_and_add((__u32 *)((void *)dirty.busy + lane / 2), -1);
}

static __noinline int harvest(__u32 vcpu, __u32 key)
{
	struct harvest h = { .vcpu = vcpu, .key = key };
	struct mte_vcpu *v = &vcpus[vcpu & (MTE_VCPUS - 1)];

	if (!v->ring)
		return 0;
	h.to = dirty_index(v);
	note_used(v, h.to);
	if (h.to == v->position)
		return 0;
	h.lane = enter();
	bpf_loop(2 * RING_MAX / BATCH, take_batch, &h, 0);
	leave(h.lane & MTE_STATE_LANE);
	return 0;
}

static long harvest_nth(__u32 i, __u32 *key)
{
	harvest(i, *key);
	return 0;
}

static __always_inline void harvest_all(__u32 key)
{
	bpf_loop(dirty.vcpus < MTE_VCPUS ? dirty.vcpus : MTE_VCPUS, harvest_nth, &key, 0);
}

/* --- windows --------------------------------------------------------------------------- */
static __always_inline bool window_is_due(__u64 now)
{
	if (!(dirty.state & MTE_STATE_SPARE_VALID))
		return false;
	return dirty.wanted || (dirty.window_ns && now - dirty.window_start_ns >= dirty.window_ns);
}

static __always_inline void begin_window(__u64 now)
{
	__u64 state = dirty.state, prev = state & MTE_STATE_LANE;
	__u64 next = state >> MTE_STATE_SPARE_SHIFT & MTE_STATE_BITS;

	if (!(state & MTE_STATE_SPARE_VALID))
		return;
	dirty.began_ns = now;
	if (__sync_val_compare_and_swap(&dirty.state, state,
					next | MTE_STATE_BEGAN | prev << MTE_STATE_PREV_SHIFT) ==
	    state) {
		dirty.window_start_ns = now;
		dirty.wanted = 0;
	}
}

/* --- guests with rings ------------------------------------------------------------------- */
static __always_inline __u32 idx_of(__u64 vcpu)
{
	__u32 idx = MTE_VCPUS;

	READ_AT(idx, vcpu + bpf_core_field_offset(struct kvm_vcpu, vcpu_idx));
	return idx;
}

/* Before entries are freed. */
SEC("fentry/kvm_dirty_ring_reset")
int BPF_PROG(on_reset_begin, struct kvm *vm, struct kvm_dirty_ring *ring)
{
	__u32 idx;

	if ((__u64)vm != kvm)
		return 0;
	idx = idx_of(vcpu_of_ring(ring));
	if (idx < MTE_VCPUS)
		harvest(idx, 0);
	return 0;
}

/*
 * After that. One ioctl resets the rings of all vCPUs, in their order: a window begins after
 * the last one. What is in the rings still was dirty before, so it is read before as well.
 */
SEC("tp_btf/kvm_dirty_ring_reset")
int BPF_PROG(on_reset, struct kvm_dirty_ring *ring)
{
	__u64 vcpu = vcpu_of_ring(ring), now;
	__u32 idx, online = 0;

	if (!ring || kvm_of_vcpu(vcpu) != kvm)
		return 0;
	__sync_fetch_and_add(at_lane(dirty.resets, dirty.state & MTE_STATE_LANE), 1);
	idx = idx_of(vcpu);
	if (idx >= MTE_VCPUS)
		return 0;
	READ_AT(online, kvm + bpf_core_field_offset(struct kvm, online_vcpus));
	now = bpf_ktime_get_ns();
	if (idx + 1 < online || !window_is_due(now)) {
		harvest(idx, 0);
		return 0;
	}
	harvest_all(0);
	begin_window(now);
	return 0;
}

SEC("tp_btf/kvm_dirty_ring_exit")
int BPF_PROG(on_ring_full, struct kvm_vcpu *vcpu)
{
	__u32 idx;

	if (!vcpu || (__u64)vcpu->kvm != kvm)
		return 0;
	__sync_fetch_and_add(at_lane(dirty.ring_full, dirty.state & MTE_STATE_LANE), 1);
	/*
	 * It must leave KVM now anyway, and once it is back it may soon write over what it has
	 * here.
	 */
	idx = vcpu->vcpu_idx;
	if (idx < MTE_VCPUS)
		harvest(idx, 0);
	return 0;
}

/* --- guests with bitmaps ----------------------------------------------------------------- */
static __always_inline __u64 word_of(__u64 bitmap, __u64 offset)
{
	return bitmap + (offset >> 6) * sizeof(__u64);
}

/* @word: of KVM's bitmap, as it is before the mark */
static __always_inline int mark(__u64 word, __u64 slot, __u64 offset)
{
	__u64 lane = dirty.state & MTE_STATE_LANE;
	struct mte_vcpu *cpu;

	if (word >> (offset & 63) & 1)
		return 0;
	cpu = &vcpus[bpf_get_smp_processor_id() & (MTE_VCPUS - 1)];
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
	__u64 offset, word;

	if ((__u64)vm != kvm || !slot || !(slot->flags & KVM_MEM_LOG_DIRTY_PAGES) ||
	    !slot->dirty_bitmap)
		return 0;
	offset = gfn - slot->base_gfn;
	if (READ_AT(word, word_of((__u64)slot->dirty_bitmap, offset)))
		return 0;
	return mark(word, (__u32)slot->as_id << 16 | (__u16)slot->id, offset);
}

/*
 * From 6.2 on the word can be read by an instruction instead of a helper: the verifier takes the
 * address for that of a structure that begins with a number.
 */
SEC("fentry/mark_page_dirty_in_slot")
int BPF_PROG(on_mark_direct, struct kvm *vm, struct kvm_memory_slot *slot, __u64 gfn)
{
	const struct timespec64 *at;
	__u64 offset;

	if ((__u64)vm != kvm || !slot || !(slot->flags & KVM_MEM_LOG_DIRTY_PAGES) ||
	    !slot->dirty_bitmap)
		return 0;
	offset = gfn - slot->base_gfn;
	at = bpf_rdonly_cast((void *)word_of((__u64)slot->dirty_bitmap, offset),
			     bpf_core_type_id_kernel(struct timespec64));
	return mark((__u64)at->tv_sec, (__u32)slot->as_id << 16 | (__u16)slot->id, offset);
}

/* For kernels that have no trampolines for fentry, or not for kvm.ko */
SEC("kprobe/mark_page_dirty_in_slot")
int BPF_KPROBE(on_mark_kprobe, void *vm, struct kvm_memory_slot *slot, __u64 gfn)
{
	__u64 bitmap, offset, word;

	if ((__u64)vm != kvm || !slot || !(BPF_CORE_READ(slot, flags) & KVM_MEM_LOG_DIRTY_PAGES))
		return 0;
	bitmap = (__u64)BPF_CORE_READ(slot, dirty_bitmap);
	offset = gfn - BPF_CORE_READ(slot, base_gfn);
	if (!bitmap || READ_AT(word, word_of(bitmap, offset)))
		return 0;
	return mark(word, (__u32)BPF_CORE_READ(slot, as_id) << 16 | (__u16)BPF_CORE_READ(slot, id),
		    offset);
}

static __always_inline __u64 popcount(__u64 x)
{
	x -= x >> 1 & 0x5555555555555555;
	x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return x * 0x0101010101010101 >> 56;
}

/*
 * Called for each 64 pages of which some were cleared in KVM's bitmap and are now write-protected.
 */
static __always_inline int clear(__u64 vm, __u64 mask)
{
	__u64 lane, now;

	if (vm != kvm)
		return 0;
	lane = dirty.state & MTE_STATE_LANE;
	__sync_fetch_and_add(at_lane(dirty.resets, lane), 1);
	__sync_fetch_and_add(at_lane(dirty.cleared_pages, lane), popcount(mask));
	now = bpf_ktime_get_ns();
	if (window_is_due(now))
		begin_window(now);
	return 0;
}

SEC("fentry/kvm_arch_mmu_enable_log_dirty_pt_masked")
int BPF_PROG(on_clear, struct kvm *vm, struct kvm_memory_slot *slot, __u64 first,
	     unsigned long mask)
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
/* The vCPU that KVM has as the @i-th: xa_load() */
static __always_inline __u64 vcpu_at(__u32 i)
{
	__u64 entry = 0;

	READ_AT(entry, kvm + bpf_core_field_offset(struct kvm, vcpu_array) +
			       bpf_core_field_offset(struct xarray, xa_head));
	/* A node is marked by 2; 64 slots each, so two levels have 4096. */
	for (int level = 0; level < 3 && (entry & 3) == 2 && entry > 4096; level++) {
		const struct xa_node *node = (void *)(entry - 2);
		__u64 slot = i >> (BPF_CORE_READ(node, shift) & 31) & 63;

		READ_AT(entry, (__u64)node + bpf_core_field_offset(struct xa_node, slots) +
				       slot * sizeof(entry));
	}
	return entry & 3 ? 0 : entry;
}

static long learn(__u32 unused, void *ctx)
{
	__u32 i = dirty.vcpus, online = 0, at = 0;
	struct kvm_dirty_ring *ring;
	struct mte_vcpu *v;
	__u64 vcpu;

	READ_AT(online, kvm + bpf_core_field_offset(struct kvm, online_vcpus));
	if (i >= online || i >= MTE_VCPUS)
		return 1;
	vcpu = vcpu_at(i);
	if (!vcpu)
		return 1;
	v = &vcpus[i & (MTE_VCPUS - 1)];
	ring = (void *)(vcpu + bpf_core_field_offset(struct kvm_vcpu, dirty_ring));
	v->entries = (__u64)BPF_CORE_READ(ring, dirty_gfns);
	v->size = BPF_CORE_READ(ring, size);
	if (!dirty.primed)
		at = BPF_CORE_READ(ring, dirty_index);
	v->position = at;
	v->ring = (__u64)ring;
	dirty.vcpus = i + 1;
	return 0;
}

SEC("raw_tp")
int do_learn(void *ctx)
{
	bpf_loop(MTE_VCPUS, learn, NULL, 0);
	return 0;
}

SEC("raw_tp")
int do_harvest(void *ctx)
{
	bpf_loop(MTE_VCPUS, learn, NULL, 0);
	harvest_all(1);
	return 0;
}

/*
 * What a ring holds, into MTE_LANE_SCRATCH. What loops go by is not on a stack: 6.1 verifies
 * one turn of bpf_loop() only, and takes what it finds there for constant.
 */
__u64 read_entries;
__u32 read_from, read_to, read_mask;

static long read_entry(__u32 i, void *unused)
{
	struct mte_entry e = {};

	if (read_from == read_to)
		return 1;
	READ_AT(e, read_entries + (read_from++ & read_mask) * sizeof(e));
	set_page(e.slot, e.offset, MTE_LANE_SCRATCH * sizeof(__u64));
	return 0;
}

SEC("raw_tp")
int do_read_ring(__u64 *ctx)
{
	struct mte_vcpu *v = &vcpus[ctx[0] & (MTE_VCPUS - 1)];
	struct kvm_dirty_ring *ring = (void *)v->ring;

	if (!ring)
		return 0;
	read_entries = v->entries;
	read_mask = v->size - 1;
	read_from = BPF_CORE_READ(ring, reset_index);
	read_to = *(volatile __u32 *)&v->position;
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
