/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rng.h - random numbers that are the same on every machine (PURE)
 *
 * SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): one 64-bit state, so that a seed is all there
 * is to a run.
 */
#ifndef MIGTRACE_BASE_RNG_H
#define MIGTRACE_BASE_RNG_H

#include <stdint.h>

struct mt_rng {
	uint64_t state;
};

static inline uint64_t mt_rng_next(struct mt_rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* Uniform in [0, n), n below 2^32 or the excess of some numbers over others is n / 2^64. */
static inline uint64_t mt_rng_below(struct mt_rng *r, uint64_t n)
{
	return (uint64_t)((unsigned __int128)mt_rng_next(r) * n >> 64);
}

/* Likewise of 32 bits that are left over from another draw; n below 2^32. */
static inline uint64_t mt_rng_scale(uint32_t bits, uint64_t n)
{
	return bits * n >> 32;
}

/* Uniform in [0, 1) */
static inline double mt_rng_unit(struct mt_rng *r)
{
	return (double)(mt_rng_next(r) >> 11) * 0x1p-53;
}

#endif
