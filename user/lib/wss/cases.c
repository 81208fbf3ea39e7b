// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cases.c - some pages, what they looked like, and what became of them (PURE)
 *
 * Some cases run at a time: a page as it looked when its case began, and whether it has been
 * dirtied since. When as many ticks are over as a horizon has, the case is learned from for that
 * horizon; at the end of its own horizon, another page takes its place. Cases begin one after the
 * other, so that some end at each tick. Most have the longest horizon, for they take the longest.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tracker.h"

/*
 * Cases: one for so many pages, within bounds. Inferred: they take 0.3 bytes a page, and 512 of a
 * horizon give an estimate from one round of them within 0.04 of a share.
 */
#define PAGES_A_CASE	64
#define CASES_MIN	256
#define CASES_MAX	2048
/* Pages that were never dirtied are all alike: one in so many of them is enough. */
#define NEVER_SHARE	8
#define DRAWS_MAX	16

const uint8_t wss_horizons[WSS_HORIZONS] = { 1, 4, 16, MT_WSS_TICKS_MAX };

int wss_sample_init(struct mt_wss *w)
{
	struct wss_sample *s = w->sample = wss_alloc(w, 1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->n = w->pages / PAGES_A_CASE;
	s->n = s->n < CASES_MIN ? CASES_MIN : s->n > CASES_MAX ? CASES_MAX : s->n;
	s->rng.state = w->params.seed;
	s->cases = wss_alloc(w, s->n, sizeof(*s->cases));
	return s->cases ? 0 : -ENOMEM;
}

void wss_sample_fini(struct mt_wss *w)
{
	if (!w->sample)
		return;
	free(w->sample->cases);
	free(w->sample);
}

size_t wss_horizon(unsigned ticks, float *beyond)
{
	size_t h = 0;

	while (h + 1 < WSS_HORIZONS && ticks >= wss_horizons[h + 1])
		h++;
	*beyond = 0;
	if (h + 1 < WSS_HORIZONS)
		*beyond = logf((float)ticks / wss_horizons[h]) /
			  logf((float)wss_horizons[h + 1] / wss_horizons[h]);
	return h;
}

/* The case's own horizon: of 8 one has the first, one the second, two the third, four the last. */
static size_t own_horizon(size_t i)
{
	static const uint8_t of[8] = { 0, 1, 2, 2, 3, 3, 3, 3 };

	return of[i % 8];
}

/* Ticks since it began; its horizon's number when it ends. */
static unsigned elapsed(const struct mt_wss *w, size_t i)
{
	unsigned own = wss_horizons[own_horizon(i)], now = (unsigned)((w->ticks + i / 8) % own);

	return now ? now : own;
}

void wss_sample_close(struct mt_wss *w, const uint64_t *words)
{
	struct wss_sample *s = w->sample;

	for (size_t i = 0; i < s->n; i++) {
		struct wss_case *c = &s->cases[i];
		unsigned now = elapsed(w, i);

		if (!c->open)
			continue;
		c->dirtied |= wss_has(words, c->page);
		for (size_t h = 0; h <= own_horizon(i); h++)
			if (now == wss_horizons[h])
				s->learn(w, c, h);
	}
}

static uint64_t draw(struct mt_wss *w)
{
	struct mt_rng *rng = &w->sample->rng;
	uint64_t page = 0;

	for (unsigned i = 0; i < DRAWS_MAX; i++) {
		page = mt_rng_below(rng, w->pages);
		if (wss_age(w->seen, page) != WSS_NEVER || !mt_rng_below(rng, NEVER_SHARE))
			break;
	}
	return page;
}

void wss_sample_open(struct mt_wss *w)
{
	struct wss_sample *s = w->sample;

	for (size_t i = 0; i < s->n; i++) {
		struct wss_case *c = &s->cases[i];

		if (elapsed(w, i) != wss_horizons[own_horizon(i)])
			continue;
		*c = (struct wss_case){ .page = (uint32_t)draw(w), .open = true };
		s->look(w, c);
	}
}
