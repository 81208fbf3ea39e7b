// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ringsize.c - how large a guest's dirty rings ought to be (PURE)
 */
#include "ringsize.h"

uint64_t mt_ring_entries_wanted(uint64_t used, uint64_t entries, bool full)
{
	uint64_t wanted = MT_RING_ENTRIES_MIN;
	double need;

	if (!entries)
		return 0;
	need = (double)used * MT_RING_HEADROOM + MT_RING_RESERVED;
	if (full && need < 2.0 * (double)entries)
		need = 2.0 * (double)entries;
	while ((double)wanted < need && wanted < MT_RING_ENTRIES_MAX)
		wanted *= 2;
	return wanted;
}
