// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * render_text.c - rows as aligned columns for people
 *
 * Columns are as wide as their widest cell, so rows wait until the end. Text is
 * made printable: names come from files and other hosts, and the reader is a
 * terminal.
 */
#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "cell.h"
#include "renderer.h"

#define GAP	2	/* blanks between columns */

struct text {
	char **cells;		/* n_columns a row */
	bool *rights;		/* per column: has only numbers, so it is aligned at its right */
	size_t n_cells, room;
};

static int text_begin(struct mt_table *t)
{
	struct text *x = calloc(1, sizeof(*x));

	t->priv = x;
	if (!x)
		return -ENOMEM;
	x->rights = malloc((t->n_columns + 1) * sizeof(*x->rights));
	if (!x->rights)
		return -ENOMEM;
	memset(x->rights, 1, t->n_columns + 1);
	return 0;
}

static int text_row(struct mt_table *t, const struct mt_cell *cells)
{
	struct text *x = t->priv;

	if (x->n_cells + t->n_columns > x->room) {
		size_t room = 2 * (x->n_cells + t->n_columns);
		char **more = reallocarray(x->cells, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		x->cells = more;
		x->room = room;
	}
	for (size_t i = 0; i < t->n_columns; i++) {
		char *shown = mt_cell_shown(&cells[i], t->columns[i].show);

		if (!shown)
			return -ENOMEM;		/* the row is cut; nothing is shown of this table */
		x->cells[x->n_cells++] = shown;
		if (cells[i].kind == MT_CELL_STRING || cells[i].kind == MT_CELL_BOOL)
			x->rights[i] = false;
	}
	return 0;
}

static void pad(FILE *out, size_t n)
{
	while (n--)
		fputc(' ', out);
}

/* @cells NULL: the titles. */
static void put_row(const struct mt_table *t, char *const *cells, const size_t *widths,
		    const bool *rights)
{
	size_t waiting = 0;	/* blanks before the next cell; none at a line's end */

	for (size_t i = 0; i < t->n_columns; i++) {
		const char *s = cells ? cells[i] : t->columns[i].title;
		size_t left;

		if (!t->columns[i].title)
			continue;
		left = widths[i] - mt_utf8_width(s);
		if (!*s) {
			waiting += left + GAP;
			continue;
		}
		pad(t->out, waiting + (rights[i] ? left : 0));
		fputs(s, t->out);
		waiting = GAP + (rights[i] ? 0 : left);
	}
	fputc('\n', t->out);
}

static int put_table(const struct mt_table *t, const struct text *x)
{
	size_t *widths = calloc(t->n_columns + 1, sizeof(*widths));

	if (!widths)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_columns; i++) {
		widths[i] = t->columns[i].title ? mt_utf8_width(t->columns[i].title) : 0;
		for (size_t c = i; c < x->n_cells; c += t->n_columns)
			if (mt_utf8_width(x->cells[c]) > widths[i])
				widths[i] = mt_utf8_width(x->cells[c]);
	}
	put_row(t, NULL, widths, x->rights);
	for (size_t c = 0; c < x->n_cells; c += t->n_columns)
		put_row(t, x->cells + c, widths, x->rights);
	free(widths);
	return 0;
}

static int text_finish(struct mt_table *t)
{
	struct text *x = t->priv;
	int rc = 0;

	if (!x)
		return 0;
	if (!t->error)
		rc = put_table(t, x);
	for (size_t i = 0; i < x->n_cells; i++)
		free(x->cells[i]);
	free(x->cells);
	free(x->rights);
	free(x);
	return rc;
}

const struct mt_renderer mt_renderer_text = { text_begin, text_row, text_finish };
