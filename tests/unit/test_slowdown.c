// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_slowdown.c - predict throttles a guest that would be given up, where that is allowed
 */
#include "steered.h"

/* Rewrites 128 MiB at three times the link's rate: it never ends by itself. */
#define GUEST	"uniform:region=128MiB,rate=30000/s,seed=1"

static void play(struct steered *s, uint64_t max_throttle, bool postcopy)
{
	steered_begin(s, GUEST, 500, postcopy);
	*mt_params_value(&s->limits.params, "max_throttle") = max_throttle;
	steered_end(s);
}

static void test_not_allowed(void)
{
	struct steered none, little;

	play(&none, 0, false);
	play(&little, 60, false);
	CHECK_INT(none.r.end, MT_SIM_ABORTED);
	/* One that would not do is no reason to slow the guest down. */
	CHECK_INT(little.r.end, MT_SIM_ABORTED);
	CHECK_INT(little.r.throttle_percent, 0);
	CHECK(little.r.total_ms < 12000);
}

static void test_begun_again(void)
{
	struct steered p;

	play(&p, 90, false);
	CHECK_INT(p.r.end, MT_SIM_CONVERGED);
	CHECK(p.r.throttle_percent >= 70 && p.r.throttle_percent <= 90);
	CHECK(strstr(p.r.reason, "begun again throttled by"));
	printf("# %.1f s, a pause of %.0f ms, throttled by %u %%\n", p.r.total_ms / 1e3,
	       p.r.downtime_ms, p.r.throttle_percent);
}

static void test_post_copy_first(void)
{
	struct steered p;

	play(&p, 90, true);
	CHECK_INT(p.r.end, MT_SIM_POSTCOPIED);
	CHECK_INT(p.r.throttle_percent, 0);
}

static const struct ktap_case cases[] = {
	{ "not at all, and not where too little is allowed", test_not_allowed },
	{ "begun again with what it takes", test_begun_again },
	{ "a flip that is allowed comes first", test_post_copy_first },
};

KTAP_MAIN(cases)
