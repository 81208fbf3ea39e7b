// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_svg.c - charts: round numbers at axes, places of points, and texts of whoever
 */
#include "base/cleanup.h"
#include "out/plot.h"
#include "out/svg_axis.h"
#include "ktap.h"

static void even_axes(void)
{
	const double v[] = { 3, NAN, 97 }, same[] = { 5, 5 }, far[] = { 1000, 1100 };
	struct svg_scale s = svg_scale_of(v, 3, false);
	double ticks[SVG_TICKS_MAX];

	CHECK_NEAR(s.low, 0, 0);
	CHECK(s.high > 97 && s.high < 110);
	CHECK_INT(svg_scale_ticks(&s, ticks), 3);
	CHECK_NEAR(ticks[0], 0, 0);
	CHECK_NEAR(ticks[2], 100, 1e-9);
	CHECK_NEAR(svg_scale_at(&s, s.high / 2), 0.5, 1e-12);
	s = svg_scale_of(same, 2, false);
	CHECK(s.low < 5 && s.high > 5);
	s = svg_scale_of(far, 2, false);
	CHECK(s.low > 900 && s.low < 1000);
	s = svg_scale_of(NULL, 0, false);
	CHECK(s.low < s.high);
}

static void log_axes(void)
{
	const double v[] = { 0, 8, 20000 }, near[] = { 4000, 6000 };
	struct svg_scale s = svg_scale_of(v, 3, true);
	double ticks[SVG_TICKS_MAX];

	CHECK(s.low > 4 && s.low < 8 && s.high > 20000);
	CHECK_INT(svg_scale_ticks(&s, ticks), 4);
	CHECK_NEAR(ticks[0], 10, 1e-9);
	CHECK_NEAR(ticks[3], 10000, 1e-6);
	CHECK_NEAR(svg_scale_at(&s, 0), 0, 0);
	CHECK_NEAR(svg_scale_at(&s, sqrt(s.low * s.high)), 0.5, 1e-12);
	s = svg_scale_of(near, 2, true);
	CHECK(svg_scale_ticks(&s, ticks) >= 3);
}

/* Sizes are round in units of 1024. */
static void binary_axes(void)
{
	const double mib = 1 << 20, v[] = { 0, 383 * mib }, wide[] = { 4096, 512 * mib };
	struct svg_scale s = svg_scale_of(v, 2, false);
	double ticks[SVG_TICKS_MAX];

	s.binary = true;
	CHECK_INT(svg_scale_ticks(&s, ticks), 5);
	CHECK_NEAR(ticks[1], 100 * mib, 1e-3);
	s = svg_scale_of((const double[]){ 0, 4000 * mib }, 2, false);
	s.binary = true;
	CHECK(svg_scale_ticks(&s, ticks) >= 3);
	CHECK_NEAR(ticks[1], 1024 * mib, 1e-3);
	s = svg_scale_of(wide, 2, true);
	s.binary = true;
	CHECK_INT(svg_scale_ticks(&s, ticks), 5);
	CHECK_NEAR(ticks[0], 4096, 1e-6);
	CHECK_NEAR(ticks[4], 256 * mib, 1e-3);
}

/* Whatever the range, there are some, in order, and within. */
static void ticks_of_any(void)
{
	for (int e = -6; e < 12; e++)
		for (double width = 0.001; width < 1e9; width *= 3.7)
			for (int kind = 0; kind < 4; kind++) {
				const bool log = kind & 1;
				const double v[] = { pow(10, e), pow(10, e) * (1 + width) };
				struct svg_scale s = svg_scale_of(v, 2, log);
				double ticks[SVG_TICKS_MAX];
				size_t n;

				s.binary = kind & 2;
				n = svg_scale_ticks(&s, ticks);
				CHECK(n >= 2 && n <= SVG_TICKS_MAX);
				for (size_t i = 0; i < n; i++)
					CHECK(ticks[i] >= s.low && ticks[i] <= s.high &&
					      (!i || ticks[i] > ticks[i - 1]));
			}
}

/* A recording may have any number: there is an end to its ticks, and each is one. */
static void extremes(void)
{
	static const double ends[] = { 5e-324, 1e-320, 1e-308, 1e-251, 1e-249, 0, 1, 1e249, 1e251,
				       1.7e308, -1, -1.7e308 };

	for (size_t i = 0; i < MT_ARRAY_SIZE(ends); i++)
		for (size_t k = 0; k < MT_ARRAY_SIZE(ends); k++)
			for (int kind = 0; kind < 4; kind++) {
				const double v[] = { ends[i], ends[k] };
				struct svg_scale s = svg_scale_of(v, 2, kind & 1);
				double ticks[SVG_TICKS_MAX], at = svg_scale_at(&s, v[0]);
				size_t n;

				s.binary = kind & 2;
				n = svg_scale_ticks(&s, ticks);
				CHECK(n <= SVG_TICKS_MAX && at >= 0 && at <= 1);
				for (size_t t = 0; t < n; t++)
					CHECK(isfinite(ticks[t]));
			}
}

static char *draw(const struct mt_svg *chart)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int rc = mt_svg_write(f, chart);

	fclose(f);
	return rc ? NULL : text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

static void charts(void)
{
	const struct mt_svg_point points[] = { { 10, 5 }, { NAN, 5 }, { 20, 1 } };
	const struct mt_svg_series series[] = {
		{ .name = "a<b>&\"c\"", .style = 3, .points = points, .n_points = 3 },
		{ .name = "stepped", .style = 57, .line = points, .n_line = 3, .steps = true },
	};
	const struct mt_svg_panel panels[] = { { "one", series, 2 }, { "two", series, 1 } };
	mt_autofree char *text = draw(&(struct mt_svg){
		.title = "<script>",
		.description = "what\nis & was\xef\xbf\xbf\xef\xbf\xbe\xef\xbf\xbd",
		.x = { "x & y" },
		.y = { "pause", MT_SHOW_DURATION_MS, true }, .panels = panels, .n_panels = 2 });

	CHECK(text);
	CHECK(!strstr(text, "<script") && strstr(text, "&lt;script&gt;"));
	/* What XML does not have is not there, or nobody reads the rest. */
	CHECK(strstr(text, "<desc id=\"d\">what?is &amp; was??\xef\xbf\xbd</desc>"));
	CHECK(!strstr(text, "a<b>"));
	/* Two of three points in each of two panels, and the legend: each says whose it is. */
	CHECK_INT(count(text, "<title>a&lt;b&gt;&amp;&quot;c&quot;</title>"), 2 * 2 + 1);
	CHECK_INT(count(text, "class=\"l "), 1);
	CHECK(strstr(text, "prefers-color-scheme:dark"));
	CHECK(!strstr(text, "http") || count(text, "http") == 1);	/* the name space */
	CHECK(!strstr(text, "nan") && !strstr(text, "inf"));
}

/* Made point by point; a band is filled but where it is not known. */
static void plots(void)
{
	struct mt_plot p = { .n_series = 0 };
	mt_autofree char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	CHECK(mt_plot_is_empty(&p));
	mt_plot_series(&p, "of nothing", 1);
	CHECK(mt_plot_is_empty(&p));
	for (int i = 0; i < 200; i++) {
		mt_plot_band(&p, mt_plot_series(&p, "band", 2), i, i == 100 ? NAN : i, 2 * i);
		mt_plot_line(&p, mt_plot_series(&p, "line", 3), i, i);
	}
	mt_plot_point(&p, mt_plot_series(&p, "mark", 4), 7, 8, "why & how");
	mt_plot_point(&p, mt_plot_series(&p, "mark", 4), 9, 8, NULL);
	mt_plot_point(&p, mt_plot_series(&p, "mark", 4), NAN, 8, "not there");
	CHECK(!mt_plot_write(&p, &(struct mt_svg){ .title = "t", .description = "d", .id = "x" },
			     f));
	fclose(f);
	CHECK_INT(count(text, "class=\"b c2\""), 1);
	CHECK_INT(count(strstr(text, "class=\"b c2\""), "z"), 2 + 2);	/* two parts, two marks */
	CHECK_INT(count(text, "class=\"l "), 1);
	CHECK_INT(count(text, "<title>why &amp; how</title>"), 1);
	CHECK_INT(count(text, "<title>mark</title>"), 2);	/* the legend's, too */
	CHECK(strstr(text, "id=\"tx\"") && strstr(text, "id=\"dx\""));
	CHECK(!strstr(text, "<style") && !strstr(text, "of nothing") && !strstr(text, "not there"));
	mt_plot_fini(&p);
	CHECK(mt_plot_is_empty(&p));
}

static void nothing(void)
{
	mt_autofree char *text = draw(&(struct mt_svg){ .title = "", .description = "" });

	CHECK(text && strstr(text, "</svg>"));
}

static const struct ktap_case cases[] = {
	{ "an even axis has round numbers within its range", even_axes },
	{ "a logarithmic axis has powers of ten", log_axes },
	{ "an axis of sizes is round in units of 1024", binary_axes },
	{ "ticks of whatever range", ticks_of_any },
	{ "the smallest and the largest numbers", extremes },
	{ "a chart says what it was told, escaped", charts },
	{ "a plot is put together point by point", plots },
	{ "a chart of nothing", nothing },
};

int main(void)
{
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
