// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * svg.c - charts as SVG
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "markup.h"
#include "svg.h"
#include "svg_axis.h"
#include "svg_marks.h"

/* In units of the picture, which are pixels where nobody scales it. */
#define WIDTH		1080
#define MARGIN		16
#define TITLE		30
#define LEGEND_LINE	20
#define LEGEND_ITEM	170
#define COLUMNS		3	/* where nobody asks for others */
#define PANEL_HEIGHT	250
#define LEFT		92	/* of a panel's plot: numbers and the axis' title */
#define BOTTOM		44
#define TOP		24
#define RIGHT		12

struct box {
	double x, y, width, height;
};

struct panel {
	const struct mt_svg *chart;
	const struct mt_svg_panel *of;
	struct svg_scale x, y;
	struct box plot;
};

static void put_label(FILE *out, const char *attributes, double x, double y, const char *text)
{
	fprintf(out, "<text %s x=\"%.1f\" y=\"%.1f\">", attributes, x, y);
	mt_markup_text(out, text);
	fputs("</text>\n", out);
}

static const char *show(char buf[MT_UNIT_STR], double v, enum mt_show how)
{
	switch (how) {
	case MT_SHOW_DURATION_MS:
		return mt_format_duration_ms(buf, v);
	case MT_SHOW_SIZE_BYTES:
		return mt_format_size_bytes(buf, v);
	case MT_SHOW_RATE_BYTES_PER_S:
		return mt_format_rate_bytes_per_s(buf, v);
	case MT_SHOW_PLAIN:
		break;
	}
	snprintf(buf, MT_UNIT_STR, "%g", v);
	return buf;
}

/* --- the whole's beginning ---------------------------------------------------------- */
static void put_head(FILE *out, const struct mt_svg *c, double height)
{
	const char *id = c->id ? c->id : "";

	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" "
		"width=\"%d\" height=\"%.0f\" role=\"img\" aria-labelledby=\"t%s d%s\">\n"
		"<title id=\"t%s\">", WIDTH, height, WIDTH, height, id, id, id);
	mt_markup_text(out, c->title);
	fprintf(out, "</title>\n<desc id=\"d%s\">", id);
	mt_markup_text(out, c->description);
	fputs("</desc>\n", out);
	if (!c->id) {
		fputs("<style>\n", out);
		mt_svg_style(out);
		fputs("</style>\n", out);
	}
	if (!c->id)
		put_label(out, "class=\"h\"", MARGIN, MARGIN + 12, c->title);
}

/* --- the legend: each name once -------------------------------------------------------- */
static bool named_before(const struct mt_svg *c, size_t panel, size_t series)
{
	const char *name = c->panels[panel].series[series].name;

	for (size_t p = 0; p <= panel; p++)
		for (size_t s = 0; s < (p < panel ? c->panels[p].n_series : series); s++)
			if (!strcmp(c->panels[p].series[s].name, name))
				return true;
	return false;
}

/* @out NULL: counts only. Return: how many. */
static size_t put_legend(FILE *out, const struct mt_svg *c, double top)
{
	const size_t per_line = (WIDTH - 2 * MARGIN) / LEGEND_ITEM;
	size_t n = 0;

	for (size_t p = 0; p < c->n_panels; p++)
		for (size_t s = 0; s < c->panels[p].n_series; s++) {
			double x = MARGIN + 6 + (double)(n % per_line) * LEGEND_ITEM;
			double y = top + (double)(n / per_line) * LEGEND_LINE;

			if (named_before(c, p, s))
				continue;
			n++;
			if (!out)
				continue;
			svg_marker(out, &c->panels[p].series[s], x, y, NULL);
			put_label(out, "", x + 10, y + 4, c->panels[p].series[s].name);
		}
	return n;
}

/* --- panels ----------------------------------------------------------------------------- */
static double x_of(const struct panel *p, double v)
{
	return p->plot.x + svg_scale_at(&p->x, v) * p->plot.width;
}

static double y_of(const struct panel *p, double v)
{
	return p->plot.y + (1 - svg_scale_at(&p->y, v)) * p->plot.height;
}

static bool is_there(const struct mt_svg_point *at)
{
	return isfinite(at->x) && isfinite(at->y);
}

static size_t gather(const struct mt_svg_point *v, size_t n, double *x, double *y, size_t k)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_there(&v[i]))
			continue;
		x[k] = v[i].x;
		y[k++] = v[i].y;
	}
	return k;
}

static bool is_binary(enum mt_show how)
{
	return how == MT_SHOW_SIZE_BYTES || how == MT_SHOW_RATE_BYTES_PER_S;
}

/* What a panel shows, to scale its axes by. */
static int scale(struct panel *p)
{
	mt_autofree double *x = NULL, *y = NULL;
	size_t n = 0, k = 0;

	for (size_t i = 0; i < p->of->n_series; i++)
		n += p->of->series[i].n_points + 2 * p->of->series[i].n_line;
	x = calloc(n + 1, sizeof(*x));
	y = calloc(n + 1, sizeof(*y));
	if (!x || !y)
		return -ENOMEM;
	for (size_t i = 0; i < p->of->n_series; i++) {
		const struct mt_svg_series *s = &p->of->series[i];

		k = gather(s->points, s->n_points, x, y, k);
		k = gather(s->line, s->n_line, x, y, k);
		k = gather(s->upper, s->upper ? s->n_line : 0, x, y, k);
	}
	p->x = svg_scale_of(x, k, p->chart->x.log);
	p->y = svg_scale_of(y, k, p->chart->y.log);
	p->x.binary = is_binary(p->chart->x.show);
	p->y.binary = is_binary(p->chart->y.show);
	return 0;
}

static void put_axes(FILE *out, const struct panel *p)
{
	const struct box *b = &p->plot;
	double ticks[SVG_TICKS_MAX];
	char buf[MT_UNIT_STR], turned[96];
	size_t n = svg_scale_ticks(&p->x, ticks);

	fprintf(out, "<path class=\"q\" d=\"M%.1f %.1fh%.1fv%.1fh%.1fz", b->x, b->y, b->width,
		b->height, -b->width);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "M%.1f %.1fv%.1f", x_of(p, ticks[i]), b->y, b->height);
	fputs("\"/>\n", out);
	for (size_t i = 0; i < n; i++)
		put_label(out, "text-anchor=\"middle\"", x_of(p, ticks[i]), b->y + b->height + 15,
			  show(buf, ticks[i], p->chart->x.show));
	n = svg_scale_ticks(&p->y, ticks);
	fputs("<path class=\"q\" d=\"M0 0", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "M%.1f %.1fh%.1f", b->x, y_of(p, ticks[i]), b->width);
	fputs("\"/>\n", out);
	for (size_t i = 0; i < n; i++)
		put_label(out, "text-anchor=\"end\"", b->x - 5, y_of(p, ticks[i]) + 4,
			  show(buf, ticks[i], p->chart->y.show));
	put_label(out, "text-anchor=\"middle\"", b->x + b->width / 2, b->y + b->height + 32,
		  p->chart->x.title);
	snprintf(turned, sizeof(turned),
		 "text-anchor=\"middle\" transform=\"rotate(-90 %.1f %.1f)\"",
		 b->x - LEFT + 12, b->y + b->height / 2);
	put_label(out, turned, b->x - LEFT + 12, b->y + b->height / 2, p->chart->y.title);
}

static void put_line(FILE *out, const struct panel *p, const struct mt_svg_series *s)
{
	char command = 'M';

	fprintf(out, "<path class=\"l c%zu\" d=\"", svg_colour(s));
	for (size_t i = 0; i < s->n_line; i++) {
		if (!is_there(&s->line[i]))
			continue;
		if (s->steps && command == 'L')
			fprintf(out, "H%.1fV%.1f", x_of(p, s->line[i].x), y_of(p, s->line[i].y));
		else
			fprintf(out, "%c%.1f %.1f", command, x_of(p, s->line[i].x),
				y_of(p, s->line[i].y));
		command = 'L';
	}
	fputs("\"/>\n", out);
}

static bool is_band(const struct mt_svg_series *s, size_t i)
{
	return i < s->n_line && is_there(&s->line[i]) && is_there(&s->upper[i]);
}

/* Up along the line and back along the other; where either is not known there is a gap. */
static void put_band(FILE *out, const struct panel *p, const struct mt_svg_series *s)
{
	size_t from = 0, to;

	fprintf(out, "<path class=\"b c%zu\" d=\"", svg_colour(s));
	for (; from < s->n_line; from = to + 1) {
		for (to = from; is_band(s, to);)
			to++;
		for (size_t i = from; i < to; i++)
			fprintf(out, "%c%.1f %.1f", i == from ? 'M' : 'L', x_of(p, s->line[i].x),
				y_of(p, s->line[i].y));
		for (size_t i = to; i > from; i--)
			fprintf(out, "L%.1f %.1f", x_of(p, s->upper[i - 1].x),
				y_of(p, s->upper[i - 1].y));
		if (to > from)
			fputc('z', out);
	}
	fputs("\"/>\n", out);
}

static unsigned columns_of(const struct mt_svg *c)
{
	return c->columns ? c->columns : COLUMNS;
}

static int put_panel(FILE *out, const struct mt_svg *c, size_t i, double top)
{
	const unsigned columns = columns_of(c);
	double width = (WIDTH - 2.0 * MARGIN) / columns;
	struct panel p = { .chart = c, .of = &c->panels[i], .plot = {
		.x = MARGIN + (double)(i % columns) * width + LEFT,
		.y = top + (double)(i / columns) * PANEL_HEIGHT + TOP,
		.width = width - LEFT - RIGHT, .height = PANEL_HEIGHT - TOP - BOTTOM,
	} };
	int rc = scale(&p);

	if (rc)
		return rc;
	fputs("<g>\n", out);
	put_label(out, "class=\"p\"", p.plot.x, p.plot.y - 7, p.of->title);
	put_axes(out, &p);
	for (size_t k = 0; k < p.of->n_series; k++)
		if (p.of->series[k].upper)
			put_band(out, &p, &p.of->series[k]);
		else if (p.of->series[k].n_line)
			put_line(out, &p, &p.of->series[k]);
	for (size_t k = 0; k < p.of->n_series; k++) {
		const struct mt_svg_series *s = &p.of->series[k];

		for (size_t j = 0; j < s->n_points; j++)
			if (is_there(&s->points[j]))
				svg_marker(out, s, x_of(&p, s->points[j].x),
					   y_of(&p, s->points[j].y),
					   s->notes ? s->notes[j] : NULL);
	}
	fputs("</g>\n", out);
	return 0;
}

int mt_svg_write(FILE *out, const struct mt_svg *c)
{
	const size_t per_line = (WIDTH - 2 * MARGIN) / LEGEND_ITEM;
	size_t lines = (put_legend(NULL, c, 0) + per_line - 1) / per_line;
	double legend = MARGIN + (c->id ? 0 : TITLE + 4);
	double top = legend + (double)lines * LEGEND_LINE;
	size_t rows = (c->n_panels + columns_of(c) - 1) / columns_of(c);
	int rc = 0;

	put_head(out, c, top + (double)rows * PANEL_HEIGHT + MARGIN);
	put_legend(out, c, legend);
	for (size_t i = 0; i < c->n_panels && !rc; i++)
		rc = put_panel(out, c, i, top);
	fputs("</svg>\n", out);
	return rc;
}
