// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page.c - a screen full of cells, laid out without a terminal (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "page.h"

#define BLOCKS	8

int page_init(struct page *p, size_t rows, size_t columns, bool ascii)
{
	*p = (struct page){ .rows = rows, .columns = columns, .ascii = ascii };
	p->cells = calloc(rows * columns + 1, sizeof(*p->cells));
	if (!p->cells)
		return -ENOMEM;
	for (size_t i = 0; i < rows * columns; i++)
		p->cells[i].ch = L' ';
	return 0;
}

void page_fini(struct page *p)
{
	free(p->cells);
	*p = (struct page){ .rows = 0 };
}

static void put(struct page *p, size_t row, size_t column, wchar_t ch, enum page_style style)
{
	if (row < p->rows && column < p->columns)
		p->cells[row * p->columns + column] = (struct page_cell){ ch, style };
}

/* The next code point of cleaned text. */
static wchar_t next(const char **text)
{
	const unsigned char *s = (const unsigned char *)*text;
	unsigned more = *s < 0x80 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
	wchar_t ch = (wchar_t)(more ? *s & (0x3f >> more) : *s);

	for (unsigned i = 1; i <= more; i++)
		ch = (ch << 6) | (s[i] & 0x3f);
	*text += more + 1;
	return ch;
}

/* One that takes no column, or two, would move the rest. */
static wchar_t fitting(const struct page *p, wchar_t ch)
{
	if (ch < 0x80)
		return ch;
	return p->ascii || wcwidth(ch) != 1 ? L'?' : ch;
}

size_t page_text(struct page *p, size_t row, size_t column, size_t width, enum page_style style,
		 const char *text)
{
	mt_autofree char *clean = text ? mt_utf8_clean(text) : NULL;
	const char *at = clean ? clean : "";
	size_t length = mt_utf8_width(at);

	if (column >= p->columns)
		return column;
	if (width > p->columns - column)
		width = p->columns - column;
	for (size_t i = 0; i < width && *at; i++) {
		wchar_t ch = fitting(p, next(&at));

		if (i + 1 == width && length > width)
			ch = p->ascii ? L'~' : L'\u2026';
		put(p, row, column + i, ch, style);
	}
	return column + (length < width ? length : width);
}

void page_right(struct page *p, size_t row, size_t column, size_t width, enum page_style style,
		const char *text)
{
	mt_autofree char *clean = mt_utf8_clean(text);
	size_t length = clean ? mt_utf8_width(clean) : 0;
	size_t left = length < width ? width - length : 0;

	page_text(p, row, column + left, width - left, style, text);
}

void page_bar(struct page *p, size_t row, size_t column, size_t width, double share)
{
	size_t full = (size_t)round(fmin(fmax(share, 0), 1) * (double)width);

	for (size_t i = 0; i < width; i++)
		put(p, row, column + i, p->ascii ? i < full ? L'#' : L'.' :
					  i < full ? L'\u2588' : L'\u2591',
		    PAGE_BAR);
}

void page_spark(struct page *p, size_t row, size_t column, size_t width, const double *v, size_t n)
{
	static const wchar_t ascii[BLOCKS + 1] = L" .:-=+*#";
	size_t from = n > width ? n - width : 0;
	double most = 0;

	for (size_t i = from; i < n; i++)
		most = fmax(most, v[i]);
	for (size_t i = from; i < n; i++) {
		int height;

		if (isnan(v[i]))
			continue;
		height = most > 0 ? (int)fmin(v[i] / most * BLOCKS, BLOCKS - 1) : 0;
		put(p, row, column + width - (n - i),
		    p->ascii ? ascii[height] : (wchar_t)(L'\u2581' + height), PAGE_BAR);
	}
}

void page_paint(struct page *p, size_t row, size_t column, size_t width, enum page_style style)
{
	for (size_t i = column; row < p->rows && i < p->columns && i - column < width; i++)
		p->cells[row * p->columns + i].style = style;
}
