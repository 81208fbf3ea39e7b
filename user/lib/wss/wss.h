/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wss.h - the writable working set: which pages will be dirtied, by which ones were (PURE)
 *
 * Told which pages were dirtied in each tick, a tracker says of each page how probable it is that
 * it is dirtied within so many ticks from now. Ticks are all of one length, and each names all
 * pages that were dirtied in it: where the log is not cleared at each tick, a tick here is as long
 * as a window. Five estimators stand side by side:
 *
 *   count	dirtied in how many of the last ticks: hot from so many on. MLLM's original
 *		estimator (Shi, Shen, Dong, Zheng, INFOCOM'19) as far as it is known
 *   decayed	the share of ticks, old ones counting less and less; pages in front of a sweep are
 *		taken to be in the next ticks
 *   improved	that share, how long ago, and when a sweep will arrive, and what share of the pages
 *		that looked alike were dirtied in the time asked for, counted on a sample of pages
 *   two-level	whether a region will be active, by logistic regression; which of its pages, by
 *		a small network that all share; both learn on line (SGD), the latter from the
 *		same sample
 *   hmm	a hidden Markov model of a page: two states, cold and hot, in each a probability
 *		to be dirtied in a tick; all pages share the parameters, learned on line (EM)
 *
 * No formula of MLLM's is public. All of these, and all parameters, are inferred.
 *
 * Memory: mt_wss_bytes(), which is at most 2 bytes a page from 512 MiB of guest on; in a smaller
 * one what does not depend on its size may come on top, 64 KiB at most.
 */
#ifndef MIGTRACE_WSS_WSS_H
#define MIGTRACE_WSS_WSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

enum mt_wss_kind {
	MT_WSS_COUNT,
	MT_WSS_DECAYED,
	MT_WSS_IMPROVED,
	MT_WSS_TWO_LEVEL,
	MT_WSS_HMM,
	MT_WSS_KINDS
};

const char *mt_wss_name(enum mt_wss_kind kind);	/* "count" ... */

struct mt_wss_params {
	unsigned count_ticks, count_min;	/* count: of the last, 8 at most; hot from so many
						 * on */
	double decay;			/* decayed: what a tick leaves of the share, 0.5 to 0.99 */
	double learned_decay;		/* improved and two-level: likewise */
	double hot;			/* all but count: hot from this probability on */
	double learning_rate;		/* two-level */
	uint64_t seed;			/* of the sample, and of the network's first weights */
};

#define MT_WSS_DEFAULTS \
	{ .count_ticks = 8, .count_min = 2, .decay = 0.8, .learned_decay = 0.95, .hot = 0.5, \
	  .learning_rate = 0.05, .seed = 1 }

/* Further than this nothing is learned: what is asked for beyond is extrapolated. */
#define MT_WSS_TICKS_MAX	64

struct mt_wss;

/* Of @pages, which are below 2^32. NULL: no memory. */
struct mt_wss *mt_wss_new(enum mt_wss_kind kind, uint64_t pages, const struct mt_wss_params *p);
void mt_wss_free(struct mt_wss *w);				/* NULL is fine */

/* A tick is over: a bit for each page that was dirtied in it, bit 0 of word 0 is page 0. */
void mt_wss_tick(struct mt_wss *w, const uint64_t *words);

/*
 * Of pages @first .. @first + @n - 1: how probable it is that each is dirtied in the next @ticks,
 * one at least.
 */
void mt_wss_probabilities(const struct mt_wss *w, uint64_t first, size_t n, unsigned ticks,
			  float *p);
/* What @p, which mt_wss_probabilities() said of @page, is called. */
bool mt_wss_is_hot(const struct mt_wss *w, uint64_t page, float p);

size_t mt_wss_bytes(const struct mt_wss *w);

#endif
