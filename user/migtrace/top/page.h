/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page.h - a screen full of cells, laid out without a terminal (PURE)
 */
#ifndef TOP_PAGE_H
#define TOP_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

#include "toplook.h"

enum page_style {
	PAGE_PLAIN,
	PAGE_DIM,
	PAGE_BOLD,
	PAGE_HEAD,			/* of a table */
	PAGE_CHOSEN,			/* the row that keys are about */
	PAGE_GOOD,
	PAGE_WARN,
	PAGE_BAD,
	PAGE_BAR,
	PAGE_STYLES
};

struct page_cell {
	wchar_t ch;			/* one column wide, printable */
	enum page_style style;
};

struct page {
	size_t rows, columns;
	bool ascii;			/* the terminal has nothing else */
	struct page_cell *cells;	/* row by row */
};

#define PAGE_ROWS_MAX	1000
#define PAGE_COLUMNS_MAX 1000

static inline size_t page_less(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline size_t page_more(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* All blanks. Return: 0 or -ENOMEM. */
int page_init(struct page *p, size_t rows, size_t columns, bool ascii);
void page_fini(struct page *p);

/*
 * @text, cleaned, from (@row, @column) on, at most @width columns; what is longer ends in "…",
 * or "~". Nothing beyond the page. Return: the column behind it.
 */
size_t page_text(struct page *p, size_t row, size_t column, size_t width, enum page_style style,
		 const char *text);
/* The same, at the right end of @width. */
void page_right(struct page *p, size_t row, size_t column, size_t width, enum page_style style,
		const char *text);
/* @share of @width, from the left. */
void page_bar(struct page *p, size_t row, size_t column, size_t width, double share);
/* The last of @v, each a column, as high as its share of the largest; blank where it is NaN. */
void page_spark(struct page *p, size_t row, size_t column, size_t width, const double *v,
		size_t n);
/* Of the whole row, from @column on. */
void page_paint(struct page *p, size_t row, size_t column, size_t width, enum page_style style);

/* layout.c: all of it. @look's ->first and ->page follow what there is room for. */
void page_lay_out(struct page *p, const struct scene *s, struct look *look, const size_t *order,
		  size_t n);
/* layout_detail.c: one guest, in the rows from @top up to @bottom. */
void page_lay_out_detail(struct page *p, const struct scene_guest *g, size_t top, size_t bottom);
/* layout_migration.c: a migration in at most @rows rows. Return: how many it took. */
#define PAGE_MIGRATION_ROWS	3
size_t page_lay_out_migration(struct page *p, const struct scene_guest *g, size_t row,
			      size_t rows);

#endif
