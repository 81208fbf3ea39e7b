/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The ABI of migtrace.ko: what a KVM guest dirties, tick by tick, read from KVM's own
 * dirty log (ring or bitmap) without a hook on the path on which a vCPU writes.
 *
 * A session, in order:
 *
 *	fd = open("/dev/migtrace", O_RDWR | O_CLOEXEC);
 *	vm_fd = pidfd_getfd(pidfd of the VMM, its "anon_inode:kvm-vm", 0);
 *	ioctl(fd, MIGTRACE_IOC_ATTACH, &attach);	the VM stays pinned until fd is closed,
 *							or until the VMM's memory is gone
 *	ring = mmap(NULL, attach.map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
 *	poll(fd, POLLIN), read the records from tail to head, store the new tail, ...
 *	close(fd);
 *
 * KVM logs only while the VMM asks it to (a migration, a dirty-rate measurement), and logs
 * only the first write to a page after the page's last reset (ring) or clear (bitmap).
 * Counts are therefore worth most in a window that began with everything clean, and
 * records say which window they belong to and how many pages it began with.
 *
 * x86 has a second address space, for system management mode, in which VMMs list the same
 * memory again. It is left out: no sets, no counts of pages, no windows.
 *
 * All times are CLOCK_MONOTONIC in nanoseconds; all counts of pages are of 4 KiB. Errors
 * are the usual ones of ioctl(2); those with a meaning of their own stand at each call.
 */
#ifndef _UAPI_LINUX_MIGTRACE_H
#define _UAPI_LINUX_MIGTRACE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/** MIGTRACE_ABI_VERSION - changes when a structure or a meaning below does */
#define MIGTRACE_ABI_VERSION	3

#define MIGTRACE_TICK_MIN_NS	1000000ULL
#define MIGTRACE_TICK_MAX_NS	10000000000ULL
#define MIGTRACE_RECORDS_MAX	65536
#define MIGTRACE_VCPUS_MAX	4096
#define MIGTRACE_LARGE_AUTO	(~0ULL)

/**
 * enum migtrace_mode - how the VM logs dirty pages; fixed when its VMM created it
 * @MIGTRACE_MODE_RING: a ring for each vCPU (KVM_CAP_DIRTY_LOG_RING)
 * @MIGTRACE_MODE_BITMAP: a bitmap for each memslot
 */
enum migtrace_mode {
	MIGTRACE_MODE_RING = 1,
	MIGTRACE_MODE_BITMAP = 2,
};

/**
 * enum migtrace_feature - what this kernel let the session hook
 * @MIGTRACE_FEAT_RESET: ring resets are seen, so that no entry is freed unread; without it
 *	entries that were freed between two ticks are counted as overruns
 * @MIGTRACE_FEAT_RING_FULL: exits because of a full ring are counted
 * @MIGTRACE_FEAT_CLEAR: clears of the bitmap are seen; without it pages that were dirtied
 *	and cleared between two ticks are missed, and counts are lower bounds
 * @MIGTRACE_FEAT_COMMIT: changes of memslots are seen at once, so that the moment at which
 *	logging began is exact; without it, it is known to within a tick
 */
enum migtrace_feature {
	MIGTRACE_FEAT_RESET = 1 << 0,
	MIGTRACE_FEAT_RING_FULL = 1 << 1,
	MIGTRACE_FEAT_CLEAR = 1 << 2,
	MIGTRACE_FEAT_COMMIT = 1 << 3,
};

/**
 * struct migtrace_info - what the module is
 * @abi_version: out, MIGTRACE_ABI_VERSION of the module
 * @sessions: out, sessions open now
 * @sessions_max: out, how many there may be
 * @reserved: out, 0
 */
struct migtrace_info {
	__u32 abi_version;
	__u32 sessions;
	__u32 sessions_max;
	__u32 reserved;
};

/**
 * struct migtrace_attach - make the file a session on a VM
 * @abi_version: in, MIGTRACE_ABI_VERSION; -EPROTO when the module has another
 * @vm_fd: in, the VM's file; -EBADF, or -EINVAL when it is no file of a KVM VM
 * @tick_ns: in, length of a tick, MIGTRACE_TICK_MIN_NS to MIGTRACE_TICK_MAX_NS
 * @window_ns: in, a new window begins at the first reset or clear that comes at least this
 *	long after the last one began; 0: windows begin when logging does, and on request
 * @record_count: in, records that the ring holds: a power of two up to
 *	MIGTRACE_RECORDS_MAX, 0 for 1024
 * @vcpu_count: in, how many vCPUs to count apart, at most MIGTRACE_VCPUS_MAX
 * @large_pages: in, memslots of at least so many pages are the memory that windows are about:
 *	a guest's video memory is logged always, and says nothing of a migration. 0: all of
 *	them; MIGTRACE_LARGE_AUTO: an eighth of the largest, but no more than 128 MiB
 * @wake_records: in, a reader is woken once so many records are there, or the last one:
 *	poll(2) says no sooner that it is worth reading. 0: each
 * @pad: in, 0
 * @features: out, set of enum migtrace_feature
 * @map_bytes: out, length to mmap
 * @record_bytes: out, size of a record with its @vcpu_count vCPUs
 * @mode: out, enum migtrace_mode
 * @reserved: in, 0
 *
 * -EBUSY: the file has a session already. -EUSERS: too many sessions, in all or of this
 * user. -ESRCH: the VMM is gone, or has closed the VM. -EAGAIN: the VM has no vCPU yet, and its
 * VMM may still choose how it logs. -EPERM: what a guest writes is its VMM's secret: the caller
 * has to have the VMM's user and groups, or CAP_SYS_PTRACE over it. -EOPNOTSUPP: KVM is not the
 * one whose structures this module was built for.
 *
 * A session has at most the module's session_mib of memory. Records may have a quarter of it.
 * Sets are made for memslots that are not logged as far as they fit into another quarter; for
 * others once they are logged, and what the VMM clears before the next tick is then not seen.
 */
struct migtrace_attach {
	__u32 abi_version;
	__s32 vm_fd;
	__u64 tick_ns;
	__u64 window_ns;
	__u32 record_count;
	__u32 vcpu_count;
	__u64 large_pages;
	__u32 wake_records;
	__u32 pad;
	__u64 features;
	__u64 map_bytes;
	__u32 record_bytes;
	__u32 mode;
	__u64 reserved[2];
};

/**
 * struct migtrace_ring - the first page of the mapping; records follow at @records_offset
 * @abi_version: MIGTRACE_ABI_VERSION
 * @records_offset: bytes from the start of the mapping to record 0
 * @record_bytes: distance between two records
 * @record_count: how many the ring holds; record n is at index n & (@record_count - 1)
 * @head: written by the module: records made so far
 * @lost: written by the module: records that found the ring full and were dropped
 * @tail: written by the reader: records read so far; the module only compares it with
 *	@head, so that a wrong one costs records and nothing else
 * @pad0: keeps what the module writes, and what the reader writes, on cache lines of their own
 * @pad1: likewise
 * @pad2: likewise
 *
 * The reader loads @head with acquire, and stores @tail with release after reading.
 */
struct migtrace_ring {
	__u32 abi_version;
	__u32 records_offset;
	__u32 record_bytes;
	__u32 record_count;
	__u64 pad0[6];
	__u64 head;
	__u64 lost;
	__u64 pad1[6];
	__u64 tail;
	__u64 pad2[7];
};

/**
 * enum migtrace_valid - which fields of a record mean something; a field without its bit
 *	is unknown, not 0
 * @MIGTRACE_VALID_PAGES: pages, events
 * @MIGTRACE_VALID_WINDOW: window_pages counts from a clean start: it is U(end - start)
 * @MIGTRACE_VALID_VCPUS: vcpu, events of each
 * @MIGTRACE_VALID_RING_FULL: ring_full_exits
 * @MIGTRACE_VALID_RESETS: resets, cleared_pages
 * @MIGTRACE_VALID_RING_USED: ring_used, ring_entries, and ring_used of each vCPU
 */
enum migtrace_valid {
	MIGTRACE_VALID_PAGES = 1 << 0,
	MIGTRACE_VALID_WINDOW = 1 << 1,
	MIGTRACE_VALID_VCPUS = 1 << 2,
	MIGTRACE_VALID_RING_FULL = 1 << 3,
	MIGTRACE_VALID_RESETS = 1 << 4,
	MIGTRACE_VALID_RING_USED = 1 << 5,
};

/**
 * enum migtrace_state - what was the case during a tick
 * @MIGTRACE_STATE_LOGGING: at least one large memslot was logged at the tick's end
 * @MIGTRACE_STATE_SLOTS: memslots came, went or changed
 * @MIGTRACE_STATE_LOWER_BOUND: pages, events and window_pages are at least these
 * @MIGTRACE_STATE_NO_MEMORY: sets for a memslot that is logged could not be had, or are more
 *	than a session may have: its pages are overruns (ring), or not counted (bitmap)
 * @MIGTRACE_STATE_GONE: the VMM is gone; this is the session's last record
 * @MIGTRACE_STATE_RESTART: logging went off and on again within the tick: what it counts is
 *	of several logs, and of the time between them nothing is known. LOWER_BOUND is set, too
 * @MIGTRACE_STATE_SLOWED: ticks are longer than was asked for, since a look takes so long: it
 *	may take a quarter of the time
 */
enum migtrace_state {
	MIGTRACE_STATE_LOGGING = 1 << 0,
	MIGTRACE_STATE_SLOTS = 1 << 1,
	MIGTRACE_STATE_LOWER_BOUND = 1 << 2,
	MIGTRACE_STATE_NO_MEMORY = 1 << 3,
	MIGTRACE_STATE_GONE = 1 << 4,
	MIGTRACE_STATE_RESTART = 1 << 5,
	MIGTRACE_STATE_SLOWED = 1 << 6,
};

/**
 * struct migtrace_vcpu - one vCPU in one tick, for rings only
 * @events: pages that it logged
 * @ring_used: the most entries that its ring held of those that the VMM had not reset:
 *	dirty_index less reset_index, looked at before each reset and at the tick's end
 */
struct migtrace_vcpu {
	__u32 events;
	__u32 ring_used;
};

/**
 * struct migtrace_record - one tick
 * @tick: number of the tick, from 1; a gap means that records were lost
 * @start_ns: when the tick began: the end of the one before
 * @end_ns: when it ended
 * @valid: set of enum migtrace_valid
 * @state: set of enum migtrace_state
 * @pages: distinct pages logged in this tick
 * @events: times that a page was logged: entries of the rings, or bits that appeared in
 *	the bitmaps
 * @overruns: events whose page is not known, because the entry was overwritten before it
 *	was read or named no page of a memslot; they are in @events, not in @pages
 * @other_events: events of other address spaces than the first (x86: what the guest writes
 *	in system management mode); they are in @events, not in @pages and not in @overruns
 * @resets: resets of a ring, or clears of 64 pages of a bitmap
 * @cleared_pages: bitmap: pages made clean by those clears
 * @ring_full_exits: vCPUs' exits because of a full ring
 * @window: number of the window, from 1; 0 before the first
 * @window_start_ns: when it began
 * @window_stale_pages: pages that were dirty when it began, and so count from its start
 * @window_pages: distinct pages logged since it began
 * @logged_pages: size of the large memslots that are logged
 * @epoch: how often the log of a large memslot has begun since the session did; two records
 *	with different ones do not belong to one log
 * @tick_ns: how long ticks are meant to be now
 * @vcpus: how many vCPUs follow
 * @ring_used: ring: the largest that any vCPU has, those among them that do not follow
 * @ring_entries: ring: what each has room for. KVM takes some of it for itself and lets a vCPU
 *	exit a little sooner (RING FULL), so a ring that comes near to it is too small
 * @pad: 0
 * @vcpu: each vCPU, by its index
 */
struct migtrace_record {
	__u64 tick;
	__u64 start_ns;
	__u64 end_ns;
	__u32 valid;
	__u32 state;
	__u64 pages;
	__u64 events;
	__u64 overruns;
	__u64 resets;
	__u64 cleared_pages;
	__u64 ring_full_exits;
	__u64 window;
	__u64 window_start_ns;
	__u64 window_stale_pages;
	__u64 window_pages;
	__u64 logged_pages;
	__u64 other_events;
	__u64 epoch;
	__u64 tick_ns;
	__u32 vcpus;
	__u32 ring_used;
	__u32 ring_entries;
	__u32 pad;
	struct migtrace_vcpu vcpu[];
};

/**
 * enum migtrace_slot_flag - what is the case with a memslot
 * @MIGTRACE_SLOT_LOGGING: it is logged
 * @MIGTRACE_SLOT_LARGE: windows are about it
 * @MIGTRACE_SLOT_SETS: sets of its pages are kept
 */
enum migtrace_slot_flag {
	MIGTRACE_SLOT_LOGGING = 1 << 0,
	MIGTRACE_SLOT_LARGE = 1 << 1,
	MIGTRACE_SLOT_SETS = 1 << 2,
};

/**
 * struct migtrace_slot - one memslot of the VM
 * @as_id: address space: 0, others are not listed
 * @id: number of the memslot in it
 * @flags: set of enum migtrace_slot_flag
 * @base_gfn: first guest page
 * @pages: size
 * @unknown_pages: bitmap: pages whose writes are not seen before they are cleared for the
 *	first time: nobody knows since when they have been dirty. What is counted of the memslot
 *	is a lower bound while there are any
 * @logging_ns: when it began to be logged; 0: never, or before the session began
 */
struct migtrace_slot {
	__u16 as_id;
	__u16 id;
	__u32 flags;
	__u64 base_gfn;
	__u64 pages;
	__u64 unknown_pages;
	__u64 logging_ns;
};

/**
 * struct migtrace_slots - list the memslots
 * @slots_ptr: in, where to put an array of struct migtrace_slot
 * @count: in, room there; out, how many memslots there are, which may be more
 * @reserved: in, 0
 */
struct migtrace_slots {
	__u64 slots_ptr;
	__u32 count;
	__u32 reserved;
};

/**
 * enum migtrace_set_kind - which set of pages
 * @MIGTRACE_SET_TICK: pages logged in the tick that ended last
 * @MIGTRACE_SET_WINDOW: pages logged since the window began
 */
enum migtrace_set_kind {
	MIGTRACE_SET_TICK = 0,
	MIGTRACE_SET_WINDOW = 1,
};

/**
 * struct migtrace_pages - read a set of pages of one memslot as a bitmap
 * @tick: in, the tick wanted, 0 for the last one; out, the tick it is. -ESTALE: another
 *	tick has ended meanwhile
 * @as_id: in, address space of the memslot
 * @id: in, its number. -ENXIO: there is no such memslot
 * @kind: in, enum migtrace_set_kind
 * @first_page: in, a multiple of 64
 * @page_count: in, how many bits are wanted; past the memslot's end -EINVAL
 * @bitmap_ptr: in, room for @page_count bits rounded up to 64; bit 0 of byte 0 is
 *	@first_page
 */
struct migtrace_pages {
	__u64 tick;
	__u16 as_id;
	__u16 id;
	__u32 kind;
	__u64 first_page;
	__u64 page_count;
	__u64 bitmap_ptr;
};

/**
 * struct migtrace_stats - what the session has cost so far
 * @hold_ns: longest time that its lock was held, while KVM may wait for it. (A virtual host's
 *	CPU may be taken away meanwhile.)
 * @hold_work: most entries, words of a bitmap, or memslots that were handled in such a time
 * @look_ns: longest look
 * @late_ns: the most that a tick was late
 * @missed_hooks: calls of KVM's that the kernel did not tell of; logs are then taken as found
 * @bytes: memory of sets and records
 * @bytes_max: how much they may have
 * @kicks: vCPUs that were made to leave the guest: module parameter kick
 */
struct migtrace_stats {
	__u64 hold_ns;
	__u64 hold_work;
	__u64 look_ns;
	__u64 late_ns;
	__u64 missed_hooks;
	__u64 bytes;
	__u64 bytes_max;
	__u64 kicks;
};

#define MIGTRACE_IOC_MAGIC	0xDC
#define MIGTRACE_IOC_INFO	_IOR(MIGTRACE_IOC_MAGIC, 0, struct migtrace_info)
#define MIGTRACE_IOC_ATTACH	_IOWR(MIGTRACE_IOC_MAGIC, 1, struct migtrace_attach)
#define MIGTRACE_IOC_SLOTS	_IOWR(MIGTRACE_IOC_MAGIC, 2, struct migtrace_slots)
#define MIGTRACE_IOC_PAGES	_IOWR(MIGTRACE_IOC_MAGIC, 3, struct migtrace_pages)
/* Let the next window begin at the next reset or clear, whatever window_ns says. */
#define MIGTRACE_IOC_WINDOW	_IO(MIGTRACE_IOC_MAGIC, 4)
#define MIGTRACE_IOC_STATS	_IOR(MIGTRACE_IOC_MAGIC, 5, struct migtrace_stats)

#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(struct migtrace_info) == 16, "ABI");
_Static_assert(sizeof(struct migtrace_attach) == 88, "ABI");
_Static_assert(sizeof(struct migtrace_ring) == 192, "ABI");
_Static_assert(sizeof(struct migtrace_vcpu) == 8, "ABI");
_Static_assert(sizeof(struct migtrace_record) == 160, "ABI");
_Static_assert(sizeof(struct migtrace_slot) == 40, "ABI");
_Static_assert(sizeof(struct migtrace_slots) == 16, "ABI");
_Static_assert(sizeof(struct migtrace_pages) == 40, "ABI");
_Static_assert(sizeof(struct migtrace_stats) == 64, "ABI");
#endif

#endif
