/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scene.h - a migration made by hand, pass by pass, and the policy that sees it
 */
#ifndef SCENE_H
#define SCENE_H

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "policy/policy.h"

#define LINK	(100 * MT_MIB)

/* A migration as a policy sees it, and the policy that sees it. */
struct scene {
	const struct mt_policy *policy;
	struct mt_policy_state state;
	struct mt_limits limits;
	struct mt_iterations its;
	struct mt_prediction p;
	struct mt_course course;
	struct mt_classifier class;
	struct mt_view view;
	struct mt_sample sample;
	struct mt_flip_facts facts;	/* for view.flip; nobody has told any */
	struct mt_plan plan;
	uint64_t now_ms;		/* for tests that keep a clock */
};

static inline void scene_init(struct scene *s, const char *policy)
{
	memset(s, 0, sizeof(*s));
	s->policy = mt_policy_find(policy);
	/* 440 ms is as far as predict would raise QEMU's limit: it has no reason to. */
	s->limits = (struct mt_limits){ .max_downtime_ms = 500,
					.deadline_ms = MT_LIMIT_NONE,
					.stall_timeout_ms = MT_LIMIT_NONE,
					.qemu_limit_ms = 440,
					.fixed_ms = 60,
					.params = MT_PARAMS_UNSET };
	mt_iterations_init(&s->its);
	mt_policy_init(&s->state);
	s->sample.status = MT_STATUS_ACTIVE;
	/* Nothing better is foreseen. */
	s->course.rate_bytes_per_s = LINK;
	s->view = (struct mt_view){
		.limits = &s->limits,
		.sample = &s->sample,
		.iterations = &s->its,
		.prediction = &s->p,
		.course = &s->course,
		.class = &s->class,
		.bandwidth_bytes_per_s = LINK,
		.spare = MT_SPARE_UNKNOWN,
	};
}

static inline enum mt_action step(struct scene *s, uint64_t now_ms)
{
	mt_policy_step(s->policy, &s->state, &s->view, now_ms, &s->plan);
	return s->plan.action;
}

static inline bool says(const struct scene *s, const char *text)
{
	if (!strstr(s->plan.reason, text))
		printf("# %s\n", s->plan.reason);
	return strstr(s->plan.reason, text);
}

/* Time passes within an iteration. */
static inline enum mt_action at(struct scene *s, uint64_t now_ms)
{
	s->view.boundary = false;
	return step(s, now_ms);
}

/* Another iteration ended and left so much. */
static inline enum mt_action boundary(struct scene *s, uint64_t now_ms, double left_bytes)
{
	struct mt_iteration *i = &s->its.kept[0];

	s->its.n_kept = 1;
	s->its.total++;
	*i = (struct mt_iteration){
		.n = s->its.total,
		.duration_s = 1,
		.remaining_bytes = left_bytes,
		.dirtied_bytes = left_bytes,
		.first = s->its.total == 1,
	};
	mt_sample_set(&s->sample, remaining_bytes, (uint64_t)left_bytes);
	s->view.boundary = true;
	return step(s, now_ms);
}

#endif
