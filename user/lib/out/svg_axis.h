/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svg_axis.h - from numbers to places on a chart (PURE)
 */
#ifndef MIGTRACE_OUT_SVG_AXIS_H
#define MIGTRACE_OUT_SVG_AXIS_H

#include <stdbool.h>
#include <stddef.h>

struct svg_scale {
	double low, high;	/* low < high; both more than 0 if ->log */
	bool log;
	bool binary;	/* what is round is so in units of 1024 */
};

#define SVG_TICKS_MAX	16

/* Of what is seen of it: all of @v that is finite, and some room. */
struct svg_scale svg_scale_of(const double *v, size_t n, bool log);
/* Where @v is, from 0 (low) to 1 (high). */
double svg_scale_at(const struct svg_scale *s, double v);
/* Round numbers within it, from low to high. Return: how many. */
size_t svg_scale_ticks(const struct svg_scale *s, double ticks[SVG_TICKS_MAX]);

#endif
