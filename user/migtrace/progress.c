// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * progress.c - a running migration on the screen, or as plain lines
 *
 * A terminal gets one block that is drawn over itself four times a second;
 * what happened (an action, a lost connection) scrolls by above it. Anything else
 * gets a line for each iteration and for each thing that happened.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <migtrace/units.h>

#include "progress.h"

#define BAR_WIDTH	24
#define COLUMNS_DEFAULT	80

void progress_init(struct progress *p, FILE *out, const char *title)
{
	const char *term = getenv("TERM");

	memset(p, 0, sizeof(*p));
	p->out = out;
	p->title = title;
	p->repaint = isatty(fileno(out)) && term && strcmp(term, "dumb");
}

static int columns(FILE *out)
{
	struct winsize w;

	if (ioctl(fileno(out), TIOCGWINSZ, &w) || !w.ws_col)
		return COLUMNS_DEFAULT;
	return w.ws_col;
}

static void erase(struct progress *p)
{
	if (p->drawn)
		fprintf(p->out, "\033[%dA\033[J", p->drawn);
	p->drawn = 0;
}

/* One line of the block, never longer than the screen is wide: a wrapped line could not be drawn over. */
static void line(struct progress *p, const char *label, const char *text)
{
	fprintf(p->out, "  %-9s %.*s\n", label, columns(p->out) - 13, text);
	p->drawn++;
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
	char total[MT_UNIT_STR], pause[MT_UNIT_STR], best[MT_UNIT_STR], allowed[MT_UNIT_STR];

	mt_format_duration_ms(allowed, e->limits.max_downtime_ms);
	mt_format_duration_ms(pause, f->verdict == MT_VERDICT_CONVERGES ? f->downtime_ms.p50 : f->stop_now_ms);
	switch (f->verdict) {
	case MT_VERDICT_CONVERGES:
		snprintf(buf, size, "converges: ends after %s, with a pause of %s",
			 mt_format_duration_ms(total, f->total_ms.p50), pause);
		break;
	case MT_VERDICT_REACHABLE:
	case MT_VERDICT_OPEN:
	case MT_VERDICT_HOPELESS:
		snprintf(buf, size, "%s: pause %s if stopped now, %s at best; %s allowed", mt_verdict_name(f->verdict),
			 pause, mt_format_duration_ms(best, f->floor_ms), allowed);
		break;
	default:
		snprintf(buf, size, "known after the first pass");
	}
}

static void draw(struct progress *p, const struct mt_progress *m)
{
	const struct mt_iterations *its = &m->engine->iterations;
	const struct mt_iteration *last = mt_iterations_last(its);
	const struct mt_sample *s = m->sample;
	char a[MT_UNIT_STR], b[MT_UNIT_STR], c[MT_UNIT_STR], fill[BAR_WIDTH + 1], text[512];

	erase(p);
	fprintf(p->out, "%.*s\n", columns(p->out) - 1, p->title);
	p->drawn++;
	bar(fill, its->start.remaining_bytes ? 1 - (double)s->remaining_bytes / its->start.remaining_bytes : 0);
	snprintf(text, sizeof(text), "%-4llu [%s] %s left", (unsigned long long)s->iteration, fill,
		 mt_format_size_bytes(a, s->remaining_bytes));
	line(p, mt_status_is_postcopy(s->status) ? "post-copy" : "pass", text);
	snprintf(text, sizeof(text), "%s, %s sent", mt_format_duration_ms(a, s->total_ms),
		 mt_format_size_bytes(b, s->transferred_bytes));
	line(p, "so far", text);
	if (last && last->duration_s > 0)
		snprintf(text, sizeof(text), "%s dirtied against %s of the link",
			 mt_format_rate_bytes_per_s(a, last->dirtied_bytes / last->duration_s),
			 mt_format_rate_bytes_per_s(c, its->bandwidth_bytes_per_s));
	else
		snprintf(text, sizeof(text), "- dirtied against %s of the link",
			 mt_format_rate_bytes_per_s(c, its->bandwidth_bytes_per_s));
	line(p, "rate", text);
	tell_forecast(text, sizeof(text), m->engine);
	line(p, "forecast", text);
	snprintf(text, sizeof(text), "%s: %s", p->plan.action == MT_ACTION_CONTINUE ? "go on" : mt_action_name(p->plan.action),
		 *p->plan.reason ? p->plan.reason : "nothing to decide yet");
	line(p, "plan", text);
}

static const char *stamp(char *buf, const struct mt_sample *s)
{
	snprintf(buf, MT_UNIT_STR, "%7.1f s", s->total_ms / 1e3);
	return buf;
}

static void tell_iteration(struct progress *p, const struct mt_progress *m)
{
	const struct mt_iteration *it = mt_iterations_last(&m->engine->iterations);
	char when[MT_UNIT_STR], a[MT_UNIT_STR], b[MT_UNIT_STR], c[MT_UNIT_STR];

	fprintf(p->out, "%s  pass %llu done: %s left, dirtied at %s, link %s; %s\n", stamp(when, m->sample),
		(unsigned long long)it->n, mt_format_size_bytes(a, it->remaining_bytes),
		mt_format_rate_bytes_per_s(b, it->duration_s > 0 ? it->dirtied_bytes / it->duration_s : 0),
		mt_format_rate_bytes_per_s(c, m->engine->iterations.bandwidth_bytes_per_s), m->plan->reason);
}

void progress_show(const struct mt_progress *m, void *progress)
{
	struct progress *p = progress;
	bool acts = m->plan && m->plan->action != MT_ACTION_CONTINUE && !m->note;
	char when[MT_UNIT_STR];

	if (m->plan && *m->plan->reason)
		p->plan = *m->plan;
	if (p->repaint && (acts || m->note))
		erase(p);
	if (acts)
		fprintf(p->out, "%s  %s: %s\n", stamp(when, m->sample), mt_action_name(m->plan->action), m->plan->reason);
	else if (m->note)
		fprintf(p->out, "%s  %s\n", stamp(when, m->sample), m->note);
	else if (m->boundary && !p->repaint)
		tell_iteration(p, m);
	if (p->repaint)
		draw(p, m);
	fflush(p->out);
}

void progress_end(struct progress *p)
{
	if (p->repaint)
		erase(p);
	fflush(p->out);
}
