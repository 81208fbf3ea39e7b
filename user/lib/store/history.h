/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * history.h - what a guest dirtied before, from a recording, for policies that learn from it
 *
 * The passes of a recorded migration, each spread evenly over its time; a recording without passes,
 * a profile, gives what was dirtied in each window of its ticks, likewise.
 */
#ifndef MT_HISTORY_H
#define MT_HISTORY_H

#include "model/markov/slots.h"
#include "record.h"

/*
 * Return: 0, and @h, in slots of @slot_s; -ENODATA neither passes nor ticks, or less than a slot of
 * them; -ENOMEM.
 */
MT_MUST_CHECK int mt_history_of(struct mt_history *h, const struct mt_recording *rec,
				double slot_s);
void mt_history_fini(struct mt_history *h);

#endif
