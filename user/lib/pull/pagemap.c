// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pagemap.c - which of a guest's pages have arrived, by /proc/PID/pagemap
 */
#include <errno.h>
#include <unistd.h>

#include "pagemap.h"

#define PRESENT	(1ULL << 63)	/* Documentation/admin-guide/mm/pagemap.rst */
#define SWAPPED	(1ULL << 62)

int mt_pagemap_has(struct mt_pagemap *map, const struct mt_pull_guest *g, uint64_t page,
		   uint64_t end)
{
	const size_t size = sizeof(map->entries[0]);

	if (page < map->first || page - map->first >= map->n) {
		uint64_t n = end > page && end - page < MT_PAGEMAP_AT_ONCE ? end - page :
									     MT_PAGEMAP_AT_ONCE;
		ssize_t got = pread(g->pagemap, map->entries, n * size,
				    (off_t)((g->address / MT_PULL_PAGE_BYTES + page) * size));

		map->first = page;
		map->n = got > 0 ? (uint64_t)got / size : 0;
		if (!map->n)
			return got < 0 ? -errno : -ESRCH;	/* it has ended */
	}
	return !!(map->entries[page - map->first] & (PRESENT | SWAPPED));
}
