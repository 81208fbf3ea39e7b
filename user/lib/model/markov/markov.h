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
 *  FM  the most frequent successor, always. As statuses overlap in all but one slot, that is often
 *	the same pattern again, and the forecast stands still.
 *  AM  believes rep_max + 1 repetitions of a pattern ("repeats for more than m times"; the listing
 *	tests before it counts), then goes elsewhere. Where to, and what ends the count, the paper's
 *	prose and its listing tell differently: enum mt_markov_adjust and enum mt_markov_count.
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

/* What is done about a pattern that has followed on itself more than ->rep_max times. */
enum mt_markov_adjust {
	MT_ADJUST_NONE,		/* nothing: FM */
	MT_ADJUST_SUCCESSOR,	/* AM by the prose: the second most frequent successor is taken, not
				 * the most frequent one */
	MT_ADJUST_PATTERN,	/* AM by the listing: the current pattern gives way to another
				 * (getFollowPattern), and the most frequent successor of that one
				 * is taken. The other one: inferred, that which follows second most
				 * often */
	MT_ADJUST_NEAREST,	/* likewise, to the one that is second nearest to the status:
				 * inferred */
	MT_ADJUST_COUNT
};

/* What ends the count of repetitions. */
enum mt_markov_count {
	MT_COUNT_PATTERN,	/* another pattern is the current one: "one single pattern repeats",
				 * the prose */
	MT_COUNT_STEP,		/* a step leads to another pattern; that the status is nearer to
				 * another after a step does not. Inferred */
	MT_COUNT_NEVER,		/* nothing: the listing */
	MT_COUNT_COUNT
};

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
	enum mt_markov_adjust adjust;
	enum mt_markov_count count;
	/* Where the paper leaves a choice. Inferred: all 0. */
	bool count_seen;	/* those that were seen before the forecast began count, too */
	bool stay_in_chain;	/* a forecast goes from pattern to pattern, and is not matched again
				 * after each step */
	unsigned fuse;		/* so many of the patterns nearest to the status foretell together,
				 * see markov_fusion.h; 0 = the nearest alone, as NPC'14 has it */
	double fluctuation_share;	/* ->fuse: weight of the distance of fluctuations */
};

#define MT_MARKOV_DEFAULTS { .window = 50, .rep_max = 5, .step = 1, .patterns_max = 64, \
			     .join_share = 0.25, .match_share = 0.2 }

/* A method by its name: what is set of the parameters, all else is as it was. */
struct mt_markov_method {
	const char *name;
	enum mt_markov_adjust adjust;
	enum mt_markov_count count;
};

/* "fm", "am" (the prose), "am-listing"; NULL = there is none of that name. */
const struct mt_markov_method *mt_markov_method(const char *name);
void mt_markov_use(struct mt_markov_params *params, const struct mt_markov_method *method);

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
