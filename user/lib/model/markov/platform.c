// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * platform.c - the lowest segment of a forecast, by a sum that slides (PURE)
 */
#include <errno.h>
#include <math.h>

#include "platform.h"

int mt_growth_platform(const double *amounts, unsigned slots, unsigned m, struct mt_platform *out)
{
	double sum = 0, least = INFINITY;

	if (m >= slots)
		return -ENODATA;
	for (unsigned end = 0; end < slots; end++) {
		sum += amounts[end];
		if (end < m)
			continue;
		/* What is lower by less than rounding is not lower. */
		if (sum < least - 1e-9 * fabs(sum)) {
			least = sum;
			*out = (struct mt_platform){ end - m, sum / (m + 1) };
		}
		sum -= amounts[end - m];
	}
	return 0;
}
