/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * schedule_left.h - why a guest is left behind, and what it would take (PURE)
 */
#ifndef MT_SCHEDULE_LEFT_H
#define MT_SCHEDULE_LEFT_H

#include "candidates.h"

void mt_schedule_explain(struct mt_schedule_left *left, size_t guest,
			 const struct mt_schedule_request *q, const struct mt_candidates *c);

/*
 * All that can be moved at all, one after the other, each as fast as it goes: by when, with odds of
 * nine in ten.
 */
double mt_schedule_all_p90_ms(const struct mt_candidates *all, size_t n);

#endif
