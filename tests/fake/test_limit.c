// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_limit.c - a guest of which we have limited what its vCPUs dirty is not left so
 *
 * That none is at the end truth.c judges in each case; here is when, and what is left behind.
 */
#include <errno.h>
#include <stdlib.h>

#include "scene.h"

#define LIMIT_MIB_PER_S	30

static struct fake_guest *begin(bool leaks, bool ring)
{
	struct fake_guest *g = scene_begin(leaks);

	g->ring = ring;
	fake_hows[g->index].policy = &fake_policy_vcpus;
	fake_param(&fake_hows[g->index], "passes", 1);
	return g;
}

static bool is_limited(struct fake_guest *g)
{
	return g->vcpu_limit_mib_per_s == LIMIT_MIB_PER_S;
}

static bool is_free(struct fake_guest *g)
{
	return !g->vcpu_limit_mib_per_s;
}

static void lifted_when_cancelled(void)
{
	struct fake_guest *g = begin(false, true);

	fake_tool_start("tool", g);
	CHECK(scene_until(is_limited, g, 60000));
	CHECK_INT(scene_limit_marks(NULL), 1);
	fake_guest_cancel(g);
	CHECK(scene_until(is_free, g, 10000));
	scene_pass(10000);
	CHECK_INT(scene_limit_marks(NULL), 0);
	CHECK(scene_runs_here(g));
	SCENE_END();
}

static void lifted_when_failed(void)
{
	struct fake_guest *g = begin(false, true);

	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(is_limited, g, 60000));
	fake_guest_fail(g);
	CHECK(scene_until(is_free, g, 20000));
	scene_pass(10000);
	CHECK_INT(scene_limit_marks(NULL), 0);
	SCENE_END();
}

/* It is let go of, while the migration goes on. */
static void lifted_when_left(void)
{
	struct fake_guest *g = begin(false, true);
	struct fake_process *p = fake_tool_start("tool", g);

	CHECK(scene_until(is_limited, g, 60000));
	fake_process_terminate(p);
	CHECK(scene_until(is_free, g, 10000));
	CHECK(g->job.active);
	CHECK_INT(scene_limit_marks(NULL), 0);
	fake_guest_cancel(g);
	scene_pass(10000);
	SCENE_END();
}

static void lifted_when_killed(void)
{
	struct fake_guest *g = begin(true, true);
	struct fake_process *p = fake_tool_start("tool", g);

	CHECK(scene_until(is_limited, g, 60000));
	fake_process_kill(p);
	CHECK(scene_until(is_free, g, 10000));
	scene_pass(5000);
	CHECK_INT(scene_limit_marks(NULL), 0);
	fake_guest_cancel(g);
	scene_pass(10000);
	SCENE_END();
}

/* Who supervises the same migration next finds it limited. */
static void lifted_by_the_next(void)
{
	struct fake_guest *g = begin(true, true);
	struct fake_process *p = fake_supervisor_start("daemon");

	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(is_limited, g, 60000));
	fake_process_kill(p);
	fake_guest_cancel(g);
	scene_pass(20000);
	CHECK(is_limited(g));
	CHECK_INT(scene_limit_marks(NULL), 1);
	fake_supervisor_start("daemon 2");
	CHECK(scene_until(is_free, g, 10000));
	scene_pass(5000);
	CHECK_INT(scene_limit_marks(NULL), 0);
	SCENE_END();
}

/* What fails is tried again for as long as it takes. */
static void tried_again(void)
{
	for (int kind = 0; kind < 2; kind++) {
		struct fake_guest *g = begin(false, true);

		fake_supervisor_start("daemon");
		scene_pass(500);
		fake_guest_migrate(g, NULL, NULL);
		CHECK(scene_until(is_limited, g, 60000));
		scene_fault(kind ? FAKE_FAULT_VOID : FAKE_FAULT_ERROR, FAKE_CALL_LIMIT_VCPUS, -EIO,
			    0, 3);
		fake_guest_cancel(g);
		CHECK(scene_until(is_free, g, 20000));
		scene_pass(5000);
		CHECK_INT(scene_limit_marks(NULL), 0);
		SCENE_END();
	}
}

static void completes(void)
{
	struct fake_guest *g = begin(false, true);

	g->pattern = "uniform:region=1M,rate=400/s,seed=1";
	fake_hows[g->index].limits.max_downtime_ms = 500;
	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_runs_there, g, 60000));
	CHECK(truth_writes(g, FAKE_CALL_LIMIT_VCPUS) > 0);
	scene_pass(20000);
	CHECK_INT(scene_limit_marks(NULL), 0);
	SCENE_END();
}

/* libvirt takes it, and QEMU has no limit: that is told, and three times are enough. */
static void without_effect(void)
{
	struct fake_guest *g = begin(false, true);

	scene_fault(FAKE_FAULT_VOID, FAKE_CALL_LIMIT_VCPUS, 0, 600000, 0);
	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(40000);
	CHECK_INT(truth_writes(g, FAKE_CALL_LIMIT_VCPUS), MT_POLICY_TRIES);
	fake_guest_cancel(g);
	scene_pass(20000);
	CHECK_INT(scene_limit_marks(NULL), 0);
	SCENE_END();
}

static void not_without_rings(void)
{
	struct fake_guest *g = begin(false, false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(20000);
	CHECK_INT(truth_writes(g, FAKE_CALL_LIMIT_VCPUS), 0);
	fake_guest_cancel(g);
	scene_pass(10000);
	SCENE_END();
}

static const struct ktap_case cases[] = {
	{ "lifted when the migration is cancelled", lifted_when_cancelled },
	{ "lifted when it fails", lifted_when_failed },
	{ "lifted when it is let go of", lifted_when_left },
	{ "lifted by the guardian when who set it is killed", lifted_when_killed },
	{ "lifted by whoever comes next, with nobody left", lifted_by_the_next },
	{ "lifting that fails is tried again", tried_again },
	{ "where the guest moves no mark is left", completes },
	{ "a limit that comes to nothing is noticed", without_effect },
	{ "no limit without dirty rings", not_without_rings },
};
SCENE_MAIN(cases)
