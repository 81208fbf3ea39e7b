/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * placement.h - jobs that share one link: when each begins, and which is the best order (PURE)
 *
 * A job is a guest's migration; its choices are what it may take: a share of the link, a time, a
 * cost. Choices belong to a phase, the one in which it begins.
 */
#ifndef MT_PLACEMENT_H
#define MT_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "schedule.h"

struct mt_choice {
	double share;			/* 1 / 1 ... 1 / MT_SCHEDULE_PARALLEL */
	double time_ms;
	double late_ms;			/* p90 of the time, above it */
	double cost;			/* >= 0 */
	size_t tag;			/* the caller's */
};

/* Is the share one of @parts equal parts? */
static inline bool mt_choice_is_part(const struct mt_choice *c, unsigned parts)
{
	return c->share * parts > 1 - 1e-6 && c->share * parts < 1 + 1e-6;
}

struct mt_job_phase {
	double from_ms;
	struct mt_choice *choices;	/* by cost, rising; none is as good as another in
					 * everything */
	size_t n;
};

struct mt_job {
	struct mt_job_phase phases[MT_SCHEDULE_PHASES];
	size_t n_phases;		/* at least 1 */
	double period_ms;
};

struct mt_jobs {
	const struct mt_job *v;
	size_t n;
	double deadline_ms, waiting_weight;
	unsigned parallel;		/* at least 1 */
};

struct mt_placed {
	size_t job, phase, choice;
	double start_ms, end_ms, end_p90_ms;
};

struct mt_placement {
	struct mt_placed *placed;	/* room for all jobs; by start */
	size_t n;			/* the others are left behind */
	double cost;
	bool exact;
};

/* --- the link ------------------------------------------------------------ */
/* What is under way as the next job is put on it. */
struct mt_link {
	struct { double end_ms, variance, share; } running[MT_SCHEDULE_PARALLEL];
	unsigned n;
	double clock_ms, variance;	/* the last start, and how uncertain it is (in squares of
					 * what p90 is above p50) */
};

/*
 * Puts a choice on the link, not before @from_ms, and says when it begins. The link is changed also
 * if that is too late; keep a copy.
 */
void mt_link_put(struct mt_link *l, const struct mt_choice *c, double from_ms, unsigned parallel,
		 struct mt_placed *p);
/* When a share would be free. */
double mt_link_free_ms(const struct mt_link *l, double share, unsigned parallel);

/* In which phase a job is at a time. */
size_t mt_job_phase_at(const struct mt_job *job, double ms);
/*
 * When it begins if it waits for @changes changes of its phase after @ms, and in which phase it
 * then is; INFINITY: there are fewer.
 */
double mt_job_begin(const struct mt_job *job, double ms, size_t changes, size_t *phase);

/* Is @a with @n_a of the jobs placed better than @b. */
bool mt_placement_better(size_t n_a, double cost_a, size_t n_b, double cost_b);

/* --- orders --------------------------------------------------------------- */
/* Local search. -ENOMEM. */
MT_MUST_CHECK int mt_placement_local(const struct mt_jobs *jobs, struct mt_placement *best);
/* Branch and bound from what @best holds; ->exact is false if it was given up. */
void mt_placement_exact(const struct mt_jobs *jobs, struct mt_placement *best);

#endif
