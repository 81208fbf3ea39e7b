// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_text.c - a report for people
 */
#include <errno.h>
#include <math.h>
#include <time.h>

#include "base/units.h"
#include "base/utf8.h"
#include "report.h"

#define LABEL	13	/* width of the labels at the left, "destination" and two blanks */

/* Strings of a recording are not ours: what a terminal would obey is made visible. */
static void put(FILE *out, const char *label, const char *text)
{
	mt_autofree char *clean = text ? mt_utf8_clean(text) : NULL;

	if (clean)
		fprintf(out, "%-*s%s\n", LABEL, label, clean);
}

static void put_wall(FILE *out, uint64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	char text[64];
	struct tm tm;

	if (ms && gmtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		put(out, "began", text);
}

static void put_limits(FILE *out, const struct mt_limits *l)
{
	const struct {
		const char *what;
		uint64_t ms;
	} rows[] = {
		{ "pause at most", l->max_downtime_ms },
		{ "deadline", l->deadline_ms },
		{ "stall", l->stall_timeout_ms },
		{ "QEMU's downtime limit", l->qemu_limit_ms },
		{ "fixed part of a downtime", l->fixed_ms },
	};

	fprintf(out, "%-*s", LABEL, "limits");
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		char buf[MT_UNIT_STR];

		if (rows[i].ms == MT_LIMIT_NONE)
			fprintf(out, "%s none, ", rows[i].what);
		else if (rows[i].ms != MT_LIMIT_UNSET)
			fprintf(out, "%s %s, ", rows[i].what,
				mt_format_duration_ms(buf, (double)rows[i].ms));
	}
	for (size_t i = 0; mt_param_at(i); i++) {
		const struct mt_param *p = mt_param_at(i);
		char name[MT_PARAM_NAME_MAX], buf[MT_PARAM_TEXT_MAX];
		uint64_t v = l->params.value[i];

		if (v != MT_LIMIT_UNSET)
			fprintf(out, "%s %s, ", mt_param_option(name, p),
				mt_param_read(buf, p, v));
	}
	fprintf(out, "post-copy %s\n", l->postcopy_allowed ? "allowed" : "not allowed");
}

static void put_source(const struct mt_record_source *s, FILE *out)
{
	char line[512], tick[MT_UNIT_STR];

	if (!s)
		return;
	snprintf(line, sizeof(line), "%s%s%s%s%s%s%s", s->source, s->mode ? ", " : "",
		 s->mode ? s->mode : "", s->tick_ns ? ", ticks of " : "",
		 s->tick_ns ? mt_format_duration_ms(tick, s->tick_ns / 1e6) : "",
		 s->detail ? "; no better: " : "", s->detail ? s->detail : "");
	put(out, "dirty pages", line);
}

static void put_guest(const struct mt_record_guest *g, FILE *out)
{
	char memory[MT_UNIT_STR], nonzero[MT_UNIT_STR];

	if (!g || !g->memory_bytes)
		return;
	fprintf(out, "%-*s%s", LABEL, "memory",
		mt_format_size_bytes(memory, (double)g->memory_bytes));
	if (g->nonzero_bytes || g->resident_bytes)
		fprintf(out, ", %s of it %s",
			mt_format_size_bytes(
				nonzero,
				(double)(g->nonzero_bytes ? g->nonzero_bytes : g->resident_bytes)),
			g->nonzero_bytes ? "not empty" : "resident");
	if (g->vcpus && isfinite(g->cpu_share))
		fprintf(out, "; %llu vCPU%s, %.0f %% busy", (unsigned long long)g->vcpus,
			g->vcpus > 1 ? "s" : "", g->cpu_share * 100);
	fputc('\n', out);
}

static void put_header(const struct report *r, FILE *out)
{
	const struct mt_record_header *h = &r->rec->header;

	put(out, "file", r->rec->path);
	if (r->rec->foreign) {
		put(out, "kind", "a series of QMP query-migrate answers: samples only");
		return;
	}
	put(out, "guest", h->domain);
	put(out, "uuid", h->uuid);
	put(out, "type", h->domain_type);
	put_guest(r->guest, out);
	put(out, "source", h->source);
	put(out, "destination", h->destination);
	put(out, "mode", h->mode);
	put(out, "policy", h->policy);
	put_limits(out, &h->limits);
	put(out, "written by", h->tool);
	put(out, "QEMU", h->qemu);
	put(out, "libvirt", h->libvirt);
	put(out, "kernel", h->kernel);
	put_wall(out, h->start_wall_ms);
	put_source(r->source, out);
}

/* "3.1 GiB", "-" for what nobody knows. */
static const char *figure(char *buf, const struct mt_sample *s, enum mt_field f,
			  const char *(*format)(char *buf, double v))
{
	uint64_t v;

	return mt_sample_get(s, f, &v) ? format(buf, (double)v) : "-";
}

static void put_outcome(const struct report *r, FILE *out)
{
	const struct mt_sample *final = &r->outcome.final;
	char total[MT_UNIT_STR], downtime[MT_UNIT_STR], sent[MT_UNIT_STR];

	fprintf(out, "\nOutcome\n");
	if (!r->has_outcome) {
		fputs("not in the recording\n", out);
		return;
	}
	put(out, "outcome", mt_outcome_name(r->outcome.outcome));
	put(out, "detail",
	    r->outcome_recorded ? r->outcome.detail : "as QEMU's last answer has it");
	fprintf(out, "%-*stotal %s, downtime %s, sent %s\n", LABEL, "figures",
		figure(total, final, MT_FIELD_total_ms, mt_format_duration_ms),
		figure(downtime, final, MT_FIELD_downtime_ms, mt_format_duration_ms),
		figure(sent, final, MT_FIELD_transferred_bytes, mt_format_size_bytes));
}

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

static double final_or_nan(const struct report *r, enum mt_field f)
{
	uint64_t v;

	return r->has_outcome && mt_sample_get(&r->outcome.final, f, &v) ? (double)v : NAN;
}

static int put_predicted(const struct report *r, FILE *out)
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
	char at[MT_UNIT_STR];
	struct mt_table *t;

	if (!d)
		return 0;
	fprintf(out, "\nPredicted against actual (%s at %s)\n", mt_action_name(d->plan.action),
		mt_format_duration_ms(at, (double)d->total_ms));
	t = mt_table_new(out, MT_FORMAT_TEXT, columns, MT_ARRAY_SIZE(columns));
	if (!t)
		return -ENOMEM;
	if (!r->stopped) {
		downtime = d->prediction.downtime_ms;
		if (d->prediction.verdict == MT_VERDICT_CONVERGES)
			total = d->prediction.total_ms;
	}
	put_comparison(t, "downtime", &downtime, final_or_nan(r, MT_FIELD_downtime_ms),
		       mt_format_duration_ms);
	put_comparison(t, "total", &total, final_or_nan(r, MT_FIELD_total_ms),
		       mt_format_duration_ms);
	if (!r->stopped && d->prediction.verdict == MT_VERDICT_CONVERGES)
		put_comparison(t, "sent", &d->prediction.transferred_bytes,
			       final_or_nan(r, MT_FIELD_transferred_bytes), mt_format_size_bytes);
	return mt_table_finish(t);
}

int report_text(const struct report *r, FILE *out)
{
	const struct {
		const char *title;
		size_t n;
		int (*show)(const struct report *r, FILE *out, enum mt_format format);
	} lists[] = {
		{ "Migrations", r->n_migrations > 1 ? r->n_migrations : 0, report_migrations },
		{ "Iterations", r->n_iterations, report_iterations },
		{ "Decisions", r->n_of[MT_ENTRY_DECISION], report_decisions },
		{ "Events", r->n_of[MT_ENTRY_EVENT], report_events },
		{ "Dirtied in each pass, by the kernel and by QEMU", r->n_of[MT_ENTRY_PASS],
		  report_passes },
		{ "Dirty rate", r->n_of[MT_ENTRY_DIRTYRATE], report_dirty_rates },
		{ "Profile", r->n_of[MT_ENTRY_PROFILE], report_figures },
		{ "U(T), dirtied within a time T", r->n_of[MT_ENTRY_CURVE], report_curve },
		{ "vCPUs", r->n_of[MT_ENTRY_VCPU], report_vcpus },
		{ "What kind of work it did",
		  r->n_of[MT_ENTRY_SAMPLE] + r->n_of[MT_ENTRY_WORK], report_classes },
		{ "What else it did", r->n_of[MT_ENTRY_WORK], report_work },
	};
	int rc = 0;

	put_header(r, out);
	for (size_t i = 0; i < r->n_warnings; i++)
		put(out, "warning", r->warnings[i]);
	for (size_t i = 0; i < MT_ARRAY_SIZE(lists) && !rc; i++) {
		if (!lists[i].n)
			continue;
		fprintf(out, "\n%s\n", lists[i].title);
		rc = lists[i].show(r, out, MT_FORMAT_TEXT);
	}
	if (rc)
		return rc;
	put_outcome(r, out);
	return put_predicted(r, out);
}
