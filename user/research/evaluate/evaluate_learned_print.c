// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_learned_print.c - the errors of trained models, and of those they are compared with
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "research/spread.h"
#include "evaluate_learned.h"

static const struct mt_column columns[] = {
	{ "hosts", "HOSTS" }, { "method", "METHOD" }, { "target", "TARGET" }, { "model", "MODEL" },
	{ "workload", "WORKLOAD" },
	{ "n", "N" }, { "unit", "UNIT" }, { "mean", "MEAN" },
	{ "mean_low", "LOW" }, { "mean_high", "HIGH" }, { "p50", "P50" }, { "p90", "P90" },
	{ "p90_low", "LOW" }, { "p90_high", "HIGH" }, { "covered", "IN P10-P90" },
};

struct key {
	const char *hosts, *model, *workload;	/* NULL: all */
	enum mt_method method;
	enum mt_target target;
};

static bool is_in(const struct key *k, const struct learned_result *r)
{
	return r->target == k->target && r->of->learned.in.method == k->method &&
	       !strcmp(r->model, k->model) && (!k->hosts || !strcmp(r->of->where, k->hosts)) &&
	       (!k->workload || !strcmp(r->of->workload, k->workload));
}

static struct mt_cell figure(char *buf, size_t size, const struct learned_options *o,
			     enum mt_target t, double v)
{
	if (!isfinite(v))
		return MT_NONE;
	if (o->format != MT_FORMAT_TEXT)
		return MT_DOUBLE(v);
	if (mt_target_at(t)->relative)
		snprintf(buf, size, "%.1f%%", v * 100);
	else
		snprintf(buf, size, t == MT_TARGET_DOWNTIME_MS ? "%.0f" : "%.3f", v);
	return MT_STR(buf);
}

static const char *unit_of(enum mt_target t)
{
	return mt_target_at(t)->relative ? "of what was" :
	       t == MT_TARGET_DOWNTIME_MS ? "ms" : "ratio";
}

static void row(struct mt_table *table, const struct learned_results *r,
		const struct learned_options *o, const struct key *k, struct spread *s)
{
	struct mt_cell cells[MT_ARRAY_SIZE(columns)] = {
		MT_STR(k->hosts ? k->hosts : "all"), MT_STR(mt_method_name(k->method)),
		MT_STR(mt_target_at(k->target)->name), MT_STR(k->model),
		MT_STR(k->workload ? k->workload : "all"),
	};
	struct spread_figures errors, mean;
	size_t covered = 0, spans = 0;
	char buf[8][32];

	spread_clear(s);
	for (size_t i = 0; i < r->n; i++) {
		if (!is_in(k, &r->v[i]))
			continue;
		spread_add(s, r->v[i].error, r->v[i].of->workload);
		covered += r->v[i].covered && !r->v[i].point;
		spans += !r->v[i].point;
	}
	/* The shares first: the other sorts. */
	mean = spread_of_shares(s);
	errors = spread_of_errors(s);
	if (!mean.n)
		return;
	cells[5] = MT_UINT(mean.n);
	cells[6] = MT_STR(unit_of(k->target));
	cells[7] = figure(buf[0], sizeof(buf[0]), o, k->target, mean.mean);
	cells[8] = figure(buf[1], sizeof(buf[0]), o, k->target, mean.low);
	cells[9] = figure(buf[2], sizeof(buf[0]), o, k->target, mean.high);
	cells[10] = figure(buf[3], sizeof(buf[0]), o, k->target, errors.p50);
	cells[11] = figure(buf[4], sizeof(buf[0]), o, k->target, errors.p90);
	cells[12] = figure(buf[5], sizeof(buf[0]), o, k->target, errors.low);
	cells[13] = figure(buf[6], sizeof(buf[0]), o, k->target, errors.high);
	if (spans) {
		snprintf(buf[7], sizeof(buf[0]), "%.0f%%", 100.0 * (double)covered / (double)spans);
		cells[14] = o->format == MT_FORMAT_TEXT ? MT_STR(buf[7]) :
			    MT_DOUBLE((double)covered / (double)spans);
	}
	mt_table_row(table, cells);
}

/* Whether an earlier result makes the same row. */
static bool is_new(const struct learned_results *r, size_t i, bool hosts, bool workload)
{
	const struct learned_result *x = &r->v[i];
	const struct key k = {
		hosts ? x->of->where : NULL, x->model, workload ? x->of->workload : NULL,
		x->of->learned.in.method, x->target,
	};

	for (size_t j = 0; j < i; j++)
		if (is_in(&k, &r->v[j]))
			return false;
	return true;
}

static size_t collect(struct key *keys, const struct learned_results *r, bool hosts, bool workload)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct learned_result *x = &r->v[i];

		if (is_new(r, i, hosts, workload))
			keys[n++] = (struct key){
				hosts ? x->of->where : NULL, x->model,
				workload ? x->of->workload : NULL, x->of->learned.in.method,
				x->target,
			};
	}
	return n;
}

static int compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int c = strcmp(x->hosts ? x->hosts : "", y->hosts ? y->hosts : "");

	if (!c)
		c = (int)x->method - (int)y->method;
	if (!c)
		c = strcmp(x->workload ? x->workload : "", y->workload ? y->workload : "");
	return c ? c : (int)x->target - (int)y->target;
}

int evaluate_learned_print(const struct learned_results *r, const struct learned_options *o)
{
	struct mt_table *t = mt_table_new(stdout, o->format, columns, MT_ARRAY_SIZE(columns));
	mt_autofree struct key *keys = calloc(3 * r->n + 1, sizeof(*keys));
	autospread spread;
	size_t n;

	if (spread_init(&spread, r->n) || !t || !keys)
		return -ENOMEM;
	n = collect(keys, r, false, false);
	n += collect(keys + n, r, true, false);
	if (o->by_workload)
		n += collect(keys + n, r, true, true);
	/* Models stay in their order (glibc's qsort merges). */
	qsort(keys, n, sizeof(*keys), compare);
	for (size_t i = 0; i < n; i++)
		row(t, r, o, &keys[i], &spread);
	return mt_table_finish(t);
}
