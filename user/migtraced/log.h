/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - one line an event, on stderr: for the journal, or for a person
 *
 * Under systemd each line begins with its priority, <3> to <7>, as
 * sd-daemon(3) has it; on a terminal with its name. Whoever logs never waits.
 */
#ifndef MIGTRACED_LOG_H
#define MIGTRACED_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

/* Looks at where stderr goes. Before the first thread. */
void log_init(bool verbose);

/*
 * From now on no line waits for whoever reads stderr: a thread writes them. What it cannot keep up
 * with is dropped, counted, and told when it can write again. Before it, lines are written at once.
 * Return: 0 or -errno.
 */
MT_MUST_CHECK int log_start(void);

/* Waits until everything is written, no longer than that. Return: whether it is. */
bool log_flush(uint64_t timeout_ms);

uint64_t log_lost(void);	/* lines, since the start */

/*
 * Whatever is longer than a line of 2 KiB is cut; control characters and what is no UTF-8 become
 * '?'.
 */
void log_write(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* sd-daemon's numbers are syslog's. */
#define log_err(...)	log_write(3, __VA_ARGS__)
#define log_warn(...)	log_write(4, __VA_ARGS__)
#define log_info(...)	log_write(6, __VA_ARGS__)
#define log_debug(...)	log_write(7, __VA_ARGS__)	/* with -v only */

#endif
