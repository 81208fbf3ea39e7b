// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * recorded.c - U(T) as a recording tells it
 */
#include <errno.h>

#include "base/units.h"
#include "curve/samples.h"
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

/* --- whole seconds ---------------------------------------------------------- */
/* Of a path's samples the grid has one of a second. */
static size_t second_index(void)
{
	size_t i = 0;

	while (i + 1 < MT_PROFILE_POINTS && mt_profile_grid_s[i] < 1)
		i++;
	return i;
}

struct windows {
	struct mt_path path;
	struct mt_samples samples;
	uint64_t number;		/* of the window that runs; 0: none */
};

static void end_window(struct windows *w)
{
	if (w->number)
		mt_path_end(&w->path, &w->samples);
	w->number = 0;
}

static void take_tick(struct windows *w, const struct mt_tick *t)
{
	bool usable = mt_tick_has(t, window) && mt_tick_has(t, window_pages) &&
		      !(t->state & MIGTRACE_STATE_LOWER_BOUND) && t->window_ns &&
		      t->t_ns > t->start_ns;

	if (!usable || t->window != w->number)
		end_window(w);
	if (!usable)
		return;
	if (!w->number) {
		w->number = t->window;
		mt_path_init(&w->path, (double)t->window_stale_pages);
	}
	mt_path_feed(&w->path, t->window_ns / 1e9, (double)t->window_pages,
		     (t->t_ns - t->start_ns) / 1e9, &w->samples);
}

static void take_ticks(struct mt_seconds *s, const struct mt_recording *rec)
{
	struct windows w = { .number = 0 };
	const struct mt_sample_list *seconds = &w.samples.at[second_index()];

	for (size_t i = 0; i < rec->n_entries; i++)
		if (rec->entries[i].type == MT_ENTRY_TICK)
			take_tick(&w, &rec->entries[i].tick);
	end_window(&w);
	for (unsigned k = 0; k < seconds->n; k++)
		mt_seconds_add(s, seconds->pages[k] * PAGE_BYTES);
	mt_samples_fini(&w.samples);
}

static void take_kernel(struct mt_seconds *s, const struct mt_entry *e)
{
	const struct mt_record_curve *p = &e->curve;

	if (e->type == MT_ENTRY_CURVE && p->windows) {
		mt_seconds_windows(s, p->window_ms / 1e3, p->mean_pages * PAGE_BYTES,
				   (unsigned)p->windows);
	} else if (e->type == MT_ENTRY_PROFILE) {
		s->mw_bytes = e->profile.mw_pages * PAGE_BYTES;
		s->hot_bytes = e->profile.hot_pages * PAGE_BYTES;
	}
}

/*
 * QEMU's calculations: whole MiB/s, rounded down, so the middle is taken (inferred). By rings a
 * longer one is a sum over harvests, and no union.
 */
static void take_dirtyrate(struct mt_seconds *s, const struct mt_record_dirtyrate *r)
{
	double window_s = r->window_ms / 1e3, rate = (double)r->bytes_per_s + MT_MIB / 2;

	if (sees(r->mode) == MT_UCURVE_SEES_HARVESTS && window_s > 1)
		window_s = 1;
	mt_seconds_windows(s, window_s, rate * window_s, 1);
	if (window_s == 1)
		mt_seconds_add(s, rate);
}

int mt_recorded_seconds(struct mt_seconds *s, const struct mt_recording *rec, bool kernel)
{
	mt_seconds_init(s);
	for (size_t i = 0; i < rec->n_entries && kernel; i++)
		take_kernel(s, &rec->entries[i]);
	if (s->lengths) {
		take_ticks(s, rec);
		return 0;
	}
	mt_seconds_init(s);
	for (size_t i = 0; i < rec->n_entries; i++)
		if (rec->entries[i].type == MT_ENTRY_DIRTYRATE)
			take_dirtyrate(s, &rec->entries[i].dirtyrate);
	return s->lengths ? 0 : -ENODATA;
}

/* --- passes ------------------------------------------------------------------- */
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
