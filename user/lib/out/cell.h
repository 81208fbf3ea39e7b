/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cell.h - a table's cell as people read it
 */
#ifndef MIGTRACE_OUT_CELL_H
#define MIGTRACE_OUT_CELL_H

#include "table.h"

/* Printable, "-" for what is not known; the caller's to free. NULL: no memory. */
char *mt_cell_shown(const struct mt_cell *c, enum mt_show show);

#endif
