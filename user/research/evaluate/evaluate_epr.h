/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evaluate_epr.h - migtrace-research evaluate: how well FM and AM predict, and what comes of it
 */
#ifndef EVALUATE_EPR_H
#define EVALUATE_EPR_H

#include <stddef.h>

#include "out/table.h"

/*
 * EPR of FM and AM over the series in @files and over made-up ones, under each reading and setting:
 * a table on stdout, complaints on stderr. Return: enum cmd_exit; a file without a series long
 * enough is no failure.
 */
int evaluate_epr(char **files, size_t n, bool storage, enum mt_format format);

/*
 * Downtime of FM and AM next to stop-and-copy and fixed numbers of passes, played over the same
 * series.
 */
int evaluate_finish(char **files, size_t n, bool storage, enum mt_format format);

#endif
