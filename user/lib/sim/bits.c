// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bits.c - a bit per page in 64-bit words, and a bit per word that is not 0 (PURE)
 */
#include <errno.h>
#include <string.h>

#include "bits.h"

int mt_bits_init(struct mt_bits *b, uint64_t n)
{
	memset(b, 0, sizeof(*b));
	b->n = n;
	b->n_words = (n + 63) / 64;
	b->n_summary = (b->n_words + 63) / 64;
	b->words = calloc(b->n_words + 1, sizeof(*b->words));
	b->summary = calloc(b->n_summary + 1, sizeof(*b->summary));
	if (b->words && b->summary)
		return 0;
	mt_bits_fini(b);
	return -ENOMEM;
}

void mt_bits_fini(struct mt_bits *b)
{
	free(b->words);
	free(b->summary);
	memset(b, 0, sizeof(*b));
}

void mt_bits_fill(struct mt_bits *b, uint64_t first, uint64_t count)
{
	uint64_t end = first + count;

	while (first < end) {
		uint64_t bits = 64 - (first & 63), word = first >> 6;

		if (bits > end - first)
			bits = end - first;
		b->words[word] |= (bits == 64 ? UINT64_MAX : (1ULL << bits) - 1) << (first & 63);
		b->summary[word >> 6] |= 1ULL << (word & 63);
		first += bits;
	}
}

size_t mt_bits_next_word(const struct mt_bits *b, size_t word, size_t end)
{
	size_t s = word >> 6, last;
	uint64_t marks;

	if (end > b->n_words)
		end = b->n_words;
	if (word >= end)
		return MT_BITS_NONE;
	last = (end - 1) >> 6;
	marks = b->summary[s] & (UINT64_MAX << (word & 63));
	while (!marks) {
		if (s == last)
			return MT_BITS_NONE;
		marks = b->summary[++s];
	}
	word = (s << 6) + (size_t)__builtin_ctzll(marks);
	return word < end ? word : MT_BITS_NONE;
}
