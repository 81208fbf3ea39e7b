/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * finishplay.h - whole migrations over a series of increments, one rule against another (PURE)
 *
 * A coarse play, in slots: passes back to back, each sends what was dirtied in the one before it,
 * increments add up, the link carries the same in each slot, nothing is lost to headers. No
 * replacement for the simulator, but the same series serves every rule, and any series will do.
 */
#ifndef MT_FINISHPLAY_H
#define MT_FINISHPLAY_H

#include "pilot.h"

enum mt_finish_rule {
	MT_FINISH_STOP,		/* pure stop-and-copy: the guest stops at once */
	MT_FINISH_PASSES,	/* after ->passes passes */
	MT_FINISH_FM,
	MT_FINISH_AM,
	MT_FINISH_KNOWN,	/* FindFinishTime with the series itself as its forecast, as far as
				 * the horizon goes */
	MT_FINISH_KNOWN_WAITING, /* the same, and passes need not follow at once: the paper's own
				  * search */
	MT_FINISH_AM_LISTING,
	MT_FINISH_FM_WAITING,	/* passes need not follow at once: finishwait.h */
	MT_FINISH_AM_WAITING,
	MT_FINISH_FM_PLATFORM,	/* to the growth platform: likewise */
	MT_FINISH_AM_PLATFORM,
	MT_FINISH_RULES
};

struct mt_finish_play {
	const double *history;		/* what came before the migration: trained on */
	size_t n_history;
	const struct mt_markov *trained;	/* the chain after that history, if it is at hand;
						 * its method does not count */
	const double *increments;	/* from its begin on */
	size_t n;
	double slot_s;
	double base_bytes;		/* the guest's memory */
	double link_bytes_per_s;
	double horizon_s;		/* see pilot.h; a migration that runs into the end of the
					 * series fails */
	struct mt_markov_params markov;	/* the method is the rule's */
	unsigned passes;		/* MT_FINISH_PASSES */
	unsigned platform_slots;	/* m of platform.h. Inferred: 5 */
};

struct mt_finish_played {
	double total_s, downtime_s;	/* total: the downtime included */
	double sent_bytes;
	unsigned passes;		/* with the guest running */
	unsigned curves;		/* forecasts made */
};

/* Return: 0; -ENODATA if the series ends too early; -EINVAL. */
MT_MUST_CHECK int mt_finish_play(const struct mt_finish_play *play, enum mt_finish_rule rule,
				 struct mt_finish_played *out);

/* "stop-and-copy", "fixed-passes", "fm", "am", "known", "known-waiting", "am-listing" ... */
const char *mt_finish_rule_name(enum mt_finish_rule rule);

#endif
