/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svg.h - charts as SVG, a file of their own or within a page: panels side by side, each with
 * points, lines and bands
 *
 * Nothing is fetched and no script is run. It is light or dark as its reader prefers, has a title
 * and a description for those who do not see it, and tells each marker's note, or its series, when
 * it is pointed at. Texts are escaped, whoever chose them.
 */
#ifndef MT_SVG_H
#define MT_SVG_H

#include "base/cleanup.h"
#include "table.h"

struct mt_svg_point {
	double x, y;		/* NaN: left out */
};

struct mt_svg_series {
	const char *name;
	unsigned style;		/* colour and marker: the same in all panels for the same thing */
	const struct mt_svg_point *points;	/* markers */
	const char *const *notes;	/* of each point; NULL: the series' name */
	size_t n_points;
	const struct mt_svg_point *line;	/* joined in this order; none: no line */
	const struct mt_svg_point *upper;	/* as many as in the line: what is between the two
						 * is filled; NULL: no band */
	size_t n_line;
	bool steps;		/* first sideways, then up or down */
};

struct mt_svg_axis {
	const char *title;
	enum mt_show show;	/* of the numbers at it */
	bool log;		/* what is not more than 0 stands at the lower end */
};

struct mt_svg_panel {
	const char *title;
	const struct mt_svg_series *series;
	size_t n_series;
};

struct mt_svg {
	const char *title, *description;
	struct mt_svg_axis x, y;
	const struct mt_svg_panel *panels;
	size_t n_panels;
	unsigned columns;		/* of panels; 0: three */
	const char *id;			/* within a page, which has mt_svg_style() and shows the
					 * title: no other one of its charts has it; NULL: a file
					 * of its own */
};

/* Rules for all charts, without their <style>. */
void mt_svg_style(FILE *out);

/* Return: 0; -ENOMEM. Whether @out took it is the caller's to find out. */
MT_MUST_CHECK int mt_svg_write(FILE *out, const struct mt_svg *chart);

#endif
