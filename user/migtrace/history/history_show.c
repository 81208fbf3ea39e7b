// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * history_show.c - one migration of the history, with what was forecast and decided
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cmd_history.h"

typedef const char *(*format_fn)(char *buf, double v);

/* --- facts, for people --------------------------------------------------------------- */
static format_fn format_of(const char *name)
{
	static const struct { const char *end; format_fn fn; } units[] = {
		{ "_bytes_per_s", mt_format_rate_bytes_per_s },
		{ "_bytes", mt_format_size_bytes },
		{ "_ms", mt_format_duration_ms },
	};
	size_t len = strlen(name);

	for (size_t i = 0; i < MT_ARRAY_SIZE(units); i++)
		if (len > strlen(units[i].end) && !strcmp(name + len - strlen(units[i].end),
							  units[i].end))
			return units[i].fn;
	return NULL;
}

static void put_facts(const struct mt_past *p)
{
	char digits[MT_PAST_ID_STR], begin[WHEN_STR], number[MT_UNIT_STR];

	cmd_say(stdout, "%-22s %s", "migration", mt_past_id_text(p->id, digits));
	if (p->begin_ms)
		cmd_say(stdout, "%-22s %s UTC", "began", when_text(p->begin_ms, begin));
	for (size_t i = 0; i < mt_past_n_columns; i++) {
		const struct mt_past_column *c = &mt_past_columns[i];
		const void *at = (const char *)p + c->offset;
		format_fn format = format_of(c->name);
		char label[64], *s;

		snprintf(label, sizeof(label), "%s", c->name);
		s = strstr(label, "_bytes") ? strstr(label, "_bytes") : strstr(label, "_ms");
		if (s && format)
			*s = '\0';
		for (s = label; *s; s++)
			*s = *s == '_' ? ' ' : *s;
		if (c->room && *(const char *)at)
			cmd_say(stdout, "%-22s %s", label, (const char *)at);
		else if (!c->room && isfinite(*(const double *)at) && format)
			cmd_say(stdout, "%-22s %s", label, format(number, *(const double *)at));
		else if (!c->room && isfinite(*(const double *)at))
			cmd_say(stdout, "%-22s %.6g", label, *(const double *)at);
	}
}

/* --- forecasts ------------------------------------------------------------------------ */
static const struct metric {
	const char *name;
	size_t forecast;		/* of its struct mt_interval */
	size_t real;
	format_fn format;
} metrics[] = {
	{ "total_ms", offsetof(struct mt_past_forecast, total_ms),
	  offsetof(struct mt_past, total_ms), mt_format_duration_ms },
	{ "downtime_ms", offsetof(struct mt_past_forecast, downtime_ms),
	  offsetof(struct mt_past, downtime_ms), mt_format_duration_ms },
	{ "transferred_bytes", offsetof(struct mt_past_forecast, transferred_bytes),
	  offsetof(struct mt_past, transferred_bytes), mt_format_size_bytes },
};

static struct mt_cell shown(enum mt_format format, const struct metric *m, double v,
			    char buf[MT_UNIT_STR])
{
	if (!isfinite(v))
		return MT_NONE;
	return format == MT_FORMAT_TEXT ? MT_STR(m->format(buf, v)) : MT_DOUBLE(v);
}

static int put_forecasts(const struct mt_past *p, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "stage", "forecast", MT_SHOW_PLAIN }, { "model", "model", MT_SHOW_PLAIN },
		{ "verdict", "verdict", MT_SHOW_PLAIN }, { "ends", "ends", MT_SHOW_PLAIN },
		{ "metric", "of", MT_SHOW_PLAIN }, { "p10", "p10", MT_SHOW_PLAIN },
		{ "p50", "p50", MT_SHOW_PLAIN }, { "p90", "p90", MT_SHOW_PLAIN },
		{ "actual", "actual", MT_SHOW_PLAIN },
	};
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t k = 0; k < MT_PAST_STAGES * MT_ARRAY_SIZE(metrics); k++) {
		enum mt_past_stage stage = k / MT_ARRAY_SIZE(metrics);
		const struct metric *m = &metrics[k % MT_ARRAY_SIZE(metrics)];
		const struct mt_past_forecast *f = &p->forecast[stage];
		const struct mt_interval *i = (const void *)((const char *)f + m->forecast);
		double real = *(const double *)((const char *)p + m->real);
		char buf[4][MT_UNIT_STR];

		if (!f->has)
			continue;
		if (stage == MT_PAST_BEFORE && m == metrics && isfinite(p->prepare_ms))
			real -= p->prepare_ms;
		mt_table_row(t, (struct mt_cell[]){
			MT_STR(mt_past_stage_name(stage)), MT_STR(f->model), MT_STR(f->verdict),
			isfinite(f->ends) ? MT_DOUBLE(round(f->ends * 1000) / 1000) : MT_NONE,
			MT_STR(m->name), shown(format, m, i->p10, buf[0]),
			shown(format, m, i->p50, buf[1]), shown(format, m, i->p90, buf[2]),
			shown(format, m, real, buf[3]) });
	}
	return mt_table_finish(t);
}

/* --- decisions ------------------------------------------------------------------------ */
static int put_decisions(const struct mt_past *p, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "at_ms", "at", MT_SHOW_DURATION_MS }, { "iteration", "pass", MT_SHOW_PLAIN },
		{ "action", "action", MT_SHOW_PLAIN }, { "applied", "applied", MT_SHOW_PLAIN },
		{ "reason", "reason", MT_SHOW_PLAIN },
	};
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_decisions; i++) {
		const struct mt_past_decision *d = &p->decisions[i];

		mt_table_row(t, (struct mt_cell[]){
			MT_DOUBLE(d->at_ms), MT_DOUBLE(d->iteration), MT_STR(d->action),
			*d->applied ? MT_STR(d->applied) : MT_NONE,
			*d->reason ? MT_STR(d->reason) : MT_NONE });
	}
	return mt_table_finish(t);
}

/* --- all of it ------------------------------------------------------------------------ */
static int put_json(const struct mt_past *p)
{
	struct mt_table *t;
	int rc;

	fputs("{\"migrations\": ", stdout);
	t = history_table(MT_FORMAT_JSON);
	rc = t ? history_row(t, p) : -ENOMEM;
	if (t && mt_table_finish(t))
		rc = -EIO;
	fputs(", \"forecasts\": ", stdout);
	if (!rc)
		rc = put_forecasts(p, MT_FORMAT_JSON);
	fputs(", \"decisions\": ", stdout);
	if (!rc)
		rc = put_decisions(p, MT_FORMAT_JSON);
	fputs("}\n", stdout);
	return rc;
}

static int put_text(const struct mt_past *p)
{
	int rc = 0;

	put_facts(p);
	if (p->forecast[MT_PAST_BEFORE].has || p->forecast[MT_PAST_PASS_1].has) {
		putchar('\n');
		rc = put_forecasts(p, MT_FORMAT_TEXT);
	}
	if (!rc && p->n_decisions) {
		putchar('\n');
		rc = put_decisions(p, MT_FORMAT_TEXT);
	}
	return rc;
}

int history_show(struct history_request *q, const struct option_args *args)
{
	struct mt_err err = { 0 };
	struct mt_past p;
	int rc;

	if (mt_archive_get(q->db, args->v[0], &p, &err))
		return cmd_fail(&err);
	if (q->common.format == MT_FORMAT_TEXT)
		rc = put_text(&p);
	else if (q->common.format == MT_FORMAT_JSON)
		rc = put_json(&p);
	else
		rc = put_decisions(&p, MT_FORMAT_CSV);
	mt_past_fini(&p);
	if (rc && !ferror(stdout))
		cmd_warn("cannot show it: %s", strerror(-rc));
	return rc ? CMD_FAILED : CMD_OK;
}
