// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_slowdown.c - predict throttles a guest that would be given up, where that is allowed
 */
#include "base/units.h"
#include "ktap.h"
#include "sim/sim.h"

/* Rewrites 128 MiB at three times the link's rate: it never ends by itself. */
#define GUEST	"uniform:region=128MiB,rate=30000/s,seed=1"

struct play {
	uint64_t max_throttle;
	bool postcopy;
	struct mt_sim_result r;
};

static void play(struct play *p)
{
	struct mt_limits limits = MT_LIMITS_UNSET;
	struct mt_sim_params params;
	struct mt_trace trace;

	mt_sim_defaults(&params);
	params.memory_bytes = 256 * MT_MIB;
	params.bandwidth_bytes_per_s = 40 * MT_MIB;
	params.host.link_bytes_per_s = 42 * MT_MIB;
	params.downtime_limit_ms = 500;
	limits.max_downtime_ms = 500;
	limits.deadline_ms = 60000;
	limits.postcopy_allowed = p->postcopy;
	*mt_params_value(&limits.params, "max_throttle") = p->max_throttle;
	CHECK_INT(mt_trace_pattern(&trace, GUEST, NULL), 0);
	CHECK_INT(mt_sim_steer(&params, &trace, mt_policy_find("predict"), &limits, NULL, &p->r),
		  0);
	mt_trace_fini(&trace);
}

static void test_not_allowed(void)
{
	struct play none = { .max_throttle = 0 }, little = { .max_throttle = 60 };

	play(&none);
	play(&little);
	CHECK_INT(none.r.end, MT_SIM_ABORTED);
	/* One that would not do is no reason to slow the guest down. */
	CHECK_INT(little.r.end, MT_SIM_ABORTED);
	CHECK_INT(little.r.throttle_percent, 0);
	CHECK(little.r.total_ms < 12000);
}

static void test_begun_again(void)
{
	struct play p = { .max_throttle = 90 };

	play(&p);
	CHECK_INT(p.r.end, MT_SIM_CONVERGED);
	CHECK(p.r.throttle_percent >= 70 && p.r.throttle_percent <= 90);
	CHECK(strstr(p.r.reason, "begun again throttled by"));
	printf("# %.1f s, a pause of %.0f ms, throttled by %u %%\n", p.r.total_ms / 1e3,
	       p.r.downtime_ms, p.r.throttle_percent);
}

static void test_post_copy_first(void)
{
	struct play p = { .max_throttle = 90, .postcopy = true };

	play(&p);
	CHECK_INT(p.r.end, MT_SIM_POSTCOPIED);
	CHECK_INT(p.r.throttle_percent, 0);
}

static const struct ktap_case cases[] = {
	{ "not at all, and not where too little is allowed", test_not_allowed },
	{ "begun again with what it takes", test_begun_again },
	{ "a flip that is allowed comes first", test_post_copy_first },
};

KTAP_MAIN(cases)
