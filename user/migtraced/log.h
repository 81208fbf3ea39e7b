/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - one line an event, on stderr: for the journal, or for a person
 *
 * Under systemd each line begins with its priority, <3> to <7>, as
 * sd-daemon(3) has it; on a terminal with its name.
 */
#ifndef MIGTRACED_LOG_H
#define MIGTRACED_LOG_H

#include <stdbool.h>

/* Looks at where stderr goes. Before the first thread. */
void log_init(bool verbose);

/* Whatever is longer than a line of 2 KiB is cut; control characters and what is no UTF-8 become '?'. */
void log_write(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* sd-daemon's numbers are syslog's. */
#define log_err(...)	log_write(3, __VA_ARGS__)
#define log_warn(...)	log_write(4, __VA_ARGS__)
#define log_info(...)	log_write(6, __VA_ARGS__)
#define log_debug(...)	log_write(7, __VA_ARGS__)	/* with -v only */

#endif
