/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * when.h - moments as people write them
 */
#ifndef WHEN_H
#define WHEN_H

#include <stdint.h>

#include "options.h"

/*
 * "2026-11-28", "2026-11-28T14:05" or with seconds, each in UTC, or how long before @now_ms: "36h".
 * Unix time. Return: OPTIONS_RUN; CMD_USAGE after a line that names @option.
 */
int when_parse(const struct command_usage *usage, const char *option, const char *text,
	       uint64_t now_ms, uint64_t *ms);

#define WHEN_STR	24
/* "2026-11-28 14:05:09"; "" for 0, which is not known */
const char *when_text(uint64_t ms, char text[WHEN_STR]);

#endif
