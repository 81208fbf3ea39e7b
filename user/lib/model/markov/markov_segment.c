// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * markov_segment.c - where a forecast is low (PURE)
 */
#include <errno.h>
#include <math.h>

#include "markov.h"

/* Low is at least this share below the mean. Inferred. */
#define LOW_SHARE	0.1

static double sum_of(const double *amounts, unsigned n)
{
	double sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += amounts[i];
	return sum;
}

int mt_growth_platform(const double *amounts, unsigned slots, unsigned platform_slots, struct mt_segment *out)
{
	unsigned length = platform_slots + 1, begin = 0;
	double sum, least;

	if (!length || slots < length)
		return -ENODATA;
	sum = least = sum_of(amounts, length);
	for (unsigned i = 1; i + length <= slots; i++) {
		sum += amounts[i + length - 1] - amounts[i - 1];
		/* What is lower by less than rounding is not lower. */
		if (sum < least - 1e-9 * fabs(least)) {
			least = sum;
			begin = i;
		}
	}
	*out = (struct mt_segment){ begin, length, least / length };
	return 0;
}

int mt_next_low_segment(const double *amounts, unsigned slots, unsigned platform_slots, struct mt_segment *out)
{
	struct mt_segment platform;
	double mean, below;
	int rc = mt_growth_platform(amounts, slots, platform_slots, &platform);

	if (rc)
		return rc;
	mean = sum_of(amounts, slots) / slots;
	if (platform.level > (1 - LOW_SHARE) * mean)
		return -ENOENT;
	below = (platform.level + mean) / 2;
	for (unsigned begin = 0; begin < slots; begin++) {
		unsigned n = 0;

		while (begin + n < slots && amounts[begin + n] <= below)
			n++;
		if (n > platform_slots) {
			*out = (struct mt_segment){ begin, n, sum_of(amounts + begin, n) / n };
			return 0;
		}
		begin += n;
	}
	/* Its slots are not all below, though their mean is. */
	*out = platform;
	return 0;
}
