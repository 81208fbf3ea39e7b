/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpf_dirty.h - the dirty probe, loaded for one VM
 */
#ifndef MIGTRACE_SOURCE_BPF_DIRTY_H
#define MIGTRACE_SOURCE_BPF_DIRTY_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/migtrace.h>

#include <migtrace/events.h>

#include "base/cleanup.h"
#include "base/err.h"

/* 2^29 bytes is as far as the verifier lets a program reach: 4 TiB of guest */
#define MT_BPF_WORDS_MAX	((1ULL << 29) / sizeof(struct mte_word) - 1)

struct mt_bpf_dirty;

/* Loads and attaches it for the VM at @kvm, with room for @words times 64 pages. */
MT_MUST_CHECK int mt_bpf_dirty_open(uint64_t kvm, bool ring, uint64_t words, uint64_t window_ns,
				    bool wanted, struct mt_bpf_dirty **dirty, struct mt_err *err);
void mt_bpf_dirty_close(struct mt_bpf_dirty *d);	/* NULL is fine */
uint64_t mt_bpf_dirty_features(const struct mt_bpf_dirty *d);	/* enum migtrace_feature */

/* Shared with the programs */
struct mte_word *mt_bpf_dirty_words(const struct mt_bpf_dirty *d);
struct mte_slot *mt_bpf_dirty_table(const struct mt_bpf_dirty *d);

/* Lanes that a tick ended. */
struct mt_bpf_cut {
	bool began;			/* a window did, at began_ns: with lane last, after lane
					 * before */
	uint64_t began_ns;
	unsigned before, last;
	unsigned current;		/* written to from now on */
};

/* Reads what the rings have. To be called before a cut; nothing for guests with bitmaps. */
MT_MUST_CHECK int mt_bpf_dirty_harvest(struct mt_bpf_dirty *d);

/* Ends the tick that runs. Once the lanes have been emptied they are given back. */
void mt_bpf_dirty_cut(struct mt_bpf_dirty *d, struct mt_bpf_cut *cut);
void mt_bpf_dirty_give_back(struct mt_bpf_dirty *d, const struct mt_bpf_cut *cut);

/* Counts of a tick's lanes */
struct mt_bpf_sums {
	uint64_t events, resets, cleared_pages, ring_full, strange;
	uint32_t ring_used, ring_entries;	/* the fullest ring, and what each has room for */
};

/* @vcpu: the first @vcpus of them; ring guests only. */
void mt_bpf_dirty_sums(struct mt_bpf_dirty *d, const struct mt_bpf_cut *cut,
		       struct mt_bpf_sums *sums, struct migtrace_vcpu *vcpu, unsigned vcpus);

/* Pages that are dirty now into MTE_LANE_SCRATCH: of all rings, of one memslot's bitmap. */
MT_MUST_CHECK int mt_bpf_dirty_read_rings(struct mt_bpf_dirty *d);
MT_MUST_CHECK int mt_bpf_dirty_copy_bitmap(struct mt_bpf_dirty *d, uint64_t bitmap,
					   uint32_t first_word, uint64_t words);

/* A window begins at the next reset or clear. */
void mt_bpf_dirty_want_window(struct mt_bpf_dirty *d);
/* One has begun at @start_ns by other reasons. */
void mt_bpf_dirty_window_began(struct mt_bpf_dirty *d, uint64_t start_ns);

#endif
