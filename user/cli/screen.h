/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * screen.h - lines, and a block that is drawn over itself, written by a thread of their own
 */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define SCREEN_ROWS	6	/* of the block */
#define SCREEN_ROW	512	/* bytes of a row or line; what is longer is cut */

struct screen;

/* NULL: no memory or no thread. */
struct screen *screen_new(FILE *out);
/* None of these waits for the reader. Any thread. */
void screen_line(struct screen *s, const char *text);
/* in place of the block before it */
void screen_draw(struct screen *s, const char rows[SCREEN_ROWS][SCREEN_ROW]);
/*
 * The block goes. Waits up to @wait_ms for all to be written. Return: false when something still
 * waits, for the thread.
 */
bool screen_end(struct screen *s, uint64_t wait_ms);

#endif
