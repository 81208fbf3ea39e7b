// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * walk.c - a placement as genes that can be changed a little (PURE)
 */
#include <math.h>
#include <string.h>

#include "walk.h"

const struct mt_choice *mt_walk_choose(const struct mt_job_phase *phase, unsigned parts,
				       unsigned rank, size_t *index)
{
	const struct mt_choice *found = NULL;
	unsigned k = 0;

	for (size_t i = 0; i < phase->n && k <= rank; i++)
		if (mt_choice_is_part(&phase->choices[i], parts)) {
			found = &phase->choices[i];
			*index = i;
			k++;
		}
	return found;
}

static void place(struct mt_link *link, const struct mt_jobs *jobs, const struct mt_gene *g,
		  struct mt_placement *t)
{
	const struct mt_job *job = &jobs->v[g->job];
	double free_ms = mt_link_free_ms(link, 1.0 / g->parts, jobs->parallel), from_ms;
	struct mt_placed p = { .job = g->job };
	struct mt_link copy = *link;
	const struct mt_choice *c;

	from_ms = mt_job_begin(job, free_ms, g->wait, &p.phase);
	if (!(from_ms < jobs->deadline_ms))
		return;
	c = mt_walk_choose(&job->phases[p.phase], g->parts, g->rank, &p.choice);
	if (!c)
		return;
	mt_link_put(&copy, c, from_ms, jobs->parallel, &p);
	if (p.end_p90_ms > jobs->deadline_ms)
		return;
	*link = copy;
	t->placed[t->n++] = p;
	t->cost += c->cost + jobs->waiting_weight * p.end_ms;
}

void mt_walk_play(const struct mt_jobs *jobs, const struct mt_gene *genes, struct mt_placement *t)
{
	struct mt_link link = { .n = 0 };

	t->n = 0;
	t->cost = 0;
	for (size_t i = 0; i < jobs->n; i++)
		place(&link, jobs, &genes[i], t);
}

void mt_placement_copy(struct mt_placement *to, const struct mt_placement *from)
{
	memcpy(to->placed, from->placed, from->n * sizeof(*from->placed));
	to->n = from->n;
	to->cost = from->cost;
}

static bool may_go_on(const struct mt_walk *w)
{
	return w->tries < w->tries_max;
}

void mt_walk_copy(const struct mt_walk *w, struct mt_gene *to, const struct mt_gene *from)
{
	memcpy(to, from, w->jobs->n * sizeof(*to));
}

/* Takes what was tried if it is better. */
static bool step(struct mt_walk *w)
{
	w->tries += w->jobs->n;
	mt_walk_play(w->jobs, w->tried, &w->next);
	if (!mt_placement_better(w->next.n, w->next.cost, w->at.n, w->at.cost)) {
		mt_walk_copy(w, w->tried, w->genes);
		return false;
	}
	mt_walk_copy(w, w->genes, w->tried);
	mt_placement_copy(&w->at, &w->next);
	return true;
}

/* --- moves ----------------------------------------------------------------- */
unsigned mt_walk_ranks(const struct mt_job *job, unsigned parts)
{
	unsigned most = 0;

	for (size_t p = 0; p < job->n_phases; p++) {
		unsigned k = 0;

		for (size_t i = 0; i < job->phases[p].n; i++)
			k += mt_choice_is_part(&job->phases[p].choices[i], parts);
		most = k > most ? k : most;
	}
	return most;
}

size_t mt_walk_ways(const struct mt_walk *w, size_t j)
{
	const struct mt_job *job = &w->jobs->v[j];
	size_t n = 0;

	for (unsigned parts = 1; parts <= w->jobs->parallel; parts++)
		n += mt_walk_ranks(job, parts) * job->n_phases;
	return n ? n : 1;
}

bool mt_walk_nth_way(const struct mt_walk *w, struct mt_gene *g, unsigned n)
{
	const struct mt_job *job = &w->jobs->v[g->job];

	for (unsigned parts = 1; parts <= w->jobs->parallel; parts++) {
		unsigned ways = mt_walk_ranks(job, parts) * (unsigned)job->n_phases;

		if (n < ways) {
			*g = (struct mt_gene){ g->job, parts, n / (unsigned)job->n_phases,
					       n % (unsigned)job->n_phases };
			return true;
		}
		n -= ways;
	}
	return false;
}

static bool change_ways(struct mt_walk *w)
{
	bool better = false;

	for (size_t i = 0; i < w->jobs->n; i++)
		for (unsigned k = 0; may_go_on(w) && mt_walk_nth_way(w, &w->tried[i], k); k++)
			better |= step(w);
	return better;
}

static bool change_two_ways(struct mt_walk *w)
{
	bool better = false;

	for (size_t i = 0; i < w->jobs->n; i++)
		for (size_t j = i + 1; j < w->jobs->n; j++)
			for (unsigned k = 0; k < mt_walk_ways(w, w->genes[i].job); k++)
				for (unsigned l = 0;
				     may_go_on(w) && l < mt_walk_ways(w, w->genes[j].job); l++) {
					(void)mt_walk_nth_way(w, &w->tried[i], k);
					(void)mt_walk_nth_way(w, &w->tried[j], l);
					better |= step(w);
				}
	return better;
}

void mt_walk_insert(struct mt_gene *g, size_t i, size_t k)
{
	const struct mt_gene moved = g[i];

	if (i < k)
		memmove(&g[i], &g[i + 1], (k - i) * sizeof(*g));
	else
		memmove(&g[k + 1], &g[k], (i - k) * sizeof(*g));
	g[k] = moved;
}

void mt_walk_swap(struct mt_gene *g, size_t i, size_t k)
{
	const struct mt_gene first = g[i];

	g[i] = g[k];
	g[k] = first;
}

static bool change_places(struct mt_walk *w)
{
	bool better = false;

	for (size_t i = 0; i < w->jobs->n; i++)
		for (size_t k = 0; k < w->jobs->n && may_go_on(w); k++) {
			if (k == i)
				continue;
			mt_walk_insert(w->tried, i, k);
			better |= step(w);
			if (k <= i)
				continue;
			mt_walk_swap(w->tried, i, k);
			better |= step(w);
		}
	return better;
}

void mt_walk_descend(struct mt_walk *w)
{
	mt_walk_copy(w, w->tried, w->genes);
	mt_walk_play(w->jobs, w->genes, &w->at);
	while (may_go_on(w))
		if (!change_ways(w) && !change_places(w) && !change_two_ways(w))
			return;
}
