// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * least.c - the least of a figure that suffices (PURE)
 */
#include <math.h>

#include "least.h"

double mt_least(double low, unsigned steps, bool (*enough)(double value, void *opaque),
		void *opaque)
{
	double high = MT_LEAST_MOST * low;

	if (!enough(high, opaque))
		return 0;
	for (unsigned i = 0; i < steps; i++) {
		double mid = sqrt(low * high);

		if (enough(mid, opaque))
			high = mid;
		else
			low = mid;
	}
	return high;
}
