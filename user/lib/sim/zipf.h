/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * zipf.h - ranks with probability proportional to (rank + 1)^-s (PURE)
 */
#ifndef MIGTRACE_SIM_ZIPF_H
#define MIGTRACE_SIM_ZIPF_H

#include "base/rng.h"

#define MT_ZIPF_BUCKETS	800	/* fits 2^48 ranks */

struct mt_zipf {
	struct { uint64_t first, width; double keep; uint32_t other; } buckets[MT_ZIPF_BUCKETS];
	uint32_t n;
};

void mt_zipf_init(struct mt_zipf *z, uint64_t ranks, double s);	/* ranks >= 1 */
uint64_t mt_zipf_rank(const struct mt_zipf *z, struct mt_rng *rng);

#endif
