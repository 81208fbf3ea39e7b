// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_slowpass.c - how far a pass is slowed down, when it ends to be, and what is asked of QEMU
 */
#include "policy/policy_rows.h"
#include "policy/slowpass.h"
#include "ktap.h"
#include "scene.h"

#define MIB_PER_S	MT_MIB

static struct mt_slowpass slow;
static struct scene s;

static void begin(uint64_t every_ms)
{
	scene_init(&s, "fm");
	s.limits.command_every_ms = every_ms;
	slow = (struct mt_slowpass){ 0 };
	s.view.boundary = true;
	mt_slowpass_look(&slow, &s.view);
	s.plan = (struct mt_plan){ .action = MT_ACTION_CONTINUE };
}

/* As mt_policy_step() would hand it over next. */
static void done(void)
{
	CHECK_INT(s.plan.action, MT_ACTION_SET_BANDWIDTH);
	s.view.speed_bytes_per_s = s.plan.bandwidth_bytes_per_s;
	s.plan = (struct mt_plan){ .action = MT_ACTION_CONTINUE };
}

static const struct {
	const char *what;
	double left_mib, next_in_s;
	uint64_t every_ms, mib_per_s;		/* 0: as it was */
} speeds[] = {
	{ "as long as it shall last", 50, 2, 1000, 25 },
	{ "in whole MiB/s, rather too early", 50.5, 2, 1000, 26 },
	{ "no wait, nothing", 50, 0, 1000, 0 },
	{ "a fifth of the link at the lowest", 30, 10, 1000, 20 },
	{ "too short to be undone in time", 10, 5, 1000, 0 },
	{ "unless commands may follow quickly", 10, 5, 100, 20 },
	{ "hardly slower: as it was", 95, 1.02, 100, 0 },
	{ "less than a MiB", 0.4, 3, 10, 20 },
};

static void test_speeds(void)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(speeds); i++) {
		bool asks;

		begin(speeds[i].every_ms);
		asks = mt_slowpass_begin(&slow, &s.view, speeds[i].left_mib * MT_MIB,
					 speeds[i].next_in_s, &s.plan);
		if (asks != (speeds[i].mib_per_s > 0) ||
		    s.plan.bandwidth_bytes_per_s != speeds[i].mib_per_s * MIB_PER_S)
			printf("# %s: %llu\n", speeds[i].what,
			       (unsigned long long)s.plan.bandwidth_bytes_per_s);
		CHECK_INT(asks, speeds[i].mib_per_s > 0);
		CHECK_INT(s.plan.bandwidth_bytes_per_s, speeds[i].mib_per_s * MIB_PER_S);
		CHECK_INT(s.plan.action, asks ? MT_ACTION_SET_BANDWIDTH : MT_ACTION_CONTINUE);
	}
	/* Pages are less than what goes over the wire. */
	begin(1000);
	s.its.page_share = 0.5;
	CHECK(mt_slowpass_begin(&slow, &s.view, 50.0 * MT_MIB, 2, &s.plan));
	CHECK_INT(s.plan.bandwidth_bytes_per_s, 50 * MIB_PER_S);
}

/* Back when the next pass begins; and asked for again for as long as that is not done. */
static void test_back(void)
{
	begin(1000);
	CHECK(mt_slowpass_begin(&slow, &s.view, 50.0 * MT_MIB, 2, &s.plan));
	done();
	CHECK(!mt_slowpass_go_on(&slow, &s.view, &s.plan));
	for (int i = 0; i < 3; i++) {
		CHECK(i ? mt_slowpass_go_on(&slow, &s.view, &s.plan) :
			  mt_slowpass_begin(&slow, &s.view, 10.0 * MT_MIB, 0, &s.plan));
		CHECK_INT(s.plan.action, MT_ACTION_SET_BANDWIDTH);
		CHECK_INT(s.plan.bandwidth_bytes_per_s, 0);
	}
	done();
	CHECK(!mt_slowpass_go_on(&slow, &s.view, &s.plan));
	/* What was not slowed down as the pass began is not slowed down in its middle. */
	CHECK(mt_slowpass_begin(&slow, &s.view, 50.0 * MT_MIB, 2, &s.plan));
	s.plan.action = MT_ACTION_CONTINUE;
	CHECK(!mt_slowpass_go_on(&slow, &s.view, &s.plan));
	CHECK_INT(s.plan.action, MT_ACTION_CONTINUE);
}

static void test_stop(void)
{
	begin(1000);
	CHECK(mt_slowpass_may_stop(&slow, &s.view, 5000, &s.plan));
	CHECK(mt_slowpass_begin(&slow, &s.view, 50.0 * MT_MIB, 2, &s.plan));
	done();
	CHECK(!mt_slowpass_may_stop(&slow, &s.view, 6000, &s.plan));
	done();
	CHECK(mt_slowpass_may_stop(&slow, &s.view, 6010, &s.plan));
	/* It is not to be had back: then without, but not at once. */
	s.view.speed_bytes_per_s = 25 * MIB_PER_S;
	CHECK(!mt_slowpass_may_stop(&slow, &s.view, 7000, &s.plan));
	CHECK(!mt_slowpass_may_stop(&slow, &s.view, 9000, &s.plan));
	CHECK(mt_slowpass_may_stop(&slow, &s.view, 9001, &s.plan));
	/* Nor asked for any more. */
	s.view.refused = 1U << MT_ACTION_SET_BANDWIDTH;
	CHECK(mt_slowpass_may_stop(&slow, &s.view, 9500, &s.plan));
	CHECK(!mt_slowpass_begin(&slow, &s.view, 50.0 * MT_MIB, 2, &s.plan));
}

/* What is seen of a link that we have slowed down is not what it carries. */
static void test_link(void)
{
	begin(1000);
	CHECK_NEAR(slow.link_bytes_per_s, LINK, 0);
	s.view.speed_bytes_per_s = 20 * MIB_PER_S;
	s.view.bandwidth_bytes_per_s = 20 * MIB_PER_S;
	for (int i = 0; i < 4; i++) {
		s.view.boundary = i == 3;
		mt_slowpass_look(&slow, &s.view);
		CHECK_NEAR(slow.link_bytes_per_s, LINK, 0);
	}
	s.view.speed_bytes_per_s = 0;
	mt_slowpass_look(&slow, &s.view);
	CHECK_NEAR(slow.link_bytes_per_s, LINK, 0);
	s.view.bandwidth_bytes_per_s = LINK / 2.0;
	mt_slowpass_look(&slow, &s.view);
	CHECK_NEAR(slow.link_bytes_per_s, LINK / 2.0, 0);
}

/* --- what the wrapper knows of QEMU's speed -------------------------------------------- */
static uint64_t seen, wanted;

static void row_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	seen = view->speed_bytes_per_s;
	if (wanted == UINT64_MAX)
		return;
	mt_plan_set(plan, MT_ACTION_SET_BANDWIDTH, "as the test wants it");
	plan->bandwidth_bytes_per_s = wanted;
}

static uint64_t steps(uint64_t next)
{
	wanted = next;
	step(&s, 1000);
	return seen;
}

static void test_known(void)
{
	const struct mt_policy row = { .name = "test", .acts = true, .step = row_step };

	begin(1000);
	s.policy = &row;
	CHECK_INT(steps(7), 0);
	CHECK_INT(steps(UINT64_MAX), 7);
	/* A drop of something else is no drop of the speed. */
	mt_policy_dropped(&s.state);
	CHECK_INT(steps(8), 7);
	mt_policy_dropped(&s.state);
	CHECK_INT(steps(0), 7);
	mt_policy_refused(&s.state, MT_ACTION_SET_BANDWIDTH);
	CHECK_INT(steps(0), 7);
	CHECK_INT(steps(UINT64_MAX), 0);
}

static const struct ktap_case cases[] = {
	{ "a speed for each wait", test_speeds },
	{ "as it was when the pass is over", test_back },
	{ "and before the guest is stopped", test_stop },
	{ "the link is what it was before", test_link },
	{ "what was asked for, dropped and refused", test_known },
};
KTAP_MAIN(cases)
