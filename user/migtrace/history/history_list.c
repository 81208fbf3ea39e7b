// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * history_list.c - migrations of the history, one a row
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "store/record.h"
#include "cmd_history.h"

#define ONE(...)		+1
#define FRONT			3	/* before the history's own columns */
#define OWN			(0 MT_PAST_TEXTS(ONE) MT_PAST_NUMBERS(ONE))
#define FORECAST_CELLS		12
#define ALL			(FRONT + OWN + MT_PAST_STAGES * FORECAST_CELLS)

#define FORECAST_COLUMNS(of) \
	{ of "_model" }, { of "_verdict" }, { of "_ends" }, \
	{ of "_total_p10_ms" }, { of "_total_p50_ms" }, { of "_total_p90_ms" }, \
	{ of "_downtime_p10_ms" }, { of "_downtime_p50_ms" }, { of "_downtime_p90_ms" }, \
	{ of "_transferred_p10_bytes" }, { of "_transferred_p50_bytes" }, \
	{ of "_transferred_p90_bytes" }

/* Programs have all of them. */
static struct mt_column columns[ALL] = {
	{ "migration", "number", MT_SHOW_PLAIN },
	{ "begin", "began (UTC)", MT_SHOW_PLAIN },
	{ "begin_unix_ms" },
#define X(name, ...) { #name },
	MT_PAST_TEXTS(X)
	MT_PAST_NUMBERS(X)
#undef X
	FORECAST_COLUMNS("before"),
	FORECAST_COLUMNS("pass_1"),
};

/* And people these. */
static const struct mt_column titles[] = {
	{ "guest", "guest", MT_SHOW_PLAIN },
	{ "destination", "to", MT_SHOW_PLAIN },
	{ "policy", "policy", MT_SHOW_PLAIN },
	{ "outcome", "outcome", MT_SHOW_PLAIN },
	{ "total_ms", "total", MT_SHOW_DURATION_MS },
	{ "downtime_ms", "pause", MT_SHOW_DURATION_MS },
	{ "pass_1_total_p50_ms", "forecast", MT_SHOW_DURATION_MS },
};

static struct mt_cell word(const char *s)
{
	return *s ? MT_STR(s) : MT_NONE;
}

static struct mt_cell tenths(double v)
{
	return isfinite(v) ? MT_DOUBLE(round(v * 10) / 10) : MT_NONE;
}

static void forecast_cells(struct mt_cell *c, const struct mt_past_forecast *f)
{
	const struct mt_interval *const of[] = { &f->total_ms, &f->downtime_ms,
						 &f->transferred_bytes };

	for (size_t i = 0; i < FORECAST_CELLS; i++)
		c[i] = MT_NONE;
	if (!f->has)
		return;
	c[0] = word(f->model);
	c[1] = word(f->verdict);
	c[2] = isfinite(f->ends) ? MT_DOUBLE(f->ends) : MT_NONE;
	for (size_t i = 0; i < MT_ARRAY_SIZE(of); i++) {
		c[3 + 3 * i] = tenths(of[i]->p10);
		c[4 + 3 * i] = tenths(of[i]->p50);
		c[5 + 3 * i] = tenths(of[i]->p90);
	}
}

struct mt_table *history_table(enum mt_format format)
{
	struct mt_table *t;

	for (size_t i = 0; i < ALL; i++)
		for (size_t k = 0; k < MT_ARRAY_SIZE(titles); k++)
			if (!strcmp(columns[i].key, titles[k].key))
				columns[i] = titles[k];
	t = mt_table_new(stdout, format, columns, ALL);
	if (!t)
		cmd_warn("out of memory");
	return t;
}

int history_row(struct mt_table *t, const struct mt_past *p)
{
	char digits[MT_PAST_ID_STR], begin[WHEN_STR];
	struct mt_cell c[ALL] = {
		MT_STR(mt_past_id_text(p->id, digits)),
		word(when_text(p->begin_ms, begin)),
		p->begin_ms ? MT_UINT(p->begin_ms) : MT_NONE,
	};
	size_t at = FRONT;

	for (size_t i = 0; i < mt_past_n_columns; i++) {
		const void *v = (const char *)p + mt_past_columns[i].offset;

		c[at++] = mt_past_columns[i].room ? word(v) : tenths(*(const double *)v);
	}
	for (size_t stage = 0; stage < MT_PAST_STAGES; stage++, at += FORECAST_CELLS)
		forecast_cells(&c[at], &p->forecast[stage]);
	return mt_table_row(t, c);
}

/* --- what is read off a migration ------------------------------------------------- */
bool history_completed(const struct mt_past *p)
{
	return !strcmp(p->outcome, mt_outcome_name(MT_OUTCOME_COMPLETED)) ||
	       !strcmp(p->outcome, mt_outcome_name(MT_OUTCOME_COMPLETED_UNVERIFIED));
}

double history_error(const struct mt_past *p, enum mt_past_stage stage)
{
	const struct mt_past_forecast *f = &p->forecast[stage];
	double real_ms = p->total_ms;

	/* Before it begins, a forecast is of QEMU's own time. */
	if (stage == MT_PAST_BEFORE && isfinite(p->prepare_ms))
		real_ms -= p->prepare_ms;
	if (!f->has || !history_completed(p) || !(f->total_ms.p50 > 0))
		return NAN;
	return real_ms / f->total_ms.p50 - 1;
}

/* --- list ----------------------------------------------------------------------------- */
static int on_migration(const struct mt_past *p, void *t)
{
	return history_row(t, p);
}

int history_list(struct history_request *q, const struct option_args *args)
{
	struct mt_table *t = history_table(q->common.format);
	struct mt_err err = { 0 };
	int rc, status = CMD_OK;

	if (!t)
		return CMD_FAILED;
	rc = mt_archive_list(q->db, &q->filter, on_migration, t, &err);
	if (rc) {
		mt_err_set(&err, rc, "cannot list: %s", strerror(-rc));
		status = cmd_fail(&err);
	}
	return history_finish(t, status);
}
