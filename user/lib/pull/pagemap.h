/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pagemap.h - which of a guest's pages have arrived, by /proc/PID/pagemap
 */
#ifndef MT_PULL_PAGEMAP_H
#define MT_PULL_PAGEMAP_H

#include "pullguest.h"

#define MT_PAGEMAP_AT_ONCE	64	/* pages */

/* What it said of the pages that were looked at last; zeroed, it said nothing. */
struct mt_pagemap {
	uint64_t first, n;
	uint64_t entries[MT_PAGEMAP_AT_ONCE];
};

/*
 * What is said may be old by as much as it takes to come from the first to the last of those that
 * are looked at at once; none at or behind @end is. Return: 1 there, or swapped out; 0 not there;
 * -errno.
 */
int mt_pagemap_has(struct mt_pagemap *map, const struct mt_pull_guest *g, uint64_t page,
		   uint64_t end);

#endif
