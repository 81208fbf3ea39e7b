/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * epr.h - how often FM, AM and two plain forecasts predict what a guest dirties (PURE)
 *
 * Chen & Cao (NPC'14): effective prediction ratio, EPR = correct predictions / predictions. What
 * one prediction is, how far it looks and when it is correct, the paper leaves open: six readings
 * are here, over any horizons. All are causal: the first part of a series trains the chain, the
 * rest is predicted, and learned from as it comes. All readings and horizons are asked of one
 * chain.
 */
#ifndef MT_EPR_H
#define MT_EPR_H

#include "markov.h"

enum mt_epr_kind {
	/*
	 * As the paper's loop goes: snapshots are sent back to back over a link; as each is out,
	 * what was dirtied meanwhile is compared with the curve; on a mismatch a new curve is
	 * made. One prediction = one snapshot.
	 */
	MT_EPR_SNAPSHOT,
	MT_EPR_SLOT,		/* curves as long as the horizon. One prediction = one slot of one
				 * of them */
	MT_EPR_CURVE,		/* the same curves. One prediction = the sum of one of them */
	/*
	 * Curves up to the finish time, as the listing of Predict loops: that which FindFinishTime
	 * names for a migration that begins now.
	 */
	MT_EPR_FINISH,		/* One prediction = the sum up to there */
	MT_EPR_LEFT,		/* One prediction = what is left to be sent then */
	MT_EPR_MOMENT,		/* One prediction = the moment: correct if what is left then is no
				 * more than ->match_share above the least that was possible */
	MT_EPR_COUNT
};

/* Who predicts. */
enum mt_epr_by {
	MT_EPR_FM,
	MT_EPR_AM,		/* as ->markov says; the prose if that does not adjust */
	MT_EPR_AM_LISTING,
	MT_EPR_MEAN,		/* the mean of all slots so far, for ever */
	MT_EPR_LAST,		/* the last slot, for ever */
	MT_EPR_BYS
};

#define MT_EPR_HORIZON_MAX	256
#define MT_EPR_HORIZONS_MAX	8

struct mt_epr_params {
	struct mt_markov_params markov;
	unsigned horizons[MT_EPR_HORIZONS_MAX];	/* slots of a curve, up to MT_EPR_HORIZON_MAX; the
						 * first 0 ends them. Inferred: 30, and 150 */
	unsigned every;		/* slots from one curve to the next, but for MT_EPR_SNAPSHOT.
				 * Inferred: 5 */
	double train_share;	/* of the series. Inferred: 0.5 */
	double link_share;	/* what the link carries, as a multiple of the mean of the training
				 * part. Inferred: 1.25 */
};

#define MT_EPR_DEFAULTS \
	{ \
		.markov = MT_MARKOV_DEFAULTS, .horizons = { 30, 150 }, .every = 5, \
		.train_share = 0.5, .link_share = 1.25 \
	}

struct mt_epr_count {
	uint64_t correct[MT_EPR_COUNT], predictions[MT_EPR_COUNT];
	uint64_t curves;	/* made for MT_EPR_SNAPSHOT: one, and one more after each
				 * mismatch */
};

/* By horizon, as the parameters have them. */
struct mt_epr {
	struct mt_epr_count by[MT_EPR_HORIZONS_MAX][MT_EPR_BYS];
};

/*
 * Adds to @out; a horizon longer than what is left of the series adds nothing. Return: 0; -ENODATA
 * if the series is too short for each, or nothing is dirtied in its training part; -EINVAL.
 */
MT_MUST_CHECK int mt_epr_evaluate(const double *slots, size_t n, const struct mt_epr_params *params,
				  struct mt_epr *out);

/* NaN without predictions */
double mt_epr_ratio(const struct mt_epr_count *count, enum mt_epr_kind kind);
const char *mt_epr_kind_name(enum mt_epr_kind kind);

#endif
