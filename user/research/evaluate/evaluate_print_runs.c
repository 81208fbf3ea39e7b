// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_print_runs.c - each forecast beside what happened
 */
#include <errno.h>
#include <math.h>

#include "evaluate_campaign.h"

static struct mt_cell rounded(double v, double unit)
{
	return isfinite(v) ? MT_DOUBLE(round(v / unit) * unit) : MT_NONE;
}

int evaluate_print_runs(const struct evaluate_results *r, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "where", "HOSTS" }, { "run", "RUN" }, { "workload", "WORKLOAD" },
		{ "type", "TYPE" },
		{ "method", "METHOD" }, { "moment", "MOMENT" }, { "profile", "PROFILE" },
		{ "model", "MODEL" }, { "bandwidth_bytes_per_s", "LINK", MT_SHOW_RATE_BYTES_PER_S },
		{ "downtime_limit_ms", "LIMIT", MT_SHOW_DURATION_MS }, { "ends", "ENDS" },
		{ "ended", "ENDED" },
		{ "total_p10_ms", "P10", MT_SHOW_DURATION_MS },
		{ "total_p50_ms", "TOTAL", MT_SHOW_DURATION_MS },
		{ "total_p90_ms", "P90", MT_SHOW_DURATION_MS },
		{ "total_ms", "WAS", MT_SHOW_DURATION_MS },
		{ "transferred_p50_bytes", "TRAFFIC", MT_SHOW_SIZE_BYTES },
		{ "transferred_bytes", "WAS", MT_SHOW_SIZE_BYTES },
		{ "downtime_p50_ms", "PAUSE", MT_SHOW_DURATION_MS },
		{ "downtime_ms", "WAS", MT_SHOW_DURATION_MS },
		{ "stall_p50_ms", "STALL", MT_SHOW_DURATION_MS },
		{ "stall_ms", "WAS", MT_SHOW_DURATION_MS },
		{ "passes", "PASSES" }, { "iterations", "WAS" }, { "load_1min", "LOAD" },
		{ "note", "NOTE" },
	};
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->n; i++) {
		const struct evaluate_result *e = &r->v[i];
		const struct mt_run *run = e->of->run;
		const struct mt_interval *m = e->forecast.metric;

		mt_table_row(
			t, (struct mt_cell[]){ MT_STR(run->where),
					       MT_UINT(run->run),
					       MT_STR(run->workload),
					       MT_STR(run->type),
					       MT_STR(mt_method_name(run->method)),
					       MT_STR(evaluate_moment_name(e->of->moment)),
					       MT_STR(evaluate_curve_name(e->of->curve)),
					       MT_STR(e->model),
					       MT_DOUBLE(run->bandwidth_bytes_per_s),
					       MT_DOUBLE(run->downtime_limit_ms),
					       rounded(e->forecast.ends, 0.01),
					       MT_BOOL(e->of->learned.ended),
					       rounded(m[MT_METRIC_TOTAL_MS].p10, 1),
					       rounded(m[MT_METRIC_TOTAL_MS].p50, 1),
					       rounded(m[MT_METRIC_TOTAL_MS].p90, 1),
					       rounded(e->of->learned.real[MT_METRIC_TOTAL_MS], 1),
					       rounded(m[MT_METRIC_TRANSFERRED_BYTES].p50, 1),
					       rounded(run->transferred_bytes, 1),
					       rounded(m[MT_METRIC_DOWNTIME_MS].p50, 1),
					       rounded(run->downtime_ms, 1),
					       rounded(m[MT_METRIC_STALL_MS].p50, 1),
					       rounded(run->felt_ms, 1),
					       rounded(e->forecast.passes, 0.1),
					       rounded(run->iterations, 1),
					       rounded(run->load_1min, 0.1),
					       MT_STR(run->note) });
	}
	return mt_table_finish(t);
}
