// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * seen.c - of each page how often it was dirtied and how long ago, and sweeps over pages (PURE)
 *
 * An age is a class: 0 the last tick, 1 the one before, 2 two or three ago, then up to twice as
 * long each. A page leaves class c when the number of ticks is a multiple of that class's length,
 * so all of a class leave at once and no page needs a count of its own; it may leave up to that
 * length early.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tracker.h"

#define AGE_LAST	9		/* 256 ticks and more: stays there */

int wss_pages_init(struct mt_wss *w, double kept)
{
	struct wss_pages *s = w->seen = wss_alloc(w, 1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->score = wss_alloc(w, w->pages, 1);
	s->age = wss_alloc(w, (w->pages + 1) / 2, 1);
	if (!s->score || !s->age)
		return -ENOMEM;
	for (uint64_t i = 0; i < (w->pages + 1) / 2; i++)
		s->age[i] = WSS_NEVER << 4 | WSS_NEVER;
	for (unsigned v = 0; v < 256; v++) {	/* rounded so that it gets to either end */
		s->next[0][v] = (uint8_t)floor(v * kept);
		s->next[1][v] = (uint8_t)fmin(255, ceil(v * kept + 255 * (1 - kept)));
	}
	return 0;
}

void wss_pages_fini(struct mt_wss *w)
{
	if (!w->seen)
		return;
	free(w->seen->score);
	free(w->seen->age);
	free(w->seen);
}

static unsigned older(unsigned age, uint64_t now)
{
	if (age == WSS_NEVER || age == AGE_LAST)
		return age;
	if (age < 2)
		return age + 1;
	return now & ((1U << (age - 1)) - 1) ? age : age + 1;
}

static void find_runs(struct wss_pages *s, uint64_t pages, const uint64_t *words)
{
	uint32_t length = 0;

	s->n_runs = 0;
	for (uint64_t p = 0; p <= pages; p++) {
		if (!length && p < pages && !(p & 63) && !words[p >> 6]) {
			p += 63;
			continue;
		}
		if (p < pages && wss_has(words, p)) {
			length++;
			continue;
		}
		if (length >= WSS_RUN_MIN && s->n_runs < WSS_RUNS_MAX)
			s->runs[s->n_runs++] = (struct wss_run){ (uint32_t)p, length };
		length = 0;
	}
}

void wss_pages_tick(struct mt_wss *w, const uint64_t *words)
{
	struct wss_pages *s = w->seen;
	uint8_t aged[256];

	for (unsigned v = 0; v < 256; v++)
		aged[v] = (uint8_t)(older(v >> 4, w->ticks) << 4 | older(v & 15, w->ticks));
	for (uint64_t p = 0; p < w->pages; p++)
		s->score[p] = s->next[wss_has(words, p)][s->score[p]];
	for (uint64_t i = 0; i < (w->pages + 1) / 2; i++) {
		unsigned dirtied = words[i >> 5] >> (2 * (i & 31)) & 3;

		s->age[i] = aged[s->age[i]] &
			    (uint8_t)~((dirtied & 1 ? 0x0f : 0) | (dirtied & 2 ? 0xf0 : 0));
	}
	find_runs(s, w->pages, words);
}

unsigned wss_reach(const struct wss_pages *s, uint64_t page, size_t *at)
{
	const struct wss_run *run;
	uint64_t ticks;

	while (*at < s->n_runs && s->runs[*at].end <= page)
		(*at)++;
	if (!*at)
		return WSS_REACH_NONE;
	run = &s->runs[*at - 1];
	ticks = (page - run->end) / run->length + 1;
	return ticks <= MT_WSS_TICKS_MAX ? (unsigned)ticks : WSS_REACH_NONE;
}

unsigned wss_reach_of(const struct wss_pages *s, uint64_t page)
{
	size_t low = 0, high = s->n_runs;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (s->runs[middle].end <= page)
			low = middle + 1;
		else
			high = middle;
	}
	return wss_reach(s, page, &low);
}

/* --- decayed ------------------------------------------------------------- */
/* Of a page that a sweep is about to reach. Inferred: most sweeps go on. */
#define SWEPT	0.9f

static void probabilities(const struct mt_wss *w, uint64_t first, size_t n, unsigned ticks,
			  float *p)
{
	float by_score[256];
	size_t at = 0;

	for (unsigned v = 0; v < 256; v++)
		by_score[v] = wss_over((float)v / 255, 1, ticks);
	for (size_t i = 0; i < n; i++) {
		p[i] = by_score[w->seen->score[first + i]];
		if (p[i] < SWEPT && wss_reach(w->seen, first + i, &at) <= ticks)
			p[i] = SWEPT;
	}
}

static int init(struct mt_wss *w)
{
	return wss_pages_init(w, w->params.decay);
}

const struct wss_ops wss_decayed = {
	.name = "decayed", .init = init, .tick = wss_pages_tick,
	.probabilities = probabilities,
};
