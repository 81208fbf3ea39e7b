/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bits.h - a bit per page in 64-bit words, and a bit per word that is not 0 (PURE)
 *
 * The second level lets a search pass over 4096 clean pages with one look: a guest of
 * 1 TiB has 4 million words, of which a late iteration finds a few thousand.
 */
#ifndef MIGTRACE_SIM_BITS_H
#define MIGTRACE_SIM_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct mt_bits {
	uint64_t *words;
	uint64_t *summary;		/* bit w: words[w] is not 0 */
	size_t n_words, n_summary;
	uint64_t n;			/* pages */
};

#define MT_BITS_NONE	SIZE_MAX

MT_MUST_CHECK int mt_bits_init(struct mt_bits *b, uint64_t n);	/* all 0; -ENOMEM */
void mt_bits_fini(struct mt_bits *b);
void mt_bits_fill(struct mt_bits *b, uint64_t first, uint64_t count);	/* to 1 */
/* The first word from @word on, below @end, that is not 0, or MT_BITS_NONE. */
size_t mt_bits_next_word(const struct mt_bits *b, size_t word, size_t end);

static inline void mt_bits_put_word(struct mt_bits *b, size_t word, uint64_t value)
{
	uint64_t mark = 1ULL << (word & 63);

	b->words[word] = value;
	if (value)
		b->summary[word >> 6] |= mark;
	else
		b->summary[word >> 6] &= ~mark;
}

static inline bool mt_bits_has(const struct mt_bits *b, uint64_t page)
{
	return b->words[page >> 6] >> (page & 63) & 1;
}

static inline void mt_bits_set(struct mt_bits *b, uint64_t page)
{
	size_t word = page >> 6;

	b->words[word] |= 1ULL << (page & 63);
	b->summary[word >> 6] |= 1ULL << (word & 63);
}

static inline void mt_bits_clear(struct mt_bits *b, uint64_t page)
{
	mt_bits_put_word(b, page >> 6, b->words[page >> 6] & ~(1ULL << (page & 63)));
}

#endif
