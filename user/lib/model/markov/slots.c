// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * slots.c - intervals of any length in, slots of one length out (PURE)
 */
#include <math.h>

#include "slots.h"

/*
 * A duration so much short of a slot's end, as a share of a slot, has reached it: sums of decimals
 * are never exact.
 */
#define ROUNDING	1e-6

void mt_slots_init(struct mt_slots *s, double slot_s)
{
	*s = (struct mt_slots){ .slot_s = slot_s };
}

void mt_slots_add(struct mt_slots *s, double duration_s, double amount, mt_slot_fn fn, void *opaque)
{
	double rate;

	if (!(duration_s > 0) || !isfinite(duration_s) || !(amount >= 0) || !isfinite(amount))
		return;
	rate = amount / duration_s;
	duration_s = fmin(duration_s, MT_SLOTS_SPAN * s->slot_s);
	while (duration_s > 0) {
		double room = s->slot_s - s->filled_s, part = fmin(duration_s, room);

		s->filled_s += part;
		s->amount += rate * part;
		duration_s -= part;
		if (s->filled_s < s->slot_s * (1 - ROUNDING))
			return;
		fn(s->amount, opaque);
		s->amount = 0;
		s->filled_s = 0;
	}
}
