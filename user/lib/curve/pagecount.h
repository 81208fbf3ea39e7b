/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pagecount.h - in how many of a series of sets each page is (PURE)
 *
 * A counter a page would be as large as the guest. Here digit i of all counters, in base 2,
 * is a set of pages, and adding a set ripples its carry through them: as many sets as
 * the number of series has digits, each as large as the pages that were ever seen.
 */
#ifndef MIGTRACE_CURVE_PAGECOUNT_H
#define MIGTRACE_CURVE_PAGECOUNT_H

#include "curve/pageset.h"

#define MT_PAGECOUNT_DIGITS	16

struct mt_pagecount {
	struct mt_pageset *digit[MT_PAGECOUNT_DIGITS];
	unsigned n;		/* sets that were added, at most 2^16 - 1 */
};

void mt_pagecount_init(struct mt_pagecount *c);
void mt_pagecount_fini(struct mt_pagecount *c);
MT_MUST_CHECK int mt_pagecount_add(struct mt_pagecount *c, const struct mt_pageset *s);	/* -ENOMEM, -ERANGE */
/* How many pages were in at least @times of the sets, @times > 0. Return: 0; -ENOMEM. */
MT_MUST_CHECK int mt_pagecount_at_least(const struct mt_pagecount *c, unsigned times, uint64_t *pages);

#endif
