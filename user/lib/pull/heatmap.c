// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * heatmap.c - in which of the last few windows each page of a guest was written
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "heatmap.h"

int mt_heatmap_init(struct mt_heatmap *m, uint64_t pages)
{
	m->pages = pages;
	m->written = calloc(pages, sizeof(*m->written));
	return m->written ? 0 : -ENOMEM;
}

void mt_heatmap_fini(struct mt_heatmap *m)
{
	free(m->written);
	*m = (struct mt_heatmap){ 0 };
}

void mt_heatmap_begin(struct mt_heatmap *m)
{
	for (uint64_t page = 0; page < m->pages; page++)
		m->written[page] = (uint8_t)(m->written[page] << 1);
}

int mt_heatmap_mark(struct mt_heatmap *m, uint64_t first, uint64_t count)
{
	if (first >= m->pages || count > m->pages - first)
		return -ERANGE;
	for (uint64_t page = first; page < first + count; page++)
		m->written[page] |= 1;
	return 0;
}

unsigned mt_heatmap_heat(const struct mt_heatmap *m, uint64_t page)
{
	return (unsigned)__builtin_popcount(m->written[page]);
}

uint64_t mt_heatmap_print(const struct mt_heatmap *m, FILE *out)
{
	uint64_t all = 0;

	for (uint64_t page = 0, n; page < m->pages; page += n) {
		unsigned heat = mt_heatmap_heat(m, page);

		for (n = 1; page + n < m->pages; n++)
			if (mt_heatmap_heat(m, page + n) != heat)
				break;
		if (!heat)
			continue;
		fprintf(out, "%" PRIu64 " %" PRIu64 " %u\n", page, n, heat);
		all += n;
	}
	return all;
}
