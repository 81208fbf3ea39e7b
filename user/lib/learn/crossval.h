/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crossval.h - one target of one method: learned with workloads held out, and then from all (PURE)
 */
#ifndef MIGTRACE_LEARN_CROSSVAL_H
#define MIGTRACE_LEARN_CROSSVAL_H

#include "train.h"

/* Lessons of one method, of which the target is known; in the target's scale. */
struct mt_exam {
	enum mt_target target;
	const struct mt_trainer *trainer;
	uint64_t seed;
	size_t n, columns;
	const double **rows;
	double *goal;			/* what is to be learned: what was, less @base */
	double *base;			/* to be added to what was learned; 0 */
	double *real;			/* in the target's unit */
	double *analytic;		/* the analytic model's, likewise; NaN */
	unsigned *fold;			/* in which each is held out */
	unsigned folds;
};

struct mt_grade {
	struct mt_fit_how how;
	double share;			/* of what was learned, that is used */
	double error;			/* mean, of lessons held out; INFINITY: none yet */
};

/* The best there is at @gamma. -ENOMEM. */
MT_MUST_CHECK int mt_exam_grade(const struct mt_exam *e, double gamma, struct mt_grade *best);
/* Learns from all, by @g. @to: its weights and coefs, of columns and lessons, zeroed. -ENOMEM. */
MT_MUST_CHECK int mt_exam_learn(const struct mt_exam *e, const struct mt_grade *g,
				struct mt_trained_target *to);

#endif
