// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_print.c - tables of errors
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantile.h"
#include "evaluate_campaign.h"

struct summary {
	size_t n;
	double p50, p90, mean;
};

/* What a row is about; NULL: all of them. */
struct row_key {
	const char *where, *profile, *model, *method, *workload;
};

static bool is_in(const struct row_key *k, const struct evaluate_result *r)
{
	return !strcmp(k->where, r->of->run->where) && !strcmp(k->profile, r->of->profile) && !strcmp(k->model, r->model) &&
	       !strcmp(k->method, mt_method_name(r->of->run->method)) &&
	       (!k->workload || !strcmp(k->workload, r->of->run->workload));
}

static struct row_key key_of(const struct evaluate_result *r, bool by_workload)
{
	return (struct row_key){ r->of->run->where, r->of->profile, r->model, mt_method_name(r->of->run->method),
				 by_workload ? r->of->run->workload : NULL };
}

static struct summary summarise(const struct evaluate_results *r, const struct row_key *k, enum evaluate_error error, double *values)
{
	struct summary s = { 0, NAN, NAN, NAN };
	double sum = 0;

	for (size_t i = 0; i < r->n; i++)
		if (is_in(k, &r->v[i]) && isfinite(r->v[i].error[error]))
			values[s.n++] = r->v[i].error[error];
	if (!s.n)
		return s;
	for (size_t i = 0; i < s.n; i++)
		sum += values[i];
	mt_sort(values, s.n);
	s.mean = sum / s.n;
	s.p50 = evaluate_errors[error].share ? s.mean : mt_quantile(values, s.n, 0.5);
	s.p90 = evaluate_errors[error].share ? s.mean : mt_quantile(values, s.n, 0.9);
	return s;
}

static struct mt_cell rounded(double v, double unit)
{
	return isfinite(v) ? MT_DOUBLE(round(v / unit) * unit) : MT_NONE;
}

/* --- for programs: a row for each metric ------------------------------------ */
static void long_rows(struct mt_table *t, const struct evaluate_results *r, const struct row_key *k, double *values)
{
	for (enum evaluate_error e = 0; e < EVALUATE_ERRORS; e++) {
		struct summary s = summarise(r, k, e, values);

		if (s.n)
			mt_table_row(t, (struct mt_cell[]){
				MT_STR(k->where), MT_STR(k->profile), MT_STR(k->model), MT_STR(k->method),
				MT_STR(k->workload ? k->workload : "all"), MT_STR(evaluate_errors[e].metric), MT_UINT(s.n),
				MT_DOUBLE(s.p50), MT_DOUBLE(s.p90), MT_DOUBLE(s.mean), MT_STR(evaluate_errors[e].unit) });
	}
}

/* --- for people: a row for each model ----------------------------------------- */
static void percent(char *buf, size_t size, double v)
{
	if (isfinite(v))
		snprintf(buf, size, "%.1f%%", v * 100);
	else
		snprintf(buf, size, "-");
}

static void ms(char *buf, size_t size, double v)
{
	if (isfinite(v))
		snprintf(buf, size, "%.0f", v);
	else
		snprintf(buf, size, "-");
}

static void wide_row(struct mt_table *t, const struct evaluate_results *r, const struct row_key *k, double *values)
{
	struct summary s[EVALUATE_ERRORS];
	char cell[10][16];

	for (enum evaluate_error e = 0; e < EVALUATE_ERRORS; e++)
		s[e] = summarise(r, k, e, values);
	percent(cell[0], sizeof(cell[0]), s[ERROR_TOTAL].p50);
	percent(cell[1], sizeof(cell[1]), s[ERROR_TOTAL].p90);
	percent(cell[2], sizeof(cell[2]), s[ERROR_TRAFFIC].p90);
	ms(cell[3], sizeof(cell[3]), s[ERROR_DOWNTIME].p90);
	ms(cell[4], sizeof(cell[4]), s[ERROR_STALL].p90);
	percent(cell[5], sizeof(cell[5]), s[ERROR_WRONG_VERDICT].mean);
	percent(cell[6], sizeof(cell[6]), s[ERROR_BAD].mean);
	percent(cell[7], sizeof(cell[7]), s[COVERED_TOTAL].mean);
	percent(cell[8], sizeof(cell[8]), s[COVERED_DOWNTIME].mean);
	percent(cell[9], sizeof(cell[9]), s[COVERED_STALL].mean);
	mt_table_row(t, (struct mt_cell[]){
		MT_STR(k->where), MT_STR(k->profile), MT_STR(k->method), MT_STR(k->model), MT_STR(k->workload ? k->workload : "all"),
		MT_UINT(s[ERROR_BAD].n), MT_UINT(s[ERROR_TOTAL].n), MT_STR(cell[0]), MT_STR(cell[1]), MT_STR(cell[2]), MT_STR(cell[3]),
		MT_STR(cell[4]), MT_STR(cell[5]), MT_STR(cell[6]), MT_STR(cell[7]), MT_STR(cell[8]), MT_STR(cell[9]) });
}

static const struct mt_column wide[] = {
	{ "where", "HOSTS" }, { "profile", "PROFILE" }, { "method", "METHOD" }, { "model", "MODEL" }, { "workload", "WORKLOAD" },
	{ "n", "N" }, { "ended", "ENDED" }, { "total_p50", "TOTAL P50" }, { "total_p90", "P90" }, { "traffic_p90", "TRAFFIC P90" },
	{ "downtime_p90", "PAUSE P90 MS" }, { "stall_p90", "STALL P90 MS" }, { "wrong", "WRONG VERDICT" }, { "bad", "BAD" },
	{ "covered_total", "IN P10-P90: TOTAL" }, { "covered_downtime", "PAUSE" }, { "covered_stall", "STALL" },
};

static const struct mt_column narrow[] = {
	{ "where", "HOSTS" }, { "profile", "PROFILE" }, { "model", "MODEL" }, { "method", "METHOD" }, { "workload", "WORKLOAD" },
	{ "metric", "METRIC" }, { "n", "N" }, { "p50", "P50" }, { "p90", "P90" }, { "mean", "MEAN" }, { "unit", "UNIT" },
};


static int compare_keys(const void *a, const void *b)
{
	const struct row_key *x = a, *y = b;
	int c = strcmp(x->where, y->where);

	if (!c)
		c = strcmp(x->method, y->method);
	if (!c)
		c = -strcmp(x->profile, y->profile);
	if (!c)
		c = strcmp(x->workload ? x->workload : "", y->workload ? y->workload : "");
	return c;
}

static size_t collect(const struct evaluate_results *r, bool by_workload, struct row_key *keys)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		size_t k = 0;

		while (k < n && !(is_in(&keys[k], &r->v[i]) && !keys[k].workload == !by_workload))
			k++;
		if (k == n)
			keys[n++] = key_of(&r->v[i], by_workload);
	}
	return n;
}

int evaluate_print(const struct evaluate_results *r, enum mt_format format, bool by_workload)
{
	bool text = format == MT_FORMAT_TEXT;
	struct mt_table *t = text ? mt_table_new(stdout, format, wide, MT_ARRAY_SIZE(wide)) :
				    mt_table_new(stdout, format, narrow, MT_ARRAY_SIZE(narrow));
	mt_autofree double *values = calloc(r->n + 1, sizeof(*values));
	mt_autofree struct row_key *keys = calloc(2 * r->n + 1, sizeof(*keys));
	size_t n;

	if (!t || !values || !keys)
		return -ENOMEM;
	n = collect(r, false, keys);
	if (by_workload || !text)
		n += collect(r, true, keys + n);
	/* Stable for equal keys: models stay in the table's order (glibc's qsort merges). */
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < n; i++) {
		if (text)
			wide_row(t, r, &keys[i], values);
		else
			long_rows(t, r, &keys[i], values);
	}
	return mt_table_finish(t);
}

int evaluate_print_runs(const struct evaluate_results *r, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "where", "HOSTS" }, { "run", "RUN" }, { "workload", "WORKLOAD" }, { "type", "TYPE" }, { "method", "METHOD" }, { "profile", "PROFILE" },
		{ "model", "MODEL" }, { "bandwidth_bytes_per_s", "LINK", MT_SHOW_RATE_BYTES_PER_S },
		{ "downtime_limit_ms", "LIMIT", MT_SHOW_DURATION_MS }, { "ends", "ENDS" }, { "ended", "ENDED" },
		{ "total_p10_ms", "P10", MT_SHOW_DURATION_MS }, { "total_p50_ms", "TOTAL", MT_SHOW_DURATION_MS },
		{ "total_p90_ms", "P90", MT_SHOW_DURATION_MS }, { "total_ms", "WAS", MT_SHOW_DURATION_MS },
		{ "transferred_p50_bytes", "TRAFFIC", MT_SHOW_SIZE_BYTES }, { "transferred_bytes", "WAS", MT_SHOW_SIZE_BYTES },
		{ "downtime_p50_ms", "PAUSE", MT_SHOW_DURATION_MS }, { "downtime_ms", "WAS", MT_SHOW_DURATION_MS },
		{ "stall_p50_ms", "STALL", MT_SHOW_DURATION_MS }, { "stall_ms", "WAS", MT_SHOW_DURATION_MS },
		{ "passes", "PASSES" }, { "iterations", "WAS" }, { "load_1min", "LOAD" }, { "note", "NOTE" },
	};
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->n; i++) {
		const struct evaluate_result *e = &r->v[i];
		const struct mt_run *run = e->of->run;
		const struct mt_interval *m = e->forecast.metric;

		mt_table_row(t, (struct mt_cell[]){
			MT_STR(run->where), MT_UINT(run->run), MT_STR(run->workload), MT_STR(run->type), MT_STR(mt_method_name(run->method)), MT_STR(e->of->profile),
			MT_STR(e->model), MT_DOUBLE(run->bandwidth_bytes_per_s), MT_DOUBLE(run->downtime_limit_ms),
			rounded(e->forecast.ends, 0.01), MT_BOOL(e->of->learned.ended),
			rounded(m[MT_METRIC_TOTAL_MS].p10, 1), rounded(m[MT_METRIC_TOTAL_MS].p50, 1), rounded(m[MT_METRIC_TOTAL_MS].p90, 1),
			rounded(e->of->learned.real[MT_METRIC_TOTAL_MS], 1), rounded(m[MT_METRIC_TRANSFERRED_BYTES].p50, 1), rounded(run->transferred_bytes, 1),
			rounded(m[MT_METRIC_DOWNTIME_MS].p50, 1), rounded(run->downtime_ms, 1),
			rounded(m[MT_METRIC_STALL_MS].p50, 1), rounded(run->felt_ms, 1),
			rounded(e->forecast.passes, 0.1), rounded(run->iterations, 1), rounded(run->load_1min, 0.1), MT_STR(run->note) });
	}
	return mt_table_finish(t);
}
