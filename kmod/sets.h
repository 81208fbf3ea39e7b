/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sets.h - the sets of pages that a session keeps: three bits for each page of a memslot
 */
#ifndef MIGTRACE_SETS_H
#define MIGTRACE_SETS_H

#include <linux/kvm_host.h>

/* Bits of a tick's set are cleared by parts of so many pages if the memslot is large. */
#define MIGTRACE_PART_SHIFT	15
#define MIGTRACE_PART_PAGES	(1UL << MIGTRACE_PART_SHIFT)
/* From this size on (2 GiB, 64 KiB a bitmap) it pays to remember which parts were touched. */
#define MIGTRACE_PARTS_FROM	(1UL << 19)

/**
 * struct migtrace_set - one memslot's pages
 * @slot: (address space << 16) | id, as in an entry of a dirty ring
 * @logging: the memslot was logged when last looked at
 * @base_gfn: first page
 * @pages: size
 * @tick: ring: pages of the tick that runs
 * @window: ring: pages of the window
 * @a: bitmap: see @b
 * @b: bitmap: what is known of a page is one of four states, (a, b):
 *	(0, 0) nothing; (1, 0) logged in this window, and cleared since;
 *	(1, 1) logged, and so far not cleared: its bit in KVM's bitmap is no news;
 *	(0, 1) found at a clear since the last scan: it belongs to the tick and the window
 * @published: pages of the tick that ended last
 * @touched: ring, large memslots: parts of @tick that are not all 0; else NULL
 * @touched_published: likewise of @published
 * @kvm_bitmap: bitmap: KVM's, when last looked at; never followed, only compared
 * @adopt: bitmap: the session began while the memslot was logged: what its first scan finds
 *	is from before
 * @ending: bitmap: logging has ended; the tick's look is the last one
 * @leftover: bitmap: @published still holds the last tick with logging
 * @unknown_pages: bitmap: pages in state (1, 1) because nobody could know better when the
 *	session began or logging did: until they are cleared their writes are not seen
 *
 * Bits are changed under the session's lock only. @a and @b share room with @tick and
 * @window: a VM has rings or bitmaps, never both.
 */
struct migtrace_set {
	u32 slot;
	bool logging;
	u64 base_gfn;
	u64 pages;
	union {
		unsigned long *tick;
		unsigned long *a;
	};
	union {
		unsigned long *window;
		unsigned long *b;
	};
	unsigned long *published;
	u8 *touched, *touched_published;
	const void *kvm_bitmap;
	bool adopt, ending, leftover;
	u64 unknown_pages;
};

/**
 * struct migtrace_sets - all of a VM's memslots
 * @generation: KVM's, of each address space, that they were made from
 * @count: how many
 * @last: where the last look-up ended
 * @set: sorted by slot
 */
struct migtrace_sets {
	u64 generation[2];
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
void migtrace_sets_free(struct migtrace_sets *sets);
struct migtrace_set *migtrace_sets_find(struct migtrace_sets *sets, u32 slot);
/* Bitmap: after the last look, be ready for logging to begin again. */
void migtrace_set_ended(struct migtrace_session *s, struct migtrace_set *set);
/* Bitmap: a tick without logging publishes nothing. */
void migtrace_set_forget(struct migtrace_set *set);
/* Clear what @tick or @published of a set holds, as far as it was touched. May sleep. */
void migtrace_set_clear(const struct migtrace_set *set, unsigned long *bits, u8 *touched);

#endif
