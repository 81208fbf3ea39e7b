// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * improved.c - what share of the pages that looked alike were dirtied again (PURE)
 *
 * Pages look alike that have the same age, nearly the same decayed share of ticks, and the same
 * time until a sweep is there. How many of them were dirtied within each horizon is counted on the
 * sample. So a page that a sweep has just left is cold, though it is recent; a page of a set that
 * is written at random is as warm as the set. Before anything is counted a page is as the decayed
 * estimator has it.
 */
#include <errno.h>
#include <math.h>

#include "tracker.h"

#define AGES		11		/* 0 to 9, and never */
#define SCORES		6
#define REACHES		(WSS_HORIZONS + 1)
#define BINS		(AGES * SCORES * REACHES)

/* Inferred: cases that what is assumed counts for, and of how many cases the counts are. */
#define PRIOR_CASES	2.0f
#define MEMORY_CASES	512.0f
#define SWEPT		0.9f		/* as decayed has it */

static const uint8_t score_from[SCORES] = { 0, 1, 16, 48, 96, 160 };

struct model {
	struct { float n, dirtied; } bins[WSS_HORIZONS][BINS];
	uint8_t score_class[256];
};

static unsigned reach_class(unsigned reach)
{
	unsigned c = 0;

	while (c < WSS_HORIZONS && reach > wss_horizons[c])
		c++;
	return c;
}

static unsigned bin_of(const struct mt_wss *w, uint64_t page, unsigned reach)
{
	const struct model *m = w->model;
	unsigned age = wss_age(w->seen, page);

	age = age < AGES ? age : AGES - 1;
	return (age * SCORES + m->score_class[w->seen->score[page]]) * REACHES +
	       reach_class(reach);
}

/* As decayed has it, of the middle of the class. */
static float assumed(size_t score, size_t reach, size_t h)
{
	unsigned end = score + 1 < SCORES ? score_from[score + 1] - 1 : 255;
	float p = wss_over((float)(score_from[score] + end) / 2 / 255, 1, wss_horizons[h]);

	return reach <= h ? fmaxf(p, SWEPT) : p;
}

static void look(struct mt_wss *w, struct wss_case *c)
{
	c->bin = (uint16_t)bin_of(w, c->page, wss_reach_of(w->seen, c->page));
}

static void learn(struct mt_wss *w, const struct wss_case *c, size_t horizon)
{
	struct model *m = w->model;
	float *n = &m->bins[horizon][c->bin].n, *dirtied = &m->bins[horizon][c->bin].dirtied;

	if (*n > MEMORY_CASES) {
		*dirtied *= 1 - 1 / *n;
		*n -= 1;
	}
	*n += 1;
	*dirtied += c->dirtied;
}

static int init(struct mt_wss *w)
{
	int rc = wss_pages_init(w, w->params.learned_decay);
	struct model *m = w->model = wss_alloc(w, 1, sizeof(*m));

	if (!rc)
		rc = wss_sample_init(w);
	if (rc || !m)
		return -ENOMEM;
	for (size_t h = 0; h < WSS_HORIZONS; h++) {
		for (size_t b = 0; b < BINS; b++) {
			m->bins[h][b].n = PRIOR_CASES;
			m->bins[h][b].dirtied =
				PRIOR_CASES * assumed(b / REACHES % SCORES, b % REACHES, h);
		}
	}
	for (unsigned v = 0, c = 0; v < 256; v++) {
		while (c + 1 < SCORES && v >= score_from[c + 1])
			c++;
		m->score_class[v] = (uint8_t)c;
	}
	w->sample->look = look;
	w->sample->learn = learn;
	return 0;
}

static void tick(struct mt_wss *w, const uint64_t *words)
{
	wss_sample_close(w, words);
	wss_pages_tick(w, words);
	wss_sample_open(w);
}

static float share(const struct model *m, size_t h, size_t bin)
{
	return m->bins[h][bin].dirtied / m->bins[h][bin].n;
}

static void probabilities(const struct mt_wss *w, uint64_t first, size_t n, unsigned ticks,
			  float *p)
{
	const struct model *m = w->model;
	float by_bin[BINS], beyond;
	size_t h = wss_horizon(ticks, &beyond), at = 0;

	for (size_t b = 0; b < BINS; b++) {
		by_bin[b] = share(m, h, b);
		if (beyond > 0)
			by_bin[b] += beyond * (share(m, h + 1, b) - by_bin[b]);
		if (ticks > MT_WSS_TICKS_MAX)
			by_bin[b] = wss_over(by_bin[b], MT_WSS_TICKS_MAX, ticks);
	}
	for (size_t i = 0; i < n; i++)
		p[i] = by_bin[bin_of(w, first + i, wss_reach(w->seen, first + i, &at))];
}

const struct wss_ops wss_improved = {
	.name = "improved", .init = init, .tick = tick, .probabilities = probabilities,
};
