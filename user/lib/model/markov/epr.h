/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * epr.h - how often FM and AM predict what a guest dirties (PURE)
 *
 * Chen & Cao (NPC'14): effective prediction ratio, EPR = correct predictions / predictions. What
 * one prediction is, and when it is correct, the paper leaves open; three readings are here. All
 * are causal: the first part of a series trains the chain, the rest is predicted, and learned from
 * as it comes.
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
	MT_EPR_SLOT,		/* curves of ->horizon slots. One prediction = one slot of one of
				 * them */
	MT_EPR_CURVE,		/* the same curves. One prediction = the sum of one of them */
	MT_EPR_COUNT
};

struct mt_epr_params {
	struct mt_markov_params markov;
	unsigned horizon;	/* slots of a curve, up to MT_EPR_HORIZON_MAX. Inferred: 30 */
	unsigned every;		/* slots from one curve of MT_EPR_SLOT and MT_EPR_CURVE to the next.
				 * Inferred: 5 */
	double train_share;	/* of the series. Inferred: 0.5 */
	double link_share;	/* what the link carries, as a multiple of the mean of the training
				 * part. Inferred: 1.25 */
};

#define MT_EPR_HORIZON_MAX	256
#define MT_EPR_DEFAULTS \
	{ \
		.markov = MT_MARKOV_DEFAULTS, .horizon = 30, .every = 5, .train_share = 0.5, \
		.link_share = 1.25 \
	}

struct mt_epr {
	uint64_t correct[MT_EPR_COUNT], predictions[MT_EPR_COUNT];
	uint64_t curves;	/* made for MT_EPR_SNAPSHOT: one, and one more after each
				 * mismatch */
};

/*
 * Adds to @out. Return: 0; -ENODATA if the series is too short, or nothing is dirtied in its
 * training part; -EINVAL.
 */
MT_MUST_CHECK int mt_epr_evaluate(const double *slots, size_t n, const struct mt_epr_params *params,
				  struct mt_epr *out);

/* NaN without predictions */
double mt_epr_ratio(const struct mt_epr *epr, enum mt_epr_kind kind);
const char *mt_epr_kind_name(enum mt_epr_kind kind);

#endif
