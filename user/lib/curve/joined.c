// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * joined.c - windows joined by the pages of their ticks, and what is hot (PURE)
 *
 * A tick in which a window begins has pages from before, too: a path begins with those of the
 * window alone. Paths that go on have the whole tick.
 */
#include <errno.h>
#include <string.h>

#include "curve/joined.h"

/* Windows this long stand for a second. */
#define SECOND_MIN_S	0.5
#define SECOND_MAX_S	2.0

int mt_joined_init(struct mt_joined *j)
{
	memset(j, 0, sizeof(*j));
	mt_pagecount_init(&j->count);
	j->all = mt_pageset_new();
	j->second = mt_pageset_new();
	return j->all && j->second ? 0 : -ENOMEM;
}

static void close_path(struct mt_joined *j, struct mt_joined_path *p, bool whole)
{
	if (!p->pages)
		return;
	if (whole)
		mt_path_end(&p->path, &j->samples);
	if (p->second_s > 0) {
		j->later_s += p->path.t_s - p->second_s;
		j->later_pages += p->path.pages - p->second_pages;
	}
	mt_pageset_free(p->pages);
	p->pages = NULL;
}

static void close_paths(struct mt_joined *j, bool whole)
{
	for (size_t i = 0; i < MT_JOINED_PATHS; i++)
		close_path(j, &j->paths[i], whole);
}

void mt_joined_fini(struct mt_joined *j)
{
	close_paths(j, false);
	mt_samples_fini(&j->samples);
	mt_pagecount_fini(&j->count);
	mt_pageset_free(j->all);
	mt_pageset_free(j->second);
	memset(j, 0, sizeof(*j));
}

/* The window that runs ends at @end_ns, or when logging did: a tick that it is in may be the newest. */
static void end_window(struct mt_joined *j, uint64_t end_ns)
{
	double length_s;

	if (!j->window)
		return;
	if (end_ns > j->logged_until_ns)
		end_ns = j->logged_until_ns;
	length_s = end_ns > j->window_start_ns ? (end_ns - j->window_start_ns) / 1e9 : 0;
	for (size_t i = 0; i < MT_JOINED_PATHS; i++)
		j->paths[i].before_s += length_s;
	if (length_s >= SECOND_MIN_S && length_s <= SECOND_MAX_S &&
	    (double)j->second_lost <= MT_PROFILE_DOUBT_SHARE * (double)mt_pageset_count(j->second) &&
	    mt_pagecount_add(&j->count, j->second) == -ENOMEM)
		j->failed = true;
	mt_pageset_clear(j->second);
	j->second_lost = 0;
	j->window = 0;
}

/* Return: the path that begins with it, NULL if none does. */
static struct mt_joined_path *begin_window(struct mt_joined *j, const struct migtrace_record *r, const struct mt_pageset *begun)
{
	j->window = r->window;
	j->window_start_ns = r->window_start_ns;
	if (begun)	/* pages that were dirty before are in no tick's set */
		mt_pageset_or(j->all, begun);
	for (size_t i = 0; i < MT_JOINED_PATHS && begun; i++) {
		struct mt_joined_path *p = &j->paths[i];

		if (p->pages)
			continue;
		*p = (struct mt_joined_path){ .pages = mt_pageset_copy(begun) };
		mt_path_init(&p->path, (double)r->window_stale_pages);
		j->failed |= !p->pages;
		return p->pages ? p : NULL;
	}
	return NULL;
}

static void feed_path(struct mt_joined *j, struct mt_joined_path *p, const struct migtrace_record *r)
{
	double t_s = p->before_s + (r->end_ns - r->window_start_ns) / 1e9;
	double pages = (double)mt_pageset_count(p->pages);

	mt_path_feed(&p->path, t_s, pages, (r->end_ns - r->start_ns) / 1e9, &j->samples);
	if (!(p->second_s > 0) && t_s >= 1) {
		p->second_s = t_s;
		p->second_pages = pages;
	}
	if (p->path.next >= MT_PROFILE_POINTS)
		close_path(j, p, true);
}

static void take_pages(struct mt_joined *j, const struct mt_pageset *set, const struct mt_joined_path *begins)
{
	mt_pageset_or(j->all, set);
	mt_pageset_or(j->second, begins ? begins->pages : set);
	for (size_t i = 0; i < MT_JOINED_PATHS; i++)
		if (j->paths[i].pages && &j->paths[i] != begins)
			mt_pageset_or(j->paths[i].pages, set);
}

/* Whole ticks are missing, and nobody knows how much: no union that should have had them goes on. */
static void give_up(struct mt_joined *j)
{
	j->gaps = true;
	close_paths(j, false);
	mt_pageset_clear(j->second);
	j->window = 0;
}

/* Ticks were read too late: what they logged is doubtful in each union that should have it. */
static void doubt(struct mt_joined *j)
{
	for (size_t i = 0; i < MT_JOINED_PATHS; i++)
		if (j->paths[i].pages)
			j->paths[i].path.doubtful_pages += (double)j->unread;
	j->lost += j->unread;
	j->second_lost += j->unread;
	j->unread = 0;
}

void mt_joined_tick(struct mt_joined *j, const struct migtrace_record *r, const struct mt_tick_pages *pages)
{
	bool logging = r->state & MIGTRACE_STATE_LOGGING;
	bool clean = logging && r->valid & MIGTRACE_VALID_WINDOW && r->window && r->end_ns > r->window_start_ns &&
		     r->end_ns > r->start_ns;
	bool gap = j->tick && r->tick != j->tick + 1;
	const struct mt_joined_path *begins = NULL;

	j->tick = r->tick;
	if (pages->logged && pages->whole)
		j->unread = 0;
	/* While nothing is logged nothing can be missing. */
	else if (gap && (logging || j->window))
		give_up(j);
	if (!pages->logged)
		j->unread += r->events;
	else if (j->unread)
		doubt(j);
	if (j->window && (!clean || r->window != j->window))
		end_window(j, clean ? r->window_start_ns : j->logged_until_ns);
	if (clean && !j->window)
		begins = begin_window(j, r, pages->logged ? pages->begun : NULL);
	if (clean)
		j->logged_until_ns = r->end_ns;
	if (!pages->logged)
		return;
	take_pages(j, pages->logged, begins);
	for (size_t i = 0; i < MT_JOINED_PATHS && clean; i++)
		if (j->paths[i].pages)
			feed_path(j, &j->paths[i], r);
}

void mt_joined_end(struct mt_joined *j)
{
	end_window(j, j->logged_until_ns);
	close_paths(j, true);
}
