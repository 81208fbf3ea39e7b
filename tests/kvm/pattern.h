/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pattern.h - sequences of pages that guest and host compute alike
 *
 * The state after n steps depends on nothing but the state before, so the host
 * recomputes what a guest wrote, however the writes were cut into batches.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdint.h>

enum pattern_kind {
	PATTERN_SEQUENTIAL,
	PATTERN_UNIFORM,
	PATTERN_ALIAS,			/* any weights, by Walker's alias method */
};

/* Page i is kept with probability keep / 2^32, else its alias is taken. */
struct pattern_alias {
	uint32_t keep;
	uint32_t alias;
};

struct pattern {
	uint64_t kind;
	uint64_t pages;			/* the sequence is of numbers below this */
	uint64_t cursor;		/* next page of a sweep */
	uint64_t rng;			/* xorshift64*, never 0 */
};

/* Seeds next to each other give unrelated sequences (the splitmix64 finaliser). */
static inline uint64_t pattern_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15UL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9UL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebUL;
	return x ^ (x >> 31);
}

static inline void pattern_init(struct pattern *p, enum pattern_kind kind, uint64_t pages,
				uint64_t seed)
{
	p->kind = kind;
	p->pages = pages;
	p->cursor = 0;
	p->rng = pattern_mix(seed) | 1;
}

static inline uint64_t pattern_next(struct pattern *p, const struct pattern_alias *table)
{
	unsigned __int128 scaled;
	uint64_t page;

	if (p->kind == PATTERN_SEQUENTIAL) {
		page = p->cursor;
		p->cursor = page + 1 == p->pages ? 0 : page + 1;
		return page;
	}
	p->rng ^= p->rng >> 12;
	p->rng ^= p->rng << 25;
	p->rng ^= p->rng >> 27;
	/* The integer part of random * pages is the page, its fraction another random number. */
	scaled = (unsigned __int128)(p->rng * 0x2545f4914f6cdd1dUL) * p->pages;
	page = scaled >> 64;
	if (p->kind == PATTERN_ALIAS && (uint32_t)((uint64_t)scaled >> 32) >= table[page].keep)
		page = table[page].alias;
	return page;
}

#endif
