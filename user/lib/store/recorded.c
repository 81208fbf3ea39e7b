// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * recorded.c - U(T) as a recording tells it
 */
#include <errno.h>

#include <migtrace/iteration.h>
#include <migtrace/recorded.h>

#define PAGE_BYTES	4096.0		/* of a kernel source */
#define COARSE_MAX	16

int mt_recorded_dirtying(struct mt_dirtying *d, const struct mt_recording *rec, bool kernel, double memory_bytes)
{
	struct mt_dirtying_coarse coarse[COARSE_MAX];
	size_t n = 0;

	mt_dirtying_begin(d, MT_DIRTYING_KERNEL, memory_bytes);
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_entry *e = &rec->entries[i];
		const struct mt_record_curve *p = &e->curve;

		if (e->type == MT_ENTRY_CURVE && kernel && p->windows)
			mt_dirtying_point(d, p->window_ms / 1e3, (double)p->windows,
					  (const double[4]){ p->mean_pages * PAGE_BYTES, p->p10_pages * PAGE_BYTES,
							     p->p50_pages * PAGE_BYTES, p->p90_pages * PAGE_BYTES });
		else if (e->type == MT_ENTRY_PROFILE && kernel)
			mt_dirtying_working_set(d, e->profile.mw_pages * PAGE_BYTES, e->profile.mw_lower_bound);
		else if (e->type == MT_ENTRY_DIRTYRATE && n < COARSE_MAX)
			coarse[n++] = (struct mt_dirtying_coarse){ e->dirtyrate.window_ms / 1e3, (double)e->dirtyrate.bytes_per_s };
	}
	return d->n ? 0 : mt_dirtying_from_coarse(d, coarse, n, memory_bytes);
}

void mt_recorded_passes(struct mt_dirtying *d, const struct mt_recording *rec, uint64_t until_ns)
{
	struct mt_iterations its;

	mt_iterations_init(&its);
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_entry *e = &rec->entries[i];

		if (e->type != MT_ENTRY_SAMPLE || e->sample.t_ns > until_ns || !mt_iterations_feed(&its, &e->sample))
			continue;
		mt_dirtying_add(d, mt_iterations_last(&its)->duration_s, mt_iterations_last(&its)->dirtied_bytes);
	}
}
