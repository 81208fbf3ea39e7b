/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * finishtime.h - when to end pre-copy, given a forecast of what will be dirtied (PURE)
 *
 * FindFinishTime of Chen & Cao (NPC'14, algorithm 1). Time is cut into slots. The base image goes
 * out first; then snapshots do, each of what was dirtied since the one before it was taken, one at
 * a time; in between the sender may wait. What is dirtied while the last one is under way is sent
 * with the guest stopped. Which snapshots, so that this is least?
 *
 *	e(0) = max(1, ceil(base / B))				when the base image is out
 *	a*   = max { q < a : e(q) <= a }			the snapshot before one taken at a
 *	e(a) = a + max(1, ceil(W(a*, a) / B))			when that one is out
 *	answer: the a with the least W(a, e(a)) among those with e(a) <= H; the guest stops at e(a)
 *
 * B is what the link carries in a slot, H how many slots the forecast has, W(i, k) what is dirtied
 * from slot i up to slot k. a = 0, stopping as soon as the base is out, is among the choices if
 * ->from_base says so: then the base may be the rest of a migration under way. The paper's
 * depth-first search tries every choice of waiting; that the latest snapshot is always the right
 * one to build on makes it a recurrence, found in O(H). It needs W(i, k) to grow with k and to
 * shrink with i.
 *
 * W in the paper: increments add up. Pages do not: one that is dirtied again was counted before.
 * Inferred: with ->unique, U(k) for windows of k slots, W(i, k) is U at the number of mean slots
 * that the increments of slots i to k amount to; U(k - i) without increments.
 */
#ifndef MT_FINISHTIME_H
#define MT_FINISHTIME_H

#include <stdbool.h>

#include "base/cleanup.h"

struct mt_finish_input {
	unsigned slots;			/* H, up to MT_FINISH_SLOTS_MAX */
	const double *increments;	/* bytes dirtied in each of the slots, >= 0; NULL: as
					 * ->unique has it */
	const double *unique;		/* U(0) = 0 to U(slots), bytes, not falling; NULL:
					 * increments add up */
	double base_bytes;		/* to be sent first */
	double bytes_per_slot;		/* what the link carries, > 0 */
	bool from_base;			/* the guest may stop as soon as the base is out, at e(0),
					 * too */
};

#define MT_FINISH_SLOTS_MAX	1024

struct mt_finish {
	unsigned first_slot;		/* when the first snapshot after the base is taken; 0: none
					 * is */
	unsigned snapshot_slot;		/* when the last snapshot is taken while the guest runs; 0:
					 * that is the base */
	unsigned finish_slot;		/* when it is out: the guest stops here */
	unsigned snapshots;		/* how many are sent while the guest runs, the base image
					 * not counted */
	double snapshot_bytes;		/* size of the last one */
	double left_bytes;		/* dirtied meanwhile: sent while the guest is stopped */
	double downtime_slots;		/* left_bytes / bytes_per_slot */
};

/*
 * Return: 0; -ENODATA if nothing of that can be out within the slots; -EINVAL for input beyond the
 * bounds above.
 */
MT_MUST_CHECK int mt_finish_find(const struct mt_finish_input *in, struct mt_finish *out);

/*
 * The same for a sender that never waits, as QEMU: each snapshot is taken when the one before it
 * is out, and all that can be chosen is after which of them the guest stops. A "snapshot" is a
 * pass then, and ->snapshots how many passes follow the one that sends the base.
 */
MT_MUST_CHECK int mt_finish_chain(const struct mt_finish_input *in, struct mt_finish *out);

#endif
