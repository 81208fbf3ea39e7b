/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time in TSC cycles; a migration carries the TSC along. */
#ifndef MEMGUEST_CLOCK_H
#define MEMGUEST_CLOCK_H

#include <stdint.h>

void clock_init(void);
/* Cycles since boot, never going backwards */
uint64_t clock_now(void);
uint32_t clock_khz(void);
uint64_t clock_cycles(uint32_t us);
uint64_t clock_us(uint64_t cycles);
/* The TSC's value at a time of clock_now()'s */
uint64_t clock_tsc(uint64_t cycles);

#endif
