/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lowphase.h - is it worth waiting until the guest dirties less? (PURE)
 *
 * Chen & Cao (NPC'14) end a migration where the guest is expected to dirty least. QEMU goes on from
 * pass to pass; while the guest is in a low phase each leaves less than the one before, by the
 * share of the link that it dirties: left / (link - low) seconds into the phase there is nothing
 * more to shed. If the phase is as long as that the migration can end in it; how likely that is is
 * what waiting is priced by.
 */
#ifndef MT_LOWPHASE_H
#define MT_LOWPHASE_H

#include "price.h"

struct mt_lowphase {
	double wait_s;			/* what it costs, see price.h; INFINITY: no use */
	double odds;			/* that the phase lasts until: */
	double drained_s;		/* from its begin on, until the migration can end */
	struct mt_interval in_s;	/* until it begins; 0: it is under way */
};

/* @missed: low phases that have been waited for in vain. */
struct mt_lowphase mt_lowphase_look(const struct mt_loads_ahead *loads, const struct mt_prices *p,
				    unsigned missed);

/*
 * "; the guest goes between 0.2 MiB/s and 8.0 MiB/s, and should be low in 2 s (1 s to 3 s): it
 * takes 3 s of that to end, which it lasts with 80 %"
 */
void mt_lowphase_tell(char *buf, size_t size, const struct mt_lowphase *low,
		      const struct mt_loads_ahead *loads);

#endif
