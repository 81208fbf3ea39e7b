/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * samples.h - samples of U(T) on the grid, from windows as they grow (PURE)
 */
#ifndef MIGTRACE_CURVE_SAMPLES_H
#define MIGTRACE_CURVE_SAMPLES_H

#include "profile.h"

struct mt_samples {
	struct mt_sample_list {
		double *pages;
		unsigned n, room;
	} at[MT_PROFILE_POINTS];
	bool failed;			/* no memory for one of them */
};

void mt_samples_fini(struct mt_samples *s);
/* Sorts. @p->window_s is set also where there is nothing. */
void mt_samples_point(struct mt_samples *s, size_t i, struct mt_profile_point *p);

/* One window, or several joined: U at growing T. */
struct mt_path {
	size_t next;			/* index in the grid */
	double t_s, pages;		/* newest */
	double mark_s, mark_pages;	/* at 3/4 of the next T, for its slope; 0 = not there yet */
	double doubtful_pages;		/* grows as ticks are missed */
};

void mt_path_init(struct mt_path *p, double doubtful_pages);
/* U(@t_s) is @pages; @tick_s is how far apart samples usually are: what bridges more is a gap. */
void mt_path_feed(struct mt_path *p, double t_s, double pages, double tick_s,
		  struct mt_samples *into);
/* It ends here. A T that it has missed by less than a twentieth is reached by its slope. */
void mt_path_end(struct mt_path *p, struct mt_samples *into);

#endif
