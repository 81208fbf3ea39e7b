// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tournament_print.c - how each policy did, a row for each case and policy
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "tournament.h"

#define SPREAD(key, title, show) \
	{ key "_p50", title, show }, { key "_p10", NULL, show }, { key "_p90", NULL, show }

static const struct mt_column columns[] = {
	{ "workload", "workload", MT_SHOW_PLAIN },
	{ "guest", NULL, MT_SHOW_PLAIN },
	{ "bandwidth_bytes_per_s", NULL, MT_SHOW_RATE_BYTES_PER_S },
	{ "max_downtime_ms", "allowed", MT_SHOW_DURATION_MS },
	{ "deadline_ms", NULL, MT_SHOW_DURATION_MS },
	{ "postcopy_allowed", "post-copy", MT_SHOW_PLAIN },
	{ "policy", "policy", MT_SHOW_PLAIN },
	{ "runs", "runs", MT_SHOW_PLAIN },
	{ "met", "met", MT_SHOW_PLAIN },
	{ "possible", NULL, MT_SHOW_PLAIN },
	SPREAD("total_ms", "total", MT_SHOW_DURATION_MS),
	SPREAD("pause_ms", "pause", MT_SHOW_DURATION_MS),
	SPREAD("stall_ms", "stall", MT_SHOW_DURATION_MS),
	SPREAD("transferred_bytes", "sent", MT_SHOW_SIZE_BYTES),
	SPREAD("slowdown_percent", "slower %", MT_SHOW_PLAIN),
	{ "regret_percent_p50", "regret %", MT_SHOW_PLAIN },
	{ "regret_percent_p10", NULL, MT_SHOW_PLAIN },
	{ "regret_percent_p90", "p90", MT_SHOW_PLAIN },
};

static struct mt_cell cell(double v, double scale, double digits)
{
	double rounded = round(v * scale * digits) / digits;

	return isfinite(v) ? MT_DOUBLE(rounded == 0 ? 0 : rounded) : MT_NONE;
}

static struct mt_cell whole(double v)
{
	return isfinite(v) ? MT_UINT((uint64_t)round(v)) : MT_NONE;
}

#define CELLS(s, scale, digits) \
	cell((s).p50, scale, digits), cell((s).p10, scale, digits), cell((s).p90, scale, digits)

static int add_row(struct mt_table *t, const struct tournament_row *row)
{
	const struct tournament_case *c = &row->of;
	const struct score_row *s = &row->score;
	bool all = isnan(c->max_downtime_ms);

	return mt_table_row(t, (struct mt_cell[]){
		MT_STR(c->workload), MT_STR(*c->guest ? c->guest : NULL),
		whole(c->bandwidth_bytes_per_s), whole(c->max_downtime_ms), whole(c->deadline_ms),
		all ? MT_NONE : MT_BOOL(c->postcopy_allowed), MT_STR(row->policy), MT_UINT(s->n),
		MT_UINT(s->n_met), MT_UINT(s->n_possible),
		CELLS(s->total_ms, 1, 1), CELLS(s->pause_ms, 1, 10), CELLS(s->stall_ms, 1, 10),
		whole(s->sent_bytes.p50), whole(s->sent_bytes.p10), whole(s->sent_bytes.p90),
		CELLS(s->slowdown, 100, 10), CELLS(s->regret, 100, 10),
	});
}

int tournament_print(const struct tournament_results *r, enum mt_format format)
{
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
	int rc = t ? 0 : -ENOMEM, finished;

	if (!t)
		return rc;
	for (size_t i = 0; i < r->n_rows && !rc; i++)
		rc = add_row(t, &r->rows[i]);
	finished = mt_table_finish(t);
	return rc ? rc : finished;
}
