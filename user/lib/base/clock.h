/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clock.h - the two clocks: monotonic for durations, Unix time for QEMU's stamps
 *
 * Both are those of base/thread.h's world: the machine's, or that of a simulated host.
 */
#ifndef MT_BASE_CLOCK_H
#define MT_BASE_CLOCK_H

#include <stdint.h>

uint64_t mt_now_ns(void);	/* CLOCK_MONOTONIC */
uint64_t mt_wall_us(void);	/* CLOCK_REALTIME, Unix time */

/* @timeout_ms from now, without overflow: a huge one means for ever. */
uint64_t mt_deadline_ns(uint64_t timeout_ms);

void mt_sleep_ms(uint64_t ms);

#endif
