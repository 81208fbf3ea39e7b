// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_predicted.c - what one decision predicted beside what came of it
 */
#include <errno.h>
#include <math.h>

#include "base/units.h"
#include "report.h"

static struct mt_cell shown(double v, const char *(*format)(char *buf, double v), char *buf)
{
	return isfinite(v) ? MT_STR(format(buf, v)) : MT_NONE;
}

static int put_comparison(struct mt_table *t, const char *what, const struct mt_interval *p,
			  double actual, const char *(*format)(char *buf, double v))
{
	char p10[MT_UNIT_STR], p50[MT_UNIT_STR], p90[MT_UNIT_STR], real[MT_UNIT_STR],
		off[MT_UNIT_STR];

	return mt_table_row(t, (struct mt_cell[]){
		MT_STR(what), shown(p->p10, format, p10), shown(p->p50, format, p50),
		shown(p->p90, format, p90),
		shown(actual, format, real), shown(actual - p->p50, format, off),
	});
}

const char *report_predicted_title(const struct report *r, char title[REPORT_TITLE_MAX])
{
	const struct mt_record_decision *d = r->compared;
	char at[MT_UNIT_STR];

	snprintf(title, REPORT_TITLE_MAX, "Predicted against actual (%s at %s)",
		 mt_action_name(d->plan.action), mt_format_duration_ms(at, (double)d->total_ms));
	return title;
}

int report_predicted(const struct report *r, FILE *out, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "what", "", MT_SHOW_PLAIN }, { "p10", "p10", MT_SHOW_PLAIN },
		{ "p50", "p50", MT_SHOW_PLAIN },
		{ "p90", "p90", MT_SHOW_PLAIN }, { "actual", "actual", MT_SHOW_PLAIN },
		{ "error", "actual - p50", MT_SHOW_PLAIN },
	};
	const struct mt_record_decision *d = r->compared;
	struct mt_interval downtime = { NAN, r->predicted_downtime_ms, NAN };
	struct mt_interval total = { NAN, r->predicted_total_ms, NAN };
	struct mt_table *t;

	t = mt_table_new(out, format, columns, MT_ARRAY_SIZE(columns));
	if (!t)
		return -ENOMEM;
	if (!r->stopped) {
		downtime = d->prediction.downtime_ms;
		if (d->prediction.verdict == MT_VERDICT_CONVERGES)
			total = d->prediction.total_ms;
	}
	put_comparison(t, "downtime", &downtime, report_final(r, MT_FIELD_downtime_ms),
		       mt_format_duration_ms);
	put_comparison(t, "total", &total, report_final(r, MT_FIELD_total_ms),
		       mt_format_duration_ms);
	if (!r->stopped && d->prediction.verdict == MT_VERDICT_CONVERGES)
		put_comparison(t, "sent", &d->prediction.transferred_bytes,
			       report_final(r, MT_FIELD_transferred_bytes), mt_format_size_bytes);
	return mt_table_finish(t);
}
