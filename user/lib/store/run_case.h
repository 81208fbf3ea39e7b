/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run_case.h - a migration of a campaign as a case to learn from
 */
#ifndef MT_RUN_CASE_H
#define MT_RUN_CASE_H

#include "model/learned.h"
#include "runs.h"

/* Whether it says something of models: it did not fail. */
bool mt_run_tells(const struct mt_run *r);
/* Whether it was made to flip, so that it shows nothing of how pre-copy would have ended. */
bool mt_run_flips(const struct mt_run *r);

/* All but the curve, which is the caller's. */
void mt_run_case(struct mt_learned_case *c, const struct mt_run *r);
/*
 * What the passes of its recording tell of the method besides. @bytes, @seconds: what they dirtied,
 * and how long they took; both may be NULL.
 */
void mt_run_case_passes(struct mt_learned_case *c, const struct mt_recording *rec, double *bytes,
			double *seconds);

#endif
