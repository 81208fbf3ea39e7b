// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_kernel.c - the lists in a report that a kernel source has told
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/quantile.h"
#include "base/units.h"
#include "curve/ringsize.h"
#include "report.h"

#define PAGE_BYTES	4096.0	/* what all sources count in */

static struct mt_cell tenths(double v)
{
	return isfinite(v) ? MT_DOUBLE(round(v * 10) / 10) : MT_NONE;
}

static struct mt_cell bytes(double pages)
{
	return isfinite(pages) && pages >= 0 && pages < 1e15 ?
		       MT_UINT((uint64_t)round(pages * PAGE_BYTES)) :
		       MT_NONE;
}

/* --- passes: what the kernel logged beside what QEMU found -------------------- */
static const struct mt_iteration *iteration_of(const struct report *r,
					       const struct mt_record_pass *pass)
{
	for (size_t i = 0; i < r->n_iterations; i++)
		if (r->iterations[i].n == pass->iteration)
			return &r->iterations[i];
	return NULL;
}

/* In percent of QEMU's; NaN where either is not known. */
static double apart(const struct report *r, const struct mt_record_pass *pass)
{
	const struct mt_iteration *it = iteration_of(r, pass);

	return it && it->dirtied_bytes > 0 ?
		       (pass->pages * PAGE_BYTES / it->dirtied_bytes - 1) * 100 :
		       NAN;
}

double report_passes_apart(const struct report *r)
{
	mt_autofree double *all = calloc(r->n_of[MT_ENTRY_PASS] + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; all && i < r->rec->n_entries; i++) {
		double percent;

		if (r->rec->entries[i].type != MT_ENTRY_PASS)
			continue;
		percent = fabs(apart(r, &r->rec->entries[i].pass));
		if (isfinite(percent))
			all[n++] = percent;
	}
	if (!n)
		return NAN;
	return mt_median(all, n);
}

static int add_pass(struct mt_table *t, const struct report *r, const struct mt_record_pass *pass)
{
	const struct mt_iteration *it = iteration_of(r, pass);
	double ms = ((double)pass->t_ns - (double)pass->start_ns) / 1e6;

	return mt_table_row(t, (struct mt_cell[]){
		MT_UINT(pass->iteration), tenths(report_ms(r, pass->start_ns)), tenths(ms),
		bytes(pass->pages),
		it ? bytes(it->dirtied_bytes / PAGE_BYTES) : MT_NONE, tenths(apart(r, pass)),
		MT_UINT(pass->events), MT_UINT(pass->overruns),
	});
}

int report_passes(const struct report *r, FILE *out, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "iteration", "#", MT_SHOW_PLAIN },
		{ "t_ms", NULL, MT_SHOW_DURATION_MS },
		{ "duration_ms", "took", MT_SHOW_DURATION_MS },
		{ "kernel_bytes", "kernel logged", MT_SHOW_SIZE_BYTES },
		{ "qemu_bytes", "QEMU found", MT_SHOW_SIZE_BYTES },
		{ "difference_percent", "difference %", MT_SHOW_PLAIN },
		{ "events", "events", MT_SHOW_PLAIN },
		{ "overruns", "overruns", MT_SHOW_PLAIN },
	};
	struct mt_table *t = mt_table_new(out, format, columns, MT_ARRAY_SIZE(columns));
	double median = report_passes_apart(r);
	int rc;

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->rec->n_entries; i++)
		if (r->rec->entries[i].type == MT_ENTRY_PASS &&
		    add_pass(t, r, &r->rec->entries[i].pass))
			break;
	rc = mt_table_finish(t);
	if (!rc && format == MT_FORMAT_TEXT && isfinite(median))
		fprintf(out, "apart by %.1f %% in the median\n", median);
	return rc;
}

/* --- U(T) ----------------------------------------------------------------- */
int report_curve(const struct report *r, FILE *out, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "window_ms", "T", MT_SHOW_DURATION_MS },
		{ "windows", "windows", MT_SHOW_PLAIN },
		{ "mean_bytes", "mean", MT_SHOW_SIZE_BYTES },
		{ "p10_bytes", "p10", MT_SHOW_SIZE_BYTES },
		{ "p50_bytes", "p50", MT_SHOW_SIZE_BYTES },
		{ "p90_bytes", "p90", MT_SHOW_SIZE_BYTES },
		{ "mean_pages", "mean pages", MT_SHOW_PLAIN },
	};
	struct mt_table *t = mt_table_new(out, format, columns, MT_ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->rec->n_entries; i++) {
		const struct mt_record_curve *c = &r->rec->entries[i].curve;

		if (r->rec->entries[i].type == MT_ENTRY_CURVE &&
		    mt_table_row(t,
				 (struct mt_cell[]){ MT_DOUBLE(c->window_ms), MT_UINT(c->windows),
						     bytes(c->mean_pages), bytes(c->p10_pages),
						     bytes(c->p50_pages), bytes(c->p90_pages),
						     tenths(c->mean_pages) }))
			break;
	}
	return mt_table_finish(t);
}

int report_vcpus(const struct report *r, FILE *out, enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "vcpu", "vCPU", MT_SHOW_PLAIN },
		{ "events", "pages logged", MT_SHOW_PLAIN },
		{ "pages_per_s", "pages/s", MT_SHOW_PLAIN },
		{ "bytes_per_s", "dirty rate", MT_SHOW_RATE_BYTES_PER_S },
		{ "ring_used", "most in its ring", MT_SHOW_PLAIN },
	};
	struct mt_table *t = mt_table_new(out, format, columns, MT_ARRAY_SIZE(columns));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->rec->n_entries; i++) {
		const struct mt_record_vcpu *v = &r->rec->entries[i].vcpu;
		double per_s;

		if (r->rec->entries[i].type != MT_ENTRY_VCPU)
			continue;
		per_s = v->duration_ns ? v->events / (v->duration_ns / 1e9) : NAN;
		if (mt_table_row(t, (struct mt_cell[]){ MT_UINT(v->vcpu), MT_UINT(v->events),
							tenths(per_s), bytes(per_s),
							v->ring_used ? MT_UINT(v->ring_used) :
								       MT_NONE }))
			break;
	}
	return mt_table_finish(t);
}

/* --- ticks: by their schema ------------------------------------------------- */
int report_ticks(const struct report *r, FILE *out, enum mt_format format)
{
	struct mt_column columns[2 + MT_TICK_COUNT] = { { "t_ms", "at" },
							{ "duration_ms", "took" } };
	struct mt_table *t;

	for (int f = 0; f < MT_TICK_COUNT; f++)
		columns[2 + f] = (struct mt_column){ mt_tick_schema[f].name, mt_tick_schema[f].name,
						     MT_SHOW_PLAIN };
	t = mt_table_new(out, format, columns, MT_ARRAY_SIZE(columns));
	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < r->rec->n_entries; i++) {
		const struct mt_tick *tick = &r->rec->entries[i].tick;
		struct mt_cell cells[2 + MT_TICK_COUNT];
		uint64_t v;

		if (r->rec->entries[i].type != MT_ENTRY_TICK)
			continue;
		cells[0] = tenths(report_ms(r, tick->t_ns));
		cells[1] = tenths(((double)tick->t_ns - (double)tick->start_ns) / 1e6);
		for (int f = 0; f < MT_TICK_COUNT; f++)
			cells[2 + f] = mt_tick_get(tick, f, &v) ? MT_UINT(v) : MT_NONE;
		if (mt_table_row(t, cells))
			break;
	}
	return mt_table_finish(t);
}

/* --- the figures of a profile ------------------------------------------------- */
static double total(const struct mt_record_profile *p, enum mt_tick_field f)
{
	uint64_t v;

	return mt_tick_get(&p->total, f, &v) ? (double)v : NAN;
}

/* NaN: no rings, or nothing was logged. */
static double ring_wanted(const struct mt_tick *t)
{
	if (!mt_tick_has(t, ring_entries) || !t->ring_entries || !t->ring_used)
		return NAN;
	return (double)mt_ring_entries_wanted(t->ring_used, t->ring_entries,
					      mt_tick_has(t, ring_full_exits) &&
						      t->ring_full_exits);
}

enum unit { PAGES, PAGES_PER_S, NUMBER, SHARE, MS };

static void show(char *buf, enum unit unit, double v)
{
	switch (unit) {
	case PAGES:
		mt_format_size_bytes(buf, v * PAGE_BYTES);
		return;
	case PAGES_PER_S:
		mt_format_rate_bytes_per_s(buf, v * PAGE_BYTES);
		return;
	case MS:
		mt_format_duration_ms(buf, v);
		return;
	case SHARE:
		snprintf(buf, MT_UNIT_STR, "%.1f %%", 100 * v);
		return;
	case NUMBER:
		snprintf(buf, MT_UNIT_STR, "%.0f", v);
		return;
	}
}

#define FIGURES_MAX	24

int report_figures(const struct report *r, FILE *out, enum mt_format format)
{
	const struct mt_record_profile none = { 0 }, *p = r->profile ? r->profile : &none;
	const struct {
		const char *key, *title;
		double value;
		enum unit unit;
	} rows[] = {
		{ "duration_ms", "logged for", p->duration_ns / 1e6, MS },
		{ "windows", "windows that began clean", p->windows, NUMBER },
		{ "windows_left_out", "windows left out", p->windows_left_out, NUMBER },
		{ "s_pages", "S, dirtied in a second", p->s_pages, PAGES },
		{ "s_new_pages_per_s", "S_new, newly dirtied after it", p->s_new_pages_per_s,
		  PAGES_PER_S },
		{ "mw_pages",
		  p->mw_lower_bound ? "M_w, writable working set, at least" :
				      "M_w, writable working set",
		  p->mw_pages, PAGES },
		{ "hot_threshold", "hot: dirtied in this share of the seconds", p->hot_threshold,
		  SHARE },
		{ "hot_seconds", "seconds looked at", p->hot_seconds, NUMBER },
		{ "hot_pages", "hot pages", p->hot_pages, PAGES },
		{ "hot_share", "hot pages, share of M_w", p->hot_share, SHARE },
		{ "logged_pages_per_s", "logged, once a tick", p->logged_pages_per_s, PAGES_PER_S },
		{ "events", "times that a page was logged", total(p, MT_TICK_events), NUMBER },
		{ "ring_full_exits", "exits because of a full ring",
		  total(p, MT_TICK_ring_full_exits), NUMBER },
		{ "ring_used", "most entries in a vCPU's ring", total(p, MT_TICK_ring_used),
		  NUMBER },
		{ "ring_entries", "of, its size", total(p, MT_TICK_ring_entries), NUMBER },
		{ "ring_entries_wanted", "ring size to ask for", ring_wanted(&p->total), NUMBER },
		{ "overruns", "pages not known, overwritten", total(p, MT_TICK_overruns), NUMBER },
		{ "lost_ticks", "ticks lost", total(p, MT_TICK_lost_ticks), NUMBER },
	};
	struct mt_column columns[FIGURES_MAX + 1];
	struct mt_cell cells[FIGURES_MAX + 1];
	struct mt_table *t = NULL;

	_Static_assert(MT_ARRAY_SIZE(rows) <= FIGURES_MAX, "FIGURES_MAX is too small");
	if (format == MT_FORMAT_HTML) {
		static const struct mt_column pair[] = { { "figure", "figure" },
							 { "value", "value" } };

		t = mt_table_new(out, format, pair, MT_ARRAY_SIZE(pair));
		if (!t)
			return -ENOMEM;
	}
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		char buf[MT_UNIT_STR] = "-";
		const char *text = buf;

		columns[i] = (struct mt_column){ rows[i].key, rows[i].title };
		cells[i] = isfinite(rows[i].value) ? MT_DOUBLE(round(rows[i].value * 1000) / 1000) :
						     MT_NONE;
		if (isfinite(rows[i].value))
			show(buf, rows[i].unit, rows[i].value);
		if (format == MT_FORMAT_TEXT)
			fprintf(out, "%-40s %s\n", rows[i].title, text);
		else if (t)
			mt_table_row(t, (struct mt_cell[]){ MT_STR(rows[i].title), MT_STR(text) });
	}
	if (format == MT_FORMAT_TEXT)
		return 0;
	if (t)
		return mt_table_finish(t);
	columns[MT_ARRAY_SIZE(rows)] = (struct mt_column){ "mw_lower_bound", NULL };
	cells[MT_ARRAY_SIZE(rows)] = MT_BOOL(p->mw_lower_bound);
	t = mt_table_new(out, format, columns, MT_ARRAY_SIZE(rows) + 1);
	if (!t)
		return -ENOMEM;
	if (r->profile)
		mt_table_row(t, cells);
	return mt_table_finish(t);
}
