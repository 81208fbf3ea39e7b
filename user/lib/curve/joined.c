// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * joined.c - windows joined by the pages of their ticks, and what is hot (PURE)
 *
 * A tick in which a window begins has pages from before, too: a path begins with those of the
 * window alone. Paths that go on have the whole tick. What was dirty as the window began is in
 * these already, or in a set that was lost.
 */
#include <string.h>

#include "joined.h"

/* Windows this long stand for a second. */
#define SECOND_MIN_S	0.5
#define SECOND_MAX_S	2.0

void mt_joined_init(struct mt_joined *j)
{
	memset(j, 0, sizeof(*j));
	mt_pagetimes_init(&j->times);
}

static void close_path(struct mt_joined *j, size_t i, bool whole)
{
	struct mt_joined_path *p = &j->paths[i];

	if (!p->open)
		return;
	if (whole)
		mt_path_end(&p->path, &j->samples);
	if (p->second_s > 0) {
		j->later_s += p->path.t_s - p->second_s;
		j->later_pages += p->path.pages - p->second_pages;
	}
	mt_pagetimes_end_path(&j->times, i);
	p->open = false;
}

static void close_paths(struct mt_joined *j, bool whole)
{
	for (size_t i = 0; i < MT_JOINED_PATHS; i++)
		close_path(j, i, whole);
}

void mt_joined_fini(struct mt_joined *j)
{
	close_paths(j, false);
	mt_samples_fini(&j->samples);
	mt_pagetimes_fini(&j->times);
	memset(j, 0, sizeof(*j));
}

/*
 * The window that runs ends at @end_ns, or when logging did: a tick that it is in may be the
 * newest.
 */
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
	mt_pagetimes_turn(&j->times,
			  length_s >= SECOND_MIN_S && length_s <= SECOND_MAX_S &&
				  (double)j->second_lost <=
					  MT_PROFILE_DOUBT_SHARE * (double)j->times.now_pages);
	j->second_lost = 0;
	j->window = 0;
}

/* What was logged outside of windows is in none. */
static void begin_window(struct mt_joined *j, const struct migtrace_record *r)
{
	j->window = r->window;
	j->window_start_ns = r->window_start_ns;
	mt_pagetimes_turn(&j->times, false);
}

static void begin_path(struct mt_joined *j, const struct migtrace_record *r)
{
	for (size_t i = 0; i < MT_JOINED_PATHS; i++) {
		struct mt_joined_path *p = &j->paths[i];

		if (p->open)
			continue;
		*p = (struct mt_joined_path){ .open = true };
		mt_path_init(&p->path, (double)r->window_stale_pages);
		mt_pagetimes_begin_path(&j->times, i);
		return;
	}
}

static void feed_path(struct mt_joined *j, size_t i, const struct migtrace_record *r)
{
	struct mt_joined_path *p = &j->paths[i];
	double t_s = p->before_s + (r->end_ns - r->window_start_ns) / 1e9;
	double pages = (double)j->times.paths[i].pages;

	mt_path_feed(&p->path, t_s, pages, (r->end_ns - r->start_ns) / 1e9, &j->samples);
	if (!(p->second_s > 0) && t_s >= 1) {
		p->second_s = t_s;
		p->second_pages = pages;
	}
	if (p->path.next >= MT_PROFILE_POINTS)
		close_path(j, i, true);
}

/*
 * Whole ticks are missing, and nobody knows how much: no union that should have had them goes on.
 */
static void give_up(struct mt_joined *j)
{
	j->gaps = true;
	close_paths(j, false);
	mt_pagetimes_turn(&j->times, false);
	j->window = 0;
}

/* Ticks were read too late: what they logged is doubtful in each union that should have it. */
static void doubt(struct mt_joined *j)
{
	for (size_t i = 0; i < MT_JOINED_PATHS; i++)
		if (j->paths[i].open)
			j->paths[i].path.doubtful_pages += (double)j->unread;
	j->lost += j->unread;
	j->second_lost += j->unread;
	j->unread = 0;
}

void mt_joined_tick(struct mt_joined *j, const struct migtrace_record *r,
		    const struct mt_tick_pages *pages)
{
	bool logging = r->state & MIGTRACE_STATE_LOGGING;
	bool clean = logging && r->valid & MIGTRACE_VALID_WINDOW && r->window &&
		     r->end_ns > r->window_start_ns && r->end_ns > r->start_ns;
	bool gap = j->tick && r->tick != j->tick + 1;
	bool begins;

	j->tick = r->tick;
	if (pages->logged && pages->whole)
		j->unread = 0;
	/* While nothing is logged nothing can be missing. */
	else if (gap && (logging || j->window))
		give_up(j);
	if (r->state & (MIGTRACE_STATE_LOWER_BOUND | MIGTRACE_STATE_RESTART)) {
		/*
		 * Less than there was, or of two logs: neither its pages nor its time are in any
		 * union.
		 */
		end_window(j, j->logged_until_ns);
		j->lost += r->events;
		return;
	}
	if (!pages->logged)
		j->unread += r->events;
	else if (j->unread)
		doubt(j);
	if (j->window && (!clean || r->window != j->window))
		end_window(j, clean ? r->window_start_ns : j->logged_until_ns);
	begins = clean && !j->window;
	if (begins)
		begin_window(j, r);
	if (clean)
		j->logged_until_ns = r->end_ns;
	if (!pages->logged)
		return;
	mt_pagetimes_add(&j->times, pages->logged);
	if (begins && pages->begun) {
		begin_path(j, r);
		mt_pagetimes_add(&j->times, pages->begun);
	}
	for (size_t i = 0; i < MT_JOINED_PATHS && clean; i++)
		if (j->paths[i].open)
			feed_path(j, i, r);
}

void mt_joined_end(struct mt_joined *j)
{
	end_window(j, j->logged_until_ns);
	close_paths(j, true);
}
