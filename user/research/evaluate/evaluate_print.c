// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_print.c - tables of errors
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "research/spread.h"
#include "evaluate_campaign.h"

/* What a row is about; NULL: all of them. */
struct row_key {
	const char *where;
	enum evaluate_moment moment;
	enum evaluate_curve curve;
	enum mt_method method;
	const char *model, *workload;
};

static bool is_in(const struct row_key *k, const struct evaluate_result *r)
{
	return k->moment == r->of->moment && k->curve == r->of->curve &&
	       k->method == r->of->run->method && !strcmp(k->where, r->of->run->where) &&
	       !strcmp(k->model, r->model) &&
	       (!k->workload || !strcmp(k->workload, r->of->run->workload));
}

static struct row_key key_of(const struct evaluate_result *r, bool by_workload)
{
	return (struct row_key){ r->of->run->where, r->of->moment,
				 r->of->curve,	    r->of->run->method,
				 r->model,	    by_workload ? r->of->run->workload : NULL };
}

static struct spread_figures summarise(const struct evaluate_results *r, const struct row_key *k,
				       enum evaluate_error error, struct spread *s)
{
	spread_clear(s);
	for (size_t i = 0; i < r->n; i++)
		if (is_in(k, &r->v[i]))
			spread_add(s, r->v[i].error[error], r->v[i].of->run->workload);
	return evaluate_errors[error].share ? spread_of_shares(s) : spread_of_errors(s);
}

/* --- for programs: a row for each metric ------------------------------------ */
static const struct mt_column narrow[] = {
	{ "where", "HOSTS" }, { "moment", "MOMENT" }, { "profile", "PROFILE" },
	{ "model", "MODEL" },
	{ "method", "METHOD" },
	{ "workload", "WORKLOAD" }, { "metric", "METRIC" }, { "n", "N" }, { "p50", "P50" },
	{ "p90", "P90" },
	{ "mean", "MEAN" },
	{ "low", "LOW" }, { "high", "HIGH" }, { "unit", "UNIT" },
};

static struct mt_cell known(double v)
{
	return isfinite(v) ? MT_DOUBLE(v) : MT_NONE;
}

static void long_rows(struct mt_table *t, const struct evaluate_results *r, const struct row_key *k,
		      struct spread *spread)
{
	for (enum evaluate_error e = 0; e < EVALUATE_ERRORS; e++) {
		struct spread_figures s = summarise(r, k, e, spread);

		if (s.n)
			mt_table_row(t, (struct mt_cell[]){
				MT_STR(k->where), MT_STR(evaluate_moment_name(k->moment)),
				MT_STR(evaluate_curve_name(k->curve)),
				MT_STR(k->model), MT_STR(mt_method_name(k->method)),
				MT_STR(k->workload ? k->workload : "all"),
				MT_STR(evaluate_errors[e].metric), MT_UINT(s.n), MT_DOUBLE(s.p50),
				MT_DOUBLE(s.p90), MT_DOUBLE(s.mean),
				known(s.low), known(s.high), MT_STR(evaluate_errors[e].unit) });
	}
}

/* --- for people: a row for each model ----------------------------------------- */
enum figure { COUNT, P50, P90, MEAN, WITH_INTERVAL };

static const struct wide {
	const char *title;
	enum evaluate_error error;
	enum figure figure;
} wide[] = {
	{ "N", ERROR_BAD, COUNT }, { "CANCELLED", ERROR_SAID_TO_END, COUNT },
	{ "ENDED", ERROR_TOTAL, COUNT },
	{ "TOTAL P50", ERROR_TOTAL, P50 }, { "P90", ERROR_TOTAL, P90 },
	{ "TRAFFIC P50", ERROR_TRAFFIC, P50 },
	{ "P90", ERROR_TRAFFIC, P90 },
	{ "TRAFFIC P50 MB", ERROR_TRAFFIC_MB, P50 }, { "P90", ERROR_TRAFFIC_MB, P90 },
	{ "PAUSE P50 MS", ERROR_DOWNTIME, P50 }, { "P90", ERROR_DOWNTIME, P90 },
	{ "STALL P90 MS", ERROR_STALL, P90 },
	{ "SETTLED PAUSE P50", ERROR_SETTLED, P50 }, { "P90", ERROR_SETTLED, P90 },
	{ "WRONG VERDICT", ERROR_WRONG_VERDICT, MEAN }, { "BAD", ERROR_BAD, MEAN },
	{ "IN P10-P90: TOTAL", COVERED_TOTAL, WITH_INTERVAL }, { "TRAFFIC", COVERED_TRAFFIC, MEAN },
	{ "PAUSE", COVERED_DOWNTIME, MEAN },
	{ "STALL", COVERED_STALL, MEAN }, { "POINTS: TOTAL", POINT_TOTAL, MEAN },
	{ "PAUSE", POINT_DOWNTIME, MEAN },
	{ "BRIER", BRIER, WITH_INTERVAL }, { "CLIMATOLOGY", BRIER_CLIMATOLOGY, MEAN },
};

static const struct mt_column wide_keys[] = {
	{ "where", "HOSTS" }, { "moment", "MOMENT" }, { "method", "METHOD" },
	{ "profile", "PROFILE" },
	{ "model", "MODEL" },
	{ "workload", "WORKLOAD" },
};

#define CELL	32

static void print_value(char *buf, size_t size, double v, const char *unit)
{
	if (!isfinite(v))
		snprintf(buf, size, "-");
	else if (!strcmp(unit, "MB"))
		snprintf(buf, size, "%.1f", v);
	else if (!strcmp(unit, "ms"))
		snprintf(buf, size, "%.0f", v);
	else if (!strcmp(unit, "score"))
		snprintf(buf, size, "%.3f", v);
	else
		snprintf(buf, size, "%.1f%%", v * 100);
}

static void print_cell(char *buf, size_t size, const struct wide *w, const struct spread_figures *s)
{
	const char *unit = evaluate_errors[w->error].unit;
	char low[CELL / 4], high[CELL / 4], mean[CELL / 4];

	print_value(buf, size,
		    w->figure == P50 ? s->p50 :
		    w->figure == P90 ? s->p90 :
				       s->mean,
		    unit);
	if (w->figure == COUNT)
		snprintf(buf, size, "%zu", s->n);
	if (w->figure != WITH_INTERVAL || !isfinite(s->low))
		return;
	print_value(mean, sizeof(mean), s->mean, unit);
	print_value(low, sizeof(low), s->low, unit);
	print_value(high, sizeof(high), s->high, unit);
	snprintf(buf, size, "%s (%s-%s)", mean, low, high);
}

static void wide_row(struct mt_table *t, const struct evaluate_results *r, const struct row_key *k,
		     struct spread *spread)
{
	struct mt_cell cells[MT_ARRAY_SIZE(wide_keys) + MT_ARRAY_SIZE(wide)] = {
		MT_STR(k->where), MT_STR(evaluate_moment_name(k->moment)),
		MT_STR(mt_method_name(k->method)),
		MT_STR(evaluate_curve_name(k->curve)), MT_STR(k->model),
		MT_STR(k->workload ? k->workload : "all"),
	};
	char text[MT_ARRAY_SIZE(wide)][CELL];

	for (size_t i = 0; i < MT_ARRAY_SIZE(wide); i++) {
		struct spread_figures s = summarise(r, k, wide[i].error, spread);

		print_cell(text[i], sizeof(text[i]), &wide[i], &s);
		cells[MT_ARRAY_SIZE(wide_keys) + i] = MT_STR(text[i]);
	}
	mt_table_row(t, cells);
}

/* A table keeps its columns. */
static struct mt_table *wide_table(enum mt_format format)
{
	static struct mt_column columns[MT_ARRAY_SIZE(wide_keys) + MT_ARRAY_SIZE(wide)];

	memcpy(columns, wide_keys, sizeof(wide_keys));
	for (size_t i = 0; i < MT_ARRAY_SIZE(wide); i++)
		columns[MT_ARRAY_SIZE(wide_keys) + i] =
			(struct mt_column){ wide[i].title, wide[i].title };
	return mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
}

/* --- rows ------------------------------------------------------------------------ */
static int compare_keys(const void *a, const void *b)
{
	const struct row_key *x = a, *y = b;
	int c = strcmp(x->where, y->where);

	if (!c)
		c = strcmp(mt_method_name(x->method), mt_method_name(y->method));
	if (!c)
		c = (x->moment > y->moment) - (x->moment < y->moment);
	if (!c)
		c = (x->curve > y->curve) - (x->curve < y->curve);
	if (!c)
		c = strcmp(x->workload ? x->workload : "", y->workload ? y->workload : "");
	return c;
}

static size_t collect(const struct evaluate_results *r, bool by_workload, struct row_key *keys)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		size_t k = 0;

		while (k < n && !is_in(&keys[k], &r->v[i]))
			k++;
		if (k == n)
			keys[n++] = key_of(&r->v[i], by_workload);
	}
	return n;
}

int evaluate_print(const struct evaluate_results *r, enum mt_format format, bool by_workload)
{
	bool text = format == MT_FORMAT_TEXT;
	struct mt_table *t = text ? wide_table(format) :
				    mt_table_new(stdout, format, narrow, MT_ARRAY_SIZE(narrow));
	mt_autofree struct row_key *keys = calloc(2 * r->n + 1, sizeof(*keys));
	autospread spread;
	size_t n;

	if (spread_init(&spread, r->n) || !t || !keys)
		return -ENOMEM;
	n = collect(r, false, keys);
	if (by_workload || !text)
		n += collect(r, true, keys + n);
	/* Stable for equal keys: models stay in the table's order (glibc's qsort merges). */
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < n; i++) {
		if (text)
			wide_row(t, r, &keys[i], &spread);
		else
			long_rows(t, r, &keys[i], &spread);
	}
	return mt_table_finish(t);
}
