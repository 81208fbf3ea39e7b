// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * two_level.c - which regions will be active, and which of their pages will be dirtied (PURE)
 *
 * A region is 2 MiB. Whether any of its pages is dirtied in the next tick is told by a logistic
 * regression over how many of them, and of its neighbours', were in the last ticks; its weights are
 * all regions'. A page is ranked by a network of one hidden layer that all pages share: it sees
 * what is known of the page, of the pages around it and of its region, and the horizon. Both learn
 * by stochastic gradient descent on the log loss, in an order that is always the same: regions at
 * each tick, pages by the sample.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tracker.h"

/* Inferred: sizes; ticks that a region's past has. */
#define REGION_PAGES	512
#define PAST		8
#define INPUTS		(PAST + 3)	/* and of the region before and behind; and 1 */
#define HIDDEN		8
#define AROUND		8		/* pages on either side */

struct model {
	float region[INPUTS];
	float in[HIDDEN][WSS_FEATURES], in_bias[HIDDEN], out[HIDDEN], out_bias;
	size_t n_regions;
	uint8_t (*past)[PAST];		/* share of pages dirtied, as a root of it; the newest
					 * first */
	uint8_t *active;		/* how probable that is, of 255 */
};

static float sigmoid(float x)
{
	return 1 / (1 + expf(-x));
}

static uint8_t of_255(float x)
{
	return (uint8_t)lrintf(255 * fminf(fmaxf(x, 0), 1));
}

static void fini(struct mt_wss *w)
{
	struct model *m = w->model;

	if (!m)
		return;
	free(m->past);
	free(m->active);
}

/* --- regions ------------------------------------------------------------- */
static void region_inputs(const struct model *m, size_t r, float x[INPUTS])
{
	for (size_t i = 0; i < PAST; i++)
		x[i] = m->past[r][i] / 255.0f;
	x[PAST] = r ? m->past[r - 1][0] / 255.0f : 0;
	x[PAST + 1] = r + 1 < m->n_regions ? m->past[r + 1][0] / 255.0f : 0;
	x[PAST + 2] = 1;
}

static float region_probability(const struct model *m, const float x[INPUTS])
{
	float sum = 0;

	for (size_t i = 0; i < INPUTS; i++)
		sum += m->region[i] * x[i];
	return sigmoid(sum);
}

static unsigned dirtied_in(const struct mt_wss *w, const uint64_t *words, size_t r)
{
	uint64_t end = (w->pages + 63) / 64, word = r * (REGION_PAGES / 64);
	unsigned n = 0;

	for (size_t i = 0; i < REGION_PAGES / 64 && word + i < end; i++)
		n += (unsigned)__builtin_popcountll(words[word + i]);
	return n;
}

static void regions_tick(struct mt_wss *w, const uint64_t *words)
{
	struct model *m = w->model;
	float x[INPUTS];

	for (size_t r = 0; r < m->n_regions; r++) {
		float error = (dirtied_in(w, words, r) > 0) - m->active[r] / 255.0f;

		region_inputs(m, r, x);
		for (size_t i = 0; i < INPUTS; i++)
			m->region[i] += (float)w->params.learning_rate * error * x[i];
	}
	for (size_t r = 0; r < m->n_regions; r++) {
		memmove(m->past[r] + 1, m->past[r], PAST - 1);
		m->past[r][0] = of_255(sqrtf((float)dirtied_in(w, words, r) / REGION_PAGES));
	}
	for (size_t r = 0; r < m->n_regions; r++) {
		region_inputs(m, r, x);
		m->active[r] = of_255(region_probability(m, x));
	}
}

/* --- pages --------------------------------------------------------------- */
static bool just_dirtied(const struct mt_wss *w, uint64_t page)
{
	return page < w->pages && !wss_age(w->seen, page);
}

static void horizon_features(unsigned reach, unsigned ticks, uint8_t f[WSS_FEATURES])
{
	f[7] = reach <= ticks ? 255 : 0;
	f[11] = of_255(log2f((float)ticks) / log2f(MT_WSS_TICKS_MAX));
}

static void page_features(const struct mt_wss *w, uint64_t page, uint8_t f[WSS_FEATURES])
{
	const struct model *m = w->model;
	const uint8_t *past = m->past[page / REGION_PAGES];
	unsigned age = wss_age(w->seen, page), around = 0, sum = 0;

	for (uint64_t p = page < AROUND ? 0 : page - AROUND; p <= page + AROUND; p++)
		around += just_dirtied(w, p);
	for (size_t i = 0; i < PAST; i++)
		sum += past[i];
	f[0] = w->seen->score[page];
	f[1] = age ? 0 : 255;
	f[2] = (uint8_t)(age * 17);
	f[3] = age == WSS_NEVER ? 255 : 0;
	f[4] = page && just_dirtied(w, page - 1) ? 255 : 0;
	f[5] = just_dirtied(w, page + 1) ? 255 : 0;
	f[6] = (uint8_t)(around * 15);
	f[8] = m->active[page / REGION_PAGES];
	f[9] = past[0];
	f[10] = (uint8_t)(sum / PAST);
}

/* x / (1 + |x|), which is quicker than tanh. */
static float page_probability(const struct model *m, const uint8_t f[WSS_FEATURES],
			      float hidden[HIDDEN])
{
	float sum = m->out_bias;

	for (size_t k = 0; k < HIDDEN; k++) {
		float x = m->in_bias[k];

		for (size_t i = 0; i < WSS_FEATURES; i++)
			x += m->in[k][i] * (float)f[i] / 255;
		hidden[k] = x / (1 + fabsf(x));
		sum += m->out[k] * hidden[k];
	}
	return sigmoid(sum);
}

/* But for what the horizon adds, see learn(). */
static void look(struct mt_wss *w, struct wss_case *c)
{
	c->reach = wss_reach_of(w->seen, c->page);
	page_features(w, c->page, c->features);
}

static void learn(struct mt_wss *w, const struct wss_case *c, size_t horizon)
{
	struct model *m = w->model;
	float hidden[HIDDEN], error;
	uint8_t f[WSS_FEATURES];

	memcpy(f, c->features, sizeof(f));
	horizon_features(c->reach, wss_horizons[horizon], f);
	error = (float)w->params.learning_rate * (c->dirtied - page_probability(m, f, hidden));
	m->out_bias += error;
	for (size_t k = 0; k < HIDDEN; k++) {
		float slope = 1 - fabsf(hidden[k]), back = error * m->out[k] * slope * slope;

		m->out[k] += error * hidden[k];
		m->in_bias[k] += back;
		for (size_t i = 0; i < WSS_FEATURES; i++)
			m->in[k][i] += back * (float)f[i] / 255;
	}
}

/* --- the row --------------------------------------------------------------- */
static int init(struct mt_wss *w)
{
	struct model *m = w->model = wss_alloc(w, 1, sizeof(*m));

	if (!m || wss_pages_init(w, w->params.learned_decay) || wss_sample_init(w))
		return -ENOMEM;
	m->n_regions = (w->pages + REGION_PAGES - 1) / REGION_PAGES;
	m->past = wss_alloc(w, m->n_regions, sizeof(*m->past));
	m->active = wss_alloc(w, m->n_regions, sizeof(*m->active));
	if (!m->past || !m->active)
		return -ENOMEM;
	for (size_t k = 0; k < HIDDEN; k++) {
		for (size_t i = 0; i < WSS_FEATURES; i++)
			m->in[k][i] = (float)mt_rng_unit(&w->sample->rng) - 0.5f;
		m->out[k] = (float)mt_rng_unit(&w->sample->rng) - 0.5f;
	}
	m->out_bias = -1;		/* most pages are not dirtied */
	w->sample->look = look;
	w->sample->learn = learn;
	return 0;
}

static void tick(struct mt_wss *w, const uint64_t *words)
{
	wss_sample_close(w, words);
	wss_pages_tick(w, words);
	regions_tick(w, words);
	wss_sample_open(w);
}

/* Never dirtied, and no page near it was: of one region these are all alike. */
static bool is_plain(const uint8_t f[WSS_FEATURES])
{
	return f[3] && !f[6] && !f[7];
}

static void probabilities(const struct mt_wss *w, uint64_t first, size_t n, unsigned ticks,
			  float *p)
{
	unsigned seen = ticks < MT_WSS_TICKS_MAX ? ticks : MT_WSS_TICKS_MAX;
	size_t at = 0, plain_in = SIZE_MAX, plain_at = 0;
	float hidden[HIDDEN];
	uint8_t f[WSS_FEATURES];

	for (size_t i = 0; i < n; i++) {
		uint64_t page = first + i;

		page_features(w, page, f);
		horizon_features(wss_reach(w->seen, page, &at), seen, f);
		if (is_plain(f) && page / REGION_PAGES == plain_in) {
			p[i] = p[plain_at];
			continue;
		}
		p[i] = wss_over(page_probability(w->model, f, hidden), seen,
				ticks > seen ? ticks : seen);
		if (is_plain(f)) {
			plain_in = page / REGION_PAGES;
			plain_at = i;
		}
	}
}

const struct wss_ops wss_two_level = {
	.name = "two-level", .init = init, .fini = fini, .tick = tick,
	.probabilities = probabilities,
};
