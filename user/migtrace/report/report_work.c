// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_work.c - what a guest did beside dirtying memory, as its probes told it, by their schema
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "report.h"

static enum mt_show show_of(const struct mt_work_info *info)
{
	return !strcmp(info->unit, "bytes")   ? MT_SHOW_SIZE_BYTES :
	       !strcmp(info->unit, "bytes/s") ? MT_SHOW_RATE_BYTES_PER_S :
						MT_SHOW_PLAIN;
}

int report_work(const struct report *r, FILE *out, enum mt_format format)
{
	struct mt_column columns[2 + MT_WORK_COUNT] = {
		{ "t_ms", "at", MT_SHOW_DURATION_MS }, { "duration_ms", "in", MT_SHOW_DURATION_MS },
	};
	struct mt_table *t;

	for (int f = 0; f < MT_WORK_COUNT; f++)
		columns[2 + f] = (struct mt_column){ mt_work_schema[f].name, mt_work_schema[f].name,
						     show_of(&mt_work_schema[f]) };
	t = mt_table_new(out, format, columns, MT_ARRAY_SIZE(columns));
	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->rec->n_entries; i++) {
		const struct mt_work *w = &r->rec->entries[i].work;
		struct mt_cell cells[2 + MT_WORK_COUNT];
		uint64_t v;

		if (r->rec->entries[i].type != MT_ENTRY_WORK)
			continue;
		cells[0] = MT_DOUBLE(round(report_ms(r, w->t_ns) * 10) / 10);
		cells[1] = MT_DOUBLE(round(((double)w->t_ns - (double)w->start_ns) / 1e5) / 10);
		for (int f = 0; f < MT_WORK_COUNT; f++)
			cells[2 + f] = mt_work_get(w, f, &v) ? MT_UINT(v) : MT_NONE;
		if (mt_table_row(t, cells))
			break;
	}
	return mt_table_finish(t);
}
