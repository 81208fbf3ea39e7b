// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_joined.c - joined windows against unions of sets
 *
 * What pagetimes.c answers from one look at a page is done here as it is defined: a set for each
 * path, one for the second, one for all, and each tick's set joined with them. Both get the same
 * ticks: windows of all lengths that begin within ticks, sets that come late or never, gaps, dirty
 * beginnings, and breaks.
 */
#include "curve/joined.h"

#include "chance.h"
#include "ktap.h"
#include "pagecount.h"

/* --- unions of sets ------------------------------------------------------- */
struct unions {
	struct mt_samples samples;
	struct unions_path {
		struct mt_pageset *pages;
		double before_s, second_s, second_pages;
		struct mt_path path;
	} paths[MT_JOINED_PATHS];
	uint64_t window, window_start_ns, logged_until_ns;
	struct mt_pageset *second, *all;
	struct mt_pagecount count;
	double later_s, later_pages;
	uint64_t tick, unread, lost, second_lost;
	bool gaps;
};

static void unions_init(struct unions *u)
{
	memset(u, 0, sizeof(*u));
	mt_pagecount_init(&u->count);
	u->all = mt_pageset_new();
	u->second = mt_pageset_new();
}

static void unions_close(struct unions *u, struct unions_path *p, bool whole)
{
	if (!p->pages)
		return;
	if (whole)
		mt_path_end(&p->path, &u->samples);
	if (p->second_s > 0) {
		u->later_s += p->path.t_s - p->second_s;
		u->later_pages += p->path.pages - p->second_pages;
	}
	mt_pageset_free(p->pages);
	p->pages = NULL;
}

static void unions_fini(struct unions *u)
{
	for (size_t i = 0; i < MT_JOINED_PATHS; i++)
		unions_close(u, &u->paths[i], false);
	mt_samples_fini(&u->samples);
	mt_pagecount_fini(&u->count);
	mt_pageset_free(u->all);
	mt_pageset_free(u->second);
}

static int unions_end_window(struct unions *u, uint64_t end_ns)
{
	double length_s;
	int rc = 0;

	if (!u->window)
		return 0;
	end_ns = end_ns < u->logged_until_ns ? end_ns : u->logged_until_ns;
	length_s = end_ns > u->window_start_ns ? (end_ns - u->window_start_ns) / 1e9 : 0;
	for (size_t i = 0; i < MT_JOINED_PATHS; i++)
		u->paths[i].before_s += length_s;
	if (length_s >= 0.5 && length_s <= 2 &&
	    (double)u->second_lost <= 0.05 * (double)mt_pageset_count(u->second))
		rc = mt_pagecount_add(&u->count, u->second);
	u->second_lost = 0;
	u->window = 0;
	return rc;
}

static void unions_take(struct unions *u, const struct migtrace_record *r,
			const struct mt_tick_pages *pages, bool begins)
{
	struct unions_path *path = NULL;

	for (size_t i = 0; i < MT_JOINED_PATHS && begins && pages->begun && !path; i++)
		if (!u->paths[i].pages)
			path = &u->paths[i];
	for (size_t i = 0; i < MT_JOINED_PATHS; i++) {
		if (!u->paths[i].pages)
			continue;
		mt_pageset_or(u->paths[i].pages, pages->logged);
		if (begins && pages->begun)
			mt_pageset_or(u->paths[i].pages, pages->begun);
	}
	mt_pageset_or(u->all, pages->logged);
	if (begins && pages->begun) {
		mt_pageset_or(u->all, pages->begun);
		mt_pageset_or(u->second, pages->begun);
	}
	if (!path) {
		mt_pageset_or(u->second, pages->logged);
		return;
	}
	*path = (struct unions_path){ .pages = mt_pageset_copy(pages->begun) };
	mt_path_init(&path->path, (double)r->window_stale_pages);
}

static void unions_feed(struct unions *u, struct unions_path *p, const struct migtrace_record *r)
{
	double t_s = p->before_s + (r->end_ns - r->window_start_ns) / 1e9,
	       pages = (double)mt_pageset_count(p->pages);

	mt_path_feed(&p->path, t_s, pages, (r->end_ns - r->start_ns) / 1e9, &u->samples);
	if (!(p->second_s > 0) && t_s >= 1) {
		p->second_s = t_s;
		p->second_pages = pages;
	}
	if (p->path.next >= MT_PROFILE_POINTS)
		unions_close(u, p, true);
}

static void unions_unread(struct unions *u, const struct migtrace_record *r,
			  const struct mt_tick_pages *pages, bool logging)
{
	bool gap = u->tick && r->tick != u->tick + 1;

	u->tick = r->tick;
	if (pages->logged && pages->whole) {
		u->unread = 0;
	} else if (gap && (logging || u->window)) {
		u->gaps = true;
		for (size_t i = 0; i < MT_JOINED_PATHS; i++)
			unions_close(u, &u->paths[i], false);
		u->window = 0;
	}
	if (!pages->logged) {
		u->unread += r->events;
		return;
	}
	for (size_t i = 0; i < MT_JOINED_PATHS; i++)
		if (u->paths[i].pages)
			u->paths[i].path.doubtful_pages += (double)u->unread;
	u->lost += u->unread;
	u->second_lost += u->unread;
	u->unread = 0;
}

static int unions_tick(struct unions *u, const struct migtrace_record *r,
		       const struct mt_tick_pages *pages)
{
	bool logging = r->state & MIGTRACE_STATE_LOGGING;
	bool clean = logging && r->valid & MIGTRACE_VALID_WINDOW && r->window &&
		     r->end_ns > r->window_start_ns && r->end_ns > r->start_ns;
	bool begins;
	int rc = 0;

	unions_unread(u, r, pages, logging);
	if (u->window && (!clean || r->window != u->window))
		rc = unions_end_window(u, clean ? r->window_start_ns : u->logged_until_ns);
	begins = clean && !u->window;
	if (begins) {
		u->window = r->window;
		u->window_start_ns = r->window_start_ns;
		mt_pageset_clear(u->second);
	}
	if (clean)
		u->logged_until_ns = r->end_ns;
	if (!pages->logged)
		return rc;
	unions_take(u, r, pages, begins);
	for (size_t i = 0; i < MT_JOINED_PATHS && clean; i++)
		if (u->paths[i].pages)
			unions_feed(u, &u->paths[i], r);
	return rc;
}

static int unions_end(struct unions *u)
{
	int rc = unions_end_window(u, u->logged_until_ns);

	for (size_t i = 0; i < MT_JOINED_PATHS; i++)
		unions_close(u, &u->paths[i], true);
	return rc;
}

/* --- ticks ---------------------------------------------------------------- */
/* How often what goes wrong does. */
struct luck {
	double late, lost, gap, begin_unknown, invalid, off;
	double window_s;		/* about; each up to half as long again */
	double stale;
	uint64_t tick_ns;
};

struct feed {
	const struct luck *luck;
	struct migtrace_record r;
	uint64_t window_end_ns;
	struct mt_pageset *logged, *begun, *window;	/* of the tick, of a window that begins, of
							 * one since it began */
	bool late, off;
};

/*
 * Some pages here and there, some in a row, over the edges of what pagetimes.c keeps together; many
 * of them again and again.
 */
static void write_some(struct mt_pageset *s)
{
	uint64_t row[4] = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX >> below(64) };
	unsigned n = below(60);

	for (unsigned i = 0; i < n; i++)
		mt_pageset_add(s,
			       chance() < 0.5 ? below(100) : 65536 * below(4) + 65500 + below(80));
	if (chance() < 0.7)
		CHECK_INT(mt_pageset_add_words(
				  s, 65536 - 256 + (chance() < 0.7 ? 64 * below(12) : below(700)),
				  row, 4),
			  0);
}

static void next_window(struct feed *f)
{
	uint64_t start = f->r.start_ns + (uint64_t)(chance() * f->luck->tick_ns);

	f->r.window++;
	f->r.window_start_ns = start;
	f->window_end_ns = start + (uint64_t)(f->luck->window_s * (1 + chance() / 2) * 1e9);
	mt_pageset_clear(f->window);
	f->r.window_stale_pages = chance() < f->luck->stale ? below(40) : 0;
	for (uint64_t i = 0; i < f->r.window_stale_pages; i++)
		mt_pageset_add(f->window, 300000 + i);
}

/* What is written in a tick, some of it before a window begins in it and some after. */
static void next_pages(struct feed *f, bool begins)
{
	mt_pageset_clear(f->logged);
	write_some(f->logged);
	mt_pageset_clear(f->begun);
	if (!begins) {
		mt_pageset_or(f->window, f->logged);
		return;
	}
	next_window(f);
	write_some(f->begun);
	mt_pageset_or(f->logged, f->begun);
	mt_pageset_or(f->window, f->begun);
	mt_pageset_or(f->begun, f->window);
}

/* A tick, and what is had of its pages. */
static struct mt_tick_pages next_tick(struct feed *f)
{
	const struct luck *l = f->luck;
	bool was_late = f->late, whole = !was_late || chance() >= l->lost, begins;

	f->r.tick += 1 + (chance() < l->gap ? 1 + below(3) : 0);
	f->r.start_ns = f->r.end_ns + (chance() < l->gap ? l->tick_ns * below(3) : 0);
	f->r.end_ns = f->r.start_ns + l->tick_ns;
	if (chance() < l->off)
		f->off = !f->off;
	begins = !f->off && f->r.end_ns > f->window_end_ns;
	next_pages(f, begins);
	f->r.events = mt_pageset_count(f->logged);
	f->r.state = f->off ? 0 : MIGTRACE_STATE_LOGGING;
	f->r.valid = chance() < l->invalid ? 0 : MIGTRACE_VALID_WINDOW;
	f->late = chance() < l->late;
	if (f->late)
		return (struct mt_tick_pages){ 0 };
	/* The window makes up for what was late, if it is the same one. */
	return (struct mt_tick_pages){
		.logged = was_late && whole && !begins ? f->window : f->logged,
		.whole = whole,
		.begun = begins && chance() >= l->begin_unknown ? f->begun : NULL,
	};
}

/* --- they are the same ---------------------------------------------------- */
static void check_tick(const struct mt_joined *j, const struct unions *u)
{
	CHECK_INT(j->window, u->window);
	CHECK_INT(j->times.all_pages, mt_pageset_count(u->all));
	if (u->window)
		CHECK_INT(j->times.now_pages, mt_pageset_count(u->second));
	CHECK_INT(j->lost, u->lost);
	for (size_t i = 0; i < MT_JOINED_PATHS; i++) {
		CHECK_INT(j->paths[i].open, u->paths[i].pages != NULL);
		if (!j->paths[i].open)
			continue;
		CHECK_INT(j->times.paths[i].pages, mt_pageset_count(u->paths[i].pages));
		CHECK_NEAR(j->paths[i].path.doubtful_pages, u->paths[i].path.doubtful_pages, 0);
	}
}

static void check_end(const struct mt_joined *j, const struct unions *u)
{
	CHECK_INT(j->times.seconds, u->count.n);
	CHECK_INT(j->gaps, u->gaps);
	CHECK_NEAR(j->later_s, u->later_s, 0);
	CHECK_NEAR(j->later_pages, u->later_pages, 0);
	for (unsigned k = 1; k <= u->count.n + 1; k++) {
		uint64_t want;

		CHECK_INT(mt_pagecount_at_least(&u->count, k, &want), 0);
		CHECK_INT(mt_pagetimes_in_seconds(&j->times, k), want);
	}
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++) {
		CHECK_INT(j->samples.at[i].n, u->samples.at[i].n);
		for (unsigned k = 0; k < u->samples.at[i].n; k++)
			CHECK_NEAR(j->samples.at[i].pages[k], u->samples.at[i].pages[k], 0);
	}
	CHECK(!j->times.failed);
}

static struct mt_joined joined;
static struct unions unions;
static unsigned samples_of_10s;

static void play(const struct luck *luck, unsigned ticks, uint64_t seed)
{
	struct feed f = {
		.luck = luck, .r.end_ns = 1000000000, .logged = mt_pageset_new(),
		.begun = mt_pageset_new(), .window = mt_pageset_new(),
	};

	rng.state = seed;
	mt_joined_init(&joined);
	unions_init(&unions);
	for (unsigned i = 0; i < ticks && !ktap_failed; i++) {
		struct mt_tick_pages pages = next_tick(&f);

		mt_joined_tick(&joined, &f.r, &pages);
		ktap_failed |= unions_tick(&unions, &f.r, &pages) != 0;
		check_tick(&joined, &unions);
	}
	mt_joined_end(&joined);
	ktap_failed |= unions_end(&unions) != 0;
	if (!ktap_failed)
		check_end(&joined, &unions);
	samples_of_10s = unions.samples.at[MT_PROFILE_POINTS - 1].n;
	if (ktap_failed)
		printf("# seed %" PRIu64 "\n", seed);
	mt_joined_fini(&joined);
	unions_fini(&unions);
	mt_pageset_free(f.logged);
	mt_pageset_free(f.begun);
	mt_pageset_free(f.window);
}

static const struct luck good = { .window_s = 1, .tick_ns = 50000000 };
static const struct luck bad = {
	.late = 0.05, .lost = 0.3, .gap = 0.002, .begin_unknown = 0.1, .invalid = 0.005,
	.off = 0.01, .window_s = 0.6, .stale = 0.2,
	.tick_ns = 50000000,
};

static void nothing_goes_wrong(void)
{
	for (uint64_t seed = 1; seed <= 3 && !ktap_failed; seed++)
		play(&good, 1200, seed);
	CHECK(samples_of_10s > 20);
}

static void sets_come_late(void)
{
	struct luck l = good;

	l.late = 0.03;
	l.lost = 0.2;
	l.stale = 0.3;
	for (uint64_t seed = 10; seed <= 13 && !ktap_failed; seed++)
		play(&l, 800, seed);
}

static void everything_goes_wrong(void)
{
	for (uint64_t seed = 20; seed <= 30 && !ktap_failed; seed++)
		play(&bad, 500, seed);
}

/* More windows begin than there are paths, and most are no seconds. */
static void windows_are_short(void)
{
	struct luck l = bad;

	l.window_s = 0.08;
	l.gap = 0;
	for (uint64_t seed = 40; seed <= 44 && !ktap_failed; seed++)
		play(&l, 600, seed);
}

static const struct ktap_case cases[] = {
	{ "as unions, when nothing goes wrong", nothing_goes_wrong },
	{ "and when sets come late, and windows begin dirty", sets_come_late },
	{ "and when everything goes wrong", everything_goes_wrong },
	{ "and when windows are short", windows_are_short },
};

KTAP_MAIN(cases)
