/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random numbers in few instructions: a 32-bit LCG (Numerical Recipes' constants)
 * whose output is folded; take results from the top with rng_below().
 */
#ifndef MEMGUEST_RNG_H
#define MEMGUEST_RNG_H

#include <stdint.h>

struct rng {
	uint32_t state;
};

static inline uint32_t rng_next(struct rng *rng)
{
	uint32_t x = rng->state * 1664525u + 1013904223u;

	rng->state = x;
	x ^= x >> 15;
	return x * 0x2c1b3c6du;
}

/* Uniform in [0, n) */
static inline uint32_t rng_below(struct rng *rng, uint32_t n)
{
	return (uint64_t)rng_next(rng) * n >> 32;
}

#endif
