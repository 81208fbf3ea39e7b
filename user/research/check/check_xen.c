// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_xen.c - what models say of Xen, against Xen's sender played over the guests of a campaign
 *
 * No migration by Xen was recorded. So the guests of the campaign's plain pre-copies, as the
 * simulator writes them, are migrated by the simulator as Xen does it, and each baseline forecasts
 * that from a profile of the same simulated guest, ten seconds that are not those of the migration.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/forecast.h"
#include "research/spread.h"
#include "check.h"

#define PROFILE_AFTER_S	10
#define PROFILE_S	10
#define BYTES_PER_MB	1e6

enum { TOTAL, TRAFFIC, TRAFFIC_MB, PAUSE_MS, ERRORS };

/* One model of one played migration. */
struct check_xen_row {
	const struct mt_run *run;
	const char *model;
	struct mt_sim_result played;
	double memory_pages;
	struct mt_forecast said;
	double error[ERRORS];
};

/* --- one run ------------------------------------------------------------------ */
static void judge(struct check_xen_row *row)
{
	const struct mt_interval *said = row->said.metric;
	double bytes = (double)row->played.transferred_bytes;

	row->error[TOTAL] = fabs(said[MT_METRIC_TOTAL_MS].p50 / row->played.total_ms - 1);
	row->error[TRAFFIC] = fabs(said[MT_METRIC_TRANSFERRED_BYTES].p50 / bytes - 1);
	row->error[TRAFFIC_MB] =
		fabs(said[MT_METRIC_TRANSFERRED_BYTES].p50 - bytes) / BYTES_PER_MB;
	row->error[PAUSE_MS] = fabs(said[MT_METRIC_DOWNTIME_MS].p50 - row->played.downtime_ms);
}

static int add(struct check *c, const struct check_xen_row *row)
{
	struct check_xen_row *more = reallocarray(c->xen, c->n_xen + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	c->xen = more;
	c->xen[c->n_xen++] = *row;
	return 0;
}

static int forecast(struct check *c, struct check_xen_row *row, struct mt_forecast_input *in)
{
	int rc = 0;

	for (size_t i = 0; mt_forecast_model_at(i) && !rc; i++) {
		const struct mt_forecast_model *model = mt_forecast_model_at(i);

		/* Ours plays QEMU's rules, and says nothing of Xen. */
		if (!model->baseline || mt_forecast(model, in, &row->said))
			continue;
		row->model = model->name;
		judge(row);
		rc = add(c, row);
	}
	return rc;
}

/* A profile's points, as a curve that begins with a second. */
static void curve_of(struct mt_ucurve *u, const struct mt_seconds *s, double memory_bytes)
{
	mt_ucurve_init(u, memory_bytes);
	for (size_t i = 0; i < s->lengths; i++)
		mt_ucurve_windows(u, s->at[i].window_s, s->at[i].windows, s->at[i].bytes,
				  s->at[i].bytes, s->at[i].bytes);
	mt_ucurve_union(u, PROFILE_S, s->mw_bytes, false);
}

int check_xen(struct check *c, const struct mt_run *run, const struct mt_sim_params *given,
	      struct mt_trace *t)
{
	struct check_xen_row row = { .run = run };
	struct mt_sim_params p = *given;
	struct mt_forecast_input in;
	struct mt_seconds seconds;
	struct mt_ucurve u;
	int rc;

	p.sender = MT_SIM_SENDER_XEN;
	p.cap_ms = CHECK_CAP_MS;
	rc = mt_sim_seconds(t, PROFILE_AFTER_S, PROFILE_S, &seconds);
	if (!rc)
		rc = mt_sim_run(&p, t, NULL, &row.played);
	if (rc || row.played.end != MT_SIM_CONVERGED)
		return rc;
	row.memory_pages = (double)p.memory_bytes / MT_TRACE_PAGE_BYTES;
	curve_of(&u, &seconds, (double)p.memory_bytes);
	in = (struct mt_forecast_input){
		.curve = &u, .seconds = &seconds, .memory_bytes = (double)p.memory_bytes,
		.cpu_share = NAN, .bandwidth_bytes_per_s = p.bandwidth_bytes_per_s,
		.downtime_limit_ms = p.downtime_limit_ms, .give_up_ms = CHECK_CAP_MS,
	};
	if (p.host.link_bytes_per_s > 0)
		in.bandwidth_bytes_per_s =
			fmin(in.bandwidth_bytes_per_s, p.host.link_bytes_per_s);
	return forecast(c, &row, &in);
}

/* --- tables --------------------------------------------------------------------- */
struct key {
	const char *model, *workload;	/* workload NULL: all */
};

static bool is_in(const struct key *k, const struct check_xen_row *row)
{
	return row->model == k->model && (!k->workload || !strcmp(row->run->workload, k->workload));
}

static double error_of(const struct check_xen_row *row, unsigned what)
{
	return row->error[what];
}

/* Of the pages that passes looked at, those that they skipped; and a pass's, of the memory. */
static double skipped_of(const struct check_xen_row *row, unsigned what)
{
	double skipped = (double)row->played.skipped_pages;

	return what ? skipped / (double)row->played.passes / row->memory_pages :
		      skipped / (skipped + (double)row->played.normal_pages);
}

static struct spread_figures summarise(const struct check *c, const struct key *k, unsigned what,
				       double (*value)(const struct check_xen_row *row,
						       unsigned what),
				       struct spread *s)
{
	spread_clear(s);
	for (size_t i = 0; i < c->n_xen; i++)
		if (is_in(k, &c->xen[i]))
			spread_add(s, value(&c->xen[i], what), c->xen[i].run->workload);
	return spread_of_errors(s);
}

static const struct mt_column columns[] = {
	{ "model", "MODEL" }, { "workload", "WORKLOAD" }, { "n", "N" },
	{ "total_p50", "TOTAL P50" }, { "total_p90", "P90" }, { "total_p90_low", NULL },
	{ "total_p90_high", NULL }, { "traffic_p90", "TRAFFIC P90" },
	{ "traffic_p50_mb", "TRAFFIC P50 MB" }, { "traffic_p90_mb", "P90" },
	{ "traffic_p90_mb_low", NULL }, { "traffic_p90_mb_high", NULL },
	{ "pause_p50_ms", "PAUSE P50 MS" }, { "pause_p90_ms", "P90" },
	{ "skipped_p50", "SKIPPED" }, { "skipped_of_memory_p50", "A PASS, OF MEMORY" },
};

static struct mt_cell rounded(double v, double unit)
{
	return isfinite(v) ? MT_DOUBLE(round(v / unit) * unit) : MT_NONE;
}

static void print_row(struct mt_table *t, const struct check *c, const struct key *k,
		      struct spread *s)
{
	struct spread_figures total = summarise(c, k, TOTAL, error_of, s),
		       traffic = summarise(c, k, TRAFFIC, error_of, s),
		       mb = summarise(c, k, TRAFFIC_MB, error_of, s),
		       pause = summarise(c, k, PAUSE_MS, error_of, s),
		       looked_at = summarise(c, k, 0, skipped_of, s),
		       memory = summarise(c, k, 1, skipped_of, s);

	if (!total.n)
		return;
	mt_table_row(t, (struct mt_cell[]){
		MT_STR(k->model), MT_STR(k->workload ? k->workload : "all"), MT_UINT(total.n),
		rounded(total.p50, 0.001), rounded(total.p90, 0.001), rounded(total.low, 0.001),
		rounded(total.high, 0.001), rounded(traffic.p90, 0.001), rounded(mb.p50, 0.1),
		rounded(mb.p90, 0.1), rounded(mb.low, 0.1), rounded(mb.high, 0.1),
		rounded(pause.p50, 1), rounded(pause.p90, 1), rounded(looked_at.p50, 0.001),
		rounded(memory.p50, 0.0001) });
}

/* The workloads that there are, each where it is first met. */
static bool is_first(const struct check *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(c->xen[k].run->workload, c->xen[i].run->workload))
			return false;
	return true;
}

int check_print_xen(const struct check *c, enum mt_format format)
{
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
	autospread spread;

	if (spread_init(&spread, c->n_xen) || !t)
		return -ENOMEM;
	for (size_t m = 0; mt_forecast_model_at(m); m++)
		print_row(t, c, &(struct key){ mt_forecast_model_at(m)->name, NULL }, &spread);
	for (size_t i = 0; i < c->n_xen && format != MT_FORMAT_TEXT; i++)
		for (size_t m = 0; is_first(c, i) && mt_forecast_model_at(m); m++)
			print_row(t, c,
				  &(struct key){ mt_forecast_model_at(m)->name,
						 c->xen[i].run->workload },
				  &spread);
	return mt_table_finish(t);
}

int check_print_xen_runs(const struct check *c, enum mt_format format)
{
	static const struct mt_column of_runs[] = {
		{ "run", "RUN" }, { "workload", "WORKLOAD" },
		{ "bandwidth_bytes_per_s", "LINK", MT_SHOW_RATE_BYTES_PER_S },
		{ "model", "MODEL" }, { "total_said_ms", "TOTAL", MT_SHOW_DURATION_MS },
		{ "total_ms", "WAS", MT_SHOW_DURATION_MS },
		{ "transferred_said_bytes", "TRAFFIC", MT_SHOW_SIZE_BYTES },
		{ "transferred_bytes", "WAS", MT_SHOW_SIZE_BYTES },
		{ "downtime_said_ms", "PAUSE", MT_SHOW_DURATION_MS },
		{ "downtime_ms", "WAS", MT_SHOW_DURATION_MS }, { "passes_said", "PASSES" },
		{ "passes", "WAS" }, { "skipped_pages", "SKIPPED" }, { "reason", "ENDED BY" },
	};
	struct mt_table *t = mt_table_new(stdout, format, of_runs, MT_ARRAY_SIZE(of_runs));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_xen; i++) {
		const struct check_xen_row *row = &c->xen[i];
		const struct mt_interval *said = row->said.metric;

		mt_table_row(t, (struct mt_cell[]){
			MT_UINT(row->run->run), MT_STR(row->run->workload),
			MT_DOUBLE(row->run->bandwidth_bytes_per_s), MT_STR(row->model),
			rounded(said[MT_METRIC_TOTAL_MS].p50, 1), rounded(row->played.total_ms, 1),
			rounded(said[MT_METRIC_TRANSFERRED_BYTES].p50, 1),
			MT_UINT(row->played.transferred_bytes),
			rounded(said[MT_METRIC_DOWNTIME_MS].p50, 1),
			rounded(row->played.downtime_ms, 1), rounded(row->said.passes, 1),
			MT_UINT(row->played.passes), MT_UINT(row->played.skipped_pages),
			MT_STR(row->played.reason) });
	}
	return mt_table_finish(t);
}
