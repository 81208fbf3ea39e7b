/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slowpass.h - a pass that is slowed down, so that the next one begins later (PURE)
 *
 * QEMU begins a pass as the one before it ends: its next snapshot is of that moment. To have it
 * taken later the pass under way is sent at a lower speed, which it gets back when that has ended,
 * and before the guest is stopped: what is left then is sent at QEMU's speed, too.
 */
#ifndef MT_SLOWPASS_H
#define MT_SLOWPASS_H

#include "policy.h"

/* Zeroed; one policy's. */
struct mt_slowpass {
	double link_bytes_per_s;	/* what it carries where nothing is slowed down; 0: not
					 * known */
	unsigned doubted_passes;	/* until it can be seen again */
	uint64_t wanted_bytes_per_s;	/* QEMU's speed as it should be; 0: as it was */
	uint64_t stop_by_ms;		/* the guest is to be stopped, by then; 0: it is not */
};

/* At each step, before the others. */
void mt_slowpass_look(struct mt_slowpass *s, const struct mt_view *view);

/*
 * A pass has begun, or its plan is new: of what is left @left_bytes, and the next one is to begin
 * in @next_in_s; 0: as soon as this one is over. Return: whether @plan asks for a speed.
 */
bool mt_slowpass_begin(struct mt_slowpass *s, const struct mt_view *view, double left_bytes,
		       double next_in_s, struct mt_plan *plan);

/* Within a pass. Return: as above. */
bool mt_slowpass_go_on(struct mt_slowpass *s, const struct mt_view *view, struct mt_plan *plan);

/* The guest is to stop. Return: whether it may; else @plan asks for QEMU's speed as it was. */
bool mt_slowpass_may_stop(struct mt_slowpass *s, const struct mt_view *view, uint64_t now_ms,
			  struct mt_plan *plan);

#endif
