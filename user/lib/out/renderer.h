/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * renderer.h - what a table's format has to know: one ops table per format
 */
#ifndef MIGTRACE_OUT_RENDERER_H
#define MIGTRACE_OUT_RENDERER_H

#include "base/cleanup.h"
#include "table.h"

struct mt_table {
	FILE *out;
	const struct mt_renderer *renderer;
	const struct mt_column *columns;	/* the caller's */
	size_t n_columns, n_rows;
	int error;				/* first one */
	void *priv;				/* the renderer's, released by finish() */
};

/* Each returns 0 or -errno; errors of the stream are found by mt_table_finish(). */
struct mt_renderer {
	int (*begin)(struct mt_table *t);
	int (*row)(struct mt_table *t, const struct mt_cell *cells);
	int (*finish)(struct mt_table *t);	/* also after a failure: releases */
};

extern const struct mt_renderer mt_renderer_text;
extern const struct mt_renderer mt_renderer_json;
extern const struct mt_renderer mt_renderer_csv;
extern const struct mt_renderer mt_renderer_html;

#endif
