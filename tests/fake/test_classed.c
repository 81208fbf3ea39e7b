// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_classed.c - policy walm and what goes wrong with what is known of a guest's work
 *
 * Post-copy is allowed, so a class that is wrong would flip.
 */
#include <errno.h>

#include "scene.h"

/* A link of 4 MB/s; walm, to which what the guest dirties is never too much. */
static struct fake_guest *begin(const char *pattern, const struct fake_work *work)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_how *how = &fake_hows[g->index];

	g->pattern = pattern;
	g->postcopy = true;
	g->work = *work;
	how->policy = mt_policy_find("walm");
	how->limits.postcopy_allowed = true;
	fake_param(how, "passes", 1);
	fake_param(how, "memory_percent", 1000);
	fake_supervisor_start("daemon");
	scene_pass(500);
	return g;
}

#define ENDLESS	"uniform:region=6M,rate=3000/s,seed=1"
#define SLOW	"uniform:region=1M,rate=50/s,seed=1"

static const struct fake_work receives = { 0.3, 7e6, 1e5, 0 }, sends = { 0.3, 1e5, 7e6, 0 },
			      calm = { 0.3, 1e4, 1e4, 0 };

static void end(struct fake_guest *g)
{
	if (g->job.active)
		fake_guest_cancel(g);
	scene_pass(20000);
}

static bool has_flipped(struct fake_guest *g)
{
	return truth_writes(g, FAKE_CALL_FLIP) > 0;
}

static void sends_mostly(void)
{
	struct fake_guest *g = begin(ENDLESS, &sends);

	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(has_flipped, g, 10000));
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(20000);
	SCENE_END();
}

static void receives_mostly(void)
{
	struct fake_guest *g = begin(ENDLESS, &receives);

	fake_guest_migrate(g, NULL, NULL);
	scene_pass(60000);
	CHECK(g->job.active && !has_flipped(g));
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	end(g);
	SCENE_END();
}

static void flaps(void)
{
	struct fake_guest *g = begin(ENDLESS, &receives);

	g->work.flaps_ms = 1000;
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(60000);
	CHECK(g->job.active && !has_flipped(g));
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	end(g);
	SCENE_END();
}

static void changes_in_the_middle(void)
{
	struct fake_guest *g = begin(ENDLESS, &receives);

	fake_guest_migrate(g, NULL, NULL);
	scene_pass(15000);
	CHECK(!has_flipped(g));
	fake_lock();
	g->work = sends;
	fake_release();
	CHECK(scene_until(has_flipped, g, 8000));
	scene_pass(30000);
	SCENE_END();
}

/* @work is what the figures say for a moment, before they are wrong. */
static void converges_whatever_they_say(enum fake_fault_kind kind, const struct fake_work *work)
{
	struct fake_guest *g = begin(SLOW, work);

	g->memory_bytes = 96 << 20;
	if (kind)
		scene_fault(kind, FAKE_CALL_WORK, 0, 600000, 0);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_runs_there, g, 120000));
	CHECK(!has_flipped(g));
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	scene_pass(10000);
	SCENE_END();
}

static void stale(void)
{
	converges_whatever_they_say(FAKE_FAULT_STALE, &sends);
}

static void contradictory(void)
{
	converges_whatever_they_say(FAKE_FAULT_CONTRADICTORY, &calm);
}

static void refused(void)
{
	struct fake_guest *g = begin(SLOW, &sends);

	scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_WORK, -EOPNOTSUPP, 600000, 0);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_runs_there, g, 120000));
	CHECK(!has_flipped(g));
	CHECK_INT(g->work_asked, 1);	/* it is not asked again */
	scene_pass(10000);
	SCENE_END();
}

static void asked_once_a_second(void)
{
	struct fake_guest *g = begin(ENDLESS, &receives);
	unsigned asked;

	fake_guest_migrate(g, NULL, NULL);
	scene_pass(10000);
	asked = g->work_asked;
	scene_pass(10000);
	asked = g->work_asked - asked;
	CHECK(asked >= 7 && asked <= 10);
	/* and more rarely where it takes long: 200 ms are a twentieth of 4 s */
	scene_fault(FAKE_FAULT_SLOW, FAKE_CALL_WORK, 0, 600000, 0)->ms = 200;
	scene_pass(2000);
	asked = g->work_asked;
	scene_pass(40000);
	asked = g->work_asked - asked;
	CHECK(asked >= 8 && asked <= 11);
	end(g);
	SCENE_END();
}

/* A guest that pre-copy cannot keep up with; adamig, which would compress what it sends. */
static struct fake_guest *begin_adamig(double idle_cpus)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_how *how = &fake_hows[g->index];

	g->pattern = "uniform:region=6M,rate=6000/s,seed=1";
	how->policy = mt_policy_find("adamig");
	how->limits.methods = 1U << MT_METHOD_COMPRESSION;
	how->limits.max_downtime_ms = 500;
	fake_param(how, "compressed_to", 50);
	fake_hv.host[FAKE_SOURCE].idle_cpus = idle_cpus;
	return g;
}

/*
 * Only where a CPU of the host is idle, which is asked of the hypervisor: compressed it arrives,
 * else no method is left.
 */
static void compresses_on_a_spare_cpu(void)
{
	for (int spare = 0; spare < 2; spare++) {
		struct fake_guest *g = begin_adamig(spare ? 2.5 : 0.5);
		struct fake_process *p = fake_tool_start("tool", g);

		scene_pass(30000);
		CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 1);
		CHECK_INT(g->job.number, 1 + spare);
		CHECK(p->has_result[g->index]);
		CHECK_INT(p->result[g->index].outcome,
			  spare ? MT_OUTCOME_COMPLETED : MT_OUTCOME_ABORTED);
		CHECK_INT(p->result[g->index].restarts, spare);
		SCENE_END();
	}
}

static const struct ktap_case cases[] = {
	{ "a guest that sends flips", sends_mostly },
	{ "one that receives is left to QEMU", receives_mostly },
	{ "so is one that receives every other second", flaps },
	{ "a class that changes in the middle changes what is done", changes_in_the_middle },
	{ "figures of its work that stand still lead to nothing", stale },
	{ "figures of its work that contradict each other lead to nothing", contradictory },
	{ "work that libvirt does not tell is asked for once", refused },
	{ "work is asked for once a second, and more rarely where it takes long",
	  asked_once_a_second },
	{ "adamig compresses where a CPU of the host is idle", compresses_on_a_spare_cpu },
};
SCENE_MAIN(cases)
