/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engine.h - samples in, plans out: the one decision loop (PURE)
 *
 * Feeds iterations, refits U(T), predicts, classifies and steps the policy. The supervisor
 * of a live migration and the replay of a recording run this same code.
 *
 * Whatever a policy wants, each kind of command comes out at most once in limits.command_every_ms,
 * by the clock of the samples: one that failed is not repeated at once either.
 */
#ifndef MT_ENGINE_H
#define MT_ENGINE_H

#include "curve/growth.h"
#include "model/monitor.h"
#include "policy.h"

struct mt_engine {
	const struct mt_policy *policy;
	struct mt_limits limits;	/* resolved: what the policy and the outlook really go by */
	struct mt_iterations iterations;
	struct mt_ucurve u;
	struct mt_growth growth;
	struct mt_loads loads;
	struct mt_flip_facts flip;	/* the caller's to set */
	struct mt_prediction prediction;
	struct mt_course course;
	struct mt_monitor monitor;	/* of what the guest does */
	struct mt_policy_state state;
	uint64_t asked_t_ns[MT_ACTION_COUNT];	/* when each was planned or sent last; 0 = not
						 * yet */
	double memory_bytes;		/* guest memory as last told; 0 = not yet */
	uint64_t begin_t_ns;		/* of the first sample */
	uint64_t earlier_ms;		/* spent before it was begun again */
	struct mt_sample newest;	/* sample, and when it was */
	uint64_t newest_ms;
};

void mt_engine_init(struct mt_engine *e, const struct mt_policy *policy,
		    const struct mt_limits *limits);

/* One sample. @plan says what to do now. Return: true when it ended an iteration. */
bool mt_engine_feed(struct mt_engine *e, const struct mt_sample *s, struct mt_plan *plan);

/*
 * A tick of a kernel source, or several merged, in order with the samples: a change of the guest's
 * load is seen by it, and the policy is stepped. @plan says what to do now, between boundaries.
 * Return: true if the load has changed.
 */
bool mt_engine_tick(struct mt_engine *e, const struct mt_tick *t, struct mt_plan *plan);

/* What was planned was sent so late, by the clock of the samples. */
void mt_engine_sent(struct mt_engine *e, enum mt_action action, uint64_t t_ns);
/* What was planned just now was not even sent: it may be planned again at once. */
void mt_engine_dropped(struct mt_engine *e, enum mt_action action);
/* What else the guest did, in order with the samples: the class of the next ones goes by it. */
void mt_engine_work(struct mt_engine *e, const struct mt_work *work);

/* The operator's limits changed: use these from now on. */
void mt_engine_set_limits(struct mt_engine *e, const struct mt_limits *limits);
/* It has been cancelled and is begun again with @method: what comes is of the new one. */
void mt_engine_begin_again(struct mt_engine *e, enum mt_method method);
/* Of them QEMU's own, which somebody has changed. */
void mt_engine_set_qemu_limit(struct mt_engine *e, uint64_t limit_ms);

#endif
