/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evaluate_campaign.h - forecasts of whole migrations against what happened
 */
#ifndef EVALUATE_CAMPAIGN_H
#define EVALUATE_CAMPAIGN_H

#include <math.h>

#include "model/learned.h"
#include "out/table.h"
#include "store/run_case.h"
#include "evaluate_replayed.h"

/* What is known of U(T) then. */
enum evaluate_curve {
	CURVE_KERNEL,		/* points of a profile from a kernel source, and the passes so
				 * far */
	CURVE_COARSE,		/* QEMU's calculations before it, and the passes so far */
	CURVE_PASSES,		/* the passes so far alone: what live migrations are decided by */
	EVALUATE_CURVES
};

/* A migration, and what was known of the guest at one moment, by one kind of curve. */
struct evaluate_case {
	const struct mt_run *run;
	enum evaluate_moment moment;
	enum evaluate_curve curve;
	struct mt_ucurve u;
	struct mt_seconds seconds;
	struct mt_learned_case learned;	/* ->in.curve and ->in.seconds point to the above */
	double log_bytes, log_s;	/* what its passes dirtied, and how long they took */
	struct mt_forecast live;	/* the live model's; ->model NULL: it said nothing, or is
					 * not asked here */
	double floor_ms, settled_ms;	/* the shortest pause that it saw in sight, and the one it
					 * came to; NaN: not known */
	double climatology;		/* share of other workloads' migrations that ended by
					 * themselves; NaN: none */
};

struct evaluate_set {
	struct evaluate_case **v;	/* each its own, so that it stays where it is */
	size_t n, left_out;		/* runs without a profile, or that tell nothing */
};

/* --- cases ------------------------------------------------------------------ */
/* Takes @run and the passes of its recording @after (NULL: there is none); NULL: no memory. */
struct evaluate_case *evaluate_case_new(const struct mt_run *run, const struct mt_recording *after);
/* @c is the set's from now on, or freed. */
MT_MUST_CHECK int evaluate_set_keep(struct evaluate_set *set, struct evaluate_case *c);
void evaluate_set_free(struct evaluate_set *set);

/*
 * Fills in @c->u by @c->curve. @profile: of before the migration; @b: where it is now; NULL: there
 * is none, it has not begun. Return: 0; -ENODATA: nothing is known of this kind.
 */
MT_MUST_CHECK int evaluate_curve_know(struct evaluate_case *c, const struct mt_recording *profile,
				      const struct evaluate_boundary *b);

/* Reads DIR/NAME into *@rec, in place of what was there. */
MT_MUST_CHECK int evaluate_recording(struct mt_recording **rec, const char *dir, const char *name,
				     struct mt_err *err);

/*
 * The runs of a campaign as they could be forecast before they began, or with @live at moments of
 * theirs, added to @set; one run makes several cases.
 */
MT_MUST_CHECK int evaluate_load(struct evaluate_set *set, const struct mt_runs *runs, bool live,
				struct mt_err *err);

/* For scripts/learn-prior. */
MT_MUST_CHECK int evaluate_print_prior(FILE *out, const struct mt_runs *runs, size_t n,
				       struct mt_err *err);

/* The cases of one run at the moments of its recording @after. @profile: NULL: there is none. */
MT_MUST_CHECK int evaluate_add_live(struct evaluate_set *set, const struct mt_run *run,
				    const struct mt_recording *profile,
				    const struct mt_recording *after);
/*
 * What the live model's prediction is as a forecast of @run: whether it ends before it is
 * cancelled.
 */
void evaluate_live_forecast(struct mt_forecast *f, const struct mt_prediction *p,
			    const struct mt_run *run);

/* A recording of a migration, or a series of query-migrate answers, as a campaign of one run. */
MT_MUST_CHECK int evaluate_series(struct mt_runs *runs, const char *path, struct mt_err *err);

/* --- how far off --------------------------------------------------------- */
enum evaluate_error {
	ERROR_TOTAL,			/* relative */
	ERROR_TRAFFIC,
	ERROR_TOTAL_MS,			/* the same, absolute */
	ERROR_TRAFFIC_MB,
	ERROR_DOWNTIME,			/* absolute, ms */
	ERROR_STALL,
	ERROR_SETTLED,			/* relative, of those that were cancelled: the shortest
					 * pause in sight */
	ERROR_WRONG_VERDICT,		/* 0 or 1, from here on: */
	ERROR_SAID_NOT_TO_END,		/* of those that ended by themselves */
	ERROR_SAID_TO_END,		/* of those that were cancelled */
	ERROR_BAD,			/* Gudkov: off by a quarter or more, or wrongly
					 * "converges" */
	COVERED_TOTAL,			/* p10 to p90 holds what happened */
	COVERED_TRAFFIC,
	COVERED_DOWNTIME,
	COVERED_STALL,
	POINT_TOTAL,			/* p10 and p90 are the same */
	POINT_TRAFFIC,
	POINT_DOWNTIME,
	POINT_STALL,
	BRIER,				/* the square of how far P(ends) was off (Brier 1950, Mon.
					 * Weather Rev. 78) */
	BRIER_CLIMATOLOGY,		/* the same of who always says how many of the others
					 * ended */
	CRPS_TOTAL,			/* continuous ranked probability score over the total, from
					 * its three quantiles */
	EVALUATE_ERRORS
};

struct evaluate_error_info {
	const char *metric, *unit;	/* keys of JSON */
	bool share;			/* its mean counts, and how sure that is */
};
extern const struct evaluate_error_info evaluate_errors[EVALUATE_ERRORS];

/* One forecast of one case; NaN: does not apply. */
struct evaluate_result {
	const struct evaluate_case *of;
	const char *model;
	struct mt_forecast forecast;
	double error[EVALUATE_ERRORS];
};

/* Fills in ->error from the rest. */
void evaluate_judge(struct evaluate_result *r);
/* Same hosts, same moment, same kind of curve: such cases teach each other. */
bool evaluate_same_group(const struct evaluate_case *a, const struct evaluate_case *b);
void evaluate_climatology(const struct evaluate_set *set);
/*
 * Gives each case what the logs of earlier plain pre-copies of its workload, on the same hosts,
 * tell of its dirty rate. Earlier: before it in @set.
 */
void evaluate_logs(const struct evaluate_set *set);

struct evaluate_results {
	struct evaluate_result *v;
	size_t n, room;
};

/*
 * Each case is forecast by each model that covers its method, with what the cases of other
 * workloads, of the same group, have taught: no model has seen its workload. @own: instead, of what
 * is known while it runs, with what that many such migrations teach on top of mt_learned_prior;
 * NULL: all of them, and no prior.
 */
MT_MUST_CHECK int evaluate_run(struct evaluate_results *r, const struct evaluate_set *set,
			       const size_t *own);

/* --- tables ---------------------------------------------------------------- */
const char *evaluate_curve_name(enum evaluate_curve curve);	/* "kernel" ... */

/* @by_workload: a row for each, too. */
int evaluate_print(const struct evaluate_results *r, enum mt_format format, bool by_workload);
/* Each forecast next to what happened. */
int evaluate_print_runs(const struct evaluate_results *r, enum mt_format format);

#endif
