/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * markov.h - what a guest will dirty next, from patterns of what it dirtied before (PURE)
 *
 * Chen & Cao, "Prediction-Based Optimization of Live Virtual Machine Migration" (NPC'14). Time is
 * cut into slots; the series is what was dirtied in each. The last n slots are the status of the
 * guest. Statuses that are alike make a pattern; how often one pattern followed on another makes a
 * Markov chain. A forecast finds the pattern nearest to the newest status, takes the one that
 * follows most often, appends its last element, and goes on from there.
 *
 *  FM the most frequent successor, always. As statuses overlap in all but one slot, that is often
 *  the
 *      same pattern again, and the forecast stands still.
 *  AM  once a pattern has followed on itself more than rep_max times, the second most frequent.
 *
 * Slots may be counted in bytes or pages, as the caller likes: what comes in is what comes out.
 */
#ifndef MT_MARKOV_H
#define MT_MARKOV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define MT_MARKOV_WINDOW_MAX	64
#define MT_MARKOV_PATTERNS_MAX	64

struct mt_markov_params {
	unsigned window;	/* n, slots in a pattern. NPC'14: 50 */
	unsigned rep_max;	/* AM: repetitions that are believed. NPC'14: 5 (there called m) */
	unsigned step;		/* slots that one step of the chain spans, up to ->window. Inferred:
				 * 1 */
	unsigned patterns_max;	/* when there are more, the two nearest become one. Inferred: 64 */
	double join_share;	/* a status joins a pattern no further away than this times the
				 * deviation of the slots. Inferred: 0.25 */
	double match_share;	/* a prediction is correct if it is off by no more than this share
				 * of the truth. Inferred: 0.2 */
	bool adjust;		/* AM, else FM */
	/* Where the paper's listing of AM leaves a choice. Inferred: all false. */
	bool count_for_good;	/* repetitions are counted on when another pattern comes between, as
				 * the listing has it */
	bool count_seen;	/* those that were seen before the forecast began count, too */
	bool stay_in_chain;	/* a forecast goes from pattern to pattern, and is not matched again
				 * after each step */
};

#define MT_MARKOV_DEFAULTS { .window = 50, .rep_max = 5, .step = 1, .patterns_max = 64, \
			     .join_share = 0.25, .match_share = 0.2 }

/* 33 KiB, no pointers: may be copied. */
struct mt_markov {
	struct mt_markov_params params;
	uint64_t slots;			/* fed so far */
	double mean, squares;		/* of them; squares: sum of the squared deviations */
	unsigned n_patterns;
	unsigned merged;		/* patterns that had to become one with another */
	float pattern[MT_MARKOV_PATTERNS_MAX][MT_MARKOV_WINDOW_MAX];	/* mean of its members */
	uint32_t members[MT_MARKOV_PATTERNS_MAX];
	/* how often [the second] came after [the first] */
	uint32_t follows[MT_MARKOV_PATTERNS_MAX][MT_MARKOV_PATTERNS_MAX];
	float recent[2 * MT_MARKOV_WINDOW_MAX];	/* the newest slots; the last ->window of the first
						 * ->n_recent are the status */
	unsigned n_recent;
	int label[MT_MARKOV_WINDOW_MAX];	/* patterns of the last statuses, newest first; -1 =
						 * there was none yet */
	unsigned repeats;		/* how often the newest pattern has followed on itself
					 * without a break */
	double next;			/* what the chain expects of the next slot; NaN = nothing */
	uint64_t foretold, correct;	/* slots that it expected something of, and those of them
					 * where it was right */
};

/* Return: 0, or -EINVAL for parameters beyond the bounds above. */
MT_MUST_CHECK int mt_markov_init(struct mt_markov *m, const struct mt_markov_params *params);

/* One more slot, @amount >= 0: learn from it. What is no number is taken as 0. */
void mt_markov_feed(struct mt_markov *m, double amount);

/* Likewise, but nothing is learned: forecasts go on from it. */
void mt_markov_see(struct mt_markov *m, double amount);

/* A whole history at once: the deviation of all of it counts from its first status on. */
void mt_markov_train(struct mt_markov *m, const double *amounts, size_t n);

/**
 * mt_markov_forecast() - the next @slots slots
 * @amounts: filled in
 * @chance: product of the chances of the steps up to each slot, by the chain; NULL = not wanted
 *
 * Return: 0, or -ENODATA before a whole status has been seen.
 */
MT_MUST_CHECK int mt_markov_forecast(const struct mt_markov *m, unsigned slots, double *amounts,
				     double *chance);

/* Is @predicted near enough to @real? */
bool mt_markov_match(const struct mt_markov_params *params, double predicted, double real);

/* Share of the slots so far for which the chain predicted what came; NaN = none yet. */
double mt_markov_confidence(const struct mt_markov *m);

#endif
