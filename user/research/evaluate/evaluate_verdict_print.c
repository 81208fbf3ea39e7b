// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_verdict_print.c - tables of what the default policy would have made of recorded
 * migrations
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate_campaign.h"
#include "evaluate_verdict.h"

static struct mt_cell rounded(double v)
{
	return isfinite(v) ? MT_DOUBLE(round(v)) : MT_NONE;
}

static int add_row(struct mt_table *t, const struct evaluate_verdicts *v, const char *dir,
		   enum mt_method method, double *values)
{
	struct evaluate_verdict_counts c = evaluate_verdict_count(v, dir, method, values);

	if (!c.completed && !c.hopeless)
		return 0;
	return mt_table_row(t, (struct mt_cell[]){
		MT_STR(dir ? dir : "all"),
		MT_STR(method == MT_METHOD_COUNT ? "all" : mt_method_name(method)),
		MT_UINT(c.completed), MT_UINT(c.aborted), MT_UINT(c.aborted_within),
		MT_UINT(c.stopped),
		MT_UINT(c.hopeless), MT_UINT(c.given_up), MT_UINT(c.hopeless_stopped),
		MT_UINT(c.kept),
		rounded(c.give_up_ms),
	});
}

/* One campaign (NULL: all of them): its methods, if it has several, and all together. */
static int add_campaign(struct mt_table *t, const struct evaluate_verdicts *v, const char *dir,
			double *values)
{
	int rc = 0;

	for (unsigned m = 0; m < MT_METHOD_COUNT && !rc; m++)
		rc = add_row(t, v, dir, m, values);
	return rc ? rc : add_row(t, v, dir, MT_METHOD_COUNT, values);
}

static bool is_first(const struct evaluate_verdicts *v, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(v->v[k].dir, v->v[i].dir))
			return false;
	return true;
}

int evaluate_print_verdicts(const struct evaluate_verdicts *v, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "campaign", "CAMPAIGN" }, { "method", "METHOD" },
		{ "completed", "COMPLETED" }, { "aborted", "ABORTED" },
		{ "aborted_within_limit", "OF THEM WITHIN THE LIMIT" },
		{ "stopped", "STOPPED" }, { "hopeless", "HOPELESS" }, { "given_up", "GIVEN UP" },
		{ "hopeless_stopped", "STOPPED" }, { "kept", "KEPT" },
		{ "give_up_p50_ms", "GIVEN UP AFTER", MT_SHOW_DURATION_MS },
	};
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
	mt_autofree double *values = calloc(v->n + 1, sizeof(*values));
	size_t campaigns = 0;
	int rc = t && values ? 0 : -ENOMEM;

	for (size_t i = 0; i < v->n && !rc; i++)
		if (is_first(v, i)) {
			campaigns++;
			rc = add_campaign(t, v, v->v[i].dir, values);
		}
	if (!rc && campaigns > 1)
		rc = add_campaign(t, v, NULL, values);
	return rc ? rc : mt_table_finish(t);
}

int evaluate_print_wrong_verdicts(const struct evaluate_verdicts *v, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "campaign", "CAMPAIGN" }, { "recording", "RECORDING" }, { "guest", "GUEST" },
		{ "workload", "WORKLOAD" }, { "method", "METHOD" },
		{ "completed", "COMPLETED" }, { "total_ms", "AFTER", MT_SHOW_DURATION_MS },
		{ "downtime_ms", "PAUSE", MT_SHOW_DURATION_MS },
		{ "allowed_ms", "ALLOWED", MT_SHOW_DURATION_MS }, { "iterations", "PASSES" },
		{ "action", "POLICY" }, { "at_ms", "AT", MT_SHOW_DURATION_MS },
		{ "passes", "PASS" },
		{ "stop_now_ms", "STOP NOW", MT_SHOW_DURATION_MS },
		{ "floor_ms", "FLOOR", MT_SHOW_DURATION_MS },
		{ "floor_optimistic_ms", "AT BEST", MT_SHOW_DURATION_MS }, { "reason", "REASON" },
	};
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < v->n; i++) {
		const struct evaluate_verdict *w = &v->v[i];
		const struct mt_run *run = w->run;

		if (!evaluate_verdict_is_wrong(w))
			continue;
		mt_table_row(t, (struct mt_cell[]){
			MT_STR(w->dir), MT_STR(run->recording), MT_STR(run->guest),
			MT_STR(run->workload),
			MT_STR(mt_method_name(run->method)),
			MT_BOOL(run->converged),
			rounded(run->total_ms - mt_run_known(run->prepare_ms)),
			rounded(run->downtime_ms),
			rounded(w->allowed_ms), rounded(run->iterations),
			MT_STR(mt_action_name(w->action)), rounded(w->at_ms), rounded(w->passes),
			rounded(w->prediction.stop_now_ms), rounded(w->prediction.floor_ms),
			rounded(w->prediction.floor_optimistic_ms),
			MT_STR(w->reason) });
	}
	return mt_table_finish(t);
}
