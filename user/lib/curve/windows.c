// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * windows.c - the windows of one session, each a path of U(T) (PURE)
 */
#include <string.h>

#include "windows.h"

#define SHORT_NS	100000000ULL

/*
 * Each window is counted once, as clean if any of its ticks was. Short ones are none: as
 * logging begins, bitmaps are cleared bit by bit, and each clear may begin a window.
 */
static void note(struct mt_windows *w, const struct migtrace_record *r, bool clean)
{
	bool long_enough =
		r->end_ns > r->window_start_ns && r->end_ns - r->window_start_ns >= SHORT_NS;

	if (!r->window || !long_enough)
		return;
	if (r->window != w->tried) {
		w->tried = r->window;
		w->tried_clean = false;
		w->left_out++;
	}
	if (clean && !w->tried_clean) {
		w->tried_clean = true;
		w->left_out--;
		w->clean++;
	}
}

void mt_windows_end(struct mt_windows *w)
{
	if (w->number)
		mt_path_end(&w->path, &w->samples);
	w->number = 0;
}

void mt_windows_tick(struct mt_windows *w, const struct migtrace_record *r)
{
	bool usable = r->valid & MIGTRACE_VALID_WINDOW && r->state & MIGTRACE_STATE_LOGGING &&
		      !(r->state & (MIGTRACE_STATE_LOWER_BOUND | MIGTRACE_STATE_RESTART)) &&
		      r->end_ns > r->window_start_ns && r->end_ns > r->start_ns;

	if (r->state & MIGTRACE_STATE_LOGGING)
		note(w, r, usable);
	if (!usable || r->window != w->number)
		mt_windows_end(w);
	if (!usable)
		return;
	if (!w->number) {
		w->number = r->window;
		mt_path_init(&w->path, (double)r->window_stale_pages);
	}
	mt_path_feed(&w->path, (r->end_ns - r->window_start_ns) / 1e9, (double)r->window_pages,
		     (r->end_ns - r->start_ns) / 1e9, &w->samples);
	if (r->window_pages > w->most_pages)
		w->most_pages = (double)r->window_pages;
}

void mt_windows_fini(struct mt_windows *w)
{
	mt_samples_fini(&w->samples);
	memset(w, 0, sizeof(*w));
}
