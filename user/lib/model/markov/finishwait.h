/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * finishwait.h - a migration by a sender that may wait between snapshots (PURE)
 *
 * Chen & Cao's own sender (NPC'14, section 4): the base image is forecast upon and sent; as each
 * snapshot is out, what was dirtied since the one before was out is compared with the curve; if it
 * does not match there is a new one. Then the guest stops, or the next snapshot is taken, at once
 * or after a wait, as the search on the curve and on what is known has it.
 *
 * Inferred: if the curve matches it is kept, and searched anew from what really was dirtied; no
 * curve looks further than the first; when that one ends the guest stops.
 */
#ifndef MT_FINISHWAIT_H
#define MT_FINISHWAIT_H

#include "finishplay.h"

enum mt_finish_search {
	MT_SEARCH_FIND,		/* FindFinishTime */
	/*
	 * The growth platform (section 3.2): snapshots are sent one after another while they are
	 * out before it begins; the last one is taken as it begins. Inferred: that, and that the
	 * guest stops at once where what is left is no more than a snapshot sent on the platform
	 * would leave.
	 */
	MT_SEARCH_PLATFORM,
};

/* @chain: trained. Return: as mt_finish_play(). */
MT_MUST_CHECK int mt_finish_wait(const struct mt_finish_play *play, const struct mt_markov *chain,
				 enum mt_finish_search search, struct mt_finish_played *out);

#endif
