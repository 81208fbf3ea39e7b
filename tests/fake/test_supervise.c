// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_supervise.c - one migration with one thing that goes wrong around its stop
 *
 * The account of what must hold (truth.h) is judged at the end of each; what a scenario is about is
 * checked by itself. FAKE_TRACE=1 prints what happened.
 */
#include <errno.h>

#include "scene.h"

/*
 * In which a guest that was stopped runs again when nothing else is wrong: it is due, and looked
 * at, cancelled, resumed.
 */
#define GIVEN_BACK_MS	(SCENE_DUE_MS + 2500)

static enum mt_outcome outcome_of(const struct fake_process *p, const struct fake_guest *g)
{
	return p->has_result[g->index] ? p->result[g->index].outcome : MT_OUTCOME_COUNT;
}

/* --- all is well ---------------------------------------------------------------------- */
static void stops_and_completes(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_ours, g, 60000));
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(10000);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_COMPLETED);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 1);
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 0);
	CHECK_INT(truth_writes(g, FAKE_CALL_RESUME), 0);
	SCENE_END();
}

static void link_stands_still(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	scene_pass(500);
	CHECK(scene_stop(g));
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS));
	CHECK(truth_stopped_ms(g) >= SCENE_DUE_MS - 100);
	scene_pass(10000);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_ABORTED);
	CHECK(p->result[g->index].given_back);
	SCENE_END();
}

/* --- we die ------------------------------------------------------------------------------- */
static void killed_after_stop(void)
{
	struct fake_guest *g = scene_begin(true);
	struct fake_process *p = fake_supervisor_start("daemon");

	scene_pass(500);
	CHECK(scene_stop(g));
	fake_process_kill(p);
	scene_pass(2000);
	fake_supervisor_start("daemon.1");
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS + 2000));
	CHECK(truth_stopped_ms(g) < GIVEN_BACK_MS + 5000);
	scene_pass(10000);
	SCENE_END();
}

static bool is_being_suspended(struct fake_guest *g)
{
	return truth_writes(g, FAKE_CALL_SUSPEND) > 0;
}

/* What was sent is carried out, though nobody waits for it any more. */
static void killed_in_suspend(void)
{
	struct fake_guest *g = scene_begin(true);
	struct fake_process *p = fake_supervisor_start("daemon");

	scene_pass(500);
	scene_fault(FAKE_FAULT_SLOW, FAKE_CALL_SUSPEND, 0, 700, 1);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(is_being_suspended, g, 60000));
	fake_guest_stall(g, 0, 600000);
	fake_process_kill(p);
	/* Who comes next stops nothing: that it is stopped is the dead one's doing. */
	fake_hows[g->index].policy = &fake_policy_none;
	fake_supervisor_start("daemon.1");
	CHECK(scene_until(scene_is_ours, g, 2000));
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS + 2000));
	scene_pass(10000);
	SCENE_END();
}

/* libvirt has given the call up, and QEMU has not. */
static void suspend_fails_and_comes(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_fault *f;

	fake_supervisor_start("daemon");
	scene_pass(500);
	f = scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_SUSPEND, -ETIMEDOUT, 0, 1);
	f->late = true;
	f->ms = 2500;
	/* What it tries afterwards is refused, and has nothing to do with it. */
	scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_SUSPEND, -EACCES, 600000, 0);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(is_being_suspended, g, 60000));
	fake_guest_stall(g, 0, 600000);
	CHECK(scene_until(scene_is_ours, g, 4000));
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS));
	scene_pass(10000);
	SCENE_END();
}

/* Whatever libvirt says of a suspend that it has done: the guest is given back. */
static void suspend_is_done_and_fails(void)
{
	static const int errors[] = { -EIO,    -ETIMEDOUT,  -ECONNRESET, -EBUSY,
				      -EACCES, -EOPNOTSUPP, -ECANCELED,	 -ENOMEM };

	for (size_t i = 0; i < MT_ARRAY_SIZE(errors); i++) {
		struct fake_guest *g = scene_begin(false);

		fake_supervisor_start("daemon");
		scene_pass(500);
		scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_SUSPEND, errors[i], 0, 1)->late = true;
		CHECK(scene_stop(g));
		CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS));
		scene_pass(10000);
		SCENE_END();
	}
}

static void killed_again_and_again(void)
{
	struct fake_guest *g = scene_begin(true);
	struct fake_process *p = fake_supervisor_start("daemon");
	char name[24];

	scene_pass(500);
	CHECK(scene_stop(g));
	for (int i = 0; i < 8; i++) {
		fake_process_kill(p);
		scene_pass(100);
		snprintf(name, sizeof(name), "daemon.%d", i);
		p = fake_supervisor_start(name);
		scene_pass(900);
	}
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS));
	scene_pass(10000);
	SCENE_END();
}

static void terminated_after_stop(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	fake_hows[g->index].limits.fixed_ms = 10000;
	truth_predicted(g, 10000);
	scene_pass(500);
	CHECK(scene_stop(g));
	fake_process_terminate(p);
	/* It would be due in 43 s. */
	CHECK(scene_until(scene_runs_here, g, FAKE_LEAVE_MS + 2500));
	scene_pass(3000);
	CHECK(!fake_process_lives(p));
	SCENE_END();
}

static bool tool_is_ended(struct fake_guest *g)
{
	for (size_t i = 0; i < FAKE_PROCESSES; i++)
		if (fake_processes[i].used && fake_processes[i].kind == FAKE_TOOL)
			return !fake_process_lives(&fake_processes[i]);
	return true;
}

static void tool_killed_after_stop(void)
{
	struct fake_guest *g = scene_begin(true);
	struct fake_process *p = fake_tool_start("tool", g);

	CHECK(scene_until(scene_is_ours, g, 60000));
	fake_guest_stall(g, 0, 600000);
	fake_process_kill(p);
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS));
	scene_pass(10000);
	SCENE_END();
}

static void tool_cancelled(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p;

	fake_hows[g->index].policy = &fake_policy_none;
	p = fake_tool_start("tool", g);
	CHECK(scene_until(scene_is_slow, g, 60000));
	fake_process_cancel(p);
	CHECK(scene_until(tool_is_ended, g, 20000));
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_ABORTED);
	CHECK(scene_runs_here(g));
	SCENE_END();
}

/* Whoever supervises hangs in a call: a person's wish is heeded all the same. */
static void tool_hangs_and_is_cancelled(void)
{
	struct fake_guest *g = scene_begin(true);
	struct fake_process *p;
	struct fake_fault *f;

	fake_hows[g->index].policy = &fake_policy_none;
	p = fake_tool_start("tool", g);
	CHECK(scene_until(scene_is_slow, g, 60000));
	f = scene_fault(FAKE_FAULT_NEVER, FAKE_CALL_SAMPLE, 0, 0, 1);
	f->for_ever = true;
	scene_pass(2000);
	fake_process_cancel(p);
	CHECK(scene_until(scene_is_over, g, 6000));
	CHECK(scene_runs_here(g));
	SCENE_END();
}

/*
 * --- calls fail --------------------------------------------------------------------------------
 */
static void abort_fails_once(void)
{
	static const int errors[] = { -EIO,    -ETIMEDOUT,  -ECONNRESET, -EBUSY,
				      -EACCES, -EOPNOTSUPP, -ECANCELED,	 -ENOMEM };

	for (size_t i = 0; i < MT_ARRAY_SIZE(errors); i++) {
		struct fake_guest *g = scene_begin(false);

		fake_supervisor_start("daemon");
		scene_pass(500);
		scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_ABORT, errors[i], 0, 1);
		CHECK(scene_stop(g));
		CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS + 2500));
		CHECK(truth_writes(g, FAKE_CALL_ABORT) >= 2);
		scene_pass(10000);
		SCENE_END();
	}
}

static void abort_hangs(void)
{
	struct fake_guest *g = scene_begin(true);
	struct fake_fault *f;

	fake_supervisor_start("daemon");
	scene_pass(500);
	CHECK(scene_stop(g));
	f = scene_fault(FAKE_FAULT_NEVER, FAKE_CALL_ABORT, 0, 0, 2);
	f->for_ever = true;
	/* Each is given up after 5 s, for another on a connection of its own. */
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS + 12000));
	scene_pass(10000);
	SCENE_END();
}

static void state_fails_for_a_while(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	CHECK(scene_stop(g));
	scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_STATE, -EIO, 8000, 0);
	CHECK(scene_until(scene_runs_here, g, 8000 + 5000));
	scene_pass(10000);
	SCENE_END();
}

static void suspend_is_refused(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	fake_hows[g->index].policy = &fake_policy_stop_or_abort;
	fake_hows[g->index].limits.deadline_ms = 20000;
	scene_pass(500);
	scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_SUSPEND, -EACCES, 600000, 0);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_over, g, 40000));
	scene_pass(10000);
	/* Three refused stops end the stops, and not the deadline. */
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 3);
	CHECK(truth_writes(g, FAKE_CALL_ABORT) >= 1);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_ABORTED);
	SCENE_END();
}

/* A policy that knows of nothing else: what was refused becomes an abort when the time is over. */
static void refused_until_deadline(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	fake_hows[g->index].limits.deadline_ms = 20000;
	scene_pass(500);
	scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_SUSPEND, -EACCES, 600000, 0);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(19000);
	CHECK(g->job.active);
	CHECK(scene_until(scene_is_over, g, 5000));
	scene_pass(10000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 3);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_ABORTED);
	SCENE_END();
}

/* It gives the guest back, or the time: it is tried as long as it is wanted. */
static void abort_is_refused(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	fake_hows[g->index].policy = &fake_policy_abort;
	scene_pass(500);
	scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_ABORT, -EIO, 0, 6);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_over, g, 60000));
	scene_pass(10000);
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 7);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_ABORTED);
	SCENE_END();
}

/* No mark, no stop. */
static void mark_cannot_be_written(void)
{
	struct fake_guest *g = scene_begin(true);
	struct fake_process *p = fake_supervisor_start("daemon");

	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1000);
	fake_sink_set(p->group, FAKE_SINK_HANDS,
		      &(struct fake_sink_fault){ .from_ns = mt_now_ns(),
						 .until_ns = mt_now_ns() + 3600 * MT_NS_PER_S,
						 .error = ENOSPC });
	scene_pass(30000);
	CHECK(fake_counted("hands fail"));
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	fake_guest_cancel(g);
	scene_pass(20000);
	SCENE_END();
}

static bool is_before_switchover(struct fake_guest *g)
{
	return !strcmp(g->job.status, "pre-switchover");
}

/* The deadline comes while QEMU waits to switch over. */
static struct fake_guest *switches_slowly(void)
{
	struct fake_guest *g = scene_begin(false);

	g->preswitchover_ms = 30000;
	g->pattern = "idle";
	fake_hows[g->index].policy = &fake_policy_stop_or_abort;
	fake_param(&fake_hows[g->index], "passes", 1000);
	fake_hows[g->index].limits.deadline_ms = 10000;
	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	return g;
}

static void before_switchover(void)
{
	struct fake_guest *g = switches_slowly();

	CHECK(scene_until(is_before_switchover, g, 9000));
	CHECK(scene_until(scene_runs_there, g, 60000));
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 0);
	scene_pass(10000);
	SCENE_END();
}

/* The event is lost with the connection. */
static void switchover_while_cut(void)
{
	struct fake_guest *g = switches_slowly();

	scene_pass(300);
	scene_fault(FAKE_FAULT_LOST, FAKE_CALL_COUNT, 0, 9000, 0);
	CHECK(scene_until(is_before_switchover, g, 9000));
	fake_host_cut(FAKE_SOURCE, 0);
	CHECK(scene_until(scene_runs_there, g, 60000));
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 0);
	scene_pass(10000);
	SCENE_END();
}

/* So that only finishing saves it. */
static void deadline_in_postcopy(void)
{
	struct fake_guest *g = scene_begin(false);

	g->postcopy = true;
	g->link_bytes_per_s = 1e6;
	fake_hows[g->index].policy = &fake_policy_stop_or_abort;
	fake_param(&fake_hows[g->index], "passes", 1000);
	fake_hows[g->index].limits.deadline_ms = 16000;
	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_slow, g, 60000));
	fake_lock();
	g->asked.flip = true;		/* somebody else's */
	fake_release();
	scene_pass(60000);
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 0);
	CHECK(scene_runs_there(g));
	SCENE_END();
}

/* Older than its age limit: it holds no more. */
static void decision_is_too_old(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	scene_fault(FAKE_FAULT_SLOW, FAKE_CALL_GET_DOWNTIME, 0, 4000, 1000);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_slow, g, 60000));
	scene_pass(30000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	fake_guest_cancel(g);
	CHECK(scene_until(scene_is_over, g, 10000));
	scene_pass(20000);
	SCENE_END();
}

/* Whoever else steers it could have changed anything. */
static void limit_cannot_be_read_again(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1000);
	scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_GET_DOWNTIME, -EIO, 20000, 0);
	scene_pass(19000);
	CHECK(fake_counted("call fails: get downtime limit"));
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	CHECK(scene_until(scene_is_ours, g, 20000));
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(10000);
	SCENE_END();
}

/* It stopped the guest seconds later than it was decided: given back at once. */
static void suspend_comes_late(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_hows[g->index].limits.fixed_ms = 5000;
	truth_predicted(g, 5000);
	fake_supervisor_start("daemon");
	scene_pass(500);
	scene_fault(FAKE_FAULT_SLOW, FAKE_CALL_SUSPEND, 0, 6000, 1);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(is_being_suspended, g, 60000));
	fake_guest_stall(g, 0, 600000);
	CHECK(scene_until(scene_is_ours, g, 8000));
	CHECK(scene_until(scene_runs_here, g, 3000));
	scene_pass(10000);
	SCENE_END();
}

/*
 * --- connections
 * ----------------------------------------------------------------------------------
 */
static void connection_cut_after_stop(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	CHECK(scene_stop(g));
	fake_host_cut(FAKE_SOURCE, 0);
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS + 1000));
	scene_pass(10000);
	SCENE_END();
}

static void libvirtd_restarted_after_stop(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	CHECK(scene_stop(g));
	fake_host_down(FAKE_SOURCE);
	scene_pass(4000);
	fake_host_up(FAKE_SOURCE);
	CHECK(scene_until(scene_runs_here, g, 3000));
	scene_pass(15000);
	SCENE_END();
}

/* And does not know that it stopped it for a migration. */
static void libvirtd_forgets(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_no_resume(g);
	CHECK(scene_stop(g));
	fake_host_down(FAKE_SOURCE);
	scene_pass(4000);
	fake_host_up(FAKE_SOURCE);
	CHECK(scene_until(scene_runs_here, g, 12000));
	CHECK(truth_writes(g, FAKE_CALL_RESUME) >= 1);
	scene_pass(15000);
	SCENE_END();
}

/* It runs at the destination, whatever its source still looks like. */
static void source_stays_paused(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_no_resume(g);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_ours, g, 60000));
	CHECK(scene_until(scene_runs_there, g, 20000));
	scene_pass(60000);
	CHECK_INT(truth_writes(g, FAKE_CALL_RESUME), 0);
	SCENE_END();
}

static void libvirtd_down_at_start(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_host_down(FAKE_SOURCE);
	fake_supervisor_start("daemon");
	scene_pass(7000);
	fake_host_up(FAKE_SOURCE);
	scene_pass(7000);
	CHECK(scene_stop(g));
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS));
	scene_pass(10000);
	SCENE_END();
}

static void events_are_lost(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1000);
	scene_fault(FAKE_FAULT_LOST, FAKE_CALL_COUNT, 0, 600000, 0);
	CHECK(scene_until(scene_is_ours, g, 60000));
	fake_guest_stall(g, 0, 600000);
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS));
	scene_pass(20000);
	SCENE_END();
}

static void qemu_hangs(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	CHECK(scene_stop(g));
	fake_guest_hang(g, 20000);
	scene_pass(20000);
	CHECK(scene_until(scene_runs_here, g, 4000));
	scene_pass(10000);
	SCENE_END();
}

/*
 * --- figures and clocks
 * ---------------------------------------------------------------------------
 */
static void nothing_is_done_on(enum fake_fault_kind kind, uint64_t how, bool for_good)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	/* A first migration leaves figures behind. */
	fake_param(&fake_hows[g->index], "passes", 1000);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_slow, g, 60000));
	scene_pass(5000);
	fake_guest_cancel(g);
	scene_pass(20000);
	fake_param(&fake_hows[g->index], "passes", 2);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1500);
	scene_fault(kind, FAKE_CALL_COUNT, 0, 30000, 0)->ms = how;
	scene_pass(29000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	CHECK(g->job.active);
	/*
	 * When they make sense again it goes on. But those of half a minute that went back were
	 * another migration's.
	 */
	if (for_good) {
		scene_pass(20000);
		CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
		fake_guest_cancel(g);
		scene_pass(10000);
	} else {
		CHECK(scene_until(scene_is_ours, g, 30000));
		CHECK(scene_until(scene_runs_there, g, 60000));
	}
	scene_pass(10000);
	SCENE_END();
}

static void stale_figures(void)
{
	nothing_is_done_on(FAKE_FAULT_STALE, 0, false);
}

static void figures_of_another_job(void)
{
	nothing_is_done_on(FAKE_FAULT_OTHER_JOB, 0, false);
}

static void more_left_than_there_is(void)
{
	nothing_is_done_on(FAKE_FAULT_CONTRADICTORY, 1, false);
}

static void figures_go_backwards(void)
{
	nothing_is_done_on(FAKE_FAULT_CONTRADICTORY, 3, true);
}

static void wall_clock_steps(void)
{
	static const int64_t steps_ms[] = { 400, -400, 2000, 7200000 };

	for (size_t i = 0; i < MT_ARRAY_SIZE(steps_ms); i++) {
		struct fake_guest *g = scene_begin(false);
		struct fake_process *p = fake_supervisor_start("daemon");

		scene_pass(500);
		fake_guest_migrate(g, NULL, NULL);
		scene_pass(1000);
		fake_wall_step_us(steps_ms[i] * 1000);
		CHECK(scene_until(scene_is_ours, g, 60000));
		fake_wall_step_us(-steps_ms[i] * 1000);
		CHECK(scene_until(scene_runs_there, g, 60000));
		scene_pass(10000);
		CHECK_INT(outcome_of(p, g), MT_OUTCOME_COMPLETED);
		SCENE_END();
	}
}

/*
 * libvirt then says the same time for ever: that is told, and after a while ours is put in its
 * place.
 */
static void wall_clock_before_beginning(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");
	unsigned notes;

	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1000);
	notes = p->notes;
	fake_wall_step_us(-7200LL * 1000000);
	CHECK(scene_until(scene_is_ours, g, 60000));
	CHECK(p->notes > notes);
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(10000);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_COMPLETED);
	SCENE_END();
}

/*
 * --- others --------------------------------------------------------------------------------------
 */
static void two_daemons(void)
{
	struct fake_guest *g = scene_begin(true), *other = scene_guest("guest1");
	struct fake_process *first = fake_supervisor_start("daemon0");

	scene_pass(500);
	fake_supervisor_start("daemon1");
	scene_pass(500);
	CHECK(fake_counted("second daemon observes"));
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_ours, g, 60000));
	CHECK(scene_until(scene_runs_there, g, 60000));
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 1);
	fake_guest_migrate(other, NULL, NULL);
	scene_pass(1000);
	/* The second takes over in the middle. */
	fake_process_kill(first);
	CHECK(scene_until(scene_is_ours, other, 60000));
	CHECK(scene_until(scene_runs_there, other, 60000));
	scene_pass(10000);
	SCENE_END();
}

static void daemon_and_tool(void)
{
	struct fake_guest *g = scene_begin(true);
	struct fake_process *tool;

	fake_param(&fake_hows[g->index], "passes", 4);
	fake_supervisor_start("daemon");
	scene_pass(500);
	tool = fake_tool_start("tool", g);
	CHECK(scene_until(scene_is_slow, g, 60000));
	/* Whoever is left takes the wheel; here the daemon, and it stops the guest. */
	fake_process_kill(tool);
	CHECK(scene_until(scene_is_ours, g, 60000));
	CHECK(scene_until(scene_runs_there, g, 60000));
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 1);
	scene_pass(10000);
	SCENE_END();
}

static void exempted(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_hows[g->index].observe = true;
	fake_hows[g->index].policy = &fake_policy_limit;
	truth_exempt(g, true);
	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(60000);
	for (int call = FAKE_CALL_SET_DOWNTIME; call < FAKE_CALL_COUNT; call++)
		CHECK_INT(truth_writes(g, (enum fake_call)call), 0);
	fake_guest_cancel(g);
	scene_pass(20000);
	SCENE_END();
}

static void reloaded_to_observe(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1000);
	fake_process_observe(p, true);
	truth_exempt(g, true);
	scene_pass(60000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	fake_guest_cancel(g);
	scene_pass(20000);
	SCENE_END();
}

/* While the call that reads the limit again takes its time. */
static void reloaded_between_look_and_act(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	scene_pass(500);
	scene_fault(FAKE_FAULT_SLOW, FAKE_CALL_STATE, 0, 600, 1);
	fake_guest_migrate(g, NULL, NULL);
	while (!fake_counted("call is slow: state") && fake_ms() < 60000)
		scene_pass(10);
	CHECK(fake_counted("call is slow: state"));
	fake_process_observe(p, true);
	truth_exempt(g, true);
	scene_pass(30000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	fake_guest_cancel(g);
	scene_pass(20000);
	SCENE_END();
}

/* The same with what is no stop. */
static void reloaded_before_setting(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	fake_hows[g->index].policy = &fake_policy_limit;
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1000);
	scene_fault(FAKE_FAULT_SLOW, FAKE_CALL_GET_DOWNTIME, 0, 600, 1);
	while (!fake_counted("call is slow: get downtime limit") && fake_ms() < 60000)
		scene_pass(10);
	CHECK(fake_counted("call is slow: get downtime limit"));
	fake_process_observe(p, true);
	truth_exempt(g, true);
	scene_pass(30000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SET_DOWNTIME), 0);
	fake_guest_cancel(g);
	scene_pass(20000);
	SCENE_END();
}

static void release(const struct fake_guest *g, bool all, bool off)
{
	struct mt_hands *hands = NULL;
	struct mt_err err = { 0 };
	char path[300];

	snprintf(path, sizeof(path), "%s/hands", fake_setup.directory);
	CHECK(!mt_hands_open(&hands, path, &err));
	CHECK(!mt_hands_release(hands, fake_hv.host[FAKE_SOURCE].uuid, all ? NULL : g->uuid, off,
				&err));
	truth_released(all ? NULL : g, off);
	mt_hands_close(hands);
}

static void released(bool all)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1000);
	release(g, all, true);
	scene_pass(60000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	release(g, all, false);
	CHECK(scene_until(scene_is_ours, g, 10000));
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(10000);
	SCENE_END();
}

static void released_one(void)
{
	released(false);
}

static void released_all(void)
{
	released(true);
}

/* That one is stopped already does not bind the guard's hands. */
static void released_after_stop(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	CHECK(scene_stop(g));
	release(g, true, true);
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS));
	scene_pass(10000);
	SCENE_END();
}

static void no_more_than_one(void)
{
	struct fake_guest *g = scene_begin(false), *other = scene_guest("guest1");

	fake_setup.max_stopped = 1;
	truth_reset(1);
	/* It stays stopped for long enough for the other to want the same. */
	fake_hows[g->index].limits.fixed_ms = 3000;
	truth_predicted(g, 3000);
	truth_predicted(other, SCENE_PREDICTED_MS);
	fake_supervisor_start("daemon");
	scene_pass(500);
	CHECK(scene_stop(g));
	fake_guest_migrate(other, NULL, NULL);
	CHECK(scene_until(scene_is_slow, other, 60000));
	CHECK(scene_until(scene_is_ours, other, 60000));
	CHECK(!truth_is_ours(g));
	scene_pass(60000);
	SCENE_END();
}

static bool is_limit_set(struct fake_guest *g)
{
	return truth_writes(g, FAKE_CALL_SET_DOWNTIME) > 0;
}

static void limit_changed(enum mt_others others)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");
	unsigned notes, set;

	fake_hows[g->index].policy = &fake_policy_limit;
	fake_hows[g->index].others = others;
	g->link_bytes_per_s = 2e6;
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(is_limit_set, g, 60000));
	scene_pass(20);
	set = truth_writes(g, FAKE_CALL_SET_DOWNTIME);
	notes = p->notes;
	fake_guest_set_limit(g, 17);
	scene_pass(60000);
	CHECK(p->notes > notes);
	CHECK_INT(g->limit_ms, 17);
	CHECK_INT(truth_writes(g, FAKE_CALL_SET_DOWNTIME), set);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), others == MT_OTHERS_BACK_OFF);
	fake_guest_cancel(g);
	scene_pass(20000);
	SCENE_END();
}

/* libvirt takes it, and nothing comes of it. */
static void limit_is_not_set(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	fake_hows[g->index].policy = &fake_policy_limit;
	g->link_bytes_per_s = 2e6;
	scene_pass(500);
	scene_fault(FAKE_FAULT_VOID, FAKE_CALL_SET_DOWNTIME, 0, 0, 2);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_ours, g, 90000));
	/* Two that came to nothing, and were seen to have; then it is set as it would have been. */
	CHECK_INT(p->result[g->index].actions_failed, 2);
	CHECK(g->limit_ms > MT_QEMU_LIMIT_DEFAULT_MS);
	scene_pass(60000);
	SCENE_END();
}

static void guest_is_not_stopped(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	scene_pass(500);
	scene_fault(FAKE_FAULT_VOID, FAKE_CALL_SUSPEND, 0, 0, 1);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_ours, g, 60000));
	CHECK_INT(p->result[g->index].actions_failed, 1);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 2);
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(10000);
	SCENE_END();
}

static void flip_comes_to_nothing(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	g->postcopy = true;
	fake_hows[g->index].policy = &fake_policy_flip;
	fake_hows[g->index].limits.postcopy_allowed = true;
	scene_pass(500);
	scene_fault(FAKE_FAULT_VOID, FAKE_CALL_FLIP, 0, 0, 1);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_runs_there, g, 60000));
	CHECK_INT(truth_writes(g, FAKE_CALL_FLIP), 2);
	scene_pass(20000);
	CHECK(p->result[g->index].postcopy);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_COMPLETED);
	SCENE_END();
}

static void abort_comes_to_nothing(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	fake_hows[g->index].policy = &fake_policy_abort;
	scene_pass(500);
	scene_fault(FAKE_FAULT_VOID, FAKE_CALL_ABORT, 0, 0, 1);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_over, g, 60000));
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 2);
	scene_pass(20000);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_ABORTED);
	SCENE_END();
}

/* Between libvirt's answer and QEMU's word that it is cancelled the policy is asked once more. */
static void cancelled_and_about_to_stop(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p;

	fake_hows[g->index].policy = mt_policy_find("timeout");
	fake_param(&fake_hows[g->index], "timeout", 3000);
	p = fake_tool_start("tool", g);
	scene_pass(2700);
	/* It takes until the time of the stop has come. */
	scene_fault(FAKE_FAULT_SLOW, FAKE_CALL_ABORT, 0, 600, 1);
	fake_process_cancel(p);
	CHECK(scene_until(tool_is_ended, g, 30000));
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 1);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_ABORTED);
	SCENE_END();
}

static void limit_changed_back_off(void)
{
	limit_changed(MT_OTHERS_BACK_OFF);
}

static void limit_changed_observe(void)
{
	limit_changed(MT_OTHERS_OBSERVE);
}

/*
 * --- the guest -----------------------------------------------------------------------------------
 */
static void powered_off_while_stopped(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	scene_pass(500);
	CHECK(scene_stop(g));
	fake_guest_power_off(g);
	scene_pass(30000);
	CHECK_INT(truth_writes(g, FAKE_CALL_RESUME), 0);
	CHECK(p->has_result[g->index]);
	CHECK(strstr(p->result[g->index].detail, "shut down"));
	SCENE_END();
}

static void renamed_and_undefined(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_ours, g, 60000));
	fake_guest_stall(g, 0, 600000);
	fake_guest_rename(g, "called otherwise");
	fake_guest_undefine(g);
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS));
	scene_pass(10000);
	SCENE_END();
}

static void paused_by_its_owner_before(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_pause(g);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(30000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	CHECK_INT(truth_writes(g, FAKE_CALL_RESUME), 0);
	SCENE_END();
}

static void paused_by_its_owner_meanwhile(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1000);
	fake_guest_pause(g);
	scene_pass(30000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	CHECK_INT(truth_writes(g, FAKE_CALL_RESUME), 0);
	SCENE_END();
}

/*
 * A write that was under way failed: whoever resumes it now makes it write on a disk that is full.
 */
static void io_error_while_stopped(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_supervisor_start("daemon");
	scene_pass(500);
	CHECK(scene_stop(g));
	fake_guest_no_resume(g);
	fake_lock();
	g->side[FAKE_SOURCE].reason = VIR_DOMAIN_PAUSED_IOERROR;
	truth_state(g);
	fake_release();
	scene_pass(1500);
	fake_guest_cancel(g);
	scene_pass(40000);
	CHECK_INT(truth_writes(g, FAKE_CALL_RESUME), 0);
	SCENE_END();
}

static void destination_dies_while_stopped(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p = fake_supervisor_start("daemon");

	scene_pass(500);
	CHECK(scene_stop(g));
	fake_guest_fail(g);
	CHECK(scene_until(scene_runs_here, g, 2000));
	scene_pass(15000);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_FAILED);
	CHECK_INT(truth_writes(g, FAKE_CALL_RESUME), 0);
	SCENE_END();
}

static void parallel_is_never_flipped(void)
{
	struct fake_guest *g = scene_begin(false);

	g->parallel = true;
	fake_hows[g->index].policy = &fake_policy_flip;
	fake_hows[g->index].limits.postcopy_allowed = true;
	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(30000);
	CHECK_INT(truth_writes(g, FAKE_CALL_FLIP), 0);
	fake_guest_cancel(g);
	scene_pass(20000);
	SCENE_END();
}

/* --- cancelled, and begun again ----------------------------------------------------------- */
static struct fake_guest *begin_restart(void)
{
	struct fake_guest *g = scene_begin(false);

	fake_hows[g->index].policy = &fake_policy_restart;
	fake_hows[g->index].limits.methods = 1U << MT_METHOD_AUTOCONVERGE;
	return g;
}

static bool is_second(struct fake_guest *g)
{
	return g->job.number == 2 && g->job.active;
}

static void begun_again(void)
{
	struct fake_guest *g = begin_restart();
	struct fake_process *p = fake_tool_start("tool", g);

	CHECK(scene_until(is_second, g, 60000));
	CHECK_INT(g->throttle_most, 30);
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 1);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(20000);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_COMPLETED);
	CHECK_INT(p->result[g->index].restarts, 1);
	CHECK(p->result[g->index].earlier_ms > 1000);
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 1);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 1);
	CHECK_INT(g->job.number, 2);
	SCENE_END();
}

/* Whoever has not begun it does not cancel it either, whatever the policy thinks. */
static void never_by_others(void)
{
	struct fake_guest *g = begin_restart();

	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(30000);
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 0);
	CHECK_INT(g->job.number, 1);
	fake_guest_cancel(g);
	scene_pass(20000);
	SCENE_END();
}

static bool is_cancelled(struct fake_guest *g)
{
	return g->job.end == FAKE_END_CANCELLED;
}

/* A person's wish comes in between: the guest stays. */
static void not_begun_again(void)
{
	struct fake_guest *g = begin_restart();
	struct fake_process *p = fake_tool_start("tool", g);

	CHECK(scene_until(is_cancelled, g, 60000));
	fake_process_cancel(p);
	scene_pass(20000);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_ABORTED);
	CHECK_INT(g->job.number, 1);
	CHECK(scene_runs_here(g));
	CHECK_INT(truth_writes(g, FAKE_CALL_LIMIT_THROTTLE), 2);
	CHECK_INT(g->throttle_most, 0);
	SCENE_END();
}

/* What could throttle it without end is not begun: the one that runs is not given up for it. */
static void not_held(void)
{
	struct fake_guest *g = begin_restart();

	scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_LIMIT_THROTTLE, -EIO, 0, 0);
	fake_tool_start("tool", g);
	scene_pass(20000);
	/* Each time it is taken back, too: what fails may have been done. */
	CHECK_INT(truth_writes(g, FAKE_CALL_LIMIT_THROTTLE), 2 * MT_POLICY_TRIES);
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 0);
	CHECK_INT(g->job.number, 1);
	fake_guest_cancel(g);
	scene_pass(20000);
	SCENE_END();
}

/*
 * While a look takes its time QEMU gets on, and is about to switch over: events of passes wait
 * before the one that says so.
 */
static void switchover_told_behind_passes(void)
{
	struct fake_guest *g = scene_begin(false);

	g->pattern = "uniform:region=4M,rate=600/s,seed=1";
	g->limit_ms = 50;
	g->preswitchover_ms = 20000;
	fake_hows[g->index].policy = &fake_policy_abort;
	fake_param(&fake_hows[g->index], "passes", 1);
	fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1000);
	scene_fault(FAKE_FAULT_SLOW, FAKE_CALL_SAMPLE, 0, 15000, 1);
	CHECK(scene_until(scene_runs_there, g, 60000));
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 0);
	scene_pass(20000);
	SCENE_END();
}

/* --- throttled ---------------------------------------------------------------------------- */
static bool is_throttled(struct fake_guest *g)
{
	return g->throttle_most;
}

static struct fake_guest *begin_throttle(struct fake_process **p)
{
	struct fake_guest *g = scene_begin(false);

	g->auto_converge = true;
	fake_hows[g->index].policy = &fake_policy_throttle;
	*p = fake_supervisor_start("daemon");
	scene_pass(500);
	return g;
}

static void throttle(struct fake_guest *g)
{
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(is_throttled, g, 60000));
	CHECK_INT(g->throttle_most, 40);
}

/* What QEMU keeps of it is taken back, however the guest came to stay. */
static void throttled_and_cancelled(void)
{
	struct fake_process *p;
	struct fake_guest *g = begin_throttle(&p);

	throttle(g);
	fake_guest_cancel(g);
	scene_pass(20000);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_ABORTED);
	CHECK_INT(g->throttle_most, 0);
	SCENE_END();
}

static void throttled_and_failed(void)
{
	struct fake_process *p;
	struct fake_guest *g = begin_throttle(&p);

	throttle(g);
	fake_guest_fail(g);
	scene_pass(20000);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_FAILED);
	CHECK_INT(g->throttle_most, 0);
	SCENE_END();
}

static void throttled_in_spite(void)
{
	struct fake_process *p;
	struct fake_guest *g = begin_throttle(&p);

	scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_THROTTLE, -ETIMEDOUT, 0, 1)->late = true;
	throttle(g);
	fake_guest_cancel(g);
	scene_pass(20000);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_ABORTED);
	CHECK_INT(g->throttle_most, 0);
	SCENE_END();
}

static void flips_and_completes(void)
{
	struct fake_guest *g = scene_begin(false);
	struct fake_process *p;

	g->postcopy = true;
	fake_hows[g->index].policy = &fake_policy_flip;
	fake_hows[g->index].limits.postcopy_allowed = true;
	p = fake_supervisor_start("daemon");
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(30000);
	CHECK_INT(outcome_of(p, g), MT_OUTCOME_COMPLETED);
	CHECK(p->result[g->index].postcopy);
	SCENE_END();
}

/*
 * --- what is written to
 * ----------------------------------------------------------------------------
 */
static void recording(int error)
{
	struct fake_guest *g = scene_begin(true);
	struct fake_process *p = fake_supervisor_start("daemon");

	fake_hows[g->index].record = true;
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1000);
	fake_sink_set(p->group, FAKE_SINK_RECORDING,
		      &(struct fake_sink_fault){ .from_ns = mt_now_ns(),
						 .until_ns = mt_now_ns() + 3600 * MT_NS_PER_S,
						 .error = error });
	CHECK(scene_until(scene_is_ours, g, 60000));
	fake_guest_stall(g, 0, 600000);
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS));
	scene_pass(10000);
	SCENE_END();
}

static void recording_fails(void)
{
	recording(ENOSPC);
}

static void recording_blocks(void)
{
	recording(0);
}

static const struct ktap_case cases[] = {
	{ "a guest that is stopped arrives, and nothing else is done", stops_and_completes },
	{ "the link stands still after the stop: given back when it is due", link_stands_still },
	{ "kill -9 right after the stop, started again", killed_after_stop },
	{ "kill -9 while the suspend call is under way", killed_in_suspend },
	{ "a suspend that failed, and comes all the same", suspend_fails_and_comes },
	{ "a suspend that is done, and failed by any error", suspend_is_done_and_fails },
	{ "kill -9 again and again", killed_again_and_again },
	{ "SIGTERM right after the stop: given back first", terminated_after_stop },
	{ "the tool killed after the stop: its guardian gives back", tool_killed_after_stop },
	{ "the tool is asked to cancel", tool_cancelled },
	{ "the tool hangs, and is asked to cancel", tool_hangs_and_is_cancelled },
	{ "an abort that fails once, by any error", abort_fails_once },
	{ "aborts that never come back", abort_hangs },
	{ "the state cannot be asked for a while", state_fails_for_a_while },
	{ "three refused stops do not end the deadline's abort", suspend_is_refused },
	{ "what was refused becomes an abort at the deadline", refused_until_deadline },
	{ "an abort is tried as long as it is wanted", abort_is_refused },
	{ "a guest that cannot be marked is not stopped", mark_cannot_be_written },
	{ "nothing is done before a switchover", before_switchover },
	{ "nor before one that began while the connection was lost", switchover_while_cut },
	{ "nothing is aborted in post-copy", deadline_in_postcopy },
	{ "a decision that is too old is dropped", decision_is_too_old },
	{ "the limit cannot be read again: not stopped", limit_cannot_be_read_again },
	{ "a suspend that came late: given back at once", suspend_comes_late },
	{ "the connection is cut after the stop", connection_cut_after_stop },
	{ "libvirtd is restarted after the stop", libvirtd_restarted_after_stop },
	{ "libvirtd is restarted, and does not resume", libvirtd_forgets },
	{ "what arrived is never resumed at the source", source_stays_paused },
	{ "libvirtd is down when we start", libvirtd_down_at_start },
	{ "events are lost: given back all the same", events_are_lost },
	{ "QEMU hangs after the stop", qemu_hangs },
	{ "stale figures lead to nothing", stale_figures },
	{ "figures of another job lead to nothing", figures_of_another_job },
	{ "more is left than there is: leads to nothing", more_left_than_there_is },
	{ "figures that go backwards lead to nothing", figures_go_backwards },
	{ "steps of the wall clock change nothing", wall_clock_steps },
	{ "the wall clock goes back behind the beginning", wall_clock_before_beginning },
	{ "two daemons: one acts, the other takes over", two_daemons },
	{ "the tool steers, and the daemon when it is dead", daemon_and_tool },
	{ "an exempted guest is not touched", exempted },
	{ "a reload to observe holds for what is under way", reloaded_to_observe },
	{ "a reload between look and act", reloaded_between_look_and_act },
	{ "a reload before a limit is set", reloaded_before_setting },
	{ "a released migration is not touched, until that is taken back", released_one },
	{ "released with all others: not touched, until that is taken back", released_all },
	{ "released after the stop: given back all the same", released_after_stop },
	{ "no more than so many are stopped at once", no_more_than_one },
	{ "a limit that libvirt took and QEMU has not: seen, and set again", limit_is_not_set },
	{ "a stop that libvirt took, and the guest runs", guest_is_not_stopped },
	{ "a flip that came to nothing is made again", flip_comes_to_nothing },
	{ "an abort that came to nothing is made again", abort_comes_to_nothing },
	{ "cancelled: nothing is done any more, whatever the policy wants",
	  cancelled_and_about_to_stop },
	{ "another changes the limit: his stands", limit_changed_back_off },
	{ "another changes the limit: hands off", limit_changed_observe },
	{ "powered off while stopped", powered_off_while_stopped },
	{ "renamed and undefined while stopped", renamed_and_undefined },
	{ "paused by its owner before", paused_by_its_owner_before },
	{ "paused by its owner meanwhile", paused_by_its_owner_meanwhile },
	{ "an I/O error while it is stopped: left as it is", io_error_while_stopped },
	{ "the destination dies while it is stopped", destination_dies_while_stopped },
	{ "parallel connections are never flipped", parallel_is_never_flipped },
	{ "cancelled and begun again with another method, it arrives", begun_again },
	{ "who has not begun it never begins it again", never_by_others },
	{ "asked to cancel meanwhile, it is not begun again", not_begun_again },
	{ "not begun again where it would be throttled without end", not_held },
	{ "a look that takes its time, and a switchover: nothing is done",
	  switchover_told_behind_passes },
	{ "throttled and cancelled: QEMU's largest throttle is put back", throttled_and_cancelled },
	{ "throttled, and the destination dies: put back, too", throttled_and_failed },
	{ "a throttle that fails and comes all the same: put back, too", throttled_in_spite },
	{ "a flip completes in post-copy", flips_and_completes },
	{ "the recording fails: given back all the same", recording_fails },
	{ "the recording blocks for ever", recording_blocks },
};

SCENE_MAIN(cases)
