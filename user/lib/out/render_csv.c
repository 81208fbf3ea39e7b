// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * render_csv.c - rows as comma-separated values, quoted as in RFC 4180
 *
 * Lines end in a newline alone, as every tool on this side of the RFC expects.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "renderer.h"

static void put_string(FILE *out, const char *s)
{
	/* A lone "" would be an empty cell, and that means unknown. */
	if (*s && !strpbrk(s, ",\"") && *s != ' ' && s[strlen(s) - 1] != ' ') {
		fputs(s, out);
		return;
	}
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

static int put_cell(FILE *out, const struct mt_cell *c)
{
	mt_autofree char *clean = NULL;

	switch (c->kind) {
	case MT_CELL_UNKNOWN:
		break;
	case MT_CELL_STRING:
		clean = mt_utf8_clean(c->s);
		if (!clean)
			return -ENOMEM;
		put_string(out, clean);
		break;
	case MT_CELL_UINT:
		fprintf(out, "%" PRIu64, c->u);
		break;
	case MT_CELL_DOUBLE:
		if (isfinite(c->d))
			fprintf(out, "%.15g", c->d);
		break;
	case MT_CELL_BOOL:
		fputs(c->b ? "true" : "false", out);
		break;
	}
	return 0;
}

static int csv_begin(struct mt_table *t)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		if (i)
			fputc(',', t->out);
		put_string(t->out, t->columns[i].key);
	}
	fputc('\n', t->out);
	return 0;
}

static int csv_row(struct mt_table *t, const struct mt_cell *cells)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		int rc;

		if (i)
			fputc(',', t->out);
		rc = put_cell(t->out, &cells[i]);
		if (rc)
			return rc;
	}
	fputc('\n', t->out);
	return 0;
}

static int csv_finish(struct mt_table *t)
{
	return 0;
}

const struct mt_renderer mt_renderer_csv = { csv_begin, csv_row, csv_finish };
