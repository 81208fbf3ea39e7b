// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * recorded.c - U(T) as a recording tells it
 */
#include <errno.h>

#include "source/dirtyrate.h"
#include "source/iteration.h"
#include "recorded.h"

#define PAGE_BYTES	4096.0		/* of a kernel source */
#define COARSE_MAX	16

/* What is not known here is taken for what sees least. */
static enum mt_ucurve_sees sees(const char *mode)
{
	enum mt_dirtyrate_mode known;

	if (!mode || mt_dirtyrate_mode_parse(mode, &known) || known == MT_DIRTYRATE_PAGE_SAMPLING)
		return MT_UCURVE_SEES_SAMPLES;
	return known == MT_DIRTYRATE_DIRTY_BITMAP ? MT_UCURVE_SEES_UNION : MT_UCURVE_SEES_HARVESTS;
}

int mt_recorded_curve(struct mt_ucurve *c, const struct mt_recording *rec, bool kernel,
		      double memory_bytes)
{
	struct mt_ucurve_coarse coarse[COARSE_MAX];
	size_t n = 0;

	mt_ucurve_init(c, memory_bytes);
	mt_ucurve_clears(c, mt_recorded_clears_chunks(rec) ? MT_CLEAR_CHUNK_BYTES : 0);
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_entry *e = &rec->entries[i];
		const struct mt_record_curve *p = &e->curve;

		if (e->type == MT_ENTRY_CURVE && kernel && p->windows)
			mt_ucurve_windows(c, p->window_ms / 1e3, (double)p->windows,
					  p->mean_pages * PAGE_BYTES, p->p10_pages * PAGE_BYTES,
					  p->p90_pages * PAGE_BYTES);
		else if (e->type == MT_ENTRY_PROFILE && kernel)
			mt_ucurve_union(c, e->profile.duration_ns * 1e-9,
					e->profile.mw_pages * PAGE_BYTES,
					e->profile.mw_lower_bound);
		else if (e->type == MT_ENTRY_DIRTYRATE && n < COARSE_MAX)
			coarse[n++] = (struct mt_ucurve_coarse){ sees(e->dirtyrate.mode),
								 e->dirtyrate.window_ms / 1e3,
								 (double)e->dirtyrate.bytes_per_s };
	}
	if (!c->origin)
		mt_ucurve_coarse(c, coarse, n);
	return c->origin ? 0 : -ENODATA;
}

void mt_recorded_passes(struct mt_ucurve *c, const struct mt_recording *rec, uint64_t until_ns)
{
	struct mt_iterations its;

	mt_iterations_init(&its);
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_entry *e = &rec->entries[i];

		if (e->type == MT_ENTRY_SAMPLE && e->sample.t_ns <= until_ns &&
		    mt_iterations_feed(&its, &e->sample))
			mt_ucurve_iteration(c, mt_iterations_last(&its));
	}
}
