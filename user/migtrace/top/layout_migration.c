// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layout_migration.c - a migration under way: how far it is, how it may end, what would be done
 * (PURE)
 */
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "page.h"

#define BAR_MAX		30
#define INTERVAL	(3 * MT_UNIT_STR + 16)

/* "12.5 s (9.9 s to 16.6 s)", "12.5 s" where they read the same; "-" for what is not known. */
static const char *interval(char buf[INTERVAL], const struct mt_interval *v)
{
	char a[MT_UNIT_STR], b[MT_UNIT_STR], c[MT_UNIT_STR];

	if (!isfinite(v->p50))
		return "-";
	mt_format_duration_ms(a, v->p50);
	if (isfinite(v->p10) && isfinite(v->p90) &&
	    strcmp(mt_format_duration_ms(b, v->p10), mt_format_duration_ms(c, v->p90)) != 0)
		snprintf(buf, INTERVAL, "%s (%s to %s)", a, b, c);
	else
		snprintf(buf, INTERVAL, "%s", a);
	return buf;
}

/* Of the memory, what has gone: by pages, so that it can fall at a sync. */
static double done(const struct mt_sample *s)
{
	return mt_sample_has(s, memory_bytes) && s->memory_bytes &&
			       mt_sample_has(s, remaining_bytes) ?
		       1 - (double)s->remaining_bytes / (double)s->memory_bytes : 0;
}

static void put_progress(struct page *p, const struct scene_guest *g, size_t row)
{
	const struct scene_migration *m = &g->migration;
	char left[MT_UNIT_STR] = "-", sent[MT_UNIT_STR] = "-", dirty[MT_UNIT_STR] = "-",
	     took[MT_UNIT_STR] = "-", pass[32] = "", text[256];
	size_t width = page_less(p->columns / 5, BAR_MAX), at;

	if (mt_sample_has(&m->sample, remaining_bytes))
		mt_format_size_bytes(left, (double)m->sample.remaining_bytes);
	if (mt_sample_has(&m->sample, total_ms))
		mt_format_duration_ms(took, (double)m->sample.total_ms);
	if (isfinite(m->bandwidth_bytes_per_s))
		mt_format_rate_bytes_per_s(sent, m->bandwidth_bytes_per_s);
	if (isfinite(m->dirty_bytes_per_s))
		mt_format_rate_bytes_per_s(dirty, m->dirty_bytes_per_s);
	at = page_text(p, row, 0, p->columns / 5, PAGE_BOLD, g->name) + 1;
	page_bar(p, row, at, width, done(&m->sample));
	at += width + 1;
	if (mt_sample_has(&m->sample, iteration))
		snprintf(pass, sizeof(pass), " pass %llu",
			 (unsigned long long)m->sample.iteration);
	snprintf(text, sizeof(text), "%s%s%s%s: %s left, %s out, %s dirtied", took, pass,
		 m->sample.status == MT_STATUS_ACTIVE ? "" : ", ",
		 m->sample.status == MT_STATUS_ACTIVE ? "" : mt_status_name(m->sample.status),
		 left, sent, dirty);
	page_text(p, row, at, p->columns, PAGE_PLAIN, text);
}

static void put_forecast(struct page *p, const struct mt_prediction *f, size_t row)
{
	char total[INTERVAL], pause[INTERVAL], now[MT_UNIT_STR], text[512];

	if (f->verdict == MT_VERDICT_UNKNOWN) {
		page_text(p, row, 2, p->columns, PAGE_DIM,
			  "no forecast before the first pass is done");
		return;
	}
	snprintf(text, sizeof(text), "ends by itself %.0f %%: total %s, pause %s; stopped now %s",
		 100 * f->ends,
		 f->verdict == MT_VERDICT_CONVERGES ?
			 interval(total, &f->total_ms) : "never",
		 interval(pause, &f->downtime_ms),
		 isfinite(f->stop_now_ms) ? mt_format_duration_ms(now, f->stop_now_ms) : "-");
	page_text(p, row, 2, p->columns, f->ends >= 0.9 ? PAGE_GOOD :
					 f->ends >= 0.5 ? PAGE_WARN : PAGE_BAD, text);
}

static void put_plan(struct page *p, const struct scene_migration *m, size_t row)
{
	char text[512];

	snprintf(text, sizeof(text), "%s would %s%s%s", m->policy ? m->policy : "-",
		 m->plan.action == MT_ACTION_CONTINUE ? "wait" : mt_action_name(m->plan.action),
		 *m->plan.reason ? ": " : "", m->plan.reason);
	page_text(p, row, 2, p->columns, PAGE_PLAIN, text);
}

size_t page_lay_out_migration(struct page *p, const struct scene_guest *g, size_t row, size_t rows)
{
	if (rows > 0)
		put_progress(p, g, row);
	if (rows > 1)
		put_forecast(p, &g->migration.prediction, row + 1);
	if (rows > 2)
		put_plan(p, &g->migration, row + 2);
	return page_less(rows, PAGE_MIGRATION_ROWS);
}
