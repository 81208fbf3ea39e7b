/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines on COM1, built piece by piece, and single command bytes from it. */
#ifndef MEMGUEST_SERIAL_H
#define MEMGUEST_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

void serial_init(void);
/* A received byte, or -1, as seen when the last line was sent */
int serial_getc(void);

void line_str(const char *s);
void line_u64(uint64_t value);
/* " name=value" */
void line_field(const char *name, uint64_t value);
/* Sends the line, waiting a while for a stuck listener. */
void line_end(void);

#endif
