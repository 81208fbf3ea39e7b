/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * events.h - the memory that BPF programs and user space share
 *
 * Programs count where they run and decide nothing; user space maps these structures and
 * reads them when it wants to know. Included by both sides, so plain types only.
 */
#ifndef MIGTRACE_EVENTS_H
#define MIGTRACE_EVENTS_H

#include <linux/types.h>

/* --- dirty ---------------------------------------------------------------------------
 *
 * Each dirty page sets a bit. Bits are kept in lanes side by side: one is written to, one
 * is for the window that may begin next, one is clean or being read. A tick or the beginning
 * of a window changes the lane written to, so that a lane's pages and its counts belong
 * together; busy says that somebody still writes to the one before.
 *
 * Counts only grow. User space remembers what it has seen of each lane.
 */
#define MTE_LANES		4
#define MTE_LANE_SCRATCH	3	/* pages that are dirty now, on request */
#define MTE_VCPUS		4096	/* by KVM's vcpu_idx, which counts without gaps */
/* (as_id << 16 | id), as KVM has it: shifting bits closer would cost each page */
#define MTE_SLOT_IDS		0x20000
#define MTE_WALK_MAX		1024	/* memslots that are learnt */

/* 64 pages. Which page: struct mte_slot. */
struct mte_word {
	__u64 lane[MTE_LANES];
};

struct mte_vcpu {
	__u64 ring;			/* address of its kvm_dirty_ring, 0: not learnt */
	__u64 entries;			/* and of what is in it */
	__u32 size;			/* a power of two */
	__u32 position;			/* the index up to which it has been read; runs free */
	__u32 used;			/* the most entries it held since user space took this */
	__u32 pad;
	__u64 events[MTE_LANES];	/* guests with bitmaps: of a CPU of the host's */
};

/* A memslot by its number: where its words begin, and its size. 0 pages: not known. */
struct mte_slot {
	__u32 first_word;
	__u32 pages;
};

/* An entry of a ring: struct kvm_dirty_gfn, linux/kvm.h */
struct mte_entry {
	__u32 flags;
	__u32 slot;
	__u64 offset;
};

/* Lanes as offsets in bytes, so that they need not be computed for each page. */
#define MTE_STATE_LANE		0x18ULL		/* written to */
#define MTE_STATE_SPARE_VALID	(1ULL << 8)
#define MTE_STATE_SPARE_SHIFT	9
#define MTE_STATE_BEGAN		(1ULL << 16)	/* a window has begun since user space looked */
/* in the lane before this one the old window ended */
#define MTE_STATE_PREV_SHIFT	17
#define MTE_STATE_BITS		0x18ULL

struct mte_dirty {
	__u64 state;
	__u64 began_ns;			/* when the window of MTE_STATE_BEGAN began */
	__u64 window_ns;		/* how long a window lasts at least; 0: until wanted is
					 * set */
	__u64 window_start_ns;		/* of the newest window, both sides write it */
	__u32 wanted;			/* let a window begin at the next reset or clear */
	__u32 vcpus;			/* learnt */
	__u32 primed;			/* those that are learnt from now on are new: read from
					 * their start */
	__u32 busy[MTE_LANES];		/* who writes to it now, ring guests only */
	__u32 pad;
	__u64 resets[MTE_LANES];
	__u64 cleared_pages[MTE_LANES];
	__u64 ring_full[MTE_LANES];
	__u64 strange[MTE_LANES];	/* events of no known page */
};

/* What a walk over the VM's memslots found */
struct mte_walk_slot {
	__u64 base_gfn;
	__u64 pages;
	__u64 dirty_bitmap;
	__u32 flags;
	__u16 as_id;
	__u16 id;
};

struct mte_walk {
	__u64 generation[2];		/* of the memslots of each address space */
	__u32 ring_size;		/* 0: the VM logs into bitmaps */
	__u32 count;			/* found, which may be more than there is room for */
	__u32 address_spaces;
	__u32 torn;			/* they changed meanwhile */
	struct mte_walk_slot slot[MTE_WALK_MAX];
};

/* --- vcpu ----------------------------------------------------------------------------- */
#define MTE_VCPU_TIMES		1024	/* vCPUs that are told apart, by their index */

struct mte_vcpu_time {
	__u64 entered_ns;		/* in the guest since; 0: it is outside */
	__u64 run_ns;			/* in the guest, up to the last exit */
	__u64 exits;
	__u64 full_since_ns;		/* out because its ring is full since; 0: it is not */
	__u64 full_ns;			/* lost so, up to the last entry */
	__u64 full_exits;
	__u64 pad[2];
};

/* --- net ------------------------------------------------------------------------------ */
#define MTE_NET_DEVICES		16

struct mte_net_count {
	__u64 bytes, packets;
};

struct mte_net {
	struct mte_net_count from_guest, to_guest;
};

/* --- disk ----------------------------------------------------------------------------- */
#define MTE_DISK_FILES		64

struct mte_disk_file {
	__u64 ino;
	__u32 dev;			/* the kernel's: major << 20 | minor */
	__u32 pad;
};

struct mte_disk_sum {
	__u64 reads, read_bytes, writes, write_bytes;
};

struct mte_disk_event {
	__u64 t_ns;			/* CLOCK_MONOTONIC */
	struct mte_disk_file file;
	__u64 offset, bytes;
	__u32 write;			/* 1; 0: a read */
	__u32 pad;
};

/* The program's own: what a thread asked for last, so that it is not counted again */
struct mte_disk_last {
	__u32 thread;
	__u32 pad;
	__u64 ppos;
};

/* --- postcopy -------------------------------------------------------------------------- */
/* bucket i: below 2^i ns, and not below 2^(i-1); the last: all the rest */
#define MTE_LATENCY_BUCKETS	40

struct mte_postcopy {
	__u64 faults;			/* that are over */
	__u64 sum_ns, max_ns;
	__u64 begun;			/* begun - faults: threads that wait now */
	__u64 nowait;			/* faults of callers that would not wait, and came again */
	__u64 lost;			/* whose start could not be remembered */
	__u64 bucket[MTE_LATENCY_BUCKETS];
};

#endif
