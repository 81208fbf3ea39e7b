/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine: ports, time stamp counter, wide arithmetic, idling. */
#ifndef MEMGUEST_CPU_H
#define MEMGUEST_CPU_H

#include <stdbool.h>
#include <stdint.h>

static inline void outb(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "d"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
	asm volatile("outw %0, %1" : : "a"(value), "d"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "d"(port));
	return value;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	asm volatile("inl %1, %0" : "=a"(value) : "d"(port));
	return value;
}

static inline void outsb(uint16_t port, const void *buf, uint32_t bytes)
{
	asm volatile("rep outsb" : "+S"(buf), "+c"(bytes) : "d"(port) : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint64_t tsc;

	asm volatile("rdtsc" : "=A"(tsc));
	return tsc;
}

/* n / d; there is no libgcc here, so no 64-bit division by the compiler. */
static inline uint64_t div_u64(uint64_t n, uint32_t d, uint32_t *rem)
{
	uint32_t hi = n >> 32, lo = n, qhi, qlo, r;

	asm("divl %4" : "=a"(qhi), "=d"(r) : "a"(hi), "d"(0), "rm"(d));
	asm("divl %4" : "=a"(qlo), "=d"(r) : "a"(lo), "d"(r), "rm"(d));
	if (rem)
		*rem = r;
	return (uint64_t)qhi << 32 | qlo;
}

/* a * b / c with a 64-bit product */
static inline uint32_t muldiv(uint32_t a, uint32_t b, uint32_t c)
{
	return div_u64((uint64_t)a * b, c, 0);
}

/* The interrupt controller and a timer interrupt every CPU_TICK_US. */
#define CPU_TICK_US	1000
void cpu_init(void);

/* Does QEMU's TCG run this code? */
bool cpu_is_tcg(void);
void cpu_flush_tlb(void);

void cpu_nap(void);
void cpu_spin(uint32_t tsc_lo, uint32_t tsc_hi);
void cpu_poweroff(void) __attribute__((noreturn));

#endif
