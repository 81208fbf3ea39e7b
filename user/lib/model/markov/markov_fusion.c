// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * markov_fusion.c - the nearest patterns, weighted (PURE)
 */
#include <math.h>

#include "markov_fusion.h"
#include "markov_patterns.h"

/* @share: of the fluctuations */
static double distance(const struct mt_markov *m, const float *a, const float *b, double share)
{
	unsigned n = m->params.window;
	double slots = 0, changes = 0, last = 0;

	for (unsigned i = 0; i < n; i++) {
		double off = (double)a[i] - (double)b[i];

		slots += off * off;
		changes += i ? (off - last) * (off - last) : 0;
		last = off;
	}
	return sqrt(slots / n) + share * (n > 1 ? sqrt(changes / (n - 1)) : 0);
}

int mt_fusion_second(const struct mt_markov *m, const float *status, int but)
{
	double least = INFINITY;
	int best = -1;

	for (int j = 0; j < (int)m->n_patterns; j++) {
		double d = j == but ? INFINITY : distance(m, status, m->pattern[j], 0);

		if (j != but && (best < 0 || d < least)) {
			least = d;
			best = j;
		}
	}
	return best;
}

struct similar {
	int pattern;
	double distance;
};

/* Fills in up to ->fuse, nearest first. Return: how many. */
static unsigned find_similar(const struct mt_markov *m, const float *status, struct similar *found)
{
	unsigned n = 0;

	for (int j = 0; j < (int)m->n_patterns; j++) {
		double d = distance(m, status, m->pattern[j], m->params.fluctuation_share);
		unsigned i = n;

		while (i && d < found[i - 1].distance)
			i--;
		if (i >= m->params.fuse)
			continue;
		n += n < m->params.fuse;
		for (unsigned k = n - 1; k > i; k--)
			found[k] = found[k - 1];
		found[i] = (struct similar){ j, d };
	}
	return n;
}

void mt_fusion_foretell(const struct mt_markov *m, const float *status, int at, int next,
			float *amounts)
{
	unsigned step = m->params.step, from = m->params.window - step, n;
	struct similar found[MT_MARKOV_FUSE_MAX] = { { 0, 0 } };
	double weights = 0, sum[MT_MARKOV_WINDOW_MAX] = { 0 };

	n = find_similar(m, status, found);
	/* Infinitely far or no distance away, the nearest foretells alone. */
	if (!(found[0].distance > 0) || !isfinite(found[0].distance))
		n = 1;
	for (unsigned j = 0; j < n; j++) {
		int like = found[j].pattern;
		int to = like == at ? next : mt_markov_successor(m, like, false);
		double weight = n > 1 ? 1 / found[j].distance : 1;

		if (to < 0)
			to = like;	/* it stays */
		for (unsigned i = 0; i < step; i++)
			sum[i] += weight * m->pattern[to][from + i];
		weights += weight;
	}
	for (unsigned i = 0; i < step; i++)
		amounts[i] = (float)(sum[i] / weights);
}
