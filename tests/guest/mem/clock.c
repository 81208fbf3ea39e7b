// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's clock: the TSC, calibrated once against the ACPI PM timer.
 *
 * QEMU saves and restores the TSC, so the clock goes on after a migration where
 * it stopped; both QEMUs must run on hosts with the same TSC frequency. Should
 * it run backwards all the same, the clock stands still instead.
 */
#include "clock.h"
#include "cpu.h"

#define PM_TIMER		0x608	/* SeaBIOS: PM base 0x600 on `pc` */
#define PM_TIMER_HZ		3579545
#define PM_TIMER_MASK		0xffffff
#define CALIBRATION_MS		40

static uint64_t last;
static uint64_t behind;		/* what the TSC lost by going backwards */
static uint32_t khz;

/* One reading of both counters; of several the one that took least time. */
static uint32_t read_pair(uint64_t *tsc)
{
	uint32_t best = UINT32_MAX, pm = 0;
	int i;

	for (i = 0; i < 8; i++) {
		uint64_t before = rdtsc();
		uint32_t now = inl(PM_TIMER);
		uint64_t after = rdtsc();

		if (after - before < best) {
			best = after - before;
			*tsc = before + best / 2;
			pm = now;
		}
	}
	return pm;
}

void clock_init(void)
{
	uint32_t pm0, pm1, ticks, us;
	uint64_t tsc0 = 0, tsc1 = 0;

	pm0 = read_pair(&tsc0);
	do {
		pm1 = read_pair(&tsc1);
		ticks = (pm1 - pm0) & PM_TIMER_MASK;
	} while (ticks < PM_TIMER_HZ / 1000 * CALIBRATION_MS);

	us = muldiv(ticks, 1000000, PM_TIMER_HZ);
	khz = div_u64((tsc1 - tsc0) * 1000, us, 0);
}

uint64_t clock_now(void)
{
	uint64_t now = rdtsc() + behind;

	if (now < last) {
		behind += last - now;
		now = last;
	}
	last = now;
	return now;
}

uint32_t clock_khz(void)
{
	return khz;
}

uint64_t clock_cycles(uint32_t us)
{
	return div_u64((uint64_t)us * khz, 1000, 0);
}

uint64_t clock_us(uint64_t cycles)
{
	uint32_t rem;
	uint64_t ms = div_u64(cycles, khz, &rem);

	return ms * 1000 + muldiv(rem, 1000, khz);
}

uint64_t clock_tsc(uint64_t cycles)
{
	return cycles - behind;
}
