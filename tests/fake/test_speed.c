// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_speed.c - a guest of which we have changed the speed of its migrations is not left so
 *
 * That none is at the end truth.c judges in each case; here is when, and what is left behind.
 */
#include <errno.h>
#include <stdlib.h>

#include "scene.h"

#define WAS_BYTES_PER_S	(5ULL << 20)

static struct fake_guest *begin(bool leaks)
{
	struct fake_guest *g = scene_begin(leaks);

	g->speed_bytes_per_s = WAS_BYTES_PER_S;
	fake_hows[g->index].policy = &fake_policy_speed;
	fake_param(&fake_hows[g->index], "passes", 1);
	return g;
}

static bool is_changed(struct fake_guest *g)
{
	return g->speed_bytes_per_s != WAS_BYTES_PER_S;
}

static bool is_back(struct fake_guest *g)
{
	return !is_changed(g);
}

static void back_when_cancelled(void)
{
	struct fake_guest *g = begin(false);
	struct mt_left left = { .vcpus = true };

	fake_tool_start("tool", g);
	CHECK(scene_until(is_changed, g, 60000));
	CHECK_INT(scene_limit_marks(&left), 1);
	CHECK(!left.vcpus);
	CHECK_INT(left.speed.was_bytes_per_s, WAS_BYTES_PER_S);
	CHECK_INT(left.speed.ours_bytes_per_s[1], g->speed_bytes_per_s);
	fake_guest_cancel(g);
	CHECK(scene_until(is_back, g, 10000));
	scene_pass(10000);
	CHECK_INT(scene_limit_marks(NULL), 0);
	CHECK(scene_runs_here(g));
	SCENE_END();
}

/* One that was not limited is not limited again. */
static void back_to_none(void)
{
	struct fake_guest *g = begin(false);

	g->speed_bytes_per_s = 0;
	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	for (int i = 0; i < 600 && !g->speed_bytes_per_s; i++)
		scene_pass(100);
	CHECK(g->speed_bytes_per_s);
	fake_guest_fail(g);
	scene_pass(20000);
	CHECK_INT(g->speed_bytes_per_s, 0);
	CHECK_INT(scene_limit_marks(NULL), 0);
	SCENE_END();
}

/* It is let go of, or hands are taken off it, while the migration goes on. */
static void back_when_left(void)
{
	struct fake_guest *g = begin(false);
	struct fake_process *p = fake_tool_start("tool", g);

	CHECK(scene_until(is_changed, g, 60000));
	fake_process_terminate(p);
	CHECK(scene_until(is_back, g, 10000));
	CHECK(g->job.active);
	CHECK_INT(scene_limit_marks(NULL), 0);
	fake_guest_cancel(g);
	scene_pass(10000);
	SCENE_END();
}

static void back_when_killed(void)
{
	struct fake_guest *g = begin(true);
	struct fake_process *p = fake_tool_start("tool", g);

	CHECK(scene_until(is_changed, g, 60000));
	fake_process_kill(p);
	CHECK(scene_until(is_back, g, 10000));
	CHECK(g->job.active);
	scene_pass(5000);
	CHECK_INT(scene_limit_marks(NULL), 0);
	fake_guest_cancel(g);
	scene_pass(10000);
	SCENE_END();
}

static void back_by_the_next(void)
{
	struct fake_guest *g = begin(true);
	struct fake_process *p = fake_supervisor_start("daemon");

	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(is_changed, g, 60000));
	fake_process_kill(p);
	fake_guest_cancel(g);
	scene_pass(20000);
	CHECK(is_changed(g));
	CHECK_INT(scene_limit_marks(NULL), 1);
	fake_supervisor_start("daemon 2");
	CHECK(scene_until(is_back, g, 10000));
	scene_pass(5000);
	CHECK_INT(scene_limit_marks(NULL), 0);
	SCENE_END();
}

static void tried_again(void)
{
	for (int kind = 0; kind < 2; kind++) {
		struct fake_guest *g = begin(false);

		fake_supervisor_start("daemon");
		scene_pass(500);
		fake_guest_migrate(g, NULL, NULL);
		CHECK(scene_until(is_changed, g, 60000));
		scene_fault(kind ? FAKE_FAULT_VOID : FAKE_FAULT_ERROR, FAKE_CALL_SET_SPEED, -EIO,
			    0, 3);
		fake_guest_cancel(g);
		CHECK(scene_until(is_back, g, 20000));
		scene_pass(5000);
		CHECK_INT(scene_limit_marks(NULL), 0);
		SCENE_END();
	}
}

/* Whoever takes our hands off a migration does not get one that crawls. */
static void back_when_released(void)
{
	struct fake_guest *g = begin(false);
	struct mt_err err = { 0 };
	struct mt_hands *hands;
	char directory[300];

	snprintf(directory, sizeof(directory), "%s/hands", fake_setup.directory);
	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(is_changed, g, 60000));
	CHECK_INT(mt_hands_open(&hands, directory, &err), 0);
	CHECK_INT(mt_hands_release(hands, fake_hv.host[FAKE_SOURCE].uuid, g->uuid, true, &err), 0);
	mt_hands_close(hands);
	truth_released(g, true);
	CHECK(scene_until(is_back, g, 5000));
	CHECK(g->job.active);
	scene_pass(1000);
	CHECK_INT(scene_limit_marks(NULL), 0);
	fake_guest_cancel(g);
	scene_pass(10000);
	SCENE_END();
}

/* Once and again, and then without a mark. */
static void back_when_wanted(void)
{
	struct fake_guest *g = begin(false);

	fake_hows[g->index].policy = &fake_policy_slow;
	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	for (int i = 0; i < 2; i++) {
		CHECK(scene_until(is_changed, g, 60000));
		CHECK_INT(scene_limit_marks(NULL), 1);
		CHECK(scene_until(is_back, g, 60000));
		CHECK_INT(scene_limit_marks(NULL), 0);
	}
	CHECK(scene_until(scene_runs_there, g, 60000));
	SCENE_END();
}

/* Somebody else has set it since: that stands, though who changed it before is gone. */
static void theirs_stands(void)
{
	struct fake_guest *g = begin(true);
	struct fake_process *p = fake_tool_start("tool", g);

	CHECK(scene_until(is_changed, g, 60000));
	fake_process_kill(p);
	fake_guest_set_speed(g, 3 << 20);
	scene_pass(20000);
	CHECK_INT(g->speed_bytes_per_s, 3 << 20);
	CHECK_INT(scene_limit_marks(NULL), 0);
	fake_guest_cancel(g);
	scene_pass(10000);
	SCENE_END();
}

static const struct ktap_case cases[] = {
	{ "put back when the migration is cancelled", back_when_cancelled },
	{ "put back to no limit when it fails", back_to_none },
	{ "put back when it is let go of", back_when_left },
	{ "put back by the guardian when who changed it is killed", back_when_killed },
	{ "put back by whoever comes next, with nobody left", back_by_the_next },
	{ "putting back that fails is tried again", tried_again },
	{ "put back when hands are taken off it", back_when_released },
	{ "put back when a policy wants it so", back_when_wanted },
	{ "a speed that somebody else has set since stands", theirs_stands },
};
SCENE_MAIN(cases)
