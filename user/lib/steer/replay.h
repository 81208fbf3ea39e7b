/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * replay.h - one recorded migration, seen by one policy
 */
#ifndef MT_REPLAY_H
#define MT_REPLAY_H

#include "store/record.h"

struct mt_replay_result {
	enum mt_action action;		/* STOP, FLIP, ABORT, or CONTINUE: none of them */
	struct mt_sample at;		/* there, or the last one */
	double implied_downtime_ms;	/* remaining / bandwidth there; NaN = unknown */
	double redirtied_ms;		/* and what was dirtied since the pass began, which a stop
					 * sends, too: 0 at a boundary; expected */
	/* Where QEMU would have stopped by itself, under a limit of the policy's; NaN = never */
	double ends_ms, ends_implied_ms;
	char reason[1024];
};

/*
 * Told of each boundary at which a policy could still act: the engine as it decided there, and the
 * plan.
 */
struct mt_replay_watch {
	void (*boundary)(const struct mt_engine *engine, const struct mt_plan *plan, void *opaque);
	void *opaque;
};

/*
 * One of the migrations in @rec: the entries from @from until before @to, see
 * mt_recording_migration(). @given: by the user; what is UNSET there is the recording's, or
 * policy.h's where that says nothing either. @watch: NULL: nobody.
 */
void mt_replay(struct mt_replay_result *result, const struct mt_recording *rec, size_t from,
	       size_t to, const struct mt_policy *policy, const struct mt_limits *given,
	       const struct mt_replay_watch *watch);

#endif
