/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace.h - what happened, for whoever looks into a failure, and how often it did
 */
#ifndef FAKE_TRACE_H
#define FAKE_TRACE_H

#include <stdbool.h>
#include <stdio.h>

/* One line with the time and the process; kept nowhere unless it was asked for. */
void fake_trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void fake_trace_to(FILE *f);		/* NULL: no more */
bool fake_tracing(void);

/* A fault, or whatever else a run wants to know that it really occurred. */
void fake_count(const char *what);
unsigned long fake_counted(const char *what);
void fake_count_each(void (*fn)(const char *what, unsigned long n, void *opaque), void *opaque);
void fake_count_add(const char *what, unsigned long n);
void fake_count_reset(void);

#endif
