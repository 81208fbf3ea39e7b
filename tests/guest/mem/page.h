/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a page of the region holds, and the table of what it should hold.
 *
 *	word 0		key: the page's number, tagged so that it is never 0
 *	word 1		seq: how often the page was written
 *	word 64+128*k	mark of the last write with seq % 8 == k
 *	word 1022	seq again
 *	word 1023	key again
 *
 * A write counts in the table first and goes to the page then; nothing is seen
 * of it half done, because a vCPU is stopped between two instructions of the
 * same guest state that is migrated.
 */
#ifndef MEMGUEST_PAGE_H
#define MEMGUEST_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_BYTES	4096
#define PAGE_SHIFT	12
#define PAGE_TAG	0x6d700000u
#define PAGE_COUNT_MAX	((1u << 20) - 1)
#define PAGE_SLOTS	8

struct page_data {
	uint32_t head_key;
	uint32_t head_seq;
	uint32_t body[1020];
	uint32_t tail_seq;
	uint32_t tail_key;
};

struct memory {
	struct page_data *page;		/* the region */
	uint32_t *seq;			/* the table: writes of each page */
	uint32_t *perm;			/* page of a rank, or 0 */
	uint32_t pages;
	uint64_t writes;		/* sum of the table */
	uint32_t distinct;		/* pages written at least once */
	uint32_t sink;			/* where reads go */
};

extern struct memory mem;

static inline uint32_t page_key(uint32_t page)
{
	return PAGE_TAG | page;
}

static inline uint32_t page_mark(uint32_t key, uint32_t seq)
{
	return key + seq * 0x9e3779b1u;
}

static inline uint32_t *page_slot(struct page_data *data, uint32_t seq)
{
	return &data->body[62 + 128 * (seq % PAGE_SLOTS)];
}

/* seqs and pages are mem's: the caller's loop keeps them in registers. */
static inline void page_write(uint32_t *seqs, struct page_data *pages, uint32_t page)
{
	struct page_data *data = &pages[page];
	uint32_t seq = ++seqs[page];

	if (seq == 1)
		mem.distinct++;
	data->head_seq = seq;
	*page_slot(data, seq) = page_mark(page_key(page), seq);
	data->tail_seq = seq;
}

#endif
