/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * markup.h - texts of whoever in SVG and HTML
 */
#ifndef MIGTRACE_OUT_MARKUP_H
#define MIGTRACE_OUT_MARKUP_H

#include <stdio.h>

/* As it stands, between tags or in an attribute's double quotes; nothing for NULL. */
void mt_markup_text(FILE *out, const char *text);

#endif
