// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_campaigns.c - how good the forecasts are, migration by migration of a campaign
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "evaluate.h"
#include "evaluate_campaign.h"

int evaluate_campaigns(char **dirs, int n, const struct evaluate_campaign_options *o)
{
	struct mt_runs *runs = calloc((size_t)n, sizeof(*runs));
	struct evaluate_results results = { 0 };
	struct evaluate_set set = { 0 };
	struct mt_err err = { 0 };
	int rc = runs ? 0 : mt_err_set(&err, -ENOMEM, "out of memory");

	for (int i = 0; i < n && !rc; i++) {
		rc = mt_runs_load(&runs[i], dirs[i], &err);
		if (!rc)
			rc = evaluate_load(&set, &runs[i], &err);
	}
	if (!rc && !set.n)
		rc = mt_err_set(&err, -ENODATA, "no migration there has a profile from before it");
	if (!rc) {
		rc = evaluate_run(&results, &set);
		if (!rc)
			rc = o->runs ? evaluate_print_runs(&results, o->format) :
				       evaluate_print(&results, o->format, o->by_workload);
		if (rc)
			mt_err_set(&err, rc, "%s", strerror(-rc));
	}
	if (!rc && set.left_out)
		cmd_warn("%zu migrations are left out: they failed, or have no profile", set.left_out);
	free(results.v);
	evaluate_set_free(&set);
	for (int i = 0; i < n && runs; i++)
		mt_runs_free(&runs[i]);
	free(runs);
	return rc ? cmd_fail(&err) : CMD_OK;
}
