// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * zipf.c - ranks with probability proportional to (rank + 1)^-s (PURE)
 *
 * Buckets of ranks are drawn by Walker's alias method (as Vose builds it), ranks within a bucket
 * evenly. The first 32 ranks have a bucket each, each further octave has 16, so that two ranks of a
 * bucket differ by at most 1 - (17/16)^-s. Two random numbers a draw, whatever the number of ranks.
 */
#include <math.h>

#include "zipf.h"

#define SINGLES		32
#define PER_OCTAVE	16

static void make_buckets(struct mt_zipf *z, uint64_t ranks)
{
	uint64_t first = 0, width = 1;

	z->n = 0;
	while (first < ranks && z->n < MT_ZIPF_BUCKETS) {
		if (first >= SINGLES && first == 2 * PER_OCTAVE * width)
			width *= 2;
		z->buckets[z->n].first = first;
		z->buckets[z->n].width = width < ranks - first ? width : ranks - first;
		first += z->buckets[z->n++].width;
	}
}

/* The sum of x^-s over a bucket by the midpoint rule, which is exact for one rank. */
static double weight(uint64_t first, uint64_t width, double s)
{
	return (double)width * pow((double)first + ((double)width + 1) / 2, -s);
}

void mt_zipf_init(struct mt_zipf *z, uint64_t ranks, double s)
{
	uint32_t small[MT_ZIPF_BUCKETS], large[MT_ZIPF_BUCKETS], n_small = 0, n_large = 0;
	double share[MT_ZIPF_BUCKETS], total = 0;

	make_buckets(z, ranks);
	for (uint32_t i = 0; i < z->n; i++)
		total += share[i] = weight(z->buckets[i].first, z->buckets[i].width, s);
	for (uint32_t i = 0; i < z->n; i++) {
		share[i] *= z->n / total;
		z->buckets[i].keep = 1;
		z->buckets[i].other = i;
		if (share[i] < 1)
			small[n_small++] = i;
		else
			large[n_large++] = i;
	}
	while (n_small && n_large) {
		uint32_t a = small[--n_small], b = large[n_large - 1];

		z->buckets[a].keep = share[a];
		z->buckets[a].other = b;
		share[b] -= 1 - share[a];
		if (share[b] < 1) {
			n_large--;
			small[n_small++] = b;
		}
	}
}

uint64_t mt_zipf_rank(const struct mt_zipf *z, struct mt_rng *rng)
{
	uint64_t draw = mt_rng_next(rng);
	uint32_t i = (uint32_t)mt_rng_scale((uint32_t)draw, z->n);

	if ((double)(draw >> 32) * 0x1p-32 >= z->buckets[i].keep)
		i = z->buckets[i].other;
	return z->buckets[i].first +
	       (z->buckets[i].width > 1 ? mt_rng_below(rng, z->buckets[i].width) : 0);
}
