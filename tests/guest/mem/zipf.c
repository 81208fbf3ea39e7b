// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zipf sampler: buckets of ranks chosen by Walker's alias method, uniform within
 * a bucket. The first 32 ranks have a bucket each, every further octave has 16;
 * within a bucket the true weights differ by at most 1 - (17/16)^-s from end to
 * end (6.4 % for s = 1.1). All arithmetic is fixed point.
 */
#include "zipf.h"
#include "cpu.h"

#define SINGLES		32
#define PER_OCTAVE	16
#define BUCKETS_MAX	(SINGLES + PER_OCTAVE * 16)

static struct bucket {
	uint32_t first;
	uint32_t width;
	uint32_t keep;		/* probability of keeping this one, of 2^32 */
	uint32_t alias;
} buckets[BUCKETS_MAX];
static uint32_t nbuckets;

/* log2(x) in Q24, x >= 1 */
static int64_t log2_q24(uint32_t x)
{
	int msb = 31 - __builtin_clz(x);
	uint64_t y = (uint64_t)x << (31 - msb);		/* [1, 2) in Q31 */
	int64_t result = (int64_t)msb << 24;

	for (int bit = 23; bit >= 0; bit--) {
		y = y * y >> 31;
		if (y >> 32) {
			y >>= 1;
			result += 1 << bit;
		}
	}
	return result;
}

/* 2^x in Q32 for x in Q24, x < 16 */
static uint64_t exp2_q32(int64_t x)
{
	uint64_t f = (uint64_t)(x & 0xffffff) * 2977044472u >> 24;	/* frac * ln 2, Q32 */
	uint64_t sum = 1ull << 32, term = 1ull << 32;
	int whole = x >> 24;

	for (uint32_t i = 1; i < 12; i++) {
		term = div_u64((term >> 1) * f >> 31, i, 0);
		sum += term;
	}
	if (whole < -40)
		return 0;
	return whole < 0 ? sum >> -whole : sum << whole;
}

/* The weight of ranks first .. first + width - 1 by the midpoint rule */
static uint64_t weight_q32(uint32_t first, uint32_t width, uint32_t s_q16)
{
	int64_t log2_mid = log2_q24(2 * (first + 1) + width - 1) - (1 << 24);

	return exp2_q32(log2_q24(width) - ((log2_mid * s_q16) >> 16));
}

void zipf_init(uint32_t ranks, uint32_t s_q16)
{
	static uint64_t scaled[BUCKETS_MAX];		/* 1.0 = 2^32 */
	uint32_t first = 0, width = 1, i, small, large;
	uint64_t total = 0;
	int shift = 0;

	while (first < ranks && nbuckets < BUCKETS_MAX) {
		struct bucket *b = &buckets[nbuckets];

		if (first >= SINGLES && ((first - SINGLES) / width) % PER_OCTAVE == 0 &&
		    first >= 2 * width * PER_OCTAVE)
			width *= 2;
		b->first = first;
		b->width = width < ranks - first ? width : ranks - first;
		scaled[nbuckets] = weight_q32(b->first, b->width, s_q16);
		total += scaled[nbuckets];
		first += b->width;
		nbuckets++;
	}

	while (total >> shift >> 31)
		shift++;
	for (i = 0; i < nbuckets; i++)
		scaled[i] = div_u64(((scaled[i] >> shift) * nbuckets) << 20, total >> shift, 0)
			    << 12;

	/* Walker: a bucket below average is topped up by one above average. */
	for (i = 0; i < nbuckets; i++) {
		buckets[i].keep = UINT32_MAX;
		buckets[i].alias = i;
	}
	for (;;) {
		small = large = nbuckets;
		for (i = 0; i < nbuckets; i++) {
			if (buckets[i].alias != i || buckets[i].keep != UINT32_MAX)
				continue;
			if (scaled[i] < 1ull << 32) {
				if (small == nbuckets)
					small = i;
			} else if (scaled[i] > 1ull << 32) {
				if (large == nbuckets)
					large = i;
			}
		}
		if (small == nbuckets || large == nbuckets)
			break;
		buckets[small].keep = scaled[small];
		buckets[small].alias = large;
		scaled[large] -= (1ull << 32) - scaled[small];
	}
}

uint32_t zipf_rank(struct rng *rng)
{
	struct bucket *b = &buckets[rng_below(rng, nbuckets)];

	if (rng_next(rng) > b->keep)
		b = &buckets[b->alias];
	return b->first + (b->width > 1 ? rng_below(rng, b->width) : 0);
}
