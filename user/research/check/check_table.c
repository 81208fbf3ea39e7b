// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_table.c - how far the simulator was off, in all, by method and by workload
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/quantile.h"
#include "check.h"

/* --- quantiles -------------------------------------------------------------------- */
struct errors {
	double *v;
	size_t n;
};

/* The smallest of which so large a share is not above. NaN: there are none. */
static double quantile(struct errors *e, double share)
{
	size_t at = (size_t)ceil(share * (double)e->n);

	if (!e->n)
		return NAN;
	mt_sort(e->v, e->n);
	return e->v[at ? at - 1 : 0];
}

static double relative(double measured, double simulated)
{
	return measured > 0 ? fabs(simulated / measured - 1) : NAN;
}

/* What is compared. NaN: not of this run. */
static double total_error(const struct check_row *r)
{
	return r->done && r->end != MT_SIM_CAPPED ? relative(r->total_ms, r->sim_total_ms) : NAN;
}

static double sent_error(const struct check_row *r)
{
	return relative(r->run->transferred_bytes, r->sim_sent_bytes);
}

static double downtime_error(const struct check_row *r)
{
	return r->done ? fabs(r->sim_downtime_ms - r->run->downtime_ms) : NAN;
}

static double felt_error(const struct check_row *r)
{
	return r->done ? fabs(r->sim_felt_ms - r->run->felt_ms) : NAN;
}

static const struct {
	const char *metric, *unit;
	double (*error)(const struct check_row *r);
} metrics[] = {
	{ "total_time", "share", total_error },
	{ "traffic", "share", sent_error },
	{ "downtime", "ms", downtime_error },
	{ "felt", "ms", felt_error },
};

/* --- the table ----------------------------------------------------------------------- */
static const struct mt_column columns[] = {
	{ "method", "method", MT_SHOW_PLAIN },
	{ "workload", "workload", MT_SHOW_PLAIN },
	{ "metric", "metric", MT_SHOW_PLAIN },
	{ "n", "n", MT_SHOW_PLAIN },
	{ "p50", "p50", MT_SHOW_PLAIN },
	{ "p90", "p90", MT_SHOW_PLAIN },
	{ "unit", "unit", MT_SHOW_PLAIN },
};

static bool matches(const struct check_row *r, const char *method, const char *workload)
{
	return (!method || !strcmp(mt_method_name(r->run->method), method)) &&
	       (!workload || !strcmp(r->run->workload, workload));
}

static int add_rows(struct mt_table *t, const struct check *c, const char *method,
		    const char *workload)
{
	mt_autofree double *v = calloc(c->n_rows + 1, sizeof(*v));
	size_t wrong = 0, n = 0;
	int rc = v ? 0 : -ENOMEM;

	for (size_t m = 0; m < MT_ARRAY_SIZE(metrics) && !rc; m++) {
		struct errors e = { v, 0 };

		for (size_t i = 0; i < c->n_rows; i++) {
			double error = metrics[m].error(&c->rows[i]);

			if (matches(&c->rows[i], method, workload) && isfinite(error))
				v[e.n++] = error;
		}
		rc = mt_table_row(t, (struct mt_cell[]){
					     MT_STR(method),
					     MT_STR(workload),
					     MT_STR(metrics[m].metric),
					     MT_UINT(e.n),
					     e.n ? MT_DOUBLE(quantile(&e, 0.5)) : MT_NONE,
					     e.n ? MT_DOUBLE(quantile(&e, 0.9)) : MT_NONE,
					     MT_STR(metrics[m].unit),
				     });
	}
	for (size_t i = 0; i < c->n_rows; i++) {
		n += matches(&c->rows[i], method, workload);
		wrong += matches(&c->rows[i], method, workload) && c->rows[i].wrong;
	}
	return rc ? rc : mt_table_row(t, (struct mt_cell[]){
		MT_STR(method), MT_STR(workload), MT_STR("wrong_verdicts"), MT_UINT(n),
		MT_DOUBLE((double)wrong / (double)n),
		MT_NONE, MT_STR("share"),
	});
}

int check_print(const struct check *c, enum mt_format format)
{
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
	int rc = t ? add_rows(t, c, NULL, NULL) : -ENOMEM, end;

	/* Each name once, where it comes first. */
	for (int which = 0; which < 2 && !rc; which++) {
		for (size_t i = 0; i < c->n_rows && !rc; i++) {
			const char *method = which ? NULL : mt_method_name(c->rows[i].run->method),
				   *workload = which ? c->rows[i].run->workload : NULL;
			size_t k = 0;

			while (k < i && !matches(&c->rows[k], method, workload))
				k++;
			if (k == i)
				rc = add_rows(t, c, method, workload);
		}
	}
	end = t ? mt_table_finish(t) : 0;
	return rc ? rc : end;
}

/* --- run by run ------------------------------------------------------------------------ */
static const struct mt_column run_columns[] = {
	{ "run", "run", MT_SHOW_PLAIN },
	{ "workload", "workload", MT_SHOW_PLAIN },
	{ "method", "method", MT_SHOW_PLAIN },
	{ "busy_percent", "busy %", MT_SHOW_PLAIN },
	{ "end", "simulated", MT_SHOW_PLAIN },
	{ "wrong", "wrong", MT_SHOW_PLAIN },
	{ "total_ms", "total", MT_SHOW_DURATION_MS },
	{ "simulated_total_ms", "simulated", MT_SHOW_DURATION_MS },
	{ "total_error", "error", MT_SHOW_PLAIN },
	{ "transferred_bytes", "sent", MT_SHOW_SIZE_BYTES },
	{ "simulated_transferred_bytes", "simulated", MT_SHOW_SIZE_BYTES },
	{ "transferred_error", "error", MT_SHOW_PLAIN },
	{ "downtime_ms", "downtime", MT_SHOW_DURATION_MS },
	{ "simulated_downtime_ms", "simulated", MT_SHOW_DURATION_MS },
	{ "felt_ms", "felt", MT_SHOW_DURATION_MS },
	{ "simulated_felt_ms", "simulated", MT_SHOW_DURATION_MS },
	{ "passes", "passes", MT_SHOW_PLAIN },
	{ "simulated_passes", "simulated", MT_SHOW_PLAIN },
	{ "postcopy_requests", "requests", MT_SHOW_PLAIN },
	{ "simulated_postcopy_requests", "simulated", MT_SHOW_PLAIN },
};

static struct mt_cell rounded(double v, double to)
{
	return isfinite(v) ? MT_DOUBLE(round(v * to) / to) : MT_NONE;
}

int check_print_runs(const struct check *c, enum mt_format format)
{
	struct mt_table *t = mt_table_new(stdout, format, run_columns, MT_ARRAY_SIZE(run_columns));
	int rc = t ? 0 : -ENOMEM, end;

	for (size_t i = 0; i < c->n_rows && !rc; i++) {
		const struct check_row *r = &c->rows[i];

		rc = mt_table_row(t, (struct mt_cell[]){
					     MT_UINT(r->run->run),
					     MT_STR(r->run->workload),
					     MT_STR(mt_method_name(r->run->method)),
					     rounded(r->run->busy_percent, 10),
					     MT_STR(mt_sim_end_name(r->end)),
					     MT_BOOL(r->wrong),
					     rounded(r->total_ms, 1),
					     rounded(r->sim_total_ms, 1),
					     rounded(total_error(r), 1000),
					     rounded(r->run->transferred_bytes, 1),
					     rounded(r->sim_sent_bytes, 1),
					     rounded(sent_error(r), 1000),
					     rounded(r->run->downtime_ms, 1),
					     rounded(r->sim_downtime_ms, 1),
					     rounded(r->run->felt_ms, 1),
					     rounded(r->sim_felt_ms, 1),
					     rounded(r->run->iterations, 1),
					     rounded(r->sim_passes, 1),
					     rounded(r->run->postcopy_requests, 1),
					     rounded(r->sim_requests, 1),
				     });
	}
	end = t ? mt_table_finish(t) : 0;
	return rc ? rc : end;
}
