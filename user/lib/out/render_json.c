// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * render_json.c - rows as an array of objects, one object a line
 */
#include <errno.h>

#include "base/json.h"
#include "renderer.h"

static json_t *value_of(const struct mt_cell *c)
{
	switch (c->kind) {
	case MT_CELL_UNKNOWN:
		break;
	case MT_CELL_STRING:
		return mt_json_string(c->s);
	case MT_CELL_UINT:
		return mt_json_uint(c->u);
	case MT_CELL_DOUBLE:
		return mt_json_double(c->d);
	case MT_CELL_BOOL:
		return json_boolean(c->b);
	}
	return json_null();
}

static int json_begin(struct mt_table *t)
{
	fputc('[', t->out);
	return 0;
}

static int json_row(struct mt_table *t, const struct mt_cell *cells)
{
	json_t *object = json_object();
	int failed = 0;

	if (!object)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_columns; i++)
		mt_json_set(object, t->columns[i].key, value_of(&cells[i]), &failed);
	if (!failed) {
		fputs(t->n_rows ? ",\n " : "\n ", t->out);
		failed = json_dumpf(object, t->out, MT_JSON_STYLE) && !ferror(t->out);
	}
	json_decref(object);
	return failed ? -ENOMEM : 0;
}

static int json_finish(struct mt_table *t)
{
	fputs(t->n_rows ? "\n]\n" : "]\n", t->out);
	return 0;
}

const struct mt_renderer mt_renderer_json = { json_begin, json_row, json_finish };
