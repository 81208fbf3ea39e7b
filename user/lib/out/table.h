/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * table.h - tables for people and for programs: text, JSON, CSV, a part of a page
 *
 * A command describes its table once, as columns, and hands over rows; the
 * format is the user's choice. JSON is an array of objects, CSV has one header
 * line and RFC 4180 quoting, text is aligned, HTML is as text. Unknown cells: "-" in text,
 * null in JSON, empty in CSV.
 */
#ifndef MT_TABLE_H
#define MT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* The last two are of what has pictures, too. A table has no MT_FORMAT_SVG. */
enum mt_format {
	MT_FORMAT_TEXT,
	MT_FORMAT_JSON,
	MT_FORMAT_CSV,
	MT_FORMAT_HTML,
	MT_FORMAT_SVG,
};
/* One of those up to @last; -EINVAL with a line that names them. */
int mt_format_parse(const char *name, enum mt_format last, enum mt_format *format,
		    struct mt_err *err);

enum mt_cell_kind {
	MT_CELL_UNKNOWN,
	MT_CELL_STRING,
	MT_CELL_UINT,
	MT_CELL_DOUBLE,
	MT_CELL_BOOL,
};

struct mt_cell {
	enum mt_cell_kind kind;
	union {
		const char *s;
		uint64_t u;
		double d;
		bool b;
	};
};

#define MT_STR(v) \
	((struct mt_cell){ .kind = (v) ? MT_CELL_STRING : MT_CELL_UNKNOWN, .s = (v) })
#define MT_UINT(v)	((struct mt_cell){ .kind = MT_CELL_UINT, .u = (v) })
#define MT_DOUBLE(v)	((struct mt_cell){ .kind = MT_CELL_DOUBLE, .d = (v) })
#define MT_BOOL(v)	((struct mt_cell){ .kind = MT_CELL_BOOL, .b = (v) })
#define MT_NONE		((struct mt_cell){ .kind = MT_CELL_UNKNOWN })

/* How a number is shown to people; JSON and CSV always carry it plain, in the key's unit. */
enum mt_show { MT_SHOW_PLAIN, MT_SHOW_DURATION_MS, MT_SHOW_SIZE_BYTES, MT_SHOW_RATE_BYTES_PER_S };

struct mt_column {
	const char *key;	/* JSON key and CSV name, with its unit: total_ms */
	const char *title;	/* text header; NULL: not shown in text */
	enum mt_show show;
};

struct mt_table;
struct mt_table *mt_table_new(FILE *out, enum mt_format format,
			      /* NULL: no memory */
			      const struct mt_column *columns, size_t n_columns);
int mt_table_row(struct mt_table *t, const struct mt_cell *cells);	/* copies strings */
int mt_table_finish(struct mt_table *t);	/* writes what is left, frees; -EIO if @out
						 * failed */

#endif
