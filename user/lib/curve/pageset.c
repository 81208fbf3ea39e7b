// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pageset.c - a set of guest pages, by page number; CRoaring behind it (PURE)
 */
#include <errno.h>

#include <roaring/roaring.h>

#include "curve/pageset.h"

#define BATCH	1024

struct mt_pageset {
	roaring_bitmap_t *bits;
};

static struct mt_pageset *wrap(roaring_bitmap_t *bits)
{
	struct mt_pageset *s = bits ? malloc(sizeof(*s)) : NULL;

	if (s)
		s->bits = bits;
	else if (bits)
		roaring_bitmap_free(bits);
	return s;
}

struct mt_pageset *mt_pageset_new(void)
{
	return wrap(roaring_bitmap_create());
}

struct mt_pageset *mt_pageset_copy(const struct mt_pageset *s)
{
	return wrap(roaring_bitmap_copy(s->bits));
}

void mt_pageset_free(struct mt_pageset *s)
{
	if (s)
		roaring_bitmap_free(s->bits);
	free(s);
}

int mt_pageset_add_words(struct mt_pageset *s, uint64_t first_page, const uint64_t *words, size_t n_words)
{
	uint32_t pages[BATCH];
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < n_words; i++) {
		uint64_t base = first_page + 64 * i;

		for (uint64_t word = words[i]; word; word &= word - 1) {
			uint64_t page = base + (uint64_t)__builtin_ctzll(word);

			if (page > UINT32_MAX || page < first_page) {
				rc = -ERANGE;
				continue;
			}
			pages[n++] = (uint32_t)page;
			if (n == BATCH) {
				roaring_bitmap_add_many(s->bits, n, pages);
				n = 0;
			}
		}
	}
	if (n)
		roaring_bitmap_add_many(s->bits, n, pages);
	return rc;
}

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
}

void mt_pageset_or(struct mt_pageset *s, const struct mt_pageset *other)
{
	roaring_bitmap_or_inplace(s->bits, other->bits);
}

void mt_pageset_and(struct mt_pageset *s, const struct mt_pageset *other)
{
	roaring_bitmap_and_inplace(s->bits, other->bits);
}

void mt_pageset_andnot(struct mt_pageset *s, const struct mt_pageset *other)
{
	roaring_bitmap_andnot_inplace(s->bits, other->bits);
}

void mt_pageset_xor(struct mt_pageset *s, const struct mt_pageset *other)
{
	roaring_bitmap_xor_inplace(s->bits, other->bits);
}

int mt_pageset_runs(const struct mt_pageset *s, int (*fn)(void *opaque, uint64_t first, uint64_t count), void *opaque)
{
	roaring_uint32_iterator_t *it = roaring_create_iterator(s->bits);
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
	return roaring_bitmap_get_cardinality(s->bits);
}

bool mt_pageset_has(const struct mt_pageset *s, uint64_t page)
{
	return page <= UINT32_MAX && roaring_bitmap_contains(s->bits, (uint32_t)page);
}
