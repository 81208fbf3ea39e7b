// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * markup.c - texts of whoever in SVG and HTML
 */
#include "base/cleanup.h"
#include "base/utf8.h"
#include "markup.h"

void mt_markup_text(FILE *out, const char *text)
{
	mt_autofree char *clean = text ? mt_utf8_clean(text) : NULL;

	for (const char *c = clean ? clean : ""; *c; c++) {
		switch (*c) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*c, out);
		}
	}
}
