/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zipf-distributed ranks: P(rank r) proportional to (r + 1)^-s. */
#ifndef MEMGUEST_ZIPF_H
#define MEMGUEST_ZIPF_H

#include <stdint.h>

#include "rng.h"

void zipf_init(uint32_t ranks, uint32_t s_q16);
/* In [0, ranks) */
uint32_t zipf_rank(struct rng *rng);

#endif
