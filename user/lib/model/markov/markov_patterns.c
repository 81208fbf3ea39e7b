// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * markov_patterns.c - leader clustering of statuses, in bounded memory (PURE)
 *
 * A status joins the nearest pattern if that is near enough, and becomes a pattern of its own
 * if not. A pattern is the running mean of its members. How patterns are made is not in the
 * paper, beyond "by Euclidean distance": inferred.
 */
#include <math.h>
#include <string.h>

#include "markov_patterns.h"

/*
 * A distance is added up in pieces of this many slots, and given up once it is more than the best
 * so far.
 */
#define PIECE	8

static double square_distance(const float *a, const float *b, unsigned n, double enough)
{
	double sum = 0;

	for (unsigned i = 0; i < n && sum < enough; ) {
		unsigned end = i + PIECE < n ? i + PIECE : n;
		float part = 0;

		for (; i < end; i++)
			part += (a[i] - b[i]) * (a[i] - b[i]);
		sum += part;
	}
	return sum;
}

int mt_patterns_nearest(const struct mt_markov *m, const float *status, double *square)
{
	int best = -1;

	*square = INFINITY;
	for (unsigned j = 0; j < m->n_patterns; j++) {
		double d = square_distance(status, m->pattern[j], m->params.window, *square);

		/*
		 * Amounts beyond all reason are infinitely far from anything; one of the patterns
		 * it is all the same.
		 */
		if (best < 0 || d < *square) {
			*square = isnan(d) ? INFINITY : d;
			best = (int)j;
		}
	}
	return best;
}

static void nearest_two(const struct mt_markov *m, unsigned *a, unsigned *b)
{
	double best = INFINITY;

	*a = 0;
	*b = 1;
	for (unsigned i = 1; i < m->n_patterns; i++) {
		for (unsigned j = 0; j < i; j++) {
			double d = square_distance(m->pattern[i], m->pattern[j], m->params.window,
						   best);

			if (d < best) {
				best = d;
				*a = j;
				*b = i;
			}
		}
	}
}

/* @b becomes part of @a; its place is free then. */
static void merge(struct mt_markov *m, unsigned a, unsigned b)
{
	float share = (float)m->members[b] / (float)(m->members[a] + m->members[b]);

	for (unsigned i = 0; i < m->params.window; i++)
		m->pattern[a][i] += share * (m->pattern[b][i] - m->pattern[a][i]);
	m->members[a] += m->members[b];
	for (unsigned j = 0; j < m->n_patterns; j++)
		m->follows[a][j] += m->follows[b][j];
	for (unsigned j = 0; j < m->n_patterns; j++)
		m->follows[j][a] += m->follows[j][b];
	for (unsigned j = 0; j < m->n_patterns; j++)
		m->follows[b][j] = m->follows[j][b] = 0;
	for (unsigned i = 0; i < m->params.step; i++)
		if (m->label[i] == (int)b)
			m->label[i] = (int)a;
	m->merged++;
}

static int found(struct mt_markov *m, const float *status)
{
	unsigned a, place = m->n_patterns;

	if (place == m->params.patterns_max) {
		nearest_two(m, &a, &place);
		merge(m, a, place);
	} else {
		m->n_patterns++;
	}
	memcpy(m->pattern[place], status, m->params.window * sizeof(*status));
	m->members[place] = 1;
	return (int)place;
}

int mt_patterns_join(struct mt_markov *m, const float *status, double deviation)
{
	double limit = m->params.join_share * deviation, square;
	int best = mt_patterns_nearest(m, status, &square);
	float share;

	if (best < 0 || square > limit * limit * m->params.window)
		return found(m, status);
	share = 1 / (float)++m->members[best];
	for (unsigned i = 0; i < m->params.window; i++)
		m->pattern[best][i] += share * (status[i] - m->pattern[best][i]);
	return best;
}
