// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * clock.c - what the time is in the world beneath, and sleeping in it
 *
 * Threads: any.
 */
#include "clock.h"
#include "units.h"
#include "world.h"

uint64_t mt_now_ns(void)
{
	return mt_world()->now_ns();
}

uint64_t mt_wall_us(void)
{
	return mt_world()->wall_us();
}

uint64_t mt_deadline_ns(uint64_t timeout_ms)
{
	const uint64_t year_ms = 365ULL * 24 * 3600 * MT_MS_PER_S;

	return mt_now_ns() + (timeout_ms < year_ms ? timeout_ms : year_ms) * MT_NS_PER_MS;
}

void mt_sleep_ms(uint64_t ms)
{
	mt_world()->sleep_until(mt_deadline_ns(ms));
}
