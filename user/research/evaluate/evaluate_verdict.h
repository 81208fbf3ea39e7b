/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evaluate_verdict.h - what the default policy would have made of recorded migrations
 */
#ifndef EVALUATE_VERDICT_H
#define EVALUATE_VERDICT_H

#include "out/table.h"
#include "store/runs.h"
#include "evaluate_replayed.h"

struct evaluate_verdict {
	const struct mt_run *run;
	const char *dir;		/* of its campaign */
	enum mt_action action;		/* that ended it; CONTINUE: none */
	double at_ms;			/* since QEMU began; NaN: it does not say */
	double passes;			/* finished by then; NaN: none */
	double allowed_ms;		/* of a pause; NaN: not known */
	struct mt_prediction prediction;	/* at the last boundary that the policy saw */
	char reason[1024];
};

struct evaluate_verdicts {
	struct evaluate_verdict *v;
	size_t n;
};

/* The runs that were not made to flip and of which there is a recording, added to @v. */
MT_MUST_CHECK int evaluate_verdicts_load(struct evaluate_verdicts *v, const struct mt_runs *runs,
					 struct mt_err *err);

/*
 * Those that QEMU completed by itself: aborted is wrong, above all where the pause was within what
 * is allowed. Those that it did not, until they were cancelled or their load had ended: kept is
 * wrong.
 */
struct evaluate_verdict_counts {
	size_t completed, aborted, aborted_within, stopped;
	size_t hopeless, given_up, hopeless_stopped, kept;
	double give_up_ms;		/* the median; NaN: none was given up */
};

/* Of one campaign and one method; NULL and MT_METHOD_COUNT: of all. @values: room for @v->n. */
struct evaluate_verdict_counts evaluate_verdict_count(const struct evaluate_verdicts *v,
						      const char *dir, enum mt_method method,
						      double *values);
bool evaluate_verdict_is_wrong(const struct evaluate_verdict *v);

/* A row for each campaign, and for each method of it; or each wrong one. */
int evaluate_print_verdicts(const struct evaluate_verdicts *v, enum mt_format format);
int evaluate_print_wrong_verdicts(const struct evaluate_verdicts *v, enum mt_format format);

#endif
