/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sets.h - the sets of pages that a session keeps: four bits for each page of a memslot
 */
#ifndef MIGTRACE_SETS_H
#define MIGTRACE_SETS_H

#include <linux/kvm_host.h>

/* Sets are cleared by parts of so many pages: 128 MiB of guest, 4 KiB of a set. */
#define MIGTRACE_PART_SHIFT	15
#define MIGTRACE_PART_PAGES	(1UL << MIGTRACE_PART_SHIFT)
#define MIGTRACE_PART_LONGS	(MIGTRACE_PART_PAGES / BITS_PER_LONG)
/* Rings: from this size on (2 GiB, 64 KiB a set) it pays to remember which parts were touched. */
#define MIGTRACE_PARTS_FROM	(1UL << 19)

/**
 * enum migtrace_birth - what a memslot's log is as it begins
 * @MIGTRACE_BIRTH_CLEAN: nothing is dirty
 * @MIGTRACE_BIRTH_ONES: KVM's bitmap begins all ones, though nothing was written
 * @MIGTRACE_BIRTH_FOUND: the log was there before us: what is dirty has been for how long nobody
 * knows
 */
enum migtrace_birth {
	MIGTRACE_BIRTH_CLEAN,
	MIGTRACE_BIRTH_ONES,
	MIGTRACE_BIRTH_FOUND,
};

/**
 * struct migtrace_set - one memslot's pages
 * @slot: its number, as in an entry of a dirty ring: those of address space 0 alone
 * @logging: the memslot is logged
 * @large: windows are about it
 * @base_gfn: first page
 * @pages: size
 * @logging_ns: when its log began; 0: never, or before the session did
 * @birth: how it began
 * @epoch: bitmap: how often it has. A part whose @part_epoch is another one has the bits of an
 *	earlier log: it is what @birth says, and is made so by whoever comes to it first. So a log
 *	may begin anew at any moment, in no time
 * @part_epoch: bitmap
 * @tick: ring: pages of the tick that runs
 * @window: ring: pages of the window
 * @spare: ring: empty, for the window that begins next
 * @a: bitmap: see @b
 * @b: bitmap: what is known of a page is one of four states, (a, b):
 *	(0, 0) nothing; (1, 0) logged in this window, and cleared since;
 *	(1, 1) logged, and so far not cleared: its bit in KVM's bitmap is no news;
 *	(0, 1) found at a clear since the last scan: it belongs to the tick and the window
 * @unknown: bitmap: pages in state (1, 1) because nobody could know better when the session
 *	began or the log did: until they are cleared their writes are not seen
 * @unknown_pages: how many of them
 * @published: pages of the tick that ended last
 * @touched: ring, large memslots: parts of @tick that are not all 0; else NULL
 * @touched_published: likewise of @published
 * @kvm_bitmap: bitmap: KVM's; never followed, only compared
 * @found: bitmap: MIGTRACE_BIRTH_FOUND, and the thread has not yet looked what there is
 * @ending: bitmap: the log has ended; the tick's look is the last one
 * @leftover: bitmap: @published still holds the last tick of the log
 * @bytes: what it has of the session's memory
 *
 * Bits and flags are changed under the session's lock only, but for @spare, which is the
 * thread's. All of the sets are there or none is, and then @published is NULL.
 */
struct migtrace_set {
	u32 slot;
	bool logging, large;
	u64 base_gfn;
	u64 pages;
	u64 logging_ns;
	enum migtrace_birth birth;
	u32 epoch;
	u32 *part_epoch;
	union {
		unsigned long *tick;
		unsigned long *a;
	};
	union {
		unsigned long *window;
		unsigned long *b;
	};
	union {
		unsigned long *spare;
		unsigned long *unknown;
	};
	unsigned long *published;
	u8 *touched, *touched_published;
	const void *kvm_bitmap;
	bool found, ending, leftover;
	u64 unknown_pages;
	size_t bytes;
};

/**
 * struct migtrace_sets - all memslots of a VM's address space 0
 * @generation: KVM's, that they were made from
 * @commits: of which the session had been told by then
 * @count: how many
 * @last: where the last look-up ended
 * @set: sorted by slot
 */
struct migtrace_sets {
	u64 generation;
	u64 commits;
	unsigned int count;
	unsigned int last;
	struct migtrace_set *set[];
};

static inline size_t migtrace_set_longs(const struct migtrace_set *set)
{
	return BITS_TO_LONGS(set->pages);
}

static inline size_t migtrace_set_parts(const struct migtrace_set *set)
{
	return DIV_ROUND_UP(set->pages, MIGTRACE_PART_PAGES);
}

struct migtrace_session;

/* Bring the session's sets in line with the VM's memslots. May sleep. -EAGAIN: they changed
 * meanwhile, come again; -ENOMEM: the old sets stay.
 */
int migtrace_sets_sync(struct migtrace_session *s);
void migtrace_sets_free(struct migtrace_session *s);
struct migtrace_set *migtrace_sets_find(struct migtrace_sets *sets, u32 slot);
/* KVM has changed a memslot: @old is NULL as it comes, @new as it goes. Under the lock. */
void migtrace_sets_commit(struct migtrace_session *s, const struct kvm_memory_slot *old,
			  const struct kvm_memory_slot *new);
/* Whatever was told of logs is not to be relied on: the next sync looks for itself. */
void migtrace_sets_doubt(struct migtrace_session *s);
/* Bitmap: after the last look of a log. */
void migtrace_set_ended(struct migtrace_session *s, struct migtrace_set *set);
/* Bitmap: a tick without a log publishes nothing. */
void migtrace_set_forget(struct migtrace_set *set);
/* Clear @bits of a set, as far as it was touched: all of it if @touched is NULL. May sleep. */
void migtrace_set_clear(const struct migtrace_set *set, unsigned long *bits, u8 *touched);

#endif
