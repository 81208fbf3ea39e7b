// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * hmm.c - a hidden Markov model of a page: cold or hot, and dirtied with each one's probability
 * (PURE)
 *
 * An index lists hidden Markov models with MLLM; which, nobody says. Inferred: two states a page,
 * parameters that all pages share. A page costs the byte in which its probability to be hot is
 * kept, as a logarithm of odds; a tick moves it by a table. The parameters are learned by
 * expectation and maximisation on line (Cappe, J. Comput. Graph. Stat. 20(3), 2011), of the
 * filtered probabilities: pages are counted by that byte and by whether they were dirtied, so a
 * step costs the same for any guest. Pages that were never dirtied stay out of it.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "tracker.h"

#define STATES		2
#define UNTOUCHED	0		/* a byte; the others are odds */
#define ODDS_STEP	(1.0f / 14)	/* from 1 to 255: 0.0001 to 0.9999 */
#define ODDS_MIDDLE	128

/* Inferred: what a tick leaves of what was counted before, and what is counted beforehand. */
#define KEPT		0.99f
#define PRIOR_PAGES	100.0f

struct model {
	float move[STATES][STATES];	/* from one to the other, in a tick */
	float dirtied[STATES];		/* in a tick */
	float moves[STATES][STATES], seen[STATES][2];	/* expected, so far */
};

static const struct model beforehand = {
	.move = { { 0.99f, 0.01f }, { 0.1f, 0.9f } }, .dirtied = { 0.02f, 0.6f },
};

static float hot_of(unsigned byte)
{
	return 1 / (1 + expf(-((float)byte - ODDS_MIDDLE) * ODDS_STEP));
}

static uint8_t byte_of(float hot)
{
	float odds = logf(fmaxf(hot, 1e-6f) / fmaxf(1 - hot, 1e-6f)) / ODDS_STEP;

	return (uint8_t)lrintf(fminf(fmaxf(odds + ODDS_MIDDLE, 1), 255));
}

static int init(struct mt_wss *w)
{
	struct model *m = w->model = wss_alloc(w, 1, sizeof(*m));

	w->state = wss_alloc(w, w->pages, 1);
	if (!m || !w->state)
		return -ENOMEM;
	*m = beforehand;
	for (int i = 0; i < STATES; i++) {
		for (int j = 0; j < STATES; j++)
			m->moves[i][j] = PRIOR_PAGES * m->move[i][j];
		m->seen[i][1] = PRIOR_PAGES * m->dirtied[i];
		m->seen[i][0] = PRIOR_PAGES - m->seen[i][1];
	}
	return 0;
}

/*
 * One step of a page that was hot with probability @hot: @joint[i][j] is how probable it is that it
 * went from i to j, given what was seen. Return: of j = hot.
 */
static float step(const struct model *m, float hot, bool dirtied, float joint[STATES][STATES])
{
	const float before[STATES] = { 1 - hot, hot };
	float sum = 0;

	for (int i = 0; i < STATES; i++) {
		for (int j = 0; j < STATES; j++) {
			joint[i][j] = before[i] * m->move[i][j] *
				      (dirtied ? m->dirtied[j] : 1 - m->dirtied[j]);
			sum += joint[i][j];
		}
	}
	for (int i = 0; i < STATES; i++)
		for (int j = 0; j < STATES; j++)
			joint[i][j] /= sum;
	return joint[0][1] + joint[1][1];
}

static void maximise(struct model *m)
{
	for (int i = 0; i < STATES; i++) {
		float moves = m->moves[i][0] + m->moves[i][1],
		      seen = m->seen[i][0] + m->seen[i][1];

		for (int j = 0; j < STATES; j++)
			m->move[i][j] = fmaxf(m->moves[i][j] / moves, 1e-4f);
		m->dirtied[i] = fminf(fmaxf(m->seen[i][1] / seen, 1e-4f), 0.9999f);
	}
}

static void forget(struct model *m)
{
	for (int i = 0; i < STATES; i++) {
		for (int j = 0; j < STATES; j++) {
			m->moves[i][j] = m->moves[i][j] * KEPT + beforehand.move[i][j] / 10;
			m->seen[i][j] *= KEPT;
		}
		m->seen[i][1] += beforehand.dirtied[i] / 10;
		m->seen[i][0] += (1 - beforehand.dirtied[i]) / 10;
	}
}

static void tick(struct mt_wss *w, const uint64_t *words)
{
	struct model *m = w->model;
	uint64_t counts[256][2] = { { 0 } };
	uint8_t next[256][2];
	float joint[STATES][STATES];

	for (uint64_t p = 0; p < w->pages; p++)
		counts[w->state[p]][wss_has(words, p)]++;
	forget(m);
	for (unsigned v = 1; v < 256; v++) {
		for (int d = 0; d < 2; d++) {
			next[v][d] = byte_of(step(m, hot_of(v), d, joint));
			for (int i = 0; i < STATES; i++) {
				for (int j = 0; j < STATES; j++) {
					m->moves[i][j] += (float)counts[v][d] * joint[i][j];
					m->seen[j][d] += (float)counts[v][d] * joint[i][j];
				}
			}
		}
	}
	next[UNTOUCHED][0] = UNTOUCHED;
	next[UNTOUCHED][1] = ODDS_MIDDLE;	/* dirtied for the first time: either */
	maximise(m);
	for (uint64_t p = 0; p < w->pages; p++)
		w->state[p] = next[w->state[p]][wss_has(words, p)];
}

static void probabilities(const struct mt_wss *w, uint64_t first, size_t n, unsigned ticks,
			  float *p)
{
	const struct model *m = w->model;
	float clean[STATES] = { 1, 1 }, by_byte[256] = { 0 };

	/* backwards: not dirtied in the rest, from each state on */
	for (unsigned t = 0; t < ticks; t++) {
		float rest[STATES];

		for (int i = 0; i < STATES; i++)
			rest[i] = m->move[i][0] * (1 - m->dirtied[0]) * clean[0] +
				  m->move[i][1] * (1 - m->dirtied[1]) * clean[1];
		memcpy(clean, rest, sizeof(clean));
	}
	for (unsigned v = 1; v < 256; v++)
		by_byte[v] = fminf(1, fmaxf(0, 1 - (1 - hot_of(v)) * clean[0] -
							hot_of(v) * clean[1]));
	for (size_t i = 0; i < n; i++)
		p[i] = by_byte[w->state[first + i]];
}

const struct wss_ops wss_hmm = {
	.name = "hmm", .init = init, .tick = tick, .probabilities = probabilities,
};
