// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * clock.c - the two clocks: monotonic for durations, Unix time for QEMU's stamps
 *
 * Threads: any.
 */
#include <time.h>

#include <migtrace/units.h>

#include "base/clock.h"

uint64_t mt_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * MT_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t mt_wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t mt_deadline_ns(uint64_t timeout_ms)
{
	const uint64_t year_ms = 365ULL * 24 * 3600 * MT_MS_PER_S;

	return mt_now_ns() + (timeout_ms < year_ms ? timeout_ms : year_ms) * MT_NS_PER_MS;
}
