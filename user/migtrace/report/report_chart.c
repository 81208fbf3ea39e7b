// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_chart.c - the pictures in a report: what each is filled with
 *
 * A colour and a marker are one thing in all of them: what QEMU tells, what the kernel tells, what
 * was forecast, what came of it.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/quantile.h"
#include "base/units.h"
#include "report_chart.h"

#define PAGE_BYTES	4096.0
/* Looks that one line is made of, and marks that have a note; a picture has no more pixels. */
#define LOOKS_MAX	2000

enum style { LEFT, DIRTIED, LINK, KERNEL, POSTCOPY, FORECAST, ACTUAL, NOW, ALLOWED, EVENT };

/* --- what was left, and what was decided --------------------------------------------- */
struct timeline {
	struct mt_plot *p;
	const struct report *r;
	double every_ms, next_ms;	/* a look is drawn so often */
	double left_bytes;		/* as last seen */
	size_t marks;
};

static void add_sample(struct timeline *t, const struct mt_sample *s)
{
	const uint64_t allowed_ms = t->r->rec->header.limits.max_downtime_ms;
	const double ms = report_ms(t->r, s->t_ns);
	bool postcopy = s->status == MT_STATUS_POSTCOPY || s->status == MT_STATUS_POSTCOPY_PAUSED;

	if (!mt_sample_has(s, remaining_bytes))
		return;
	t->left_bytes = (double)s->remaining_bytes;
	if (ms < t->next_ms && !s->boundary)
		return;
	t->next_ms = ms + t->every_ms;
	mt_plot_line(t->p, postcopy ? mt_plot_series(t->p, "left to pull", POSTCOPY) :
				      mt_plot_series(t->p, "left to send", LEFT),
		     ms, t->left_bytes);
	if (!postcopy && allowed_ms < MT_LIMIT_NONE && mt_sample_has(s, bandwidth_bytes_per_s) &&
	    s->bandwidth_bytes_per_s)
		mt_plot_line(t->p, mt_plot_series(t->p, "fits the pause", ALLOWED), ms,
			     (double)s->bandwidth_bytes_per_s * (double)allowed_ms / 1e3);
}

static void add_decision(struct timeline *t, const struct mt_record_decision *d)
{
	const double ms = report_ms(t->r, d->t_ns);
	char at[MT_UNIT_STR], note[640];

	if (d->plan.action == MT_ACTION_CONTINUE || t->marks++ >= LOOKS_MAX)
		return;
	snprintf(note, sizeof(note), "%s: %s%s%s: %s", mt_format_duration_ms(at, ms),
		 mt_action_name(d->plan.action), d->applied ? ", " : "",
		 d->applied ? d->applied : "", d->plan.reason);
	mt_plot_point(t->p, mt_plot_series(t->p, mt_action_name(d->plan.action),
					   EVENT + 1 + (unsigned)d->plan.action),
		      ms, t->left_bytes, note);
}

static void add_event(struct timeline *t, const struct mt_entry *e)
{
	const double ms = report_ms(t->r, e->event.t_ns);
	char at[MT_UNIT_STR], note[640];

	if (t->marks++ >= LOOKS_MAX)
		return;
	snprintf(note, sizeof(note), "%s: %s: %s", mt_format_duration_ms(at, ms), e->event.event,
		 e->event.detail ? e->event.detail : "");
	mt_plot_point(t->p, mt_plot_series(t->p, "event", EVENT), ms, t->left_bytes, note);
}

static void fill_timeline(const struct report *r, struct mt_plot *p)
{
	struct timeline t = { .p = p, .r = r, .next_ms = -INFINITY };
	const struct report_migration *last = &r->migrations[r->n_migrations - 1];

	if (!r->n_of[MT_ENTRY_SAMPLE])
		return;
	mt_plot_series(p, "left to send", LEFT);	/* first in the legend */
	t.every_ms = report_ms(r, last->end_ns) / LOOKS_MAX;
	for (size_t i = 0; i < r->rec->n_entries; i++) {
		const struct mt_entry *e = &r->rec->entries[i];

		if (e->type == MT_ENTRY_SAMPLE)
			add_sample(&t, &e->sample);
		else if (e->type == MT_ENTRY_DECISION)
			add_decision(&t, &e->decision);
		else if (e->type == MT_ENTRY_EVENT)
			add_event(&t, e);
	}
}

/* --- rates ------------------------------------------------------------------------------ */
static void add_pass(struct mt_plot *p, struct mt_plot_series *s, double ms, double took_ms,
		     double rate)
{
	if (!(took_ms > 0) || !isfinite(rate))
		return;
	mt_plot_line(p, s, ms, rate);
	mt_plot_line(p, s, ms + took_ms, rate);
}

static void add_kernel(const struct report *r, struct mt_plot *p, const struct mt_entry *e)
{
	struct mt_plot_series *s = mt_plot_series(p, "dirtied, kernel", KERNEL);
	const struct mt_record_pass *pass = &e->pass;
	double took_ms;

	if (e->type == MT_ENTRY_PASS) {
		took_ms = ((double)pass->t_ns - (double)pass->start_ns) / 1e6;
		add_pass(p, s, report_ms(r, pass->start_ns), took_ms,
			 pass->pages * PAGE_BYTES / took_ms * 1e3);
	} else if (e->type == MT_ENTRY_DIRTYRATE) {
		mt_plot_point(p, mt_plot_series(p, "calc-dirty-rate", NOW),
			      report_ms(r, e->dirtyrate.t_ns), (double)e->dirtyrate.bytes_per_s,
			      e->dirtyrate.mode);
	}
}

static void fill_rates(const struct report *r, struct mt_plot *p)
{
	struct mt_plot_series *dirtied = mt_plot_series(p, "dirtied", DIRTIED);
	struct mt_plot_series *link = mt_plot_series(p, "sent", LINK);

	for (size_t i = 0, m = 0; i < r->n_iterations; i++) {
		const struct mt_iteration *it = &r->iterations[i];
		double ms;

		while (m + 1 < r->n_migrations && r->migrations[m + 1].first_iteration <= i)
			m++;
		if (!r->migrations[m].start_ns)
			continue;
		ms = report_ms(r, r->migrations[m].start_ns) + it->start_s * 1e3;
		add_pass(p, dirtied, ms, it->duration_s * 1e3, it->dirtied_bytes / it->duration_s);
		add_pass(p, link, ms, it->duration_s * 1e3,
			 it->bandwidth_bytes_per_s > 0 ? it->bandwidth_bytes_per_s : NAN);
	}
	for (size_t i = 0; i < r->rec->n_entries; i++)
		add_kernel(r, p, &r->rec->entries[i]);
}

/* --- U(T) against the link ----------------------------------------------------------------- */
/* NaN: none is known. */
static double link_bytes_per_s(const struct report *r)
{
	mt_autofree double *all = calloc(r->n_iterations + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; all && i < r->n_iterations; i++)
		if (r->iterations[i].bandwidth_bytes_per_s > 0)
			all[n++] = r->iterations[i].bandwidth_bytes_per_s;
	return n ? mt_median(all, n) : NAN;
}

static void fill_curve(const struct report *r, struct mt_plot *p)
{
	struct mt_plot_series *band = mt_plot_series(p, "p10 to p90", DIRTIED);
	struct mt_plot_series *middle = mt_plot_series(p, "dirtied, p50", KERNEL);
	struct mt_plot_series *link = mt_plot_series(p, "sent meanwhile", LINK);
	double rate = link_bytes_per_s(r);

	for (size_t i = 0; i < r->rec->n_entries; i++) {
		const struct mt_record_curve *c = &r->rec->entries[i].curve;

		if (r->rec->entries[i].type != MT_ENTRY_CURVE || !(c->window_ms > 0))
			continue;
		mt_plot_band(p, band, c->window_ms, c->p10_pages * PAGE_BYTES,
			     c->p90_pages * PAGE_BYTES);
		mt_plot_line(p, middle, c->window_ms, c->p50_pages * PAGE_BYTES);
		mt_plot_point(p, middle, c->window_ms, c->p50_pages * PAGE_BYTES, NULL);
		if (isfinite(rate))
			mt_plot_line(p, link, c->window_ms, rate * c->window_ms / 1e3);
	}
}

/* --- forecast against outcome ----------------------------------------------------------------- */
static void add_forecast(struct mt_plot *p, double ms, const struct mt_interval *of)
{
	mt_plot_band(p, mt_plot_series(p, "forecast, p10 to p90", FORECAST), ms, of->p10, of->p90);
	mt_plot_line(p, mt_plot_series(p, "forecast, p50", FORECAST), ms, of->p50);
}

/* All along what is there already. */
static void add_actual(struct mt_plot *p, double first_ms, double last_ms, double v)
{
	struct mt_plot_series *s = mt_plot_series(p, "came of it", ACTUAL);

	if (!isfinite(v) || !(last_ms >= first_ms))
		return;
	mt_plot_line(p, s, first_ms, v);
	mt_plot_line(p, s, last_ms, v);
	mt_plot_point(p, s, last_ms, v, NULL);
}

static void fill_forecast(const struct report *r, struct mt_plot *p, bool total)
{
	/* The outcome is the last one's. */
	const uint64_t begin_ns = r->migrations[r->n_migrations - 1].begin_ns;
	double first_ms = INFINITY, last_ms = -INFINITY;

	for (size_t i = 0; i < r->rec->n_entries; i++) {
		const struct mt_record_decision *d = &r->rec->entries[i].decision;
		double ms;

		if (r->rec->entries[i].type != MT_ENTRY_DECISION ||
		    d->prediction.verdict == MT_VERDICT_UNKNOWN)
			continue;
		ms = report_ms(r, d->t_ns);
		if (r->n_migrations == 1 || d->t_ns >= begin_ns) {
			first_ms = fmin(first_ms, ms);
			last_ms = fmax(last_ms, ms);
		}
		if (!total)
			mt_plot_line(p, mt_plot_series(p, "if it stopped now", NOW), ms,
				     d->prediction.stop_now_ms);
		if (!total)
			add_forecast(p, ms, &d->prediction.downtime_ms);
		else if (d->prediction.verdict == MT_VERDICT_CONVERGES)
			add_forecast(p, ms, &d->prediction.total_ms);
	}
	add_actual(p, first_ms, last_ms,
		   report_final(r, total ? MT_FIELD_total_ms : MT_FIELD_downtime_ms));
}

static void fill_total(const struct report *r, struct mt_plot *p)
{
	fill_forecast(r, p, true);
}

static void fill_pause(const struct report *r, struct mt_plot *p)
{
	fill_forecast(r, p, false);
}

#define TIME_AXIS	{ "time", MT_SHOW_DURATION_MS, false }

static const struct report_chart charts[] = {
	{ "timeline", "What was left, and what was decided",
	  "What was left to send over time, falling as it is sent and rising at each pass; beside it what could be sent within the pause that is allowed. Marks are decisions and events; each has its reason.",
	  TIME_AXIS, { "memory", MT_SHOW_SIZE_BYTES, false }, fill_timeline },
	{ "rates", "Dirty rate and bandwidth, pass by pass",
	  "In each pass what the guest dirtied a second and what the link took. Where the first is above the second pre-copy does not get on.",
	  TIME_AXIS, { "rate", MT_SHOW_RATE_BYTES_PER_S, false }, fill_rates },
	{ "curve", "U(T), what it dirties within a time T, against the link",
	  "Distinct memory dirtied within windows of each length, and what the link sends in the same time. Where the two meet a pass dirties what it sends.",
	  { "T", MT_SHOW_DURATION_MS, true }, { "memory", MT_SHOW_SIZE_BYTES, true }, fill_curve },
	{ "total", "Total time, forecast and real",
	  "The total time that was forecast at each decision, with its interval, and the one that came of it.",
	  TIME_AXIS, { "total time", MT_SHOW_DURATION_MS, false }, fill_total },
	{ "pause", "Pause, forecast and real",
	  "The pause that was forecast at each decision, with its interval, the one of a stop there and then, and the one that came of it as QEMU reports it.",
	  TIME_AXIS, { "pause", MT_SHOW_DURATION_MS, true }, fill_pause },
};

const struct report_chart *report_chart_at(size_t i)
{
	return i < MT_ARRAY_SIZE(charts) ? &charts[i] : NULL;
}

int report_chart_write(const struct report *r, const struct report_chart *c, const char *id,
		       FILE *out)
{
	struct mt_plot plot = { .n_series = 0 };
	int rc;

	c->fill(r, &plot);
	rc = mt_plot_is_empty(&plot) ? -ENODATA :
				       mt_plot_write(&plot, &(struct mt_svg){
					       .title = c->title, .description = c->description,
					       .x = c->x, .y = c->y, .id = id }, out);
	mt_plot_fini(&plot);
	return rc;
}
