// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * passcutter.c - a kernel source's ticks cut into the passes of a migration
 *
 * A boundary falls into a tick, and nobody knows which of the tick's pages were logged before
 * it. Those that are in other ticks of a pass too are its own in any case; of the rest
 * each pass gets the share that it has of the tick.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "passcutter.h"

int mt_passcutter_init(struct mt_passcutter *p)
{
	memset(p, 0, sizeof(*p));
	p->pages = mt_pageset_new();
	return p->pages ? 0 : -ENOMEM;
}

static void drop_first(struct mt_passcutter *p)
{
	mt_pageset_free(p->recent[p->first].pages);
	p->recent[p->first].pages = NULL;
	p->first = (p->first + 1) % MT_PASSCUTTER_RECENT;
	p->n--;
}

static void set_head(struct mt_passcutter *p, const struct mt_passcutter_tick *t)
{
	mt_pageset_free(p->head.pages);
	p->head = (struct mt_passcutter_tick){ 0 };
	if (t)
		p->head = *t;		/* its set, too */
}

void mt_passcutter_fini(struct mt_passcutter *p)
{
	while (p->n)
		drop_first(p);
	set_head(p, NULL);
	mt_pageset_free(p->pages);
	memset(p, 0, sizeof(*p));
}

static void count(struct mt_passcutter *p, const struct mt_passcutter_tick *t, double share)
{
	uint64_t events = (uint64_t)llround(share * (double)t->events);

	p->pass.events += events;
	p->pass.overruns += (uint64_t)llround(share * (double)t->overruns);
	if (!t->pages ||
	    (t->wide_from_ns && t->wide_from_ns + MT_PASSCUTTER_SLACK_NS < p->pass.start_ns)) {
		p->pending_unread += events;
		return;
	}
	if (!t->wide_from_ns)
		p->pass.unread_events += p->pending_unread;
	p->pending_unread = 0;
	if (share == 1)
		mt_pageset_or(p->pages, t->pages);
}

static double share_before(const struct mt_passcutter_tick *t, uint64_t t_ns)
{
	return t->end_ns > t->start_ns ?
		       (double)(t_ns - t->start_ns) / (double)(t->end_ns - t->start_ns) :
		       1;
}

/* What a tick that belongs to the pass by @share adds to it. It is in it when this returns. */
static double add_part(struct mt_passcutter *p, const struct mt_pageset *pages, double share)
{
	uint64_t had = mt_pageset_count(p->pages);

	if (!pages)
		return 0;
	mt_pageset_or(p->pages, pages);
	return (1 - share) * (double)(mt_pageset_count(p->pages) - had);
}

/* @last: the tick in which it ended, @share of it; NULL: it ended with a tick. */
static void finish(struct mt_passcutter *p, uint64_t iteration, uint64_t t_ns,
		   const struct mt_passcutter_tick *last, double share)
{
	bool within = p->head.end_ns > t_ns;	/* began and ended in one tick */
	double less;

	less = add_part(p, p->head.pages,
			1 - (p->head.end_ns ? share_before(&p->head, p->pass.start_ns) : 0));
	if (last)
		less += add_part(p, last->pages, share);
	p->pass.unread_events += p->pending_unread;
	p->pending_unread = 0;
	p->pass.t_ns = t_ns;
	p->pass.pages =
		within || p->gap ||
				(double)p->pass.unread_events >
					MT_PASSCUTTER_UNREAD_SHARE * (double)p->pass.events ?
			NAN :
			(double)mt_pageset_count(p->pages) - less;
	if (p->pass.iteration && p->n_done < MT_PASSCUTTER_PENDING)
		p->done[p->n_done++] = p->pass;
	p->gap = false;
	p->pass = (struct mt_record_pass){ .iteration = iteration, .start_ns = t_ns };
	mt_pageset_clear(p->pages);
}

static void cut(struct mt_passcutter *p, uint64_t iteration, uint64_t t_ns)
{
	struct mt_passcutter_tick *t = NULL;

	while (p->n && p->recent[p->first].end_ns <= t_ns) {
		count(p, &p->recent[p->first], 1);
		drop_first(p);
	}
	if (p->n && p->recent[p->first].start_ns < t_ns)
		t = &p->recent[p->first];
	if (t && t->wide_from_ns) {	/* of a tick in two passes only its own pages are of use */
		mt_pageset_free(t->pages);
		t->pages = NULL;
		t->wide_from_ns = 0;
	}
	if (t)
		count(p, t, share_before(t, t_ns) < 1 ? share_before(t, t_ns) : 0);
	finish(p, iteration, t_ns, t, t ? share_before(t, t_ns) : 0);
	set_head(p, t);
	if (!t)
		return;
	count(p, t, 1 - share_before(t, t_ns));
	t->pages = NULL;		/* the head's now */
	drop_first(p);
}

/* Those up to which all ticks are there. */
static void cut_all(struct mt_passcutter *p, uint64_t until_ns)
{
	size_t done = 0;

	while (done < p->n_boundaries && p->boundaries[done].t_ns <= until_ns) {
		cut(p, p->boundaries[done].iteration, p->boundaries[done].t_ns);
		done++;
	}
	p->n_boundaries -= done;
	memmove(p->boundaries, p->boundaries + done, p->n_boundaries * sizeof(*p->boundaries));
}

static uint64_t newest_ns(const struct mt_passcutter *p)
{
	return p->n ? p->recent[(p->first + p->n - 1) % MT_PASSCUTTER_RECENT].end_ns : 0;
}

void mt_passcutter_tick(struct mt_passcutter *p, const struct migtrace_record *r,
			const struct mt_pageset *pages, bool exact)
{
	struct mt_passcutter_tick *t;

	if (r->end_ns < r->start_ns || r->end_ns < newest_ns(p))
		return;
	if (p->n == MT_PASSCUTTER_RECENT) {
		count(p, &p->recent[p->first], 1);
		drop_first(p);
	}
	t = &p->recent[(p->first + p->n++) % MT_PASSCUTTER_RECENT];
	*t = (struct mt_passcutter_tick){
		.start_ns = r->start_ns,
		.end_ns = r->end_ns,
		.events = r->events,
		.overruns = r->overruns,
		.pages = pages ? mt_pageset_copy(pages) : NULL,
		.wide_from_ns = pages && !exact ? r->window_start_ns : 0,
	};
	p->gap |= p->tick && r->tick != p->tick + 1 && exact;
	p->tick = r->tick;
	cut_all(p, r->end_ns);
}

void mt_passcutter_boundary(struct mt_passcutter *p, uint64_t iteration, uint64_t t_ns)
{
	uint64_t last_ns =
		p->n_boundaries ? p->boundaries[p->n_boundaries - 1].t_ns : p->pass.start_ns;

	if (p->n_boundaries == MT_PASSCUTTER_PENDING || t_ns <= last_ns)
		return;
	p->boundaries[p->n_boundaries].iteration = iteration;
	p->boundaries[p->n_boundaries++].t_ns = t_ns;
	cut_all(p, newest_ns(p));
}

void mt_passcutter_end(struct mt_passcutter *p)
{
	/* The last tick may end a little before a boundary: QEMU took the log and ended. */
	cut_all(p, UINT64_MAX);
}

bool mt_passcutter_take(struct mt_passcutter *p, struct mt_record_pass *pass)
{
	if (!p->n_done)
		return false;
	*pass = p->done[0];
	memmove(p->done, p->done + 1, --p->n_done * sizeof(*p->done));
	return true;
}
