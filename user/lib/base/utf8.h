/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * utf8.h - text of unknown origin made fit for JSON and for a terminal
 *
 * Names and reasons come from files and from other hosts, and fixed buffers cut
 * them anywhere. JSON takes only valid UTF-8; a terminal obeys control
 * characters.
 */
#ifndef MIGTRACE_BASE_UTF8_H
#define MIGTRACE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the valid sequence at @s, 0 if there is none (or the string's end). */
size_t mt_utf8_len(const char *s);

/*
 * A copy of @s with '?' for each byte that is not part of valid UTF-8 and, if
 * @printable, a '?' for each control character too. NULL: no memory.
 */
char *mt_utf8_clean(const char *s, bool printable);

/* Columns that cleaned text takes: one a code point. */
size_t mt_utf8_width(const char *s);

#endif
