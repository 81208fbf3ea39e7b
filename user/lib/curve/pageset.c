// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pageset.c - a set of guest pages, by page number; CRoaring behind it (PURE)
 */
#include <errno.h>

#include <roaring/roaring.h>

#include "pageset.h"

#define BATCH	1024
#define WORDS	(1ULL << 26)	/* of pages below 2^32 */
#define WORDS_KEPT	(1u << 20)	/* at most: 16 MiB */
/* words of which it is seen together that they are empty: most are */
#define AT_ONCE	8

struct mt_pageset {
	roaring_bitmap_t *bits;
	struct mt_pageword *words;	/* what is not in @bits yet */
	size_t n, room;
};

static struct mt_pageset *wrap(roaring_bitmap_t *bits)
{
	struct mt_pageset *s = bits ? calloc(1, sizeof(*s)) : NULL;

	if (s)
		s->bits = bits;
	else if (bits)
		roaring_bitmap_free(bits);
	return s;
}

/*
 * All of it as CRoaring has it. How a set is kept is no part of what it is: callers may have a
 * const one.
 */
static roaring_bitmap_t *bits_of(const struct mt_pageset *set)
{
	struct mt_pageset *s = (struct mt_pageset *)set;
	uint32_t pages[BATCH];
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (n > BATCH - 64) {
			roaring_bitmap_add_many(s->bits, n, pages);
			n = 0;
		}
		for (uint64_t bits = s->words[i].bits; bits; bits &= bits - 1)
			pages[n++] = s->words[i].index * 64 + (uint32_t)__builtin_ctzll(bits);
	}
	if (n)
		roaring_bitmap_add_many(s->bits, n, pages);
	s->n = 0;
	return s->bits;
}

struct mt_pageset *mt_pageset_new(void)
{
	return wrap(roaring_bitmap_create());
}

struct mt_pageset *mt_pageset_copy(const struct mt_pageset *s)
{
	return wrap(roaring_bitmap_copy(bits_of(s)));
}

void mt_pageset_free(struct mt_pageset *s)
{
	if (s) {
		roaring_bitmap_free(s->bits);
		free(s->words);
	}
	free(s);
}

/* --- words ---------------------------------------------------------------- */
static int make_room(struct mt_pageset *s)
{
	size_t room = s->room ? 2 * s->room : BATCH;
	struct mt_pageword *more;

	if (s->room - s->n >= 2 * AT_ONCE)
		return 0;
	more = room <= WORDS_KEPT ? reallocarray(s->words, room, sizeof(*more)) : NULL;
	if (more) {
		s->words = more;
		s->room = room;
	} else if (s->room) {
		bits_of(s);
	} else {
		return -ENOMEM;
	}
	return 0;
}

/* Written in any case, and overwritten if it is empty: nobody could foresee which ones are. */
static int add_word(struct mt_pageset *s, uint64_t index, uint64_t bits)
{
	bool beyond = index >= WORDS && bits;

	s->words[s->n] = (struct mt_pageword){ bits, (uint32_t)index };
	s->n += bits && !beyond;
	return beyond ? -ERANGE : 0;
}

static bool empty(const uint64_t *words, size_t n)
{
	uint64_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= words[i];
	return !any;
}

int mt_pageset_add_words(struct mt_pageset *s, uint64_t first_page, const uint64_t *words,
			 size_t n_words)
{
	unsigned shift = first_page % 64;
	int rc = 0;

	for (size_t from = 0; from < n_words; from += AT_ONCE) {
		size_t n = n_words - from < AT_ONCE ? n_words - from : AT_ONCE;
		uint64_t index = first_page / 64 + from;

		/* Twice the same: of the usual length the compiler makes one test. */
		if (n == AT_ONCE ? empty(&words[from], AT_ONCE) : empty(&words[from], n))
			continue;
		if (make_room(s))
			return -ENOMEM;
		for (size_t i = 0; i < n; i++)
			rc |= add_word(s, index + i, words[from + i] << shift);
		for (size_t i = 0; shift && i < n; i++)		/* each lies across two of ours */
			rc |= add_word(s, index + i + 1, words[from + i] >> (64 - shift));
	}
	return rc;
}

#define WALK_WORDS	256

struct walk {
	void (*fn)(void *opaque, const struct mt_pageword *words, size_t n);
	void *opaque;
	struct mt_pageword words[WALK_WORDS];
	size_t n;
};

static bool on_page(uint32_t page, void *opaque)
{
	struct walk *w = opaque;

	if (!w->n || w->words[w->n - 1].index != page / 64) {
		if (w->n == WALK_WORDS) {
			w->fn(w->opaque, w->words, w->n);
			w->n = 0;
		}
		w->words[w->n++] = (struct mt_pageword){ .index = page / 64 };
	}
	w->words[w->n - 1].bits |= 1ULL << page % 64;
	return true;
}

void mt_pageset_walk(const struct mt_pageset *s,
		     void (*fn)(void *opaque, const struct mt_pageword *words, size_t n),
		     void *opaque)
{
	struct walk w;

	if (s->n)
		fn(opaque, s->words, s->n);
	w.fn = fn;
	w.opaque = opaque;
	w.n = 0;
	roaring_iterate(s->bits, on_page, &w);
	if (w.n)
		fn(opaque, w.words, w.n);
}

/* -------------------------------------------------------------------------- */
int mt_pageset_add(struct mt_pageset *s, uint64_t page)
{
	if (page > UINT32_MAX)
		return -ERANGE;
	roaring_bitmap_add(s->bits, (uint32_t)page);
	return 0;
}

void mt_pageset_clear(struct mt_pageset *s)
{
	roaring_bitmap_clear(s->bits);
	s->n = 0;
}

void mt_pageset_or(struct mt_pageset *s, const struct mt_pageset *other)
{
	roaring_bitmap_or_inplace(bits_of(s), bits_of(other));
}

void mt_pageset_and(struct mt_pageset *s, const struct mt_pageset *other)
{
	roaring_bitmap_and_inplace(bits_of(s), bits_of(other));
}

void mt_pageset_andnot(struct mt_pageset *s, const struct mt_pageset *other)
{
	roaring_bitmap_andnot_inplace(bits_of(s), bits_of(other));
}

void mt_pageset_xor(struct mt_pageset *s, const struct mt_pageset *other)
{
	roaring_bitmap_xor_inplace(bits_of(s), bits_of(other));
}

int mt_pageset_runs(const struct mt_pageset *s,
		    int (*fn)(void *opaque, uint64_t first, uint64_t count), void *opaque)
{
	roaring_uint32_iterator_t *it = roaring_create_iterator(bits_of(s));
	uint64_t first = 0, end = 0;
	uint32_t pages[BATCH], n;
	int rc = it ? 0 : -ENOMEM;

	while (!rc && (n = roaring_read_uint32_iterator(it, pages, BATCH))) {
		for (uint32_t i = 0; i < n && !rc; i++) {
			if (pages[i] != end || end == first) {
				if (end > first)
					rc = fn(opaque, first, end - first);
				first = pages[i];
			}
			end = (uint64_t)pages[i] + 1;
		}
	}
	if (!rc && end > first)
		rc = fn(opaque, first, end - first);
	if (it)
		roaring_free_uint32_iterator(it);
	return rc;
}

uint64_t mt_pageset_count(const struct mt_pageset *s)
{
	return roaring_bitmap_get_cardinality(bits_of(s));
}

bool mt_pageset_has(const struct mt_pageset *s, uint64_t page)
{
	return page <= UINT32_MAX && roaring_bitmap_contains(bits_of(s), (uint32_t)page);
}
