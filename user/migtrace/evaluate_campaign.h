/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evaluate_campaign.h - forecasts of whole migrations against what happened
 */
#ifndef EVALUATE_CAMPAIGN_H
#define EVALUATE_CAMPAIGN_H

#include <migtrace/learned.h>
#include <migtrace/out.h>
#include <migtrace/runs.h>

/* A migration, and what was known of the guest before, by one kind of profile. */
struct evaluate_case {
	const struct mt_run *run;
	const char *profile;		/* "kernel" or "coarse", or with the first pass of the migration merged in */
	struct mt_dirtying dirtying;
	struct mt_learned_case learned;	/* ->in.dirtying points to the above */
};

struct evaluate_set {
	struct evaluate_case **v;	/* each its own, so that it stays where it is */
	size_t n, left_out;		/* runs without a profile, or that tell nothing */
};

/* The runs of a campaign with their profiles, added to @set; one run can make two cases. */
MT_MUST_CHECK int evaluate_load(struct evaluate_set *set, const struct mt_runs *runs, struct mt_err *err);
void evaluate_set_free(struct evaluate_set *set);

/* --- how far off --------------------------------------------------------- */
enum evaluate_error {
	ERROR_TOTAL,			/* relative */
	ERROR_TRAFFIC,
	ERROR_DOWNTIME,			/* absolute, ms */
	ERROR_STALL,
	ERROR_WRONG_VERDICT,		/* 0 or 1, from here on */
	ERROR_BAD,			/* Gudkov: off by a quarter or more, or wrongly "converges" */
	COVERED_TOTAL,			/* p10 to p90 holds what happened */
	COVERED_TRAFFIC,
	COVERED_DOWNTIME,
	COVERED_STALL,
	EVALUATE_ERRORS
};

struct evaluate_error_info {
	const char *metric, *unit;	/* keys of JSON */
	bool share;			/* a share of yes and no: its mean counts */
};
extern const struct evaluate_error_info evaluate_errors[EVALUATE_ERRORS];

/* One forecast of one case; NaN: does not apply. */
struct evaluate_result {
	const struct evaluate_case *of;
	const char *model;
	struct mt_forecast forecast;
	double error[EVALUATE_ERRORS];
};

struct evaluate_results {
	struct evaluate_result *v;
	size_t n, room;
};

/*
 * Each case is forecast by each model that covers its method, with what the cases of other workloads,
 * of the same hosts and kind of profile, have taught: no model has seen its workload.
 */
MT_MUST_CHECK int evaluate_run(struct evaluate_results *r, const struct evaluate_set *set);

/* --- tables ---------------------------------------------------------------- */
/* @by_workload: a row for each, too. */
int evaluate_print(const struct evaluate_results *r, enum mt_format format, bool by_workload);
/* Each forecast beside what happened. */
int evaluate_print_runs(const struct evaluate_results *r, enum mt_format format);

#endif
