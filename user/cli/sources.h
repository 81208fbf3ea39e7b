/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sources.h - --source: which source of dirty pages
 */
#ifndef SOURCES_H
#define SOURCES_H

#include "options.h"

/*
 * Return: OPTIONS_RUN if @name is one that --source takes (NULL: the best), else CMD_USAGE after a
 * line.
 */
int source_option(const struct command_usage *usage, const char *name);

#endif
