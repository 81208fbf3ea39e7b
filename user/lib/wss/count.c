// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * count.c - in how many of the last ticks a page was dirtied (PURE)
 *
 * A byte a page, a bit a tick. As a probability it is the share of these ticks.
 */
#include <errno.h>

#include "tracker.h"

static int init(struct mt_wss *w)
{
	w->state = wss_alloc(w, w->pages, 1);
	return w->state ? 0 : -ENOMEM;
}

static void tick(struct mt_wss *w, const uint64_t *words)
{
	for (uint64_t p = 0; p < w->pages; p++)
		w->state[p] = (uint8_t)(w->state[p] << 1 | wss_has(words, p));
}

static unsigned count(const struct mt_wss *w, uint64_t page)
{
	return (unsigned)__builtin_popcount(w->state[page] & ((1U << w->params.count_ticks) - 1));
}

static void probabilities(const struct mt_wss *w, uint64_t first, size_t n, unsigned ticks,
			  float *p)
{
	float by_count[9];

	for (unsigned c = 0; c <= w->params.count_ticks; c++)
		by_count[c] = wss_over((float)c / (float)w->params.count_ticks, 1, ticks);
	for (size_t i = 0; i < n; i++)
		p[i] = by_count[count(w, first + i)];
}

static bool is_hot(const struct mt_wss *w, uint64_t page, float p)
{
	(void)p;
	return count(w, page) >= w->params.count_min;
}

const struct wss_ops wss_count = {
	.name = "count", .init = init, .tick = tick, .probabilities = probabilities,
	.is_hot = is_hot,
};
