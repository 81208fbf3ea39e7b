/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * heatmap.h - in which of the last few windows each page of a guest was written
 */
#ifndef MT_PULL_HEATMAP_H
#define MT_PULL_HEATMAP_H

#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"

#define MT_HEATMAP_WINDOWS	8	/* that are remembered: a byte a page */

struct mt_heatmap {
	uint64_t pages;
	uint8_t *written;		/* bit 0: in the window that runs */
};

/* -ENOMEM. */
MT_MUST_CHECK int mt_heatmap_init(struct mt_heatmap *m, uint64_t pages);
void mt_heatmap_fini(struct mt_heatmap *m);

/* A window begins. */
void mt_heatmap_begin(struct mt_heatmap *m);
/* Were written in it. -ERANGE: the guest has no such pages. */
MT_MUST_CHECK int mt_heatmap_mark(struct mt_heatmap *m, uint64_t first, uint64_t count);

/* In how many windows a page was: 0 to MT_HEATMAP_WINDOWS. */
unsigned mt_heatmap_heat(const struct mt_heatmap *m, uint64_t page);

/* Lines for mt_heat_line(), ascending, of all that have any heat. Return: pages. */
uint64_t mt_heatmap_print(const struct mt_heatmap *m, FILE *out);

#endif
