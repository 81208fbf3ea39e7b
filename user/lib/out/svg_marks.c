// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * svg_marks.c - how series are told apart: colours and markers
 */
#include "base/cleanup.h"
#include "markup.h"
#include "svg.h"
#include "svg_marks.h"

#define SHAPES		7

/* Told apart by people who do not see all colours, in pairs for light and dark. After Okabe and
 * Ito (2008), yellow darkened and black left out. */
static const char *const colours[][2] = {
	{ "#0072b2", "#56b4e9" }, { "#d55e00", "#ff8c42" }, { "#009e73", "#2fd6a5" },
	{ "#b5518c", "#e69ac6" }, { "#9a7a00", "#e6c84c" }, { "#5b5bd6", "#a5a5ff" },
	{ "#7a4a21", "#c99a6b" }, { "#c1121f", "#ff6b6b" }, { "#3d7a00", "#9ad14b" },
	{ "#5f6b76", "#b4bec8" },
};

void mt_svg_style(FILE *out)
{
	fputs("svg{background:#fff;color:#1b1f24;font:12px system-ui,sans-serif}\n"
	      ".q{fill:none;stroke:currentColor;stroke-opacity:.18}\n"
	      "text{fill:currentColor}.h{font-size:16px;font-weight:600}.p{font-weight:600}\n"
	      ".m{fill:currentColor;fill-opacity:.75;stroke:currentColor}\n"
	      ".b{fill:currentColor;fill-opacity:.18}\n"
	      ".l{fill:none;stroke:currentColor;stroke-width:1.5;stroke-opacity:.8}\n", out);
	for (size_t i = 0; i < MT_ARRAY_SIZE(colours); i++)
		fprintf(out, ".c%zu{color:%s}", i, colours[i][0]);
	fputs("\n@media(prefers-color-scheme:dark){svg{background:#14171a;color:#e4e8ec}", out);
	for (size_t i = 0; i < MT_ARRAY_SIZE(colours); i++)
		fprintf(out, ".c%zu{color:%s}", i, colours[i][1]);
	fputs("}\n", out);
}

size_t svg_colour(const struct mt_svg_series *s)
{
	return s->style % MT_ARRAY_SIZE(colours);
}

void svg_marker(FILE *out, const struct mt_svg_series *s, double x, double y, const char *note)
{
	static const char *const shapes[SHAPES] = {
		"M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "M-3.6-3.6h7.2v7.2h-7.2z",
		"M0-4.6l4.4 7.8h-8.8z", "M0-5l5 5l-5 5l-5-5z", "M0 4.6l4.4-7.8h-8.8z",
		"M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z", "M-4.6 0l7.8-4.4v8.8z",
	};

	fprintf(out, "<path class=\"m c%zu\" transform=\"translate(%.1f %.1f)\" d=\"%s\"><title>",
		svg_colour(s), x, y, shapes[s->style % SHAPES]);
	mt_markup_text(out, note ? note : s->name);
	fputs("</title></path>\n", out);
}
