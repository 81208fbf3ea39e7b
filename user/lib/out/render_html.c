// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * render_html.c - rows as a table of a page, as text has them
 */
#include <errno.h>

#include "base/cleanup.h"
#include "cell.h"
#include "markup.h"
#include "renderer.h"

static int html_begin(struct mt_table *t)
{
	fputs("<table><thead><tr>", t->out);
	for (size_t i = 0; i < t->n_columns; i++) {
		if (!t->columns[i].title)
			continue;
		fputs("<th scope=\"col\">", t->out);
		mt_markup_text(t->out, t->columns[i].title);
		fputs("</th>", t->out);
	}
	fputs("</tr></thead>\n<tbody>\n", t->out);
	return 0;
}

static bool is_number(const struct mt_cell *c)
{
	return c->kind == MT_CELL_UINT || c->kind == MT_CELL_DOUBLE || c->kind == MT_CELL_UNKNOWN;
}

static int html_row(struct mt_table *t, const struct mt_cell *cells)
{
	fputs("<tr>", t->out);
	for (size_t i = 0; i < t->n_columns; i++) {
		mt_autofree char *shown = NULL;

		if (!t->columns[i].title)
			continue;
		shown = mt_cell_shown(&cells[i], t->columns[i].show);
		if (!shown)
			return -ENOMEM;
		fputs(is_number(&cells[i]) ? "<td class=\"n\">" : "<td>", t->out);
		mt_markup_text(t->out, shown);
		fputs("</td>", t->out);
	}
	fputs("</tr>\n", t->out);
	return 0;
}

static int html_finish(struct mt_table *t)
{
	fputs("</tbody></table>\n", t->out);
	return 0;
}

const struct mt_renderer mt_renderer_html = { html_begin, html_row, html_finish };
