// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * order.c - in which order an ordered sender sends pages (PURE)
 *
 * By how long a page that goes now is expected to stay clean, of the time in which all that is
 * dirty now could be sent: Belady's rule, the farthest next write first, with what is known of
 * that. It is the mean over that time of the probability that the page has not been dirtied yet.
 * Pages that stay clean as long go by address, round and round; hot ones, which are likely to be
 * dirtied within that time, go last. In post-copy it is the other way round: what the guest writes
 * to it needs. All inferred.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define CLASSES		64		/* of cold pages, and as many of hot ones */
#define MOMENTS_APART	4		/* times as late, each */
#define BLOCK_WORDS	64		/* pages are asked for by 4096 */

struct sim_order {
	struct mt_wss *wss;
	float *p;			/* of each page: dirtied by then */
	float *soiled;			/* and the mean of that over the time */
	uint8_t *class;
	uint32_t *queue;		/* dirty pages, coldest first */
	size_t n, at, first_hot, behind;	/* @behind: post-copy is there, from the end */
};

int sim_order_init(struct sim *s)
{
	const struct mt_sim_order *how = &s->p->order;
	struct sim_order *o;

	if (s->p->sender != MT_SIM_SENDER_ORDERED || !how->ranked)
		return 0;
	o = s->order = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->wss = mt_wss_new(how->by, s->pages, &how->wss);
	o->p = calloc(s->pages, sizeof(*o->p));
	o->soiled = calloc(s->pages, sizeof(*o->soiled));
	o->class = calloc(s->pages, 1);
	o->queue = calloc(s->pages, sizeof(*o->queue));
	return o->wss && o->p && o->soiled && o->class && o->queue ? 0 : -ENOMEM;
}

void sim_order_fini(struct sim *s)
{
	struct sim_order *o = s->order;

	if (!o)
		return;
	mt_wss_free(o->wss);
	free(o->p);
	free(o->soiled);
	free(o->class);
	free(o->queue);
	free(o);
}

void sim_order_see(struct sim *s)
{
	if (s->order)
		mt_wss_tick(s->order->wss, s->log.words);
}

static void classify(struct sim_order *o, uint64_t page)
{
	unsigned class = (unsigned)(o->soiled[page] * CLASSES);

	class = class < CLASSES ? class : CLASSES - 1;
	o->class[page] =
		(uint8_t)(mt_wss_is_hot(o->wss, page, o->p[page]) ? CLASSES + class : class);
}

typedef void (*page_fn)(struct sim_order *o, uint64_t page, size_t *of_class);

static void each_within(struct sim *s, size_t from, size_t end, size_t *of_class, page_fn fn)
{
	for (size_t w = mt_bits_next_word(&s->dirty, from, end); w != MT_BITS_NONE;
	     w = mt_bits_next_word(&s->dirty, w + 1, end))
		for (uint64_t bits = s->dirty.words[w]; bits; bits &= bits - 1)
			fn(s->order, ((uint64_t)w << 6) + (uint64_t)__builtin_ctzll(bits),
			   of_class);
}

/* Calls for each dirty page, by address: from where the last one went, round to there. */
static void each_dirty(struct sim *s, size_t *of_class, page_fn fn)
{
	size_t from = s->at >> 6;

	each_within(s, from, s->dirty.n_words, of_class, fn);
	each_within(s, 0, from, of_class, fn);
}

static void count(struct sim_order *o, uint64_t page, size_t *of_class)
{
	classify(o, page);
	of_class[o->class[page] + 1]++;
}

static void put(struct sim_order *o, uint64_t page, size_t *of_class)
{
	o->queue[of_class[o->class[page]]++] = (uint32_t)page;
}

/* Pages @first to @end: the probability at some moments, and straight lines in between. */
static void ask(struct sim_order *o, uint64_t first, uint64_t end, unsigned ticks)
{
	unsigned before = 0;
	float *p = o->p + first, *soiled = o->soiled + first;
	size_t n = end - first;

	memset(p, 0, n * sizeof(*p));
	memset(soiled, 0, n * sizeof(*soiled));
	for (unsigned at = 1; before < ticks; at *= MOMENTS_APART) {
		float half;

		at = at < ticks ? at : ticks;
		half = (float)(at - before) / (float)ticks / 2;
		for (size_t i = 0; i < n; i++)
			soiled[i] += half * p[i];
		mt_wss_probabilities(o->wss, first, n, at, p);
		for (size_t i = 0; i < n; i++)
			soiled[i] += half * p[i];
		before = at;
	}
}

/* All pages around those that are dirty. */
static void ask_around(struct sim *s, unsigned ticks)
{
	size_t w = mt_bits_next_word(&s->dirty, 0, s->dirty.n_words);

	while (w != MT_BITS_NONE) {
		uint64_t first = w / BLOCK_WORDS * BLOCK_WORDS * 64, end = first + BLOCK_WORDS * 64;

		end = end < s->pages ? end : s->pages;
		ask(s->order, first, end, ticks);
		w = mt_bits_next_word(&s->dirty, (w / BLOCK_WORDS + 1) * BLOCK_WORDS,
				      s->dirty.n_words);
	}
}

void sim_order_make(struct sim *s, double bytes_per_ns)
{
	struct sim_order *o = s->order;
	size_t of_class[2 * CLASSES + 1] = { 0 };
	double tick_ns = s->p->order.tick_ms * NS_PER_MS, ticks = 1;

	if (!o)
		return;
	if (bytes_per_ns > 0)
		ticks = (double)(s->dirty_pages * PAGE_BYTES) / bytes_per_ns / tick_ns;
	ask_around(s, (unsigned)fmin(ceil(ticks), MT_WSS_TICKS_MAX));
	each_dirty(s, of_class, count);
	for (unsigned c = 0; c < 2 * CLASSES; c++)
		of_class[c + 1] += of_class[c];
	o->n = of_class[2 * CLASSES];
	o->first_hot = of_class[CLASSES];
	o->at = 0;
	o->behind = o->n;
	each_dirty(s, of_class, put);
}

bool sim_order_only_hot(const struct sim *s)
{
	return s->order && s->order->at >= s->order->first_hot;
}

uint64_t sim_order_next(struct sim *s)
{
	struct sim_order *o = s->order;

	while (s->in_postcopy ? o->behind > 0 : o->at < o->n) {
		uint64_t page = s->in_postcopy ? o->queue[--o->behind] : o->queue[o->at++];

		if (mt_bits_has(&s->dirty, page))
			return page;
	}
	/* in post-copy: what the last sync has found besides */
	return 0;
}
