// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * table.c - columns and rows, handed to the format's renderer
 */
#include <errno.h>

#include "renderer.h"

static const struct mt_renderer *const renderers[] = {
	[MT_FORMAT_TEXT] = &mt_renderer_text,
	[MT_FORMAT_JSON] = &mt_renderer_json,
	[MT_FORMAT_CSV] = &mt_renderer_csv,
	[MT_FORMAT_HTML] = &mt_renderer_html,
};

struct mt_table *mt_table_new(FILE *out, enum mt_format format,
			      const struct mt_column *columns, size_t n_columns)
{
	struct mt_table *t;

	if ((unsigned)format >= MT_ARRAY_SIZE(renderers))
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	*t = (struct mt_table){ .out = out,
				.renderer = renderers[format],
				.columns = columns,
				.n_columns = n_columns };
	t->error = t->renderer->begin(t);
	return t;
}

int mt_table_row(struct mt_table *t, const struct mt_cell *cells)
{
	if (!t->error)
		t->error = t->renderer->row(t, cells);
	t->n_rows++;
	return t->error;
}

int mt_table_finish(struct mt_table *t)
{
	int rc = t->renderer->finish(t);

	if (t->error)
		rc = t->error;
	if (!rc && (fflush(t->out) || ferror(t->out)))
		rc = -EIO;
	free(t);
	return rc;
}
