// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * steer.c - a migration that a policy steers, by the engine that supervises live ones (PURE)
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "sim.h"

struct steering {
	struct mt_engine engine;
	const struct mt_sim_hooks *outer;
	const struct mt_sim_activity *activity;
	uint64_t qemu_limit_ms;		/* with which each begins */
	uint64_t told_ns;		/* when it was told what the guest does */
};

/* As statistics of one vCPU, over a second. */
static void tell_activity(struct steering *st, uint64_t t_ns)
{
	const struct mt_sim_activity *a = st->activity;
	struct mt_work w = { .t_ns = t_ns, .start_ns = t_ns - MT_NS_PER_S };

	if (!(a->cpu_share > 0) || t_ns < st->told_ns + MT_NS_PER_S)
		return;
	mt_work_put(&w, MT_WORK_vcpus, 1);
	mt_work_put(&w, MT_WORK_cpu_ns, (uint64_t)(a->cpu_share * 1e9));
	mt_work_put(&w, MT_WORK_net_received_bytes, (uint64_t)a->received_bytes_per_s);
	mt_work_put(&w, MT_WORK_net_sent_bytes, (uint64_t)a->sent_bytes_per_s);
	mt_engine_work(&st->engine, &w);
	st->told_ns = t_ns;
}

/* As the supervisor does with a limit that it has set, and with a migration begun again. */
static void follow(struct steering *st, const struct mt_plan *plan)
{
	if (plan->action == MT_ACTION_SET_DOWNTIME)
		mt_engine_set_qemu_limit(&st->engine, plan->downtime_limit_ms);
	if (plan->action == MT_ACTION_RESTART) {
		mt_engine_begin_again(&st->engine, plan->method);
		mt_engine_set_qemu_limit(&st->engine, st->qemu_limit_ms);
	}
}

static void on_sample(void *opaque, const struct mt_sample *m, struct mt_plan *plan)
{
	struct steering *st = opaque;

	if (st->outer && st->outer->sample)
		st->outer->sample(st->outer->opaque, m, plan);
	tell_activity(st, m->t_ns);
	mt_engine_feed(&st->engine, m, plan);
	follow(st, plan);
}

static void on_tick(void *opaque, const struct mt_tick *t, struct mt_plan *plan)
{
	struct steering *st = opaque;

	mt_engine_tick(&st->engine, t, plan);
	follow(st, plan);
}

static void on_pass(void *opaque, const struct mt_sim_pass *pass)
{
	const struct steering *st = opaque;

	st->outer->pass(st->outer->opaque, pass);
}

static void on_sent(void *opaque, uint64_t page)
{
	const struct steering *st = opaque;

	st->outer->sent(st->outer->opaque, page);
}

static void on_written(void *opaque, uint64_t page)
{
	const struct steering *st = opaque;

	st->outer->written(st->outer->opaque, page);
}

int mt_sim_steer(const struct mt_sim_params *p, struct mt_trace *trace,
		 const struct mt_policy *policy, const struct mt_limits *given,
		 const struct mt_sim_hooks *hooks, struct mt_sim_result *result)
{
	struct steering st = { .outer = hooks, .activity = &p->activity };
	struct mt_limits limits = *given;
	struct mt_sim_hooks ours = {
		.opaque = &st,
		.sample = on_sample,
		.tick = on_tick,
		.pass = hooks && hooks->pass ? on_pass : NULL,
		.sent = hooks && hooks->sent ? on_sent : NULL,
		.written = hooks && hooks->written ? on_written : NULL,
	};

	if (p->sender == MT_SIM_SENDER_XEN)
		return -EINVAL;
	limits.qemu_limit_ms = (uint64_t)p->downtime_limit_ms;
	/* Whoever simulates a migration began it; what compresses connections is not played. */
	limits.methods = mt_method_beyond(&p->method, limits.postcopy_allowed) &
			 ~(1U << MT_METHOD_ZSTD);
	st.qemu_limit_ms = limits.qemu_limit_ms;
	limits.auto_converge = p->method.auto_converge;
	limits.clears_chunks = p->log == MT_SIM_LOG_BITMAP;
	mt_engine_init(&st.engine, policy, &limits);
	return mt_sim_run(p, trace, &ours, result);
}
