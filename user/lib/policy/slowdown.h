/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slowdown.h - let the guest work less, so that pre-copy ends (PURE)
 *
 * A guest that is left the share s of its time dirties U(s T) in T. Over a link of B that goes as
 * the whole guest does over B / s: the model's bandwidth that it would take, N, asks for a throttle
 * of 1 - B / N.
 *
 * QEMU throttles what was begun with auto-converge. What was not is begun again with it, by who
 * began it, where the deadline leaves room for all of the memory once more.
 */
#ifndef MT_SLOWDOWN_H
#define MT_SLOWDOWN_H

#include "policy_rows.h"

/* Zeroed before the first boundary. */
struct mt_slowdown {
	unsigned percent;		/* asked for; 0: nothing yet */
	unsigned since;			/* boundaries since */
	uint64_t asked_ms;		/* and when */
};

/* A boundary has come. */
void mt_slowdown_boundary(struct mt_slowdown *s);

/*
 * Throttle by what is needed, up to @most percent, or wait for what was asked for to show. @so_far:
 * why, the begin of the reason. Return: false if it is of no use.
 */
bool mt_slowdown(struct mt_slowdown *s, const struct mt_view *view, uint64_t now_ms,
		 unsigned most, const char *so_far, struct mt_plan *plan);

/* The guest is throttled, and too few of the last boundaries left less than the best before. */
bool mt_slowdown_fails(const struct mt_view *view, unsigned since_lowest);

#endif
