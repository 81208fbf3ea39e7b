/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scatter.h - ranks spread over a region, without a table (PURE)
 *
 * Rank r is page r x A + C modulo the region, A without a common factor with its size and near its
 * golden section, so that neighbouring ranks lie far apart.
 */
#ifndef MIGTRACE_SIM_SCATTER_H
#define MIGTRACE_SIM_SCATTER_H

#include <stdint.h>

struct mt_scatter {
	uint64_t pages, by, from;
	uint64_t reciprocal;		/* 2^64 / pages, rounded down */
};

static inline void mt_scatter_init(struct mt_scatter *s, uint64_t pages, uint64_t from)
{
	s->pages = pages;
	s->from = from % pages;
	s->reciprocal = UINT64_MAX / pages;
	for (s->by = (uint64_t)((double)pages * 0.6180339887) | 1;; s->by += 2) {
		uint64_t x = pages, y = s->by;

		while (y) {
			uint64_t rest = x % y;

			x = y;
			y = rest;
		}
		if (x == 1)
			return;
	}
}

static inline uint64_t mt_scatter_page(const struct mt_scatter *s, uint64_t rank)
{
	/*
	 * Both are below 2^32. A division takes longer than all the rest; the quotient is one or
	 * two too small.
	 */
	uint64_t x = rank * s->by + s->from;

	x -= (uint64_t)((unsigned __int128)x * s->reciprocal >> 64) * s->pages;
	while (x >= s->pages)
		x -= s->pages;
	return x;
}

#endif
