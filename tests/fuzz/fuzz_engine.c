// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_engine.c - hostile samples into the engine, with every policy
 *
 * usage: fuzz_engine [ITERATIONS [SEED]]
 *
 * Built with ASan and UBSan. Beyond their word it checks what has to hold
 * whatever a source claims: no NaN, ordered bounds, nothing after a final action,
 * no flip that was not allowed. A failure names the seed that brings it back.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/units.h"
#include "policy/engine.h"
#include "../unit/chance.h"

#define SAMPLES		60	/* of one migration */
#define SEED_STEP	0x9e3779b97f4a7c15u

static uint64_t hostile(void)
{
	static const uint64_t edges[] = { 0,	      1,	 4095,
					  4096,	      INT32_MAX, UINT32_MAX,
					  1ULL << 53, INT64_MAX, UINT64_MAX - 1,
					  UINT64_MAX };

	switch (any() % 4) {
	case 0:
		return edges[any() % MT_ARRAY_SIZE(edges)];
	case 1:
		return any() >> any() % 64;
	default:
		return any() % 100000;
	}
}

/* The next look at a migration that mostly goes on, and at times jumps. */
static void next_sample(struct mt_sample *s, unsigned madness)
{
	uint64_t sent = any() % 50000, ms = any() % 400;

	s->t_ns += ms * MT_NS_PER_MS;
	s->total_ms += ms;
	s->sync_t_ns = any() % 4 ? 0 : s->t_ns - any() % 100 * MT_NS_PER_MS;
	s->iteration += s->boundary = any() % 3 == 0;
	s->remaining_bytes = any() % 1000000 * 4096;
	s->normal_pages += sent;
	s->transferred_bytes += sent * 4104;
	s->miscounted = any() % 50 == 0;
	s->status = any() % 64 ? MT_STATUS_ACTIVE : any() % MT_STATUS_COUNT;
	s->valid = ~0ULL;
	for (int f = 0; f < MT_FIELD_COUNT; f++) {
		if (any() % 100 < madness)
			s->valid &= ~(1ULL << f);
		if (any() % 100 < madness)
			mt_sample_put(s, f, hostile());
	}
	if (any() % 100 < madness)
		s->t_ns = hostile();
	if (any() % 100 < madness)
		s->sync_t_ns = hostile();
}

static int bad_interval(struct mt_interval i)
{
	return !(i.p10 <= i.p50 * (1 + 1e-9)) || !(i.p50 <= i.p90 * (1 + 1e-9));
}

static const char *wrong(const struct mt_engine *e, const struct mt_sample *s,
			 const struct mt_plan *plan, bool final)
{
	const struct mt_prediction *p = &e->prediction;

	if (plan->action >= MT_ACTION_COUNT || p->verdict >= MT_VERDICT_COUNT)
		return "a value out of its enum";
	if (plan->action != MT_ACTION_CONTINUE && final)
		return "an action after the final one";
	if (plan->action != MT_ACTION_CONTINUE && !plan->reason[0])
		return "an action without a reason";
	if (plan->action == MT_ACTION_FLIP && (!e->limits.postcopy_allowed ||
	    (!e->iterations.total && !mt_policy_flips_at_once(e->policy, &e->limits))))
		return "a flip that was not allowed";
	if (plan->action != MT_ACTION_CONTINUE && e->policy == mt_policy_find("qemu") &&
	    !(plan->action == MT_ACTION_ABORT && e->limits.stall_timeout_ms < MT_LIMIT_NONE))
		return "hands that are not off";
	if (plan->action == MT_ACTION_SET_DOWNTIME &&
	    (e->policy->heeds & MT_HEEDS_MAX_DOWNTIME) && plan->downtime_limit_ms > 1 &&
	    plan->downtime_limit_ms > e->limits.max_downtime_ms)
		return "a limit beyond what is allowed";
	if (plan->action != MT_ACTION_CONTINUE && s->status != MT_STATUS_ACTIVE)
		return "an action in a status of which none may be";
	if ((plan->action == MT_ACTION_STOP || plan->action == MT_ACTION_FLIP) && s->miscounted)
		return "an action on a count that is lost";
	if (isnan(plan->implied_downtime_ms) || isnan(e->iterations.bandwidth_bytes_per_s) ||
	    e->iterations.bandwidth_bytes_per_s < 0)
		return "a bandwidth of nothing";
	if (e->iterations.n_kept > MT_ITERATIONS_KEPT || e->iterations.n_kept > e->iterations.total)
		return "iterations out of nowhere";
	if (!(mt_ucurve_at(&e->u, 1) >= 0) || !(mt_ucurve_quantile(&e->u, 1, 0.1) >= 0))
		return "a curve below nothing";
	if (p->verdict == MT_VERDICT_UNKNOWN)
		return NULL;
	if (bad_interval(p->total_ms) || bad_interval(p->transferred_bytes) ||
	    bad_interval(p->downtime_ms))
		return "an interval out of order";
	if (!(p->stop_now_ms >= 0) || !(p->floor_ms >= 0) ||
	    !(p->floor_optimistic_ms <= p->floor_ms) || !(p->needed_bandwidth_bytes_per_s >= 0))
		return "a downtime below nothing";
	return NULL;
}

static const char *migration(const struct mt_policy *policy)
{
	struct mt_limits limits = {
		.max_downtime_ms = any() % 3 ? any() % 2000 : hostile(),
		.deadline_ms = any() % 3 ? MT_LIMIT_UNSET : hostile(),
		.params = MT_PARAMS_UNSET,
		.stall_timeout_ms = any() % 8 ? MT_LIMIT_UNSET : any() % 20000,
		.qemu_limit_ms = any() % 3 ? any() % 1000 : hostile(),
		.fixed_ms = any() % 3 ? any() % 100 : hostile(),
		.postcopy_allowed = any() % 2,
		.auto_converge = any() % 4 == 0,
	};
	unsigned madness = any() % 3 ? any() % 10 : any() % 100;
	struct mt_sample s = { .t_ns = any() % 1000000000 };
	struct mt_engine e;
	bool final = false;

	for (size_t i = 0; mt_param_at(i); i++) {
		bool count = mt_param_at(i)->kind == MT_PARAM_COUNT;

		if (any() % 3)
			limits.params.value[i] = count ? MT_LIMIT_UNSET : any() % 20000;
		else
			limits.params.value[i] = count	   ? hostile() % 8 :
						 any() % 2 ? MT_LIMIT_NONE :
							     hostile();
	}
	mt_engine_init(&e, policy, &limits);
	for (int i = 0; i < SAMPLES; i++) {
		struct mt_plan plan;
		const char *what;

		next_sample(&s, madness);
		mt_engine_feed(&e, &s, &plan);
		what = wrong(&e, &s, &plan, final);
		if (what)
			return what;
		final |= plan.action == MT_ACTION_STOP || plan.action == MT_ACTION_FLIP ||
			 plan.action == MT_ACTION_ABORT;
		if (any() % 32 == 0) {
			limits.postcopy_allowed = any() % 2;
			limits.max_downtime_ms = hostile();
			mt_engine_set_limits(&e, &limits);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long long n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
	unsigned long long seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

	for (unsigned long long i = 0; i < n; i++, seed++) {
		for (size_t p = 0; mt_policy_at(p); p++) {
			const char *what;

			rng.state = seed * SEED_STEP;
			what = migration(mt_policy_at(p));
			if (!what)
				continue;
			fprintf(stderr,
				"fuzz_engine: policy %s: %s; again with: fuzz_engine 1 %llu\n",
				mt_policy_at(p)->name, what, seed);
			return 1;
		}
	}
	return 0;
}
