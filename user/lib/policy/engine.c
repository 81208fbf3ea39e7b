// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * engine.c - sample -> iteration -> U(T) -> prediction -> plan (PURE)
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "model/learned.h"
#include "classed.h"
#include "engine.h"

void mt_engine_set_limits(struct mt_engine *e, const struct mt_limits *limits)
{
	e->limits = *limits;
	mt_limits_resolve(&e->limits);
	mt_limits_class(&e->limits, &e->monitor.class.limits);
}

void mt_engine_set_qemu_limit(struct mt_engine *e, uint64_t limit_ms)
{
	e->limits.qemu_limit_ms = limit_ms;
	mt_limits_resolve(&e->limits);
}

void mt_engine_init(struct mt_engine *e, const struct mt_policy *policy,
		    const struct mt_limits *limits)
{
	memset(e, 0, sizeof(*e));
	e->policy = policy;
	e->flip.room_bytes = NAN;
	mt_monitor_init(&e->monitor);
	mt_engine_set_limits(e, limits);
	mt_iterations_init(&e->iterations);
	mt_policy_init(&e->state);
	if (limits->history)
		mt_loads_history(&e->loads, limits->history);
}

void mt_engine_begin_again(struct mt_engine *e, enum mt_method method)
{
	const struct mt_method_row *row = mt_method_at(method);

	e->limits.methods = mt_methods_left(e->limits.methods, method);
	e->limits.auto_converge |= row->auto_converge;
	e->earlier_ms = e->newest_ms;
	e->begin_t_ns = 0;
	e->newest = (struct mt_sample){ 0 };
	mt_iterations_init(&e->iterations);
	memset(&e->u, 0, sizeof(e->u));
	memset(&e->prediction, 0, sizeof(e->prediction));
	mt_policy_init(&e->state);
}

/* Since the migration began; by our own clock where the source does not count. */
static uint64_t elapsed_ms(struct mt_engine *e, const struct mt_sample *s)
{
	if (!e->begin_t_ns)
		e->begin_t_ns = s->t_ns;
	if (mt_sample_has(s, total_ms))
		return e->earlier_ms + s->total_ms;
	return e->earlier_ms +
	       (s->t_ns > e->begin_t_ns ? (s->t_ns - e->begin_t_ns) / MT_NS_PER_MS : 0);
}

static void predict(struct mt_engine *e, bool boundary, uint64_t now_ms)
{
	const struct mt_iterations *its = &e->iterations;
	const struct mt_outlook_input in = {
		.iterations = its,
		.u = &e->u,
		.bandwidth_bytes_per_s = its->bandwidth_bytes_per_s,
		.memory_bytes = e->memory_bytes,
		.nonzero_bytes = e->limits.before ? e->limits.before->nonzero_bytes : 0,
		.limit_ms = e->limits.qemu_limit_ms,
		.allowed_ms = e->limits.max_downtime_ms,
		.fixed_ms = e->limits.fixed_ms,
		.elapsed_ms = now_ms,
		.needed_bandwidth_bytes_per_s =
			boundary ? 0 : e->prediction.needed_bandwidth_bytes_per_s,
		.auto_converge = e->limits.auto_converge,
		.learned = e->limits.learned ?
				   &e->limits.learned[mt_forecast_stage_of(its->total)] :
				   NULL,
	};

	mt_outlook(&in, &e->prediction, &e->course);
}

static void learn(struct mt_engine *e)
{
	if (!e->u.passes && e->limits.before && e->limits.before->u.origin) {
		e->u = e->limits.before->u;
		mt_ucurve_migrates(&e->u, 1, MT_UCURVE_SPEED_SD);
	} else if (!e->u.passes) {
		mt_ucurve_init(&e->u, e->memory_bytes);
		mt_ucurve_clears(&e->u, e->limits.clears_chunks ? MT_CLEAR_CHUNK_BYTES : 0);
	}
	mt_ucurve_iteration(&e->u, mt_iterations_last(&e->iterations));
}

/* @t_ns: our clock, which goes on as it should whatever the statistics say. */
static void pace(struct mt_engine *e, uint64_t t_ns, struct mt_plan *plan)
{
	uint64_t every_ms = e->limits.command_every_ms, since_ms, *asked_t_ns;
	char since[MT_UNIT_STR], every[MT_UNIT_STR];

	if (plan->action == MT_ACTION_CONTINUE)
		return;
	asked_t_ns = &e->asked_t_ns[plan->action];
	since_ms = t_ns > *asked_t_ns ? (t_ns - *asked_t_ns) / MT_NS_PER_MS : 0;
	if (!*asked_t_ns || since_ms >= every_ms) {
		*asked_t_ns = t_ns;
		return;
	}
	mt_policy_dropped(&e->state);
	snprintf(plan->reason, sizeof(plan->reason),
		 "%s was asked for %s ago, and no more than one in %s is sent",
		 mt_action_name(plan->action), mt_format_duration_ms(since, (double)since_ms),
		 mt_format_duration_ms(every, (double)every_ms));
	plan->action = MT_ACTION_CONTINUE;
}

void mt_engine_sent(struct mt_engine *e, enum mt_action action, uint64_t t_ns)
{
	e->asked_t_ns[action] = t_ns;
}

void mt_engine_dropped(struct mt_engine *e, enum mt_action action)
{
	mt_policy_dropped(&e->state);
	e->asked_t_ns[action] = 0;
}

void mt_engine_work(struct mt_engine *e, const struct mt_work *work)
{
	mt_monitor_work(&e->monitor, work);
}

/* @t_ns: when, on our clock; @tick: NULL if there is none. */
static void step(struct mt_engine *e, const struct mt_sample *s, bool boundary, uint64_t now_ms,
		 uint64_t t_ns, const struct mt_tick *tick, struct mt_plan *plan)
{
	struct mt_loads_ahead loads;
	const struct mt_view view = {
		.limits = &e->limits,
		.sample = s,
		.iterations = &e->iterations,
		.prediction = &e->prediction,
		.course = &e->course,
		.u = &e->u,
		.class = &e->monitor.class,
		.bandwidth_bytes_per_s = e->iterations.bandwidth_bytes_per_s,
		.boundary = boundary,
		.tick = tick,
		.loads = boundary && mt_loads_look(&e->loads, t_ns, &loads) ? &loads : NULL,
		.flip = &e->flip,
		.spare = mt_monitor_spare(&e->monitor, t_ns),
	};

	mt_policy_step(e->policy, &e->state, &view, now_ms, plan);
	pace(e, t_ns, plan);
}

bool mt_engine_feed(struct mt_engine *e, const struct mt_sample *s, struct mt_plan *plan)
{
	bool boundary = mt_iterations_feed(&e->iterations, s);
	uint64_t now_ms = elapsed_ms(e, s);

	if (mt_sample_has(s, memory_bytes))
		e->memory_bytes = s->memory_bytes;
	if (boundary)
		learn(e);
	e->newest = *s;
	e->newest_ms = now_ms;
	predict(e, boundary, now_ms);
	mt_monitor_sample(&e->monitor, &e->iterations, e->limits.before, e->memory_bytes, s);
	step(e, s, boundary, now_ms, s->t_ns, NULL, plan);
	return boundary;
}

bool mt_engine_tick(struct mt_engine *e, const struct mt_tick *t, struct mt_plan *plan)
{
	uint64_t now_ms = e->newest_ms;
	bool changed;

	*plan = (struct mt_plan){ .action = MT_ACTION_CONTINUE, .implied_downtime_ms = -1 };
	if (e->newest.status != MT_STATUS_ACTIVE)
		return false;
	changed = mt_growth_tick(&e->growth, e->memory_bytes, t);
	mt_loads_tick(&e->loads, t, changed);
	if (t->t_ns > e->newest.t_ns)
		now_ms += (t->t_ns - e->newest.t_ns) / MT_NS_PER_MS;
	/*
	 * What was predicted at the last look holds: nothing has been sent since that is known of.
	 */
	step(e, &e->newest, false, now_ms, t->t_ns, t, plan);
	return changed;
}
