/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * platform.h - growth platforms: where a forecast is lowest (PURE)
 */
#ifndef MT_PLATFORM_H
#define MT_PLATFORM_H

#include "base/cleanup.h"

struct mt_platform {
	unsigned begin;		/* slot of the forecast */
	double level;		/* mean of its slots */
};

/*
 * Chen & Cao (NPC'14, section 3.2): L*, the segment from i to j = i + @m with the least sum, thus
 * @m + 1 slots; the first of equals. The paper does not say how long m is.
 * Return: 0, or -ENODATA if the forecast is shorter.
 */
MT_MUST_CHECK int mt_growth_platform(const double *amounts, unsigned slots, unsigned m,
				     struct mt_platform *out);

#endif
