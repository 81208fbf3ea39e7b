/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evaluate.h - what migtrace-research evaluate can evaluate
 */
#ifndef EVALUATE_H
#define EVALUATE_H

#include <stdbool.h>
#include <stdint.h>

#include "out/table.h"

/* The columns of all its tables. */
#define EVALUATE_COLUMNS \
	{ "model", "model", MT_SHOW_PLAIN }, \
	{ "method", "method", MT_SHOW_PLAIN }, \
	{ "workload", "workload", MT_SHOW_PLAIN }, \
	{ "metric", "metric", MT_SHOW_PLAIN }, \
	{ "n", "n", MT_SHOW_PLAIN }, \
	{ "p50", "median", MT_SHOW_PLAIN }, \
	{ "p90", "p90", MT_SHOW_PLAIN }, \
	{ "mean", "mean", MT_SHOW_PLAIN }, \
	{ "unit", "unit", MT_SHOW_PLAIN }

struct evaluate_campaign_options {
	enum mt_format format;
	bool by_workload;	/* a row for each, too */
	bool runs;		/* each forecast next to what happened, or each wrong verdict,
				 * instead */
	bool live;		/* at moments of the migration, not before it; a file of one is a
				 * campaign, too */
	bool prior;		/* what they teach of other hosts, as C */
	bool verdicts;		/* what the default policy would have done; likewise */
	bool own_given;		/* with ->live: by hosts with a history of ->own migrations */
	uint64_t own;
	const char *save;	/* a file for what the migrations have taught; NULL: none */
	const char *hosts;	/* those of this label; NULL: all are of one */
};

/* Each prints one table and returns CMD_OK or CMD_FAILED. */
int evaluate_campaigns(char **dirs, int n, const struct evaluate_campaign_options *o);
int evaluate_onestep(char **files, int n, enum mt_format format, bool polled);

#endif
