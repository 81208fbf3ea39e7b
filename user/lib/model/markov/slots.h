/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slots.h - what was dirtied, cut into slots of equal length (PURE)
 *
 * Ticks and passes are as long as they are; a series for markov.h has one value for each slot of,
 * say, 100 ms. What an interval dirtied is taken to be spread evenly over it.
 */
#ifndef MT_SLOTS_H
#define MT_SLOTS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Slot of a series that is followed during a migration, and of one second for a profile of minutes.
 * Inferred.
 */
#define MT_SLOT_S		0.1
#define MT_SLOT_PROFILE_S	1.0
/* So many slots of one interval are given at most. Inferred: a rate that stands for more teaches
 * no more, and a clock that lies by years would keep us for hours. */
#define MT_SLOTS_SPAN		10000

/* A series that came before. */
struct mt_history {
	double *bytes;		/* dirtied in each slot, oldest first */
	size_t n;
	double slot_s;
};

struct mt_slots {
	double slot_s;
	double filled_s;	/* of the slot that is not yet full */
	double amount;		/* in it */
};

typedef void (*mt_slot_fn)(double amount, void *opaque);

void mt_slots_init(struct mt_slots *s, double slot_s);

/*
 * @amount within @duration_s, right after what was added before; @fn for each slot that it fills.
 * Nothing for a duration of 0 or less; of more than MT_SLOTS_SPAN slots only so many.
 */
void mt_slots_add(struct mt_slots *s, double duration_s, double amount, mt_slot_fn fn,
		  void *opaque);

#endif
