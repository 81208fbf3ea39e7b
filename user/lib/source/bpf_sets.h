/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpf_sets.h - which pages of which memslot: the bits that the dirty probe set, collected
 *
 * The probe sets bits in words that it is told by a table of memslots; each look takes them
 * out of there into the sets of the tick and of the window.
 */
#ifndef MIGTRACE_SOURCE_BPF_SETS_H
#define MIGTRACE_SOURCE_BPF_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/migtrace.h>

#include <migtrace/events.h>

#include "base/cleanup.h"

struct mt_bpf_set {
	uint32_t slot;			/* as_id << 16 | id */
	bool logging;
	bool placed;			/* there was room for its words */
	uint64_t base_gfn, pages;
	uint64_t dirty_bitmap;		/* KVM's, 0: none */
	uint32_t first_word;
	uint64_t *tick, *window;
};

struct mt_bpf_sets {
	struct mte_word *words;		/* shared with the probe, as is the table */
	struct mte_slot *table;
	uint64_t n_words;
	struct mt_bpf_set *set;		/* by slot */
	size_t count;
	uint64_t logged_pages;		/* of address space 0 */
	bool lacking;			/* there was no room for a memslot that is logged */
};

/* What became of the memslots: for the record's state. */
#define MT_BPF_SETS_CHANGED	1
#define MT_BPF_SETS_LOGGING	2	/* some began to be logged that were not */
#define MT_BPF_SETS_NO_ROOM	4	/* for the list itself */
#define MT_BPF_SETS_RESTART	8	/* logging went off and on again */

/* How many words a VM's memslots want, with room for some more memory. */
uint64_t mt_bpf_sets_words(const struct mte_walk *walk);

/* Return: a set of the above, or -ENOMEM. */
MT_MUST_CHECK int mt_bpf_sets_sync(struct mt_bpf_sets *s, const struct mte_walk *walk);
void mt_bpf_sets_fini(struct mt_bpf_sets *s);
struct mt_bpf_set *mt_bpf_sets_find(const struct mt_bpf_sets *s, uint32_t slot);

struct mt_bpf_counts {
	uint64_t pages;			/* distinct ones of the tick */
	uint64_t window_pages;		/* that are new to the window */
	uint64_t stale_pages;
};

#define MT_BPF_NO_LANE	MTE_LANES

/*
 * Empties the lanes of the tick: @last, and, if a window began in it, @before, whose pages are
 * the old window's. With @begins the set of the window starts anew from @last.
 */
void mt_bpf_sets_collect(struct mt_bpf_sets *s, unsigned before, unsigned last, bool begins,
			 struct mt_bpf_counts *counts);

/*
 * Empties MTE_LANE_SCRATCH: pages that are dirty now. Those that neither the tick nor
 * @current (the lane written to now) has were dirty before: the window gets them.
 */
void mt_bpf_sets_stale(struct mt_bpf_sets *s, unsigned current, struct mt_bpf_counts *counts);

/* As MIGTRACE_IOC_PAGES, but for the tick's number. */
MT_MUST_CHECK int mt_bpf_sets_pages(const struct mt_bpf_sets *s,
				    const struct migtrace_pages *pages);

#endif
