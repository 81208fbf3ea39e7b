/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * totals.h - all migrations since the daemon began, counted
 *
 * Not safe for threads: its owner's lock is held.
 */
#ifndef MIGTRACED_TOTALS_H
#define MIGTRACED_TOTALS_H

#include <jansson.h>

#include "store/record.h"

#define TOTALS_BUCKETS	12

struct totals_histogram {
	uint64_t count[TOTALS_BUCKETS + 1];	/* the last: above all bounds */
	double sum_s;
};

struct totals {
	uint64_t outcome[MT_OUTCOME_COUNT];
	uint64_t actions_done, actions_failed, given_back;
	struct totals_histogram total, downtime;	/* of completed ones, as far as known */
};

/* @finished: as guest_finished_json() makes it; NULL: nothing. */
void totals_add(struct totals *t, const json_t *finished);
/*
 * {"outcomes": {NAME: N}, "actions_done": N, ..., "total_s": {"le": [BOUND], "count": [N],
 * "sum": S}, "downtime_s": ...}: counts are cumulative, the last of all. NULL: no memory.
 */
json_t *totals_json(const struct totals *t);

#endif
