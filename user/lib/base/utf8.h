/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * utf8.h - text of unknown origin made fit for JSON, logs and terminals
 *
 * Names and reasons come from files and from other hosts, and fixed buffers cut
 * them anywhere. JSON takes only valid UTF-8; a terminal obeys control
 * characters.
 */
#ifndef MIGTRACE_BASE_UTF8_H
#define MIGTRACE_BASE_UTF8_H

#include <stddef.h>


/*
 * Makes @s fit to be shown, whatever shows it: '?' for each byte that is not part of valid
 * UTF-8 and for each control character: C0 with tab and newline, DEL, C1, what breaks lines, and
 * what turns the direction of writing around. In place: it never grows. Every text that goes to a
 * log, a table, a terminal or into JSON goes through here, for a tenant may have chosen it.
 */
void mt_utf8_scrub(char *s);
char *mt_utf8_clean(const char *s);	/* a copy of @s, scrubbed. NULL: no memory */

/* Columns that cleaned text takes: one a code point. */
size_t mt_utf8_width(const char *s);

#endif
