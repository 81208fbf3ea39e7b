// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_onestep.c - how far one-step forecasts were off
 *
 * The error of a forecast is |forecast - real| / real, in percent; the mean of
 * these is the mean absolute percentage error.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantile.h"
#include "cli/cmd.h"
#include "evaluate.h"
#include "onestep.h"

/* Iterations above and below are of two kinds: those that decide when to stop are short. */
#define LONG_S		1.0
/* A window that is reckoned as 1 s may come out a hair shorter. */
#define LONG_SLACK_S	1e-3

struct metric {
	const char *name;
	bool long_windows;
	bool under_load;		/* without the steps in which the load had ended */
};

static const struct metric metrics[] = {
	{ "one_step_from_1s", true, false },
	{ "one_step_below_1s", false, false },
	{ "one_step_from_1s_under_load", true, true },
	{ "one_step_below_1s_under_load", false, true },
};

/* Which runs a row is about; NULL: whichever. */
struct group {
	const char *workload, *method;
};

struct errors {
	double *v;
	size_t n;
};

static bool of_metric(const struct metric *m, const struct onestep_step *s)
{
	return (s->it.window_s >= LONG_S - LONG_SLACK_S) == m->long_windows &&
	       !(m->under_load && s->idle);
}

static bool of_group(const struct group *g, const struct onestep_run *run)
{
	return (!g->workload || !strcmp(g->workload, run->workload)) &&
	       (!g->method || !strcmp(g->method, run->method));
}

static size_t count_steps(const struct onestep_runs *runs)
{
	size_t n = 0;

	for (size_t r = 0; r < runs->n; r++)
		n += runs->v[r].n_steps;
	return n;
}

/* forecasts: of one model, run after run. */
static void collect(struct errors *e, const struct onestep_runs *runs, const double *forecasts,
		    const struct group *g, const struct metric *m)
{
	e->n = 0;
	for (size_t r = 0; r < runs->n; forecasts += runs->v[r].n_steps, r++) {
		const struct onestep_run *run = &runs->v[r];

		for (size_t i = 0; of_group(g, run) && i < run->n_steps; i++) {
			double real = run->steps[i].it.dirtied_bytes;

			if (onestep_asked(run, i) && of_metric(m, &run->steps[i]) &&
			    isfinite(forecasts[i]))
				e->v[e->n++] = fabs(forecasts[i] - real) / real * 100;
		}
	}
}

static struct mt_cell rounded(double v)
{
	return MT_DOUBLE(round(v * 100) / 100);
}

static int add_row(struct mt_table *t, const char *model, const struct group *g,
		   const struct metric *m, struct errors *e)
{
	double sum = 0;

	if (!e->n)
		return 0;
	mt_sort(e->v, e->n);
	for (size_t i = 0; i < e->n; i++)
		sum += e->v[i];
	return mt_table_row(t, (struct mt_cell[]){
		MT_STR(model), MT_STR(g->method ? g->method : "all"),
		MT_STR(g->workload ? g->workload : "all"), MT_STR(m->name),
		MT_UINT(e->n), rounded(mt_quantile(e->v, e->n, 0.5)),
		rounded(mt_quantile(e->v, e->n, 0.9)), rounded(sum / (double)e->n), MT_STR("%"),
	});
}

/* "under load" says nothing new where there was a load to the end. */
static bool says_something(const struct onestep_runs *runs, const struct group *g,
			   const struct metric *m)
{
	for (size_t r = 0; r < runs->n; r++)
		for (size_t i = 0; of_group(g, &runs->v[r]) && i < runs->v[r].n_steps; i++)
			if (!m->under_load ||
			    (runs->v[r].steps[i].idle && onestep_asked(&runs->v[r], i)))
				return true;
	return false;
}

static int add_group(struct mt_table *t, const struct onestep_runs *runs, const double *forecasts,
		     size_t n_steps, const struct group *g, struct errors *e)
{
	int rc = 0;

	for (size_t m = 0; m < MT_ARRAY_SIZE(metrics); m++) {
		if (!says_something(runs, g, &metrics[m]))
			continue;
		for (size_t i = 0; i < onestep_n_models && !rc; i++) {
			collect(e, runs, forecasts + i * n_steps, g, &metrics[m]);
			rc = add_row(t, onestep_models[i].name, g, &metrics[m], e);
		}
	}
	return rc;
}

static bool seen_before(const struct onestep_runs *runs, size_t r)
{
	const struct group g = { runs->v[r].workload, runs->v[r].method };

	for (size_t i = 0; i < r; i++)
		if (of_group(&g, &runs->v[i]))
			return true;
	return false;
}

static int add_groups(struct mt_table *t, const struct onestep_runs *runs, const double *forecasts,
		      size_t n_steps, struct errors *e)
{
	size_t groups = 0;
	int rc = 0;

	for (size_t r = 0; r < runs->n && !rc; r++) {
		const struct group g = { runs->v[r].workload, runs->v[r].method };

		if (seen_before(runs, r))
			continue;
		groups++;
		rc = add_group(t, runs, forecasts, n_steps, &g, e);
	}
	return rc || groups < 2 ? rc :
				  add_group(t, runs, forecasts, n_steps, &(struct group){ 0 }, e);
}

static int add_rows(struct mt_table *t, const struct onestep_runs *runs)
{
	size_t n = count_steps(runs);
	mt_autofree double *forecasts = calloc(n * onestep_n_models + 1, sizeof(*forecasts));
	mt_autofree double *v = calloc(n + 1, sizeof(*v));
	struct errors e = { .v = v };
	double *to = forecasts;

	if (!forecasts || !v)
		return -ENOMEM;
	for (size_t m = 0; m < onestep_n_models; m++)
		for (size_t r = 0; r < runs->n; to += runs->v[r].n_steps, r++)
			onestep_models[m].forecast(runs, r, to);
	return add_groups(t, runs, forecasts, n, &e);
}

int evaluate_onestep(char **files, int n, enum mt_format format, bool polled)
{
	static const struct mt_column columns[] = { EVALUATE_COLUMNS };
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
	struct onestep_runs runs = { 0 };
	int status = CMD_OK, rc;

	if (!t) {
		cmd_warn("out of memory");
		return CMD_FAILED;
	}
	for (int i = 0; i < n; i++) {
		struct mt_err err = { 0 };
		bool truncated = false;

		rc = onestep_load(&runs, files[i], polled, &truncated, &err);
		if (rc == -ENODATA) {
			cmd_warn("%s", err.msg);
		} else if (rc) {
			status = cmd_fail(&err);
		} else if (truncated) {
			status = CMD_FAILED;
		}
	}
	if (!runs.n)
		status = CMD_FAILED;
	rc = add_rows(t, &runs);
	if (rc) {
		cmd_warn("out of memory");
		status = CMD_FAILED;
	}
	rc = mt_table_finish(t);
	if (rc && !ferror(stdout))
		cmd_warn("cannot write the table: %s", strerror(-rc));
	onestep_free(&runs);
	return rc ? CMD_FAILED : status;
}
