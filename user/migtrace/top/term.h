/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * term.h - pages on a terminal, and its keys
 */
#ifndef TOP_TERM_H
#define TOP_TERM_H

#include "page.h"

/* Return: false: there is no terminal that can, and nothing has changed. */
bool term_open(void);
void term_close(void);
void term_size(size_t *rows, size_t *columns);
bool term_is_ascii(void);
void term_draw(const struct page *p);
/* The next key, as look_key() takes it. 0: none now, or the size is another. Waits for none. */
unsigned term_key(void);

#endif
