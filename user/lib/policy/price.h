/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * price.h - what each way to end a migration costs, in one currency (PURE)
 *
 * The currency is the second of migration time. A second of the guest's pause, of the stall that it
 * feels after a flip, and of post-copy, in which its memory is on two hosts, weigh more by as much
 * as the operator says:
 *
 *	stop	pause x (1 + downtime)
 *	flip	post-copy x (1 + postcopy) + stall x stall's weight
 *	wait	the pass that comes, and then the cheapest of the three again
 *
 * each counted from now on, INFINITY where it is not allowed. To wait is priced as an optimal
 * stopping problem, backwards from the last boundary that is foreseen: what a boundary leaves is
 * normally distributed, and whoever waits takes it only where it is cheaper than to wait on.
 */
#ifndef MT_PRICE_H
#define MT_PRICE_H

#include "policy.h"

struct mt_prices {
	/* A second of each is worth so many of migration time, on top of itself. */
	double downtime, stall, postcopy;
	/* Beyond these it is not allowed; INFINITY: no limit. */
	double max_pause_ms, max_stall_ms, max_total_ms;
	bool may_stop, may_flip;
	double fixed_ms;		/* of a pause that is not memory */
	double elapsed_ms;
	double left_bytes;		/* at the boundary that has just been */
	const struct mt_course *course;
	const struct mt_boundary *ahead;	/* as it is foreseen */
	size_t n_ahead;
	double now_s;			/* the cheapest that can be had, now or in the end */
};

/* Weights, and the limits on the stall and on what the guest may be slowed down by. */
extern const struct mt_param mt_price_params[];
/* Weights and limits, as @limits has them; the rest is the caller's. */
struct mt_prices mt_prices_of(const struct mt_limits *limits);
unsigned mt_price_max_throttle_percent(const struct mt_limits *limits);

/* Seconds; @pause_ms: expected of stopping now. */
double mt_price_stop_s(const struct mt_prices *p, double pause_ms);
double mt_price_flip_s(const struct mt_prices *p);
/* From the boundary before the @from-th of those ahead; 0: now. */
double mt_price_wait_s(const struct mt_prices *p, size_t from);
/*
 * The longest pause that is taken rather than waited on from, once the guest has settled as it is
 * at the last boundary ahead.
 */
double mt_price_longest_pause_ms(const struct mt_prices *p);

#endif
