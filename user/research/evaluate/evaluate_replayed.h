/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evaluate_replayed.h - a recorded migration through the engine that decides live ones
 */
#ifndef EVALUATE_REPLAYED_H
#define EVALUATE_REPLAYED_H

#include "model/forecast.h"
#include "steer/replay.h"

/* When a migration is forecast. */
enum evaluate_moment {
	MOMENT_START,		/* before it begins */
	MOMENT_PASS_1,		/* as its first pass has ended, and so on */
	MOMENT_PASS_2,
	MOMENT_PASS_3,
	MOMENT_40_S,		/* the last boundary within 40 s, of a migration that goes on after
				 * that */
	MOMENT_DECISION,	/* where the default policy ends it, or the last boundary at which
				 * it did not */
	EVALUATE_MOMENTS
};

/* What the engine had of the migration at one boundary, and said. */
struct evaluate_boundary {
	bool reached;
	struct mt_iterations iterations;
	struct mt_prediction prediction;
};

struct evaluate_replayed {
	struct evaluate_boundary at[EVALUATE_MOMENTS];	/* that of START stays empty */
	struct mt_replay_result decided;	/* by the default policy */
	/*
	 * The pause of a stop at a boundary once it had settled: the middle one of the last
	 * boundaries, as the model reckons it from what was left there. NaN: the first pass is all
	 * there was.
	 */
	double settled_ms;
	double allowed_ms;		/* of a pause, by the recorded limits; NaN: no boundary was
					 * reached */
};

/*
 * Of several migrations in @rec, the last. @method: as it was migrated. @before: NULL: nothing was
 * known.
 */
void evaluate_replay(struct evaluate_replayed *r, const struct mt_recording *rec,
		     enum mt_method method, const struct mt_beforehand *before);

const char *evaluate_moment_name(enum evaluate_moment moment);	/* "start", "pass 1" ... */

#endif
