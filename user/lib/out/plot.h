/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plot.h - one panel's series, put together point by point
 *
 * Memory that is not to be had is kept in mind, and told by mt_plot_write().
 */
#ifndef MT_PLOT_H
#define MT_PLOT_H

#include "svg.h"

#define MT_PLOT_SERIES	16

struct mt_plot_series {
	struct mt_svg_series s;		/* what it points to is below */
	struct mt_svg_point *points, *line, *upper;
	char **notes;
	size_t points_room, line_room;
};

struct mt_plot {
	struct mt_plot_series series[MT_PLOT_SERIES];
	size_t n_series;
	int error;
};

/*
 * The one of that name, made if there is none yet; @name lives as long as the plot. NULL: there
 * are too many.
 */
struct mt_plot_series *mt_plot_series(struct mt_plot *p, const char *name, unsigned style);

/* A marker at (x, y); @note is copied, NULL: the series' name. Nothing for a NULL series. */
void mt_plot_point(struct mt_plot *p, struct mt_plot_series *s, double x, double y,
		   const char *note);
/* The line goes on to (x, y). */
void mt_plot_line(struct mt_plot *p, struct mt_plot_series *s, double x, double y);
/* The band goes on, from @low to @high. A series has a line or a band. */
void mt_plot_band(struct mt_plot *p, struct mt_plot_series *s, double x, double low, double high);

bool mt_plot_is_empty(const struct mt_plot *p);

/* As @chart says, but with one panel, which is this one. Return: 0 or -ENOMEM. */
MT_MUST_CHECK int mt_plot_write(const struct mt_plot *p, const struct mt_svg *chart, FILE *out);
void mt_plot_fini(struct mt_plot *p);

#endif
