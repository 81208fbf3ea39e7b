// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * markup.c - texts of whoever in SVG and HTML
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "markup.h"

void mt_markup_text(FILE *out, const char *text)
{
	mt_autofree char *clean = text ? mt_utf8_clean(text) : NULL;

	for (const char *c = clean ? clean : ""; *c; c++) {
		/* U+FFFE and U+FFFF: no characters of XML 1.0, which has no others to mend. */
		if (!strncmp(c, "\xef\xbf\xbe", 3) || !strncmp(c, "\xef\xbf\xbf", 3)) {
			fputc('?', out);
			c += 2;
			continue;
		}
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
