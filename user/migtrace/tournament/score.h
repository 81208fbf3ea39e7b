/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * score.h - which policy did best, by figures of migrations alone (PURE)
 *
 * Migrations that are compared with each other are a set: the same guest, workload, bandwidth and
 * limits. Where one repetition is exactly like the other but for its seed, or is a recording, it is
 * a set of its own. What a policy did of all that is asked of it is a row: the same sets under one
 * policy.
 *
 * One that met its objectives costs its total time, and its pause and stall by weight. Its regret
 * is what it cost beyond the best of its set: the smallest of the policies' medians, or less where
 * hindsight knows a better moment, as a share of that.
 */
#ifndef SCORE_H
#define SCORE_H

#include <stdbool.h>
#include <stddef.h>

struct score_weights {
	double pause, stall;	/* ms of total time that one of these is worth */
};

/* NaN: not known. */
struct score_point {
	double total_ms, pause_ms, stall_ms;
};

/* Of one migration. */
struct score_run {
	unsigned set, row;	/* from 0 */
	bool completed, met;	/* it met its objectives: see score_met() */
	struct score_point at;
	double sent_bytes;
	double slowdown;	/* share of its work that the guest did not get done meanwhile */
	/* Not a policy's, but what others could have come to, all within the objectives. */
	const struct score_point *choices;
	size_t n_choices;
};

struct score_objectives {
	double max_pause_ms, deadline_ms;	/* NaN: none */
};

/* A completed migration that was no longer than that; what is not known is not met. */
bool score_met(const struct score_point *at, const struct score_objectives *o);

/* What is not known is worth NaN, unless its weight is 0. */
double score_cost(const struct score_point *at, const struct score_weights *w);

/* No worse in anything and better in something; a stall that is not known compares as equal. */
bool score_dominates(const struct score_point *a, const struct score_point *b);
/* Leaves those that no other one dominates, each once, in order of total time. Return: how many. */
size_t score_frontier(struct score_point *v, size_t n);

/*
 * Into @regret, of each run; NaN: it did not meet its objectives, or its cost is not known. Return:
 * 0; -ENOMEM.
 */
int score_regrets(const struct score_run *runs, size_t n, const struct score_weights *w,
		  double *regret);

struct score_spread {
	double p10, p50, p90;	/* NaN: of nothing */
};

/* Of a row's runs. */
struct score_row {
	size_t n, n_met;
	size_t n_possible;	/* of sets in which some policy met the objectives */
	struct score_spread total_ms, pause_ms, stall_ms, sent_bytes, slowdown;	/* completed ones */
	struct score_spread regret;
};

/* @rows: @n_rows of them, filled in. Return: 0; -ENOMEM. */
int score_rows(const struct score_run *runs, size_t n, const double *regret,
	       struct score_row *rows, size_t n_rows);

#endif
