/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * schedule.h - several guests and one link: which to move, in which order, and how (PURE)
 *
 * To empty a host by a deadline. For each guest there are candidates: a method, a share of the
 * link, and a downtime limit of QEMU's that is no more than what is allowed. A schedule gives each
 * guest one of them and a start. It is better if, in this order,
 *
 *	fewer guests are left behind,
 *	the sum of costs is less (struct mt_schedule_weights).
 *
 * A guest is moved only if that is sure to end (MT_SCHEDULE_SURE) and is over by the deadline with
 * a probability of nine in ten: the p90 of a chain of migrations is the sum of their medians, plus
 * the root of the sum of squares of what each one's p90 is above its median, as if they went wrong
 * independently of each other.
 *
 * Guests start in the order of the schedule, each as soon as its share of the link is free, since
 * nothing is gained by an idle link; but where a guest's dirtying has phases, it may wait for the
 * next one.
 *
 * Up to MT_SCHEDULE_EXACT guests the schedule is the best there is (branch and bound); up to
 * MT_SCHEDULE_EXACT_TRIED that is tried, and said. For more it is that of a heuristic: cheapest
 * candidates, made faster by the least cost for the time saved until all are in time, then local
 * search and annealing.
 */
#ifndef MT_SCHEDULE_H
#define MT_SCHEDULE_H

#include "model/forecast.h"

/*
 * What a candidate costs, in ms of pause. Inferred: what a pause is worth is the operator's to say.
 */
struct mt_schedule_weights {
	double stall;			/* of a ms that the guest stands still */
	double lost;			/* of a ms of work that it loses otherwise: throttled, or
					 * waiting for pages in post-copy */
	double traffic;			/* of as many bytes as the link carries in a ms */
	double waiting;			/* of a ms until a guest is away: the short ones first */
};
extern const struct mt_schedule_weights mt_schedule_weights_default;

/* Counted on to end: at least this probable. Inferred. */
#define MT_SCHEDULE_SURE	0.9
/* Up to this many guests the schedule is the best there is; up to this many it mostly is. */
#define MT_SCHEDULE_EXACT	6
#define MT_SCHEDULE_EXACT_TRIED	10
/* No more than this many share the link. */
#define MT_SCHEDULE_PARALLEL	4

/* From when on the guest dirties so; the first one from 0. */
struct mt_schedule_phase {
	double from_ms;
	const struct mt_ucurve *curve;
};

#define MT_SCHEDULE_PHASES	8

struct mt_schedule_guest {
	/*
	 * What is known of it, and its methods' options. Method, bandwidth, link and limit are not
	 * looked at.
	 */
	struct mt_forecast_input in;
	struct mt_schedule_phase phases[MT_SCHEDULE_PHASES];
	size_t n_phases;		/* 0: it always dirties as in ->in */
	double period_ms;		/* after which the phases begin anew; 0: the last one
					 * stays */
	unsigned methods;		/* bit per enum mt_method: that may be used */
	double downtime_limit_ms;	/* that QEMU may be given at most, > 0 */
};

struct mt_schedule_request {
	const struct mt_schedule_guest *guests;
	size_t n;
	double link_bytes_per_s;	/* > 0 */
	double deadline_ms;		/* INFINITY: none */
	unsigned parallel;		/* how many at once, at most MT_SCHEDULE_PARALLEL; 0: one */
	const struct mt_schedule_weights *weights;	/* NULL: the default ones */
	bool heuristic;			/* even where the best could be found */
};

struct mt_schedule_move {
	size_t guest;
	double share;			/* of the link */
	double bandwidth_bytes_per_s, downtime_limit_ms;	/* to be given to QEMU */
	double start_ms, end_ms, end_p90_ms;	/* medians, and with the odds above */
	struct mt_forecast forecast;	/* of its migration alone */
	double cost;
};

enum mt_schedule_why {
	MT_SCHEDULE_NO_END,		/* with no method that is allowed, at the whole link */
	MT_SCHEDULE_TOO_SLOW,		/* not by the deadline, even alone */
	MT_SCHEDULE_NO_TIME,		/* not next to the others */
};

/* 0: nothing up to 64 times what there is would do; NaN: does not apply. */
struct mt_schedule_left {
	size_t guest;
	enum mt_schedule_why why;
	enum mt_method method;		/* that needs least */
	double total_ms;		/* it would take alone; NaN: does not end */
	double needed_bandwidth_bytes_per_s;	/* at the limit allowed, to be over by the
						 * deadline */
	double needed_limit_ms;			/* with the whole link, likewise */
	double postcopy_ms;		/* it would take by post-copy, which is not allowed; NaN
					 * otherwise, or too long */
};

struct mt_schedule {
	struct mt_schedule_move *moves;	/* by start */
	size_t n_moves;
	struct mt_schedule_left *left;	/* as in the request */
	size_t n_left;
	double end_ms, end_p90_ms;	/* of all moves */
	double stall_ms, downtime_ms, transferred_bytes, cost;	/* their sums: medians */
	/*
	 * By when all could be away that can be moved at all: one after the other, each as fast as
	 * it goes.
	 */
	double all_p90_ms;
	bool exact;			/* there is no better one */
};

/**
 * mt_schedule_make() - which guests to move, in which order, and how
 *
 * Return: 0, also if all are left behind; -EINVAL a figure that must be positive is not; -ENODATA
 * too little is known of a guest, whose number is in @out->n_left; -ENOMEM.
 */
MT_MUST_CHECK int mt_schedule_make(const struct mt_schedule_request *request,
				   struct mt_schedule *out);
void mt_schedule_fini(struct mt_schedule *s);

const char *mt_schedule_why_name(enum mt_schedule_why why);	/* "no-end", "too-slow",
								 * "no-time" */

#endif
