/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pageset.h - a set of guest pages, by page number; CRoaring behind it (PURE)
 *
 * Numbers are those of 4 KiB pages and below 2^32: 16 TiB of guest.
 *
 * A bitmap is kept as it comes, until the set is asked something or joined with another: most sets
 * are filled from a bitmap, walked once and cleared. So looking at a set may change how it is kept;
 * two threads need a lock even for that.
 */
#ifndef MIGTRACE_CURVE_PAGESET_H
#define MIGTRACE_CURVE_PAGESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct mt_pageset;

struct mt_pageset *mt_pageset_new(void);		/* empty; NULL: no memory */
struct mt_pageset *mt_pageset_copy(const struct mt_pageset *s);
void mt_pageset_free(struct mt_pageset *s);		/* NULL is fine */

/*
 * A bitmap of @n_words: bit 0 of word 0 is @first_page. -ERANGE: a page beyond 2^32, the rest is
 * in; -ENOMEM.
 */
int mt_pageset_add_words(struct mt_pageset *s, uint64_t first_page, const uint64_t *words,
			 size_t n_words);
int mt_pageset_add(struct mt_pageset *s, uint64_t page);

void mt_pageset_clear(struct mt_pageset *s);
void mt_pageset_or(struct mt_pageset *s, const struct mt_pageset *other);
void mt_pageset_and(struct mt_pageset *s, const struct mt_pageset *other);
void mt_pageset_andnot(struct mt_pageset *s, const struct mt_pageset *other);
void mt_pageset_xor(struct mt_pageset *s, const struct mt_pageset *other);

struct mt_pageword {
	uint64_t bits;
	uint32_t index;			/* bit 0 is page 64 x index */
};

/*
 * All pages of the set, by words. In no order, and a word may come again, with the same bits or
 * others.
 */
void mt_pageset_walk(const struct mt_pageset *s,
		     void (*fn)(void *opaque, const struct mt_pageword *words, size_t n),
		     void *opaque);

/*
 * Runs of pages one after the other, in order. Return: 0, -ENOMEM, or what @fn returned that is not
 * 0.
 */
MT_MUST_CHECK int mt_pageset_runs(const struct mt_pageset *s,
				  int (*fn)(void *opaque, uint64_t first, uint64_t count),
				  void *opaque);
uint64_t mt_pageset_count(const struct mt_pageset *s);
bool mt_pageset_has(const struct mt_pageset *s, uint64_t page);

#endif
