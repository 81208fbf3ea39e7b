// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_html.c - a report as one page that needs nothing else: no network, no script
 *
 * A recording's strings are a tenant's: each goes through mt_markup_text().
 */
#include <errno.h>

#include "out/markup.h"
#include "report_chart.h"

/* Sections are numbered, so that no recording's text is ever an id. */
struct page {
	FILE *out;
	unsigned sections;
};

static void put_head(const struct report *r, FILE *out)
{
	const char *of = r->rec->header.domain ? r->rec->header.domain : r->rec->path;

	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Migration of ", out);
	mt_markup_text(out, of);
	fputs("</title>\n<style>\n", out);
	mt_svg_style(out);
	fputs("html{color-scheme:light dark}\n"
	      "body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:75rem;"
	      "background:#fff;color:#1b1f24}\n"
	      "h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.15rem;margin:2rem 0 .5rem}\n"
	      "dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0}\n"
	      "dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere}\n"
	      ".w{border-left:4px solid #d55e00;padding:.4rem .8rem;margin:.5rem 0;background:#d55e0018}\n"
	      ".s{overflow-x:auto}.s:focus-visible{outline:2px solid #0072b2}\n"
	      "table{border-collapse:collapse;font-size:.85rem}\n"
	      "th,td{padding:.2rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid #8884}\n"
	      "th{white-space:nowrap}td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
	      "td:not(:last-child){white-space:nowrap}td:last-child{min-width:6rem;max-width:60rem}\n"
	      "svg{width:100%;min-width:42rem;height:auto}\n"
	      "@media(prefers-color-scheme:dark){body{background:#14171a;color:#e4e8ec}}\n"
	      "@media print{.s{overflow:visible}section{break-inside:avoid-page}"
	      "body{max-width:none;font-size:10px}table{font-size:7px}}\n"
	      "</style></head>\n<body>\n<main>\n<h1>Migration of ", out);
	mt_markup_text(out, of);
	fputs("</h1>\n", out);
}

static void put_fact(void *out, const char *label, const char *text)
{
	fputs("<dt>", out);
	mt_markup_text(out, label);
	fputs("</dt><dd>", out);
	mt_markup_text(out, text);
	fputs("</dd>\n", out);
}

static void put_section(struct page *p, const char *title)
{
	p->sections++;
	fprintf(p->out, "<section aria-labelledby=\"s%u\"><h2 id=\"s%u\">", p->sections,
		p->sections);
	mt_markup_text(p->out, title);
	fputs("</h2>\n", p->out);
}

static void end_section(struct page *p)
{
	fputs("</section>\n", p->out);
}

/* What is too wide is scrolled, by keyboard, too. */
static void begin_scrolled(const struct page *p)
{
	fprintf(p->out, "<div class=\"s\" role=\"region\" tabindex=\"0\" aria-labelledby=\"s%u\">\n",
		p->sections);
}

static void end_scrolled(struct page *p)
{
	fputs("</div>\n", p->out);
	end_section(p);
}

static void put_outcome(const struct report *r, struct page *p)
{
	put_section(p, "Outcome");
	if (r->has_outcome) {
		fputs("<dl>\n", p->out);
		report_outcome_facts(r, put_fact, p->out);
		fputs("</dl>\n", p->out);
	} else {
		fputs("<p>not in the recording</p>\n", p->out);
	}
	for (size_t i = 0; i < r->n_warnings; i++) {
		fputs("<p class=\"w\"><strong>warning</strong> ", p->out);
		mt_markup_text(p->out, r->warnings[i]);
		fputs("</p>\n", p->out);
	}
	end_section(p);
}

/* What has nothing to draw is left out. */
static int put_charts(const struct report *r, struct page *p)
{
	const struct report_chart *c;
	int rc = 0;

	for (size_t i = 0; (c = report_chart_at(i)) && (!rc || rc == -ENODATA); i++) {
		mt_autofree char *svg = NULL;
		size_t size;
		FILE *out = open_memstream(&svg, &size);

		if (!out)
			return -ENOMEM;
		rc = report_chart_write(r, c, c->name, out);
		if (fclose(out) && !rc)
			rc = -ENOMEM;
		if (rc)
			continue;
		put_section(p, c->title);
		fputs("<p>", p->out);
		mt_markup_text(p->out, c->description);
		fputs("</p>\n", p->out);
		begin_scrolled(p);
		fputs(svg, p->out);
		end_scrolled(p);
	}
	return rc == -ENODATA ? 0 : rc;
}

static int put_table(const struct report *r, struct page *p, const char *title,
		     int (*show)(const struct report *r, FILE *out, enum mt_format format))
{
	int rc;

	put_section(p, title);
	begin_scrolled(p);
	rc = show(r, p->out, MT_FORMAT_HTML);
	end_scrolled(p);
	return rc;
}

static int put_tables(const struct report *r, struct page *p)
{
	const struct report_list *l;
	char title[REPORT_TITLE_MAX];
	int rc = 0;

	if (r->compared)
		rc = put_table(r, p, report_predicted_title(r, title), report_predicted);
	for (size_t i = 0; (l = report_list_at(i)) && !rc; i++)
		if (l->count(r))
			rc = put_table(r, p, l->title, l->show);
	return rc;
}

int report_html(const struct report *r, FILE *out)
{
	struct page p = { .out = out };
	int rc;

	put_head(r, out);
	put_outcome(r, &p);
	rc = put_charts(r, &p);
	rc = rc ? rc : put_tables(r, &p);
	put_section(&p, "Which migration this was");
	fputs("<dl>\n", out);
	report_facts(r, put_fact, out);
	fputs("</dl>\n", out);
	end_section(&p);
	fputs("</main>\n</body></html>\n", out);
	return rc ? rc : fflush(out) || ferror(out) ? -EIO : 0;
}
