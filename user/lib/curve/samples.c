// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * samples.c - samples of U(T) on the grid, from windows as they grow (PURE)
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantile.h"
#include "samples.h"

#define SAMPLES_MAX	65536	/* of one T; an hour of windows of a second has 3600 */
/* of T: what a missing tick may leave open. U bends little over that */
#define GAP_SHARE	0.25
#define MISS_SHARE	0.05	/* of T: QEMU's seconds are not exact */
#define MARK_SHARE	0.75

const double mt_profile_grid_s[MT_PROFILE_POINTS] = {
	0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10,
};

static void add(struct mt_samples *s, size_t i, double pages, double doubtful_pages)
{
	struct mt_sample_list *list = &s->at[i];

	if (doubtful_pages > MT_PROFILE_DOUBT_SHARE * pages || list->n == SAMPLES_MAX)
		return;
	if (list->n == list->room) {
		unsigned room = list->room ? 2 * list->room : 16;
		double *more = realloc(list->pages, room * sizeof(*more));

		if (!more) {
			s->failed = true;
			return;
		}
		list->pages = more;
		list->room = room;
	}
	list->pages[list->n++] = pages;
}

void mt_samples_fini(struct mt_samples *s)
{
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++)
		free(s->at[i].pages);
	memset(s, 0, sizeof(*s));
}

void mt_samples_point(struct mt_samples *s, size_t i, struct mt_profile_point *p)
{
	struct mt_sample_list *list = &s->at[i];
	double sum = 0;

	*p = (struct mt_profile_point){ mt_profile_grid_s[i], list->n, NAN, NAN, NAN, NAN };
	if (!list->n)
		return;
	mt_sort(list->pages, list->n);
	for (unsigned k = 0; k < list->n; k++)
		sum += list->pages[k];
	p->mean_pages = sum / list->n;
	p->p10_pages = mt_quantile(list->pages, list->n, 0.1);
	p->p50_pages = mt_quantile(list->pages, list->n, 0.5);
	p->p90_pages = mt_quantile(list->pages, list->n, 0.9);
}

/* --- a path ------------------------------------------------------------- */
void mt_path_init(struct mt_path *p, double doubtful_pages)
{
	*p = (struct mt_path){ .doubtful_pages = doubtful_pages };
}

void mt_path_feed(struct mt_path *p, double t_s, double pages, double tick_s,
		  struct mt_samples *into)
{
	double gap = t_s - p->t_s;

	if (!(gap > 0))
		return;
	for (; p->next < MT_PROFILE_POINTS && mt_profile_grid_s[p->next] <= t_s; p->next++) {
		double t = mt_profile_grid_s[p->next];

		p->mark_s = 0;
		if (gap <= 1.5 * tick_s || gap <= GAP_SHARE * t)
			add(into, p->next, p->pages + (pages - p->pages) * (t - p->t_s) / gap,
			    p->doubtful_pages);
	}
	p->t_s = t_s;
	p->pages = pages;
	if (p->next < MT_PROFILE_POINTS && !(p->mark_s > 0) &&
	    t_s >= MARK_SHARE * mt_profile_grid_s[p->next]) {
		p->mark_s = t_s;
		p->mark_pages = pages;
	}
}

void mt_path_end(struct mt_path *p, struct mt_samples *into)
{
	double t, slope;

	if (p->next >= MT_PROFILE_POINTS)
		return;
	t = mt_profile_grid_s[p->next];
	if (p->t_s < (1 - MISS_SHARE) * t || !(p->mark_s > 0) || p->t_s <= p->mark_s)
		return;
	slope = (p->pages - p->mark_pages) / (p->t_s - p->mark_s);
	add(into, p->next++, p->pages + slope * (t - p->t_s), p->doubtful_pages);
}
