// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * forecasts_print.c - forecasts as a table, and in words
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "forecasts.h"

typedef const char *(*format_fn)(char *buf, double v);

static struct mt_cell number(double v)
{
	return isfinite(v) ? MT_DOUBLE(v) : MT_NONE;
}

/* What is not known is 0 in the inputs. */
static struct mt_cell if_known(double v)
{
	return v > 0 && isfinite(v) ? MT_DOUBLE(v) : MT_NONE;
}

static struct mt_cell rounded(double v, double unit)
{
	return isfinite(v) ? MT_DOUBLE(round(v / unit) * unit) : MT_NONE;
}

/* --- for programs ------------------------------------------------------------- */
#define THREE(metric, unit) \
	{ metric "_p10_" unit }, { metric "_p50_" unit }, \
	{ \
		metric "_p90_" unit \
	}
#define CELLS(i, to) rounded((i).p10, to), rounded((i).p50, to), rounded((i).p90, to)

static const struct mt_column plain[] = {
	{ "guest" }, { "model" }, { "method" }, { "bandwidth_bytes_per_s" }, { "link_bytes_per_s" },
	{ "downtime_limit_ms" },
	{ "ends_probability" }, { "ends" }, { "within_deadline" },
	THREE("total", "ms"), THREE("transferred", "bytes"), THREE("downtime", "ms"),
	THREE("stall", "ms"),
	{ "passes" }, { "postcopy_pages" }, { "throttle_percent" },
	{ "needed_bandwidth_bytes_per_s" }, { "needed_downtime_limit_ms" },
	{ "learned_from" }, { "curve_origin" }, { "curve_windows" }, { "s_bytes" },
	{ "s_new_bytes_per_s" }, { "mw_bytes" },
	{ "memory_bytes" }, { "resident_bytes" }, { "vcpus" }, { "cpu_share" }, { "deadline_ms" },
};

static int plain_row(struct mt_table *t, const struct predict_row *r, const struct subject *s,
		     const struct predict_request *q)
{
	const struct mt_forecast *f = &r->forecast;
	const struct mt_interval *m = f->metric;

	return mt_table_row(t, (struct mt_cell[]){
				       MT_STR(s->name),
				       MT_STR(f->model),
				       MT_STR(mt_method_name(f->method)),
				       rounded(r->in.bandwidth_bytes_per_s, 1),
				       if_known(r->in.link_bytes_per_s),
				       MT_DOUBLE(r->in.downtime_limit_ms),
				       rounded(f->ends, 0.001),
				       MT_BOOL(r->ends),
				       q->deadline_ms > 0 ? MT_BOOL(r->in_time) : MT_NONE,
				       CELLS(m[MT_METRIC_TOTAL_MS], 1),
				       CELLS(m[MT_METRIC_TRANSFERRED_BYTES], 1),
				       CELLS(m[MT_METRIC_DOWNTIME_MS], 0.1),
				       CELLS(m[MT_METRIC_STALL_MS], 0.1),
				       r->ends ? rounded(f->passes, 0.01) : MT_NONE,
				       rounded(f->postcopy_pages, 1),
				       rounded(f->throttle_percent, 0.1),
				       if_known(round(r->needed_bandwidth_bytes_per_s)),
				       if_known(round(r->needed_limit_ms)),
				       MT_UINT(r->learned_from),
				       MT_STR(subject_origin(s)),
				       s->assumed ? MT_NONE : MT_UINT(subject_windows(s)),
				       rounded(subject_s_bytes(s), 1),
				       rounded(subject_s_new_bytes_per_s(s), 1),
				       rounded(subject_mw_bytes(s), 1),
				       MT_DOUBLE(s->guest.memory_bytes),
				       if_known(s->guest.resident_bytes),
				       if_known(s->guest.vcpus),
				       number(s->guest.cpu_share),
				       if_known(q->deadline_ms),
			       });
}

/* --- for people --------------------------------------------------------------- */
/* Titles that are NULL hide a column that would say the same in every row. */
enum {
	MODEL,
	METHOD,
	BANDWIDTH,
	LIMIT,
	ENDS,
	IN_TIME,
	PASSES,
	TOTAL,
	TOTAL_RANGE,
	TRAFFIC,
	TRAFFIC_RANGE,
	PAUSE,
	PAUSE_RANGE,
	STALL,
	STALL_RANGE,
	COLUMNS
};

static const char *shown(char *buf, double v, format_fn format)
{
	return isfinite(v) ? format(buf, v) : "-";
}

static const char *range(char *buf, size_t size, const struct mt_interval *i, format_fn format)
{
	char from[MT_UNIT_STR], to[MT_UNIT_STR];

	if (!isfinite(i->p10) || !isfinite(i->p90))
		return "-";
	snprintf(buf, size, "%s .. %s", format(from, i->p10), format(to, i->p90));
	return buf;
}

static const char *percent(char *buf, size_t size, double v)
{
	/* 99.6 % is not "always". */
	snprintf(buf, size, "%.0f %%",
		 v > 0.99 && v < 0.9999 ? 99 :
		 v > 0.0001 && v < 0.01 ? 1 :
					  v * 100);
	return buf;
}

struct texts {
	char middle[MT_METRIC_COUNT][MT_UNIT_STR], range[MT_METRIC_COUNT][2 * MT_UNIT_STR + 8];
	const char *of[MT_METRIC_COUNT], *range_of[MT_METRIC_COUNT];
};

static void fill_texts(struct texts *x, const struct mt_forecast *f)
{
	static const format_fn formats[MT_METRIC_COUNT] = {
		[MT_METRIC_TOTAL_MS] = mt_format_duration_ms,
		[MT_METRIC_TRANSFERRED_BYTES] = mt_format_size_bytes,
		[MT_METRIC_DOWNTIME_MS] = mt_format_duration_ms,
		[MT_METRIC_STALL_MS] = mt_format_duration_ms,
	};

	for (size_t k = 0; k < MT_METRIC_COUNT; k++) {
		/* What it would cost if it ended after all is of no use. */
		bool ends = mt_forecast_converges(f);

		x->of[k] = ends ? shown(x->middle[k], f->metric[k].p50, formats[k]) : "-";
		x->range_of[k] =
			ends ? range(x->range[k], sizeof(x->range[k]), &f->metric[k], formats[k]) :
			       "-";
	}
}

static int text_row(struct mt_table *t, const struct predict_row *r)
{
	const struct mt_forecast *f = &r->forecast;
	char ends[16], rate[MT_UNIT_STR], limit[MT_UNIT_STR];
	struct texts x;

	fill_texts(&x, f);
	return mt_table_row(t, (struct mt_cell[COLUMNS]){
		[MODEL] = MT_STR(f->model), [METHOD] = MT_STR(mt_method_name(f->method)),
		[BANDWIDTH] = MT_STR(mt_format_rate_bytes_per_s(rate, r->in.bandwidth_bytes_per_s)),
		[LIMIT] = MT_STR(mt_format_duration_ms(limit, r->in.downtime_limit_ms)),
		[ENDS] = MT_STR(percent(ends, sizeof(ends), f->ends)),
		[IN_TIME] = MT_BOOL(r->in_time),
		[PASSES] = r->ends ? rounded(f->passes, 0.1) : MT_NONE,
		[TOTAL] = MT_STR(x.of[MT_METRIC_TOTAL_MS]),
		[TOTAL_RANGE] = MT_STR(x.range_of[MT_METRIC_TOTAL_MS]),
		[TRAFFIC] = MT_STR(x.of[MT_METRIC_TRANSFERRED_BYTES]),
		[TRAFFIC_RANGE] = MT_STR(x.range_of[MT_METRIC_TRANSFERRED_BYTES]),
		[PAUSE] = MT_STR(x.of[MT_METRIC_DOWNTIME_MS]),
		[PAUSE_RANGE] = MT_STR(x.range_of[MT_METRIC_DOWNTIME_MS]),
		[STALL] = MT_STR(x.of[MT_METRIC_STALL_MS]),
		[STALL_RANGE] = MT_STR(x.range_of[MT_METRIC_STALL_MS]),
	});
}

int predict_print(const struct predict_rows *rows, const struct subject *s,
		  const struct predict_request *q, enum mt_format format)
{
	bool text = format == MT_FORMAT_TEXT;
	const struct mt_column shown_columns[COLUMNS] = {
		[MODEL] = { "model", q->models.n > 1 ? "MODEL" : NULL },
		[METHOD] = { "method", "METHOD" },
		[BANDWIDTH] = { "bandwidth", "BANDWIDTH" }, [LIMIT] = { "limit", "LIMIT" },
		[ENDS] = { "ends", "ENDS" },
		[IN_TIME] = { "in_time", q->deadline_ms > 0 ? "IN TIME" : NULL },
		[PASSES] = { "passes", "PASSES" },
		[TOTAL] = { "total", "TOTAL" }, [TOTAL_RANGE] = { "total_range", "P10 .. P90" },
		[TRAFFIC] = { "traffic", "TRAFFIC" },
		[TRAFFIC_RANGE] = { "traffic_range", "P10 .. P90" },
		[PAUSE] = { "pause", "PAUSE" }, [PAUSE_RANGE] = { "pause_range", "P10 .. P90" },
		[STALL] = { "stall", "STALL" }, [STALL_RANGE] = { "stall_range", "P10 .. P90" },
	};
	struct mt_table *t = text ? mt_table_new(stdout, format, shown_columns, COLUMNS) :
				    mt_table_new(stdout, format, plain, MT_ARRAY_SIZE(plain));
	int rc = t ? 0 : -ENOMEM, finish_rc;

	for (size_t i = 0; i < rows->n && !rc; i++)
		rc = text ? text_row(t, &rows->v[i]) : plain_row(t, &rows->v[i], s, q);
	if (!t)
		return rc;
	finish_rc = mt_table_finish(t);
	return rc ? rc : finish_rc;
}

/* --- in words ------------------------------------------------------------------- */
struct sentence {
	char where[96];		/* "at 100.0 MiB/s with a limit of 300 ms" */
	char what[64];		/* "does not end", "takes 14.2 s" */
	char need[256];
};

static void say_need(const struct predict_row *r, const struct predict_request *q, char *buf,
		     size_t size)
{
	char within[MT_UNIT_STR], rate[MT_UNIT_STR], limit[MT_UNIT_STR], aim[64] = "to end";
	bool bandwidth = r->needed_bandwidth_bytes_per_s > 0, pause = r->needed_limit_ms > 0;

	if (q->deadline_ms > 0)
		snprintf(aim, sizeof(aim), "to finish within %s",
			 mt_format_duration_ms(within, q->deadline_ms));
	mt_format_rate_bytes_per_s(rate, r->needed_bandwidth_bytes_per_s);
	mt_format_duration_ms(limit, r->needed_limit_ms);
	if (bandwidth && pause)
		snprintf(buf, size, "%s it needs %s, or a limit of %s", aim, rate, limit);
	else if (bandwidth)
		snprintf(buf, size, "%s it needs %s; a longer pause would not do", aim, rate);
	else if (pause)
		snprintf(buf, size, "%s it needs a limit of %s; a wider link would not do", aim,
			 limit);
	else
		snprintf(buf, size, "neither 64 times the bandwidth nor 64 times the limit would do");
}

static bool make_sentence(const struct predict_row *r, const struct predict_request *q,
			  struct sentence *s)
{
	char rate[MT_UNIT_STR], limit[MT_UNIT_STR], total[MT_UNIT_STR];

	if (r->in_time || isnan(r->needed_limit_ms))
		return false;
	snprintf(s->where, sizeof(s->where), "at %s with a limit of %s",
		 mt_format_rate_bytes_per_s(rate, r->in.bandwidth_bytes_per_s),
		 mt_format_duration_ms(limit, r->in.downtime_limit_ms));
	if (r->ends)
		snprintf(s->what, sizeof(s->what), "takes %s",
			 mt_format_duration_ms(total, r->forecast.metric[MT_METRIC_TOTAL_MS].p50));
	else
		snprintf(s->what, sizeof(s->what), "does not end");
	say_need(r, q, s->need, sizeof(s->need));
	return true;
}

static bool same(const struct sentence *a, const struct sentence *b)
{
	return !strcmp(a->where, b->where) && !strcmp(a->what, b->what) &&
	       !strcmp(a->need, b->need);
}

/*
 * "precopy, xbzrle" and all others of whom the same is to be said; false: an earlier row has said
 * it.
 */
static bool name_all(const struct predict_rows *rows, size_t at, const struct sentence *s,
		     const struct predict_request *q, char *names, size_t size)
{
	struct sentence other;
	bool before;

	*names = '\0';
	for (size_t i = 0; i < rows->n; i++) {
		size_t len = strlen(names);

		if (!make_sentence(&rows->v[i], q, &other) || !same(&other, s))
			continue;
		before = i < at;
		if (before)
			return false;
		snprintf(names + len, size - len, "%s%s", len ? ", " : "",
			 mt_method_name(rows->v[i].forecast.method));
	}
	return true;
}

void predict_explain(const struct predict_rows *rows, const struct predict_request *q, FILE *out)
{
	bool first = true;

	for (size_t i = 0; i < rows->n; i++) {
		struct sentence s;
		char names[128];

		if (!make_sentence(&rows->v[i], q, &s) ||
		    !name_all(rows, i, &s, q, names, sizeof(names)))
			continue;
		fprintf(out, "%s%s %s %s: %s\n", first ? "\n" : "", names, s.where, s.what, s.need);
		first = false;
	}
}
