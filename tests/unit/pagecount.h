/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pagecount.h - in how many of a series of sets each page is: an oracle for what pagetimes.c counts
 * page by page
 *
 * A counter a page would be as large as the guest. Here digit i of all counters, in base 2,
 * is a set of pages, and adding a set ripples its carry through them: as many sets as
 * the number of series has digits, each as large as the pages that were ever seen.
 */
#ifndef PAGECOUNT_H
#define PAGECOUNT_H

#include <errno.h>
#include <string.h>

#include "curve/pageset.h"

#define MT_PAGECOUNT_DIGITS	16

struct mt_pagecount {
	struct mt_pageset *digit[MT_PAGECOUNT_DIGITS];
	unsigned n;		/* sets that were added, at most 2^16 - 1 */
};

static inline void mt_pagecount_init(struct mt_pagecount *c)
{
	memset(c, 0, sizeof(*c));
}

static inline void mt_pagecount_fini(struct mt_pagecount *c)
{
	for (size_t i = 0; i < MT_PAGECOUNT_DIGITS; i++)
		mt_pageset_free(c->digit[i]);
	mt_pagecount_init(c);
}

/* -ENOMEM, -ERANGE */
static inline int mt_pagecount_add(struct mt_pagecount *c, const struct mt_pageset *s)
{
	struct mt_pageset *carry, *both = NULL;
	int rc = -ENOMEM;

	if (c->n == (1u << MT_PAGECOUNT_DIGITS) - 1)
		return -ERANGE;
	carry = mt_pageset_copy(s);
	if (!carry)
		return -ENOMEM;
	for (size_t i = 0; i < MT_PAGECOUNT_DIGITS && mt_pageset_count(carry); i++) {
		if (!c->digit[i])
			c->digit[i] = mt_pageset_new();
		both = c->digit[i] ? mt_pageset_copy(c->digit[i]) : NULL;
		if (!both)
			goto out;
		mt_pageset_and(both, carry);
		mt_pageset_xor(c->digit[i], carry);
		mt_pageset_free(carry);
		carry = both;
	}
	c->n++;
	rc = 0;
out:
	mt_pageset_free(carry);
	return rc;
}

/* Digit by digit from the highest: more than @times so far, or equal to it so far. */
/* How many pages were in at least @times of the sets, @times > 0. Return: 0; -ENOMEM. */
static inline int mt_pagecount_at_least(const struct mt_pagecount *c, unsigned times,
					uint64_t *pages)
{
	struct mt_pageset *more = mt_pageset_new(), *equal = mt_pageset_new();
	int rc = -ENOMEM;

	*pages = 0;
	if (!more || !equal)
		goto out;
	for (size_t i = 0; i < MT_PAGECOUNT_DIGITS; i++)
		if (c->digit[i])
			mt_pageset_or(equal, c->digit[i]);
	for (size_t i = MT_PAGECOUNT_DIGITS; i-- > 0; ) {
		bool wanted = times >> i & 1;

		if (!c->digit[i]) {
			if (wanted)
				mt_pageset_clear(equal);
		} else if (wanted) {
			mt_pageset_and(equal, c->digit[i]);
		} else {
			struct mt_pageset *above = mt_pageset_copy(equal);

			if (!above)
				goto out;
			mt_pageset_and(above, c->digit[i]);
			mt_pageset_or(more, above);
			mt_pageset_andnot(equal, above);
			mt_pageset_free(above);
		}
	}
	mt_pageset_or(more, equal);
	*pages = mt_pageset_count(more);
	rc = 0;
out:
	mt_pageset_free(more);
	mt_pageset_free(equal);
	return rc;
}

#endif
