/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svg_marks.h - how series are told apart: colours and markers
 */
#ifndef MIGTRACE_OUT_SVG_MARKS_H
#define MIGTRACE_OUT_SVG_MARKS_H

#include "svg.h"

/* Class "c" and this number has its colour. */
size_t svg_colour(const struct mt_svg_series *s);
void svg_marker(FILE *out, const struct mt_svg_series *s, double x, double y, const char *note);

#endif
