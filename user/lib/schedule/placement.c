// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * placement.c - jobs that share one link: when each begins (PURE)
 */
#include <math.h>

#include "placement.h"

#define ROUNDING	1e-9		/* 1/3 + 1/3 + 1/3 is one link */

static double used(const struct mt_link *l)
{
	double sum = 0;

	for (unsigned i = 0; i < l->n; i++)
		sum += l->running[i].share;
	return sum;
}

static unsigned first_to_end(const struct mt_link *l)
{
	unsigned first = 0;

	for (unsigned i = 1; i < l->n; i++)
		if (l->running[i].end_ms < l->running[first].end_ms)
			first = i;
	return first;
}

/*
 * Makes room, later and later. A start that had to wait is as uncertain as the end that it waited
 * for.
 */
static void make_room(struct mt_link *l, double share, double from_ms, unsigned parallel)
{
	if (from_ms > l->clock_ms) {
		l->clock_ms = from_ms;
		l->variance = 0;
	}
	while (l->n) {
		unsigned i = first_to_end(l);
		bool fits = l->n < parallel && used(l) + share <= 1 + ROUNDING;

		if (fits && l->running[i].end_ms > l->clock_ms)
			return;
		if (l->running[i].end_ms >= l->clock_ms) {
			l->clock_ms = l->running[i].end_ms;
			l->variance = l->running[i].variance;
		}
		l->running[i] = l->running[--l->n];
	}
}

double mt_link_free_ms(const struct mt_link *l, double share, unsigned parallel)
{
	struct mt_link copy = *l;

	make_room(&copy, share, 0, parallel);
	return copy.clock_ms;
}

void mt_link_put(struct mt_link *l, const struct mt_choice *c, double from_ms, unsigned parallel,
		 struct mt_placed *p)
{
	double variance;

	make_room(l, c->share, from_ms, parallel);
	variance = l->variance + c->late_ms * c->late_ms;
	p->start_ms = l->clock_ms;
	p->end_ms = l->clock_ms + c->time_ms;
	p->end_p90_ms = p->end_ms + sqrt(variance);
	l->running[l->n].end_ms = p->end_ms;
	l->running[l->n].variance = variance;
	l->running[l->n++].share = c->share;
}

size_t mt_job_phase_at(const struct mt_job *job, double ms)
{
	double t = job->period_ms > 0 ? fmod(ms, job->period_ms) : ms;
	size_t i = 0;

	while (i + 1 < job->n_phases && job->phases[i + 1].from_ms <= t)
		i++;
	return i;
}

double mt_job_begin(const struct mt_job *job, double ms, size_t changes, size_t *phase)
{
	double turn = job->period_ms > 0 ? ms - fmod(ms, job->period_ms) : 0;

	*phase = mt_job_phase_at(job, ms);
	if (!changes)
		return ms;
	*phase += changes;
	for (; *phase >= job->n_phases; *phase -= job->n_phases)
		turn += job->period_ms > 0 ? job->period_ms : INFINITY;
	return turn + job->phases[*phase].from_ms;
}

/* Costs that differ by rounding only are the same. */
bool mt_placement_better(size_t n_a, double cost_a, size_t n_b, double cost_b)
{
	if (n_a != n_b)
		return n_a > n_b;
	return cost_a < cost_b - ROUNDING * fmax(1, fabs(cost_b));
}
