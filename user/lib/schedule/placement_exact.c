// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * placement_exact.c - the best placement there is, by branch and bound (PURE)
 *
 * Depth first over who begins next, in which phase, with which choice. A branch is given up if even
 * its bound is no better than the best so far: as many of the rest are left behind as cannot be in
 * time, whatever the order, and each of the others costs what its cheapest choice does.
 *
 * Of two jobs without phases that have the whole link one after the other, the shorter one goes
 * first: any placement in which it does not can be turned into one that is as good (Smith 1956: the
 * sum of ends shrinks, and all else stays).
 */
#include <math.h>
#include <string.h>

#include "placement.h"

/* Placements that are tried before it is given up: seconds. Inferred. */
#define TRIES_MAX	5000000
#define JOBS_MAX	64

struct search {
	const struct mt_jobs *jobs;
	struct mt_placement *best;
	struct mt_placed placed[JOBS_MAX];
	bool used[JOBS_MAX];
	double least_cost[JOBS_MAX], least_time_ms[JOBS_MAX], least_work_ms[JOBS_MAX];
	unsigned long tries;
};

struct node {
	struct mt_link link;
	size_t n;
	double cost;
};

static void note_least(struct search *s, size_t j)
{
	const struct mt_job *job = &s->jobs->v[j];

	s->least_cost[j] = s->least_time_ms[j] = s->least_work_ms[j] = INFINITY;
	for (size_t p = 0; p < job->n_phases; p++)
		for (size_t i = 0; i < job->phases[p].n; i++) {
			const struct mt_choice *c = &job->phases[p].choices[i];

			s->least_cost[j] = fmin(s->least_cost[j], c->cost);
			s->least_time_ms[j] = fmin(s->least_time_ms[j], c->time_ms);
			s->least_work_ms[j] = fmin(s->least_work_ms[j], c->time_ms * c->share);
		}
}

/* How many of the rest can be in time at all, and what they cost at least. */
static size_t bound(const struct search *s, const struct node *node, double *cost)
{
	const struct mt_jobs *jobs = s->jobs;
	double work[JOBS_MAX], left_ms = jobs->deadline_ms - node->link.clock_ms;
	size_t n = 0, fit = 0;

	*cost = 0;
	for (size_t j = 0; j < jobs->n; j++) {
		size_t at = n;

		if (s->used[j] || !(s->least_time_ms[j] <= left_ms))
			continue;
		*cost += s->least_cost[j] +
			 jobs->waiting_weight * (node->link.clock_ms + s->least_time_ms[j]);
		for (; at && work[at - 1] > s->least_work_ms[j]; at--)
			work[at] = work[at - 1];
		work[at] = s->least_work_ms[j];
		n++;
	}
	/* The link gives a ms of work in a ms. */
	for (double sum = 0; fit < n && sum + work[fit] <= left_ms * (1 + 1e-9); fit++)
		sum += work[fit];
	/*
	 * Some that could be in time will not be: nobody knows which, so nothing is said of the
	 * cost.
	 */
	if (fit < n)
		*cost = 0;
	return fit;
}

static bool is_plain(const struct mt_job *job)
{
	return job->n_phases == 1;
}

/* The same two the other way round come first. */
static bool is_twin(const struct search *s, const struct node *node, const struct mt_placed *p,
		    double share)
{
	const struct mt_placed *before;
	const struct mt_job *job;
	double time_ms, time_before_ms;

	if (!node->n || share < 1)
		return false;
	before = &s->placed[node->n - 1];
	job = &s->jobs->v[before->job];
	if (!is_plain(job) || !is_plain(&s->jobs->v[p->job]) ||
	    job->phases[0].choices[before->choice].share < 1 || p->start_ms > before->end_ms)
		return false;
	time_ms = p->end_ms - p->start_ms;
	time_before_ms = job->phases[0].choices[before->choice].time_ms;
	return time_ms < time_before_ms || (time_ms == time_before_ms && p->job < before->job);
}

static void keep(struct search *s, const struct node *node)
{
	if (!mt_placement_better(node->n, node->cost, s->best->n, s->best->cost))
		return;
	memcpy(s->best->placed, s->placed, node->n * sizeof(*s->placed));
	s->best->n = node->n;
	s->best->cost = node->cost;
}

static void branch(struct search *s, const struct node *node);

static void try_choice(struct search *s, const struct node *node, size_t j, size_t phase,
		       size_t choice, double from_ms)
{
	const struct mt_choice *c = &s->jobs->v[j].phases[phase].choices[choice];
	struct node next = *node;
	struct mt_placed *p = &s->placed[node->n];

	s->tries++;
	*p = (struct mt_placed){ .job = j, .phase = phase, .choice = choice };
	mt_link_put(&next.link, c, from_ms, s->jobs->parallel, p);
	if (p->end_p90_ms > s->jobs->deadline_ms || is_twin(s, node, p, c->share))
		return;
	next.n++;
	next.cost += c->cost + s->jobs->waiting_weight * p->end_ms;
	s->used[j] = true;
	branch(s, &next);
	s->used[j] = false;
}

/* At once as soon as the share is free, or at the begin of one of the other phases after it. */
static void try_job(struct search *s, const struct node *node, size_t j)
{
	const struct mt_job *job = &s->jobs->v[j];

	for (unsigned parts = 1; parts <= s->jobs->parallel; parts++) {
		double free_ms = mt_link_free_ms(&node->link, 1.0 / parts, s->jobs->parallel);

		for (size_t changes = 0; changes < job->n_phases; changes++) {
			size_t phase;
			double from_ms = mt_job_begin(job, free_ms, changes, &phase);

			for (size_t i = 0;
			     i < job->phases[phase].n && from_ms < s->jobs->deadline_ms; i++)
				if (mt_choice_is_part(&job->phases[phase].choices[i], parts))
					try_choice(s, node, j, phase, i, from_ms);
		}
	}
}

static void branch(struct search *s, const struct node *node)
{
	double cost;
	size_t more;

	keep(s, node);
	more = bound(s, node, &cost);
	if (!more ||
	    !mt_placement_better(node->n + more, node->cost + cost, s->best->n, s->best->cost))
		return;
	for (size_t j = 0; j < s->jobs->n; j++) {
		if (s->tries > TRIES_MAX)
			return;
		if (!s->used[j])
			try_job(s, node, j);
	}
}

void mt_placement_exact(const struct mt_jobs *jobs, struct mt_placement *best)
{
	struct search s = { .jobs = jobs, .best = best };
	struct node root = { .n = 0 };

	best->exact = false;
	if (jobs->n > JOBS_MAX)
		return;
	for (size_t j = 0; j < jobs->n; j++)
		note_least(&s, j);
	branch(&s, &root);
	best->exact = s.tries <= TRIES_MAX;
}
