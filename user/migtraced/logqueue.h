/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logqueue.h - lines on their way to a descriptor that may block for ever
 *
 * Whoever has something to say puts it here and goes on; a thread of the queue's
 * own writes. What no longer fits is dropped and counted, and told as soon as
 * something can be written again.
 */
#ifndef MIGTRACED_LOGQUEUE_H
#define MIGTRACED_LOGQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct logqueue;

/*
 * A line as it is written, with its newline; @late_ms: how long it has waited. Return: its length.
 */
typedef size_t (*logqueue_compose_fn)(char *buf, size_t size, int priority, const char *text,
				      uint64_t late_ms);

/* @max_bytes: of all that waits. @fd stays the caller's. */
MT_MUST_CHECK int logqueue_new(struct logqueue **q, int fd, size_t max_bytes,
			       logqueue_compose_fn compose);

/* Never blocks. Lines less urgent than a warning leave the last quarter to those that are not. */
void logqueue_put(struct logqueue *q, int priority, const char *text);

/* Lines that nobody has read and nobody will, since the beginning. */
uint64_t logqueue_lost(struct logqueue *q);

/* Return: whether all that was put before is written. */
bool logqueue_flush(struct logqueue *q, uint64_t timeout_ms);

/*
 * As logqueue_flush(), and @q is gone if that succeeds. Else its thread hangs in a write, and @q
 * has to stay.
 */
MT_MUST_CHECK bool logqueue_free(struct logqueue *q, uint64_t timeout_ms);

#endif
