/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * profile.h - U(T) and what follows from it, from the ticks of a kernel source (PURE)
 *
 * U(T) is the number of distinct pages dirtied in a window of length T that begins with all
 * pages clean. A source's windows begin so, at a reset of the ring or a clear of the
 * bitmap, and each of its ticks says how many distinct pages the window has by now: one
 * sample of U at that T. A profile collects them on a grid of T, from many windows.
 *
 * Windows end after about a second, when QEMU next resets its rings. Longer ones are joined
 * from consecutive windows by the sets of pages of their ticks, if the source gives them:
 * that is the union over the windows, exact as long as no tick is missing. For that a profile keeps
 * four bytes and a bit for each page that is dirtied: 1.03 MiB for each GiB of guest.
 *
 * Derived, after Nathan, Bellur, Kulkarni (SoCC'15): S, pages dirtied in a second; S_new,
 * pages a second that were not dirtied before in the window, after its first second and up to ten;
 * M_w, the pages dirtied at all: the writable working set. S + (T - 1) S_new, capped at M_w, is
 * U(T) at whole seconds.
 */
#ifndef MT_PROFILE_H
#define MT_PROFILE_H

#include "source/tick.h"

#define MT_PROFILE_POINTS	13	/* 1, 2, 5 in each decade from 1 ms to 10 s */
extern const double mt_profile_grid_s[MT_PROFILE_POINTS];

/* A page is hot if it is dirtied in at least this share of the seconds. */
#define MT_PROFILE_HOT_SHARE	0.8
/* Fewer seconds than this say nothing about what is hot. */
#define MT_PROFILE_HOT_SECONDS	5
/*
 * A sample is left out if a larger share of its pages is doubtful: dirty as the window began, so
 * that they count from its start, or logged in a tick whose set could not be had.
 */
#define MT_PROFILE_DOUBT_SHARE	0.05

struct mt_profile_point {
	double window_s;
	unsigned windows;		/* samples; 0: nothing is known */
	double mean_pages, p10_pages, p50_pages, p90_pages;
};

struct mt_profile_vcpu {
	uint64_t events;		/* pages that it logged */
	uint64_t ring_used;		/* the most entries that its ring held before they were
					 * reset */
};

/*
 * Unknown doubles are NaN. Unless said otherwise counts are of the session with the shortest tick.
 */
struct mt_profile {
	struct mt_profile_point points[MT_PROFILE_POINTS];
	uint64_t duration_ns;		/* for which logging was on */
	unsigned windows;		/* with a clean start */
	unsigned windows_left_out;	/* others: nobody knows how clean they were */
	double s_pages, s_new_pages, mw_pages;
	bool mw_lower_bound;		/* more than a hundredth of it may be missing */
	unsigned hot_seconds;		/* windows of about a second of which the set is known */
	double hot_pages, hot_share;	/* hot_pages / mw_pages */
	double pages_per_s;		/* logged, a page once a tick */
	struct mt_tick total;		/* all ticks while logging was on */
	struct mt_profile_vcpu *vcpu;	/* NULL: not known */
	unsigned vcpus;
};

struct mt_pageset;
struct mt_profile_builder;

struct mt_profile_builder *mt_profile_begin(double hot_share);	/* 0: the default; NULL: no
								 * memory */

/* A tick of the finest session, in time order. */
void mt_profile_tick(struct mt_profile_builder *b, const struct migtrace_record *r);
/* What is known of the pages of a tick. */
struct mt_tick_pages {
	const struct mt_pageset *logged;	/* in it; NULL: they could not be had in time */
	bool whole;	/* and in all ticks since the last one of which they were */
	/*
	 * After a window began: all that was logged since, for the tick began before; NULL: not
	 * known.
	 */
	const struct mt_pageset *begun;
};

/* A tick of the session of which the sets are read, each that came, in time order. */
void mt_profile_pages(struct mt_profile_builder *b, const struct migtrace_record *r,
		      const struct mt_tick_pages *pages);

/*
 * Frees @b. Return: 0 and @p; -ENOMEM if anything was lost on the way; -ENODATA no window with a
 * clean start.
 */
MT_MUST_CHECK int mt_profile_end(struct mt_profile_builder *b, struct mt_profile *p);
void mt_profile_abandon(struct mt_profile_builder *b);		/* NULL is fine */
void mt_profile_fini(struct mt_profile *p);

#endif
