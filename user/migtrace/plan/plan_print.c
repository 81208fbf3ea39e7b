// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * plan_print.c - a schedule as a table, and in words
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>

#include "base/units.h"
#include "base/utf8.h"
#include "migtrace/predict/forecasts.h"
#include "cmd_plan.h"

static struct mt_cell rounded(double v, double unit)
{
	return isfinite(v) ? MT_DOUBLE(round(v / unit) * unit) : MT_NONE;
}

static struct mt_cell if_some(double v)
{
	return v > 0 && isfinite(v) ? MT_DOUBLE(round(v)) : MT_NONE;
}

static const char *name_of(const struct plan *p, size_t guest)
{
	return p->subjects[guest].name;
}

/* --- why ---------------------------------------------------------------------- */
struct words {
	char text[384];
	size_t len;
};

static void say(struct words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct words *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->text + w->len, sizeof(w->text) - w->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		w->len = w->len + (size_t)n < sizeof(w->text) ? w->len + (size_t)n :
								sizeof(w->text) - 1;
}

static void say_needs(struct words *w, const struct mt_schedule_left *l)
{
	char a[MT_UNIT_STR];
	bool said = false;

	if (l->needed_bandwidth_bytes_per_s > 0) {
		say(w, "; it needs %s by %s",
		    mt_format_rate_bytes_per_s(a, l->needed_bandwidth_bytes_per_s),
		    mt_method_name(l->method));
		said = true;
	}
	if (l->needed_limit_ms > 0) {
		say(w, "%s a limit of %s", said ? ", or" : "; it needs",
		    mt_format_duration_ms(a, l->needed_limit_ms));
		said = true;
	}
	if (isfinite(l->postcopy_ms)) {
		say(w, "%s post-copy (%s), which is not allowed", said ? ", or" : "; it needs",
		    mt_format_duration_ms(a, l->postcopy_ms));
		said = true;
	}
	if (!said)
		say(w, "; neither 64 times the link nor 64 times the limit would do");
}

static const char *reason(struct words *w, const struct plan *p, const struct mt_schedule *s,
			  const struct mt_schedule_left *l)
{
	char a[MT_UNIT_STR], b[MT_UNIT_STR];

	w->len = 0;
	switch (l->why) {
	case MT_SCHEDULE_NO_END:
		say(w, "does not end at %s with a limit of %s",
		    mt_format_rate_bytes_per_s(a, p->request.link_bytes_per_s),
		    mt_format_duration_ms(b, p->max_downtime_ms));
		say_needs(w, l);
		break;
	case MT_SCHEDULE_TOO_SLOW:
		say(w, "takes %s by %s, alone and with the whole link",
		    mt_format_duration_ms(a, l->total_ms), mt_method_name(l->method));
		say_needs(w, l);
		break;
	case MT_SCHEDULE_NO_TIME:
		say(w, "no time left for its %s next to the others; all would be away after %s",
		    mt_format_duration_ms(a, l->total_ms), mt_format_duration_ms(b, s->all_p90_ms));
		break;
	}
	return w->text;
}

/* --- for programs --------------------------------------------------------------- */
#define THREE(metric, unit) \
	{ metric "_p10_" unit }, { metric "_p50_" unit }, \
	{ \
		metric "_p90_" unit \
	}
#define CELLS(i, to) rounded((i).p10, to), rounded((i).p50, to), rounded((i).p90, to)
#define NONE3 MT_NONE, MT_NONE, MT_NONE

static const struct mt_column plain[] = {
	{ "guest" }, { "moved" }, { "order" }, { "method" }, { "share" },
	{ "bandwidth_bytes_per_s" }, { "downtime_limit_ms" },
	{ "start_ms" }, { "end_ms" }, { "end_p90_ms" },
	THREE("total", "ms"), THREE("transferred", "bytes"), THREE("downtime", "ms"),
	THREE("stall", "ms"),
	{ "why_left" }, { "reason" }, { "needed_bandwidth_bytes_per_s" },
	{ "needed_downtime_limit_ms" }, { "postcopy_ms" },
	{ "curve_origin" }, { "curve_windows" }, { "memory_bytes" }, { "resident_bytes" },
	{ "exact" },
};

static int plain_move(struct mt_table *t, const struct plan *p, const struct mt_schedule *s,
		      size_t i)
{
	const struct mt_schedule_move *m = &s->moves[i];
	const struct mt_interval *f = m->forecast.metric;
	const struct subject *g = &p->subjects[m->guest];

	return mt_table_row(t, (struct mt_cell[]){
		MT_STR(g->name), MT_BOOL(true), MT_UINT(i + 1),
		MT_STR(mt_method_name(m->forecast.method)), rounded(m->share, 0.001),
		rounded(m->bandwidth_bytes_per_s, 1), rounded(m->downtime_limit_ms, 1),
		rounded(m->start_ms, 1), rounded(m->end_ms, 1), rounded(m->end_p90_ms, 1),
		CELLS(f[MT_METRIC_TOTAL_MS], 1), CELLS(f[MT_METRIC_TRANSFERRED_BYTES], 1),
		CELLS(f[MT_METRIC_DOWNTIME_MS], 0.1), CELLS(f[MT_METRIC_STALL_MS], 0.1),
		MT_NONE, MT_NONE, NONE3,
		MT_STR(subject_origin(g)), MT_UINT(subject_windows(g)),
		rounded(g->guest.memory_bytes, 1),
		if_some(g->guest.resident_bytes), MT_BOOL(s->exact),
	});
}

static int plain_left(struct mt_table *t, const struct plan *p, const struct mt_schedule *s,
		      const struct mt_schedule_left *l)
{
	const struct subject *g = &p->subjects[l->guest];
	struct words w;

	return mt_table_row(t, (struct mt_cell[]){
				       MT_STR(g->name),
				       MT_BOOL(false),
				       MT_NONE,
				       MT_NONE,
				       MT_NONE,
				       MT_NONE,
				       MT_NONE,
				       NONE3,
				       MT_NONE,
				       rounded(l->total_ms, 1),
				       MT_NONE,
				       NONE3,
				       NONE3,
				       NONE3,
				       MT_STR(mt_schedule_why_name(l->why)),
				       MT_STR(reason(&w, p, s, l)),
				       if_some(l->needed_bandwidth_bytes_per_s),
				       if_some(l->needed_limit_ms),
				       rounded(l->postcopy_ms, 1),
				       MT_STR(subject_origin(g)),
				       MT_UINT(subject_windows(g)),
				       rounded(g->guest.memory_bytes, 1),
				       if_some(g->guest.resident_bytes),
				       MT_BOOL(s->exact),
			       });
}

/* --- for people ------------------------------------------------------------------- */
static const struct mt_column shown[] = {
	{ "order", "#" }, { "guest", "GUEST" }, { "method", "METHOD" },
	{ "bandwidth", "RATE", MT_SHOW_RATE_BYTES_PER_S },
	{ "limit", "LIMIT", MT_SHOW_DURATION_MS }, { "start", "START", MT_SHOW_DURATION_MS },
	{ "end", "END", MT_SHOW_DURATION_MS },
	{ "end_p90", "END P90", MT_SHOW_DURATION_MS }, { "pause", "PAUSE", MT_SHOW_DURATION_MS },
	{ "stall", "STALL", MT_SHOW_DURATION_MS },
	{ "traffic", "TRAFFIC", MT_SHOW_SIZE_BYTES },
};

static int shown_move(struct mt_table *t, const struct plan *p, const struct mt_schedule *s,
		      size_t i)
{
	const struct mt_schedule_move *m = &s->moves[i];
	const struct mt_interval *f = m->forecast.metric;

	return mt_table_row(t, (struct mt_cell[]){
		MT_UINT(i + 1), MT_STR(name_of(p, m->guest)),
		MT_STR(mt_method_name(m->forecast.method)), MT_DOUBLE(m->bandwidth_bytes_per_s),
		MT_DOUBLE(m->downtime_limit_ms), MT_DOUBLE(m->start_ms), MT_DOUBLE(m->end_ms),
		MT_DOUBLE(m->end_p90_ms),
		MT_DOUBLE(f[MT_METRIC_DOWNTIME_MS].p50), MT_DOUBLE(f[MT_METRIC_STALL_MS].p50),
		MT_DOUBLE(f[MT_METRIC_TRANSFERRED_BYTES].p50),
	});
}

int plan_print(const struct plan *p, const struct mt_schedule *s, enum mt_format format)
{
	bool text = format == MT_FORMAT_TEXT;
	struct mt_table *t = text ? mt_table_new(stdout, format, shown, MT_ARRAY_SIZE(shown)) :
				    mt_table_new(stdout, format, plain, MT_ARRAY_SIZE(plain));
	int rc = t ? 0 : -ENOMEM, finish_rc;

	for (size_t i = 0; i < s->n_moves && !rc; i++)
		rc = text ? shown_move(t, p, s, i) : plain_move(t, p, s, i);
	for (size_t i = 0; i < s->n_left && !rc && !text; i++)
		rc = plain_left(t, p, s, &s->left[i]);
	if (!t)
		return rc;
	finish_rc = mt_table_finish(t);
	return rc ? rc : finish_rc;
}

void plan_head(const struct plan *p, FILE *out)
{
	char link[MT_UNIT_STR], deadline[MT_UNIT_STR], limit[MT_UNIT_STR], size[MT_UNIT_STR];
	double memory = 0;

	for (size_t i = 0; i < p->request.n; i++)
		memory += p->subjects[i].guest.memory_bytes;
	fprintf(out,
		"%zu guest%s, %s of memory; link %s, deadline %s, QEMU's limit at most %s, post-copy %sallowed\n\n",
		p->request.n, p->request.n == 1 ? "" : "s", mt_format_size_bytes(size, memory),
		mt_format_rate_bytes_per_s(link, p->request.link_bytes_per_s),
		isfinite(p->request.deadline_ms) ?
			mt_format_duration_ms(deadline, p->request.deadline_ms) :
			"none",
		mt_format_duration_ms(limit, p->max_downtime_ms), p->postcopy ? "" : "not ");
}

void plan_explain(const struct plan *p, const struct mt_schedule *s, FILE *out)
{
	char end[MT_UNIT_STR], p90[MT_UNIT_STR], pause[MT_UNIT_STR], stall[MT_UNIT_STR],
		traffic[MT_UNIT_STR];

	fprintf(out,
		"\n%zu of %zu moved after %s, with odds of nine in ten after %s; pauses %s, stalls %s, traffic %s in all\n",
		s->n_moves, p->request.n, mt_format_duration_ms(end, s->end_ms),
		mt_format_duration_ms(p90, s->end_p90_ms),
		mt_format_duration_ms(pause, s->downtime_ms),
		mt_format_duration_ms(stall, s->stall_ms),
		mt_format_size_bytes(traffic, s->transferred_bytes));
	if (!s->exact)
		fprintf(out, "a good schedule, found by a search that does not look at all of them\n");
	lessons_print(p->experience, out);
	for (size_t i = 0; i < s->n_left; i++) {
		mt_autofree char *name = mt_utf8_clean(name_of(p, s->left[i].guest));
		struct words w;

		fprintf(out, "%s%s stays: %s\n", i ? "" : "\n", name ? name : "",
			reason(&w, p, s, &s->left[i]));
	}
}
