/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * chance.h - the chances a test takes: one stream of numbers, the same in every run
 *
 * A case sets rng.state first, so that it does not depend on those before it.
 */
#ifndef CHANCE_H
#define CHANCE_H

#include "base/rng.h"

static struct mt_rng rng;

static inline uint64_t any(void)
{
	return mt_rng_next(&rng);
}

/* In [0, 1) */
static inline double chance(void)
{
	return mt_rng_unit(&rng);
}

static inline unsigned below(unsigned n)
{
	return (unsigned)(chance() * n);
}

#endif
