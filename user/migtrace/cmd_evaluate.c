// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_evaluate.c - how good the forecasts are
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "evaluate.h"
#include "options.h"

struct request {
	struct common_options common;
	bool by_workload, runs;
};

static int campaigns(const struct request *q, const struct option_args *args)
{
	struct mt_runs *runs = calloc((size_t)args->n, sizeof(*runs));
	struct evaluate_results results = { 0 };
	struct evaluate_set set = { 0 };
	struct mt_err err = { 0 };
	int rc = runs ? 0 : mt_err_set(&err, -ENOMEM, "out of memory");

	for (int i = 0; i < args->n && !rc; i++) {
		rc = mt_runs_load(&runs[i], args->v[i], &err);
		if (!rc)
			rc = evaluate_load(&set, &runs[i], &err);
	}
	if (!rc && !set.n)
		rc = mt_err_set(&err, -ENODATA, "no migration there has a profile from before it");
	if (!rc) {
		rc = evaluate_run(&results, &set);
		if (!rc)
			rc = q->runs ? evaluate_print_runs(&results, q->common.format) :
				       evaluate_print(&results, q->common.format, q->by_workload);
		if (rc)
			mt_err_set(&err, rc, "%s", strerror(-rc));
	}
	if (!rc && set.left_out)
		cmd_warn("%zu migrations are left out: they failed, or have no profile", set.left_out);
	free(results.v);
	evaluate_set_free(&set);
	for (int i = 0; i < args->n && runs; i++)
		mt_runs_free(&runs[i]);
	free(runs);
	return rc ? cmd_fail(&err) : CMD_OK;
}

int cmd_evaluate(int argc, char **argv)
{
	struct request q = { 0 };
	const struct option_row rows[] = {
		{ .name = "by-workload", .kind = OPTION_FLAG, .help = "a row for each workload, too", .dest = &q.by_workload },
		{ .name = "runs", .kind = OPTION_FLAG, .help = "each forecast beside what happened", .dest = &q.runs },
	};
	const struct command_usage usage = {
		.name = "evaluate",
		.synopsis = "DIR...",
		.min_args = 1,
		.max_args = OPTIONS_ANY_NUMBER,
		.description = "Forecasts each migration of a campaign from what was known before it began, with what the\n"
			       "migrations of other workloads have taught, and tells how far off each model is.",
		.examples = "  migtrace evaluate results\n"
			    "  migtrace evaluate results/a results/b --by-workload\n"
			    "  migtrace evaluate results -f json\n",
		.uses = OPTIONS_FORMAT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &q.common, &args);

	return status == OPTIONS_RUN ? campaigns(&q, &args) : status;
}
