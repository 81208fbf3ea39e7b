// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * wss.c - the writable working set: which pages will be dirtied, by which ones were (PURE)
 */
#include <math.h>
#include <stdlib.h>

#include "tracker.h"

static const struct wss_ops *const kinds[MT_WSS_KINDS] = {
	[MT_WSS_COUNT] = &wss_count,
	[MT_WSS_DECAYED] = &wss_decayed,
	[MT_WSS_IMPROVED] = &wss_improved,
	[MT_WSS_TWO_LEVEL] = &wss_two_level,
	[MT_WSS_HMM] = &wss_hmm,
};

const char *mt_wss_name(enum mt_wss_kind kind)
{
	return kinds[kind]->name;
}

void *wss_alloc(struct mt_wss *w, size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (p)
		w->bytes += n * size;
	return p;
}

float wss_over(float p, unsigned of, unsigned ticks)
{
	if (of == ticks)
		return p;
	return p >= 1 ? 1 : -expm1f(log1pf(-p) * (float)ticks / (float)of);
}

struct mt_wss *mt_wss_new(enum mt_wss_kind kind, uint64_t pages, const struct mt_wss_params *p)
{
	struct mt_wss *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->ops = kinds[kind];
	w->params = *p;
	w->pages = pages;
	w->bytes = sizeof(*w);
	if (!w->ops->init(w))
		return w;
	mt_wss_free(w);
	return NULL;
}

void mt_wss_free(struct mt_wss *w)
{
	if (!w)
		return;
	wss_sample_fini(w);
	wss_pages_fini(w);
	if (w->ops->fini)
		w->ops->fini(w);
	free(w->model);
	free(w->state);
	free(w);
}

void mt_wss_tick(struct mt_wss *w, const uint64_t *words)
{
	w->ticks++;
	w->ops->tick(w, words);
}

void mt_wss_probabilities(const struct mt_wss *w, uint64_t first, size_t n, unsigned ticks,
			  float *p)
{
	w->ops->probabilities(w, first, n, ticks ? ticks : 1, p);
}

bool mt_wss_is_hot(const struct mt_wss *w, uint64_t page, float p)
{
	return w->ops->is_hot ? w->ops->is_hot(w, page, p) : (double)p >= w->params.hot;
}

size_t mt_wss_bytes(const struct mt_wss *w)
{
	return w->bytes;
}
