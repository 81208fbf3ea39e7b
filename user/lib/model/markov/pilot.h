/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pilot.h - FM and AM under way: forecast, plan an end, compare, plan again (PURE)
 *
 * The feedback loop of Chen & Cao (NPC'14, section 4): as each snapshot, here each pass of
 * pre-copy, is out, what was dirtied meanwhile is compared with the forecast. If it matches, the
 * plan stands; if not, there is a new forecast and a new FindFinishTime. When the pass is out that
 * the plan ends with, the guest stops.
 *
 * Inferred: the first plan looks ->horizon_s ahead, and later ones no further than it did; else a
 * forecast that sees something better beyond every horizon would never end the migration. Stopping
 * at once is one of the choices of each new plan.
 *
 * Where the sender can wait (->waits) the plan is the paper's own FindFinishTime, and says when the
 * next pass is to begin. A forecast that matches is then kept, and searched anew from what really
 * is left: as finishwait.h, but that a pass begins as the one before it ends, so that what waits is
 * the pass under way.
 */
#ifndef MT_PILOT_H
#define MT_PILOT_H

#include "finishtime.h"
#include "markov.h"
#include "slots.h"

#define MT_PILOT_SLOTS_MAX	512

struct mt_pilot_params {
	struct mt_markov_params markov;
	double slot_s;
	double horizon_s;		/* up to MT_PILOT_SLOTS_MAX slots. Inferred: 30 s */
	bool waits;			/* the next pass may be made to begin later */
};

#define MT_PILOT_DEFAULTS { .markov = MT_MARKOV_DEFAULTS, .slot_s = MT_SLOT_S, .horizon_s = 30 }

/* 38 KiB, no pointers. Times are of the caller's clock. */
struct mt_pilot {
	struct mt_pilot_params params;
	struct mt_markov markov;
	struct mt_slots slots;
	float curve[MT_PILOT_SLOTS_MAX];	/* the forecast, from ->made_s on */
	unsigned curve_slots;		/* 0 = there is none */
	double made_s, last_s, end_s;	/* when the forecast was made, the last pass ended, the
					 * horizon ends */
	double finish_s;		/* when the plan ends */
	unsigned passes_to_go;		/* until then */
	bool began;
	bool trained;			/* what is fed is seen only, see mt_markov_see() */
	unsigned curves, compared, correct;
};

struct mt_pilot_advice {
	bool finish;			/* stop the guest now */
	bool planned;			/* there is a new plan */
	bool compared, matched;		/* the last pass with the forecast */
	bool horizon_over;
	double expected_bytes, real_bytes;	/* if compared */
	double finish_in_s, left_bytes;	/* by the plan, if not to finish now */
	double next_in_s;		/* when the next pass is to begin; 0: as soon as what is
					 * left is out */
};

/* 0 or -EINVAL */
MT_MUST_CHECK int mt_pilot_init(struct mt_pilot *p, const struct mt_pilot_params *params);

/*
 * What came before the migration: from now on, what is fed is not learned from. Passes are too
 * coarse to add to a history.
 */
void mt_pilot_train(struct mt_pilot *p, const double *slots, size_t n);

/* So much was dirtied in the next stretch of time: learn, if there is no history to go by. */
void mt_pilot_feed(struct mt_pilot *p, double duration_s, double bytes);

/*
 * A pass has ended, or time passes with one under way. @dirtied_bytes: during the pass that ended,
 * @left_bytes: what is to be sent next. What was dirtied has been fed. Before a whole status has
 * been fed there is no advice but to go on.
 */
void mt_pilot_pass(struct mt_pilot *p, double now_s, double dirtied_bytes, double left_bytes,
		   double link_bytes_per_s, struct mt_pilot_advice *advice);
void mt_pilot_time(struct mt_pilot *p, double now_s, double left_bytes, double link_bytes_per_s,
		   struct mt_pilot_advice *advice);

#endif
