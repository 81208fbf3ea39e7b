// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * svg.c - charts as one SVG file
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"
#include "svg.h"
#include "svg_axis.h"

/* In units of the picture, which are pixels where nobody scales it. */
#define WIDTH		1080
#define MARGIN		16
#define TITLE		30
#define LEGEND_LINE	20
#define LEGEND_ITEM	135
#define COLUMNS		3
#define PANEL_HEIGHT	250
#define LEFT		76	/* of a panel's plot: numbers and the axis' title */
#define BOTTOM		44
#define TOP		24
#define RIGHT		12

#define SHAPES		7

/* Told apart by people who do not see all colours, in pairs for light and dark. After Okabe and
 * Ito (2008), yellow darkened and black left out. */
static const char *const colours[][2] = {
	{ "#0072b2", "#56b4e9" }, { "#d55e00", "#ff8c42" }, { "#009e73", "#2fd6a5" },
	{ "#b5518c", "#e69ac6" }, { "#9a7a00", "#e6c84c" }, { "#5b5bd6", "#a5a5ff" },
	{ "#7a4a21", "#c99a6b" }, { "#c1121f", "#ff6b6b" }, { "#3d7a00", "#9ad14b" },
	{ "#5f6b76", "#b4bec8" },
};

struct box {
	double x, y, width, height;
};

struct panel {
	const struct mt_svg *chart;
	const struct mt_svg_panel *of;
	struct svg_scale x, y;
	struct box plot;
};

static void put_text(FILE *out, const char *text)
{
	mt_autofree char *clean = mt_utf8_clean(text);

	for (const char *c = clean ? clean : ""; *c; c++) {
		switch (*c) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*c, out);
		}
	}
}

static void put_label(FILE *out, const char *attributes, double x, double y, const char *text)
{
	fprintf(out, "<text %s x=\"%.1f\" y=\"%.1f\">", attributes, x, y);
	put_text(out, text);
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
static void put_style(FILE *out)
{
	fputs("<style>\n"
	      "svg{background:#fff;color:#1b1f24;font:12px system-ui,sans-serif}\n"
	      ".q{fill:none;stroke:currentColor;stroke-opacity:.18}\n"
	      "text{fill:currentColor}.h{font-size:16px;font-weight:600}.p{font-weight:600}\n"
	      ".m{fill:currentColor;fill-opacity:.75;stroke:currentColor}\n"
	      ".l{fill:none;stroke:currentColor;stroke-width:1.5;stroke-opacity:.8}\n", out);
	for (size_t i = 0; i < MT_ARRAY_SIZE(colours); i++)
		fprintf(out, ".c%zu{color:%s}", i, colours[i][0]);
	fputs("\n@media(prefers-color-scheme:dark){svg{background:#14171a;color:#e4e8ec}", out);
	for (size_t i = 0; i < MT_ARRAY_SIZE(colours); i++)
		fprintf(out, ".c%zu{color:%s}", i, colours[i][1]);
	fputs("}\n</style>\n", out);
}

static void put_head(FILE *out, const struct mt_svg *c, double height)
{
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %.0f\" "
		"width=\"%d\" height=\"%.0f\" role=\"img\" aria-labelledby=\"t d\">\n<title id=\"t\">",
		WIDTH, height, WIDTH, height);
	put_text(out, c->title);
	fputs("</title>\n<desc id=\"d\">", out);
	put_text(out, c->description);
	fputs("</desc>\n", out);
	put_style(out);
	put_label(out, "class=\"h\"", MARGIN, MARGIN + 12, c->title);
}

/* --- markers -------------------------------------------------------------------------- */
static void put_marker(FILE *out, const struct mt_svg_series *s, double x, double y)
{
	static const char *const shapes[SHAPES] = {
		"M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "M-3.6-3.6h7.2v7.2h-7.2z",
		"M0-4.6l4.4 7.8h-8.8z", "M0-5l5 5l-5 5l-5-5z", "M0 4.6l4.4-7.8h-8.8z",
		"M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z", "M-4.6 0l7.8-4.4v8.8z",
	};

	fprintf(out, "<path class=\"m c%zu\" transform=\"translate(%.1f %.1f)\" d=\"%s\"><title>",
		s->style % MT_ARRAY_SIZE(colours), x, y, shapes[s->style % SHAPES]);
	put_text(out, s->name);
	fputs("</title></path>\n", out);
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
			put_marker(out, &c->panels[p].series[s], x, y);
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

/* What a panel shows, to scale its axes by. */
static int scale(struct panel *p)
{
	mt_autofree double *x = NULL, *y = NULL;
	size_t n = 0, k = 0;

	for (size_t i = 0; i < p->of->n_series; i++)
		n += p->of->series[i].n_points + p->of->series[i].n_line;
	x = calloc(n + 1, sizeof(*x));
	y = calloc(n + 1, sizeof(*y));
	if (!x || !y)
		return -ENOMEM;
	for (size_t i = 0; i < p->of->n_series; i++) {
		const struct mt_svg_series *s = &p->of->series[i];

		for (size_t j = 0; j < s->n_points + s->n_line; j++) {
			const struct mt_svg_point *at = j < s->n_points ?
							&s->points[j] : &s->line[j - s->n_points];

			if (!is_there(at))
				continue;
			x[k] = at->x;
			y[k++] = at->y;
		}
	}
	p->x = svg_scale_of(x, k, p->chart->x.log);
	p->y = svg_scale_of(y, k, p->chart->y.log);
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

	fprintf(out, "<path class=\"l c%zu\" d=\"", s->style % MT_ARRAY_SIZE(colours));
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

static int put_panel(FILE *out, const struct mt_svg *c, size_t i, double top)
{
	double width = (WIDTH - 2.0 * MARGIN) / COLUMNS;
	struct panel p = { .chart = c, .of = &c->panels[i], .plot = {
		.x = MARGIN + (double)(i % COLUMNS) * width + LEFT,
		.y = top + (double)(i / COLUMNS) * PANEL_HEIGHT + TOP,
		.width = width - LEFT - RIGHT, .height = PANEL_HEIGHT - TOP - BOTTOM,
	} };
	int rc = scale(&p);

	if (rc)
		return rc;
	fputs("<g>\n", out);
	put_label(out, "class=\"p\"", p.plot.x, p.plot.y - 7, p.of->title);
	put_axes(out, &p);
	for (size_t k = 0; k < p.of->n_series; k++)
		if (p.of->series[k].n_line)
			put_line(out, &p, &p.of->series[k]);
	for (size_t k = 0; k < p.of->n_series; k++) {
		const struct mt_svg_series *s = &p.of->series[k];

		for (size_t j = 0; j < s->n_points; j++)
			if (is_there(&s->points[j]))
				put_marker(out, s, x_of(&p, s->points[j].x),
					   y_of(&p, s->points[j].y));
	}
	fputs("</g>\n", out);
	return 0;
}

int mt_svg_write(FILE *out, const struct mt_svg *c)
{
	const size_t per_line = (WIDTH - 2 * MARGIN) / LEGEND_ITEM;
	size_t lines = (put_legend(NULL, c, 0) + per_line - 1) / per_line;
	double legend = MARGIN + TITLE + 4;
	double top = legend + (double)lines * LEGEND_LINE;
	size_t rows = (c->n_panels + COLUMNS - 1) / COLUMNS;
	int rc = 0;

	put_head(out, c, top + (double)rows * PANEL_HEIGHT + MARGIN);
	put_legend(out, c, legend);
	for (size_t i = 0; i < c->n_panels && !rc; i++)
		rc = put_panel(out, c, i, top);
	fputs("</svg>\n", out);
	return rc;
}
