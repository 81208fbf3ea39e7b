/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tracker.h - what the estimators of a working set share (PURE)
 */
#ifndef MIGTRACE_WSS_TRACKER_H
#define MIGTRACE_WSS_TRACKER_H

#include "base/rng.h"
#include "wss.h"

/* A kind of estimator. Each of these may be NULL. */
struct wss_ops {
	const char *name;
	int (*init)(struct mt_wss *w);
	void (*fini)(struct mt_wss *w);
	void (*tick)(struct mt_wss *w, const uint64_t *words);
	void (*probabilities)(const struct mt_wss *w, uint64_t first, size_t n, unsigned ticks,
			      float *p);
	bool (*is_hot)(const struct mt_wss *w, uint64_t page, float p);
};

extern const struct wss_ops wss_count, wss_decayed, wss_improved, wss_two_level, wss_hmm;

struct mt_wss {
	const struct wss_ops *ops;
	struct mt_wss_params params;
	uint64_t pages;
	uint64_t ticks;			/* so far */
	size_t bytes;			/* allocated in all */
	uint8_t *state;			/* count, hmm: of each page */
	struct wss_pages *seen;		/* the others */
	struct wss_sample *sample;	/* the two that learn from it */
	void *model;
};

/* Zeroed memory, counted. NULL: there is none. */
void *wss_alloc(struct mt_wss *w, size_t n, size_t size);

static inline bool wss_has(const uint64_t *words, uint64_t page)
{
	return words[page >> 6] >> (page & 63) & 1;
}

/* --- seen.c: of each page how often and how long ago, and sweeps ----------- */
#define WSS_NEVER	15		/* an age: not dirtied since the tracker began */
#define WSS_RUNS_MAX	256
/*
 * Pages one after the other that are dirtied in one tick are a sweep's from so many on. Inferred:
 * in a guest of which a tenth is dirtied at random, one in ten thousand pages begins such a run.
 */
#define WSS_RUN_MIN	4
#define WSS_REACH_NONE	UINT32_MAX

struct wss_run {
	uint32_t end, length;		/* @end is the page after it */
};

struct wss_pages {
	uint8_t *score;			/* the decayed share of ticks, of 255 */
	uint8_t *age;			/* two pages a byte: 0 is the last tick, each class beyond
					 * is about twice as long ago */
	struct wss_run runs[WSS_RUNS_MAX];	/* of the last tick, by page */
	size_t n_runs;
	uint8_t next[2][256];		/* a score after a tick */
};

/* @kept: of the share, by a tick. */
MT_MUST_CHECK int wss_pages_init(struct mt_wss *w, double kept);
void wss_pages_fini(struct mt_wss *w);
void wss_pages_tick(struct mt_wss *w, const uint64_t *words);

static inline unsigned wss_age(const struct wss_pages *s, uint64_t page)
{
	return s->age[page >> 1] >> (page & 1) * 4 & 15;
}

/*
 * In how many ticks a sweep that goes on as in the last tick is at @page. @at: where the search for
 * the run before it goes on, 0 at first; pages are asked for in order.
 */
unsigned wss_reach(const struct wss_pages *s, uint64_t page, size_t *at);
/* The same for one page that may be anywhere. */
unsigned wss_reach_of(const struct wss_pages *s, uint64_t page);

/* 1 - (1 - p)^(ticks / of): from a probability within @of ticks to one within others. */
float wss_over(float p, unsigned of, unsigned ticks);

/* --- cases.c: some pages, and what became of them ------------------------- */
#define WSS_HORIZONS	4
#define WSS_FEATURES	12
extern const uint8_t wss_horizons[WSS_HORIZONS];	/* ticks */

struct wss_case {
	uint32_t page;
	uint32_t reach;
	uint16_t bin;
	bool open, dirtied;
	uint8_t features[WSS_FEATURES];
};

struct wss_sample {
	struct mt_rng rng;
	size_t n;
	struct wss_case *cases;
	/* What its page looks like now; and what became of it within a horizon. */
	void (*look)(struct mt_wss *w, struct wss_case *c);
	void (*learn)(struct mt_wss *w, const struct wss_case *c, size_t horizon);
};

MT_MUST_CHECK int wss_sample_init(struct mt_wss *w);
void wss_sample_fini(struct mt_wss *w);
/* Around wss_pages_tick(): cases that are over are learned from, and then others begin. */
void wss_sample_close(struct mt_wss *w, const uint64_t *words);
void wss_sample_open(struct mt_wss *w);
/*
 * The horizon at or below @ticks, and how far it is on the way to the next one, as logarithms: 0 to
 * below 1.
 */
size_t wss_horizon(unsigned ticks, float *beyond);

#endif
