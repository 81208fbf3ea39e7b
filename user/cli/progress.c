// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * progress.c - a running migration on the screen, or as plain lines
 *
 * A terminal gets one block that is drawn over itself four times a second;
 * what happened (an action, a lost connection) scrolls by above it. Anything else
 * gets a line for each iteration and for each thing that happened. Here it is only
 * put into words; screen.c writes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "progress.h"
#include "screen.h"

#define BAR_WIDTH	24
#define END_WAIT_MS	2000	/* for whoever reads */

void progress_init(struct progress *p, FILE *out, const char *title)
{
	const char *term = getenv("TERM");

	memset(p, 0, sizeof(*p));
	pthread_mutex_init(&p->lock, NULL);
	p->out = out;
	p->repaint = isatty(fileno(out)) && term && strcmp(term, "dumb");
	snprintf(p->title, sizeof(p->title), "%s", title);
	p->screen = screen_new(out);
	if (!p->repaint)
		progress_note(p, title);
}

static void bar(char *buf, double done)
{
	int full = (int)(fmin(fmax(done, 0), 1) * BAR_WIDTH);

	memset(buf, '.', BAR_WIDTH);
	memset(buf, '#', full);
	buf[BAR_WIDTH] = '\0';
}

static void tell_forecast(char *buf, size_t size, const struct mt_engine *e)
{
	const struct mt_prediction *f = &e->prediction;
	char total[MT_UNIT_STR], pause[MT_UNIT_STR], best[MT_UNIT_STR], allowed[MT_UNIT_STR],
		low[MT_UNIT_STR], high[MT_UNIT_STR];

	mt_format_duration_ms(allowed, e->limits.max_downtime_ms);
	mt_format_duration_ms(pause, f->verdict == MT_VERDICT_CONVERGES ? f->downtime_ms.p50 :
									  f->stop_now_ms);
	switch (f->verdict) {
	case MT_VERDICT_CONVERGES:
		snprintf(buf, size,
			 "converges, %.0f %%: ends after %s (%s .. %s), with a pause of %s",
			 100 * f->ends, mt_format_duration_ms(total, f->total_ms.p50),
			 mt_format_duration_ms(low, f->total_ms.p10),
			 isfinite(f->total_ms.p90) ? mt_format_duration_ms(high, f->total_ms.p90) :
						     "never",
			 pause);
		break;
	case MT_VERDICT_REACHABLE:
	case MT_VERDICT_OPEN:
	case MT_VERDICT_HOPELESS:
		snprintf(
			buf, size,
			"%s, %.0f %% within reach: pause %s if stopped now, %s at best; %s allowed",
			mt_verdict_name(f->verdict), 100 * f->reaches, pause,
			mt_format_duration_ms(best, f->floor_ms), allowed);
		break;
	default:
		snprintf(buf, size, "known after the first pass");
	}
}

static void row(char rows[SCREEN_ROWS][SCREEN_ROW], int *n, const char *label, const char *text)
{
	snprintf(rows[(*n)++], SCREEN_ROW, "  %-9s %s", label, text);
}

/* Less is between two looks. */
#define STILL_S	2

static void draw(struct progress *p, const struct mt_progress *m)
{
	const struct mt_iterations *its = &m->engine->iterations;
	const struct mt_iteration *last = mt_iterations_last(its);
	const struct mt_sample *s = m->sample;
	char a[MT_UNIT_STR], b[MT_UNIT_STR], c[MT_UNIT_STR], fill[BAR_WIDTH + 1], text[480],
		rows[SCREEN_ROWS][SCREEN_ROW] = { 0 };
	int n = 0;

	snprintf(rows[n++], SCREEN_ROW, "%s", p->title);
	bar(fill, its->start.remaining_bytes ?
			  1 - (double)s->remaining_bytes / its->start.remaining_bytes :
			  0);
	snprintf(text, sizeof(text), "%-4llu [%s] %s left", (unsigned long long)s->iteration, fill,
		 mt_format_size_bytes(a, s->remaining_bytes));
	row(rows, &n, mt_status_is_postcopy(s->status) ? "post-copy" : "pass", text);
	snprintf(text, sizeof(text), "%s, %s sent%s%s", mt_format_duration_ms(a, s->total_ms),
		 mt_format_size_bytes(b, s->transferred_bytes),
		 m->stage == MT_STAGE_RUNNING ? "" : "; ",
		 m->stage == MT_STAGE_RUNNING ? "" : mt_stage_name(m->stage));
	row(rows, &n, "so far", text);
	if (last && last->duration_s > 0)
		snprintf(text, sizeof(text), "%s dirtied against %s of the link",
			 mt_format_rate_bytes_per_s(a, last->dirtied_bytes / last->duration_s),
			 mt_format_rate_bytes_per_s(c, its->bandwidth_bytes_per_s));
	else
		snprintf(text, sizeof(text), "- dirtied against %s of the link",
			 mt_format_rate_bytes_per_s(c, its->bandwidth_bytes_per_s));
	if (its->still_s >= STILL_S) {
		size_t len = strlen(text);

		snprintf(text + len, sizeof(text) - len, "; nothing has been sent for %s",
			 mt_format_duration_ms(a, its->still_s * 1e3));
	}
	row(rows, &n, "rate", text);
	tell_forecast(text, sizeof(text), m->engine);
	row(rows, &n, "forecast", text);
	snprintf(text, sizeof(text), "%s: %s",
		 p->plan.action == MT_ACTION_CONTINUE ? "go on" : mt_action_name(p->plan.action),
		 *p->plan.reason ? p->plan.reason : "nothing to decide yet");
	row(rows, &n, "plan", text);
	screen_draw(p->screen, rows);
}

static const char *stamp(char *buf, const struct mt_sample *s)
{
	snprintf(buf, MT_UNIT_STR, "%7.1f s", s->total_ms / 1e3);
	return buf;
}

static void tell_iteration(struct progress *p, const struct mt_progress *m)
{
	const struct mt_iteration *it = mt_iterations_last(&m->engine->iterations);
	char when[MT_UNIT_STR], a[MT_UNIT_STR], b[MT_UNIT_STR], c[MT_UNIT_STR], text[SCREEN_ROW];

	snprintf(text, sizeof(text), "%s  pass %llu done: %s left, dirtied at %s, link %s; %s",
		 stamp(when, m->sample), (unsigned long long)it->n,
		 mt_format_size_bytes(a, it->remaining_bytes),
		 mt_format_rate_bytes_per_s(
			 b, it->duration_s > 0 ? it->dirtied_bytes / it->duration_s : 0),
		 mt_format_rate_bytes_per_s(c, m->engine->iterations.bandwidth_bytes_per_s),
		 m->plan->reason);
	progress_note(p, text);
}

void progress_note(struct progress *p, const char *text)
{
	pthread_mutex_lock(&p->lock);
	if (p->screen)
		screen_line(p->screen, text);
	pthread_mutex_unlock(&p->lock);
}

void progress_show(const struct mt_progress *m, void *progress)
{
	struct progress *p = progress;
	bool acts = m->plan && m->plan->action != MT_ACTION_CONTINUE && !m->note;
	char when[MT_UNIT_STR], text[SCREEN_ROW];

	if (!p->screen)
		return;
	if (m->plan && *m->plan->reason)
		p->plan = *m->plan;
	if (acts) {
		snprintf(text, sizeof(text), "%s  %s: %s", stamp(when, m->sample),
			 mt_action_name(m->plan->action), m->plan->reason);
		progress_note(p, text);
	} else if (m->note) {
		snprintf(text, sizeof(text), "%s  %s", stamp(when, m->sample), m->note);
		progress_note(p, text);
	} else if (m->boundary && !p->repaint) {
		tell_iteration(p, m);
	}
	if (p->repaint)
		draw(p, m);
}

void progress_end(struct progress *p)
{
	struct screen *screen;

	pthread_mutex_lock(&p->lock);
	screen = p->screen;
	p->screen = NULL;
	pthread_mutex_unlock(&p->lock);
	if (screen)
		screen_end(screen, END_WAIT_MS);
}
