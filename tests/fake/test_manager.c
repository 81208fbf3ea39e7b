// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_manager.c - migtraced on the fake: its start, its manager, and many migrations at once
 */
#include <dirent.h>
#include <errno.h>
#if defined(__SANITIZE_ADDRESS__)
size_t __sanitizer_get_current_allocated_bytes(void);	/* gcc has no header for it */
#endif

#include "scene.h"

#define GIVEN_BACK_MS	(SCENE_DUE_MS + 4000)

static const struct mt_policy *passes(void)
{
	return mt_policy_find("passes");
}

/* As scene_begin(), with what the daemon's configuration has words for. */
static struct fake_guest *begin(bool leaks)
{
	struct fake_guest *g = scene_begin(leaks);

	fake_hows[g->index].policy = passes();
	/* The daemon's policies predict for themselves: three seconds of such a guest's memory. */
	truth_predicted(g, 3000);
	return g;
}

static struct fake_guest *another(const char *name)
{
	struct fake_guest *g = scene_guest(name);

	fake_hows[g->index].policy = passes();
	truth_predicted(g, 3000);
	return g;
}

static bool status_has(struct fake_process *p, const char *text)
{
	char *status = fake_daemon_status(p);
	bool has = status && strstr(status, text);

	free(status);
	return has;
}

/* --- one migration ------------------------------------------------------------------- */
static void stops_and_completes(void)
{
	struct fake_guest *g = begin(false);
	struct fake_process *p = fake_daemon_start("migtraced");

	scene_pass(1000);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_ours, g, 60000));
	CHECK(status_has(p, g->uuid));
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(10000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 1);
	CHECK_INT(truth_writes(g, FAKE_CALL_ABORT), 0);
	CHECK(status_has(p, "\"outcome\":\"completed\""));
	SCENE_END();
}

static void killed_after_stop(void)
{
	struct fake_guest *g = begin(true);
	struct fake_process *p = fake_daemon_start("migtraced");

	scene_pass(1000);
	CHECK(scene_stop(g));
	fake_process_kill(p);
	scene_pass(2000);
	fake_daemon_start("migtraced.1");
	CHECK(scene_until(scene_runs_here, g, 3000 + 4 * 3000 + 5000));
	scene_pass(10000);
	SCENE_END();
}

static void terminated_after_stop(void)
{
	struct fake_guest *g = begin(false);
	struct fake_process *p;

	p = fake_daemon_start("migtraced");
	scene_pass(1000);
	CHECK(scene_stop(g));
	fake_process_terminate(p);
	CHECK(scene_until(scene_runs_here, g, FAKE_LEAVE_MS + 4000));
	scene_pass(5000);
	CHECK(!fake_process_lives(p));
	SCENE_END();
}

/* The call that its manager hangs in comes back when main() has given up, and is about to exit. */
static void terminated_in_a_call(void)
{
	struct fake_process *p;

	begin(true);
	scene_fault(FAKE_FAULT_SLOW, FAKE_CALL_NAMES, 0, 2800, 1);
	p = fake_daemon_start("migtraced");
	scene_pass(1000);
	fake_process_terminate(p);
	scene_pass(5000);
	CHECK(!fake_process_lives(p));
	CHECK_INT(fake_counted("process ends while a call hangs"), 1);
	SCENE_END();
}

/* With the reader of the log gone to sleep right before. */
static void log_is(int error)
{
	struct fake_guest *g = begin(true), *other = another("guest1");
	struct fake_process *p;

	fake_setup.log = true;
	p = fake_daemon_start("migtraced");
	scene_pass(1000);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1000);
	fake_sink_set(p->group, FAKE_SINK_LOG,
		      &(struct fake_sink_fault){ .from_ns = mt_now_ns(),
						 .until_ns = mt_now_ns() + 3600 * MT_NS_PER_S,
						 .error = error });
	CHECK(scene_until(scene_is_ours, g, 60000));
	fake_guest_stall(g, 0, 600000);
	CHECK(scene_until(scene_runs_here, g, 3000 + 4 * 3000 + 4000));
	CHECK(fake_counted(error ? "log fails" : "log blocks"));
	/* One that begins now has something to say at once. */
	fake_guest_migrate(other, NULL, NULL);
	CHECK(scene_until(scene_is_ours, other, 60000));
	CHECK(scene_until(scene_runs_there, other, 60000));
	scene_pass(5000);
	/* It still answers, and ends when it is asked to. */
	CHECK(status_has(p, "\"supervised\""));
	fake_process_terminate(p);
	scene_pass(20000);
	CHECK(!fake_process_lives(p));
	SCENE_END();
}

static void log_blocks(void)
{
	log_is(0);
}

static void log_fails(void)
{
	log_is(EIO);
}

static void recording_is(int error)
{
	struct fake_guest *g = begin(true);
	struct fake_process *p;

	fake_setup.record = true;
	p = fake_daemon_start("migtraced");
	scene_pass(1000);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1000);
	fake_sink_set(p->group, FAKE_SINK_RECORDING,
		      &(struct fake_sink_fault){ .from_ns = mt_now_ns(),
						 .until_ns = mt_now_ns() + 3600 * MT_NS_PER_S,
						 .error = error });
	CHECK(scene_until(scene_is_ours, g, 60000));
	fake_guest_stall(g, 0, 600000);
	CHECK(scene_until(scene_runs_here, g, 3000 + 4 * 3000 + 4000));
	scene_pass(20000);
	CHECK(fake_counted(error ? "recording fails" : "recording blocks"));
	SCENE_END();
}

static void recording_blocks(void)
{
	recording_is(0);
}

static void recording_fails(void)
{
	recording_is(ENOSPC);
}

static void exempted(void)
{
	struct fake_guest *g = begin(false);

	fake_hows[g->index].observe = true;
	truth_exempt(g, true);
	fake_daemon_start("migtraced");
	scene_pass(1000);
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
	struct fake_guest *g = begin(false);
	struct fake_process *p;

	fake_param(&fake_hows[g->index], "passes", 4);
	p = fake_daemon_start("migtraced");
	scene_pass(1000);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_slow, g, 60000));
	fake_process_observe(p, true);
	truth_exempt(g, true);
	scene_pass(60000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	fake_guest_cancel(g);
	scene_pass(20000);
	SCENE_END();
}

/* --- starting ------------------------------------------------------------------------- */
/* --- what the guest's metadata says over the configuration ---------------------------- */
static void exempted_by_metadata(void)
{
	struct fake_guest *g = begin(false);
	struct fake_process *p;

	snprintf(g->metadata, sizeof(g->metadata), "<guest mode=\"observe\"/>");
	truth_exempt(g, true);
	p = fake_daemon_start("migtraced");
	scene_pass(1000);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(60000);
	CHECK(status_has(p, "{\"key\":\"mode\",\"value\":\"observe\",\"from\":\"metadata\"}"));
	CHECK(status_has(p, "\"key\":\"policy\",\"value\":\"passes\",\"from\":\"[domain uuid:"));
	for (int call = FAKE_CALL_SET_DOWNTIME; call < FAKE_CALL_COUNT; call++)
		CHECK_INT(truth_writes(g, (enum fake_call)call), 0);
	fake_guest_cancel(g);
	scene_pass(20000);
	SCENE_END();
}

/* One word that is wrong, and none of it holds. */
static void wrong_metadata(void)
{
	struct fake_guest *g = begin(false);
	struct fake_process *p;

	snprintf(g->metadata, sizeof(g->metadata), "<guest mode=\"observe\" polcy=\"qemu\"/>");
	p = fake_daemon_start("migtraced");
	scene_pass(1000);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_ours, g, 60000));
	CHECK(!status_has(p, "\"from\":\"metadata\""));
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(10000);
	SCENE_END();
}

static void metadata_lets_go(void)
{
	struct fake_guest *g = begin(false);

	fake_param(&fake_hows[g->index], "passes", 6);
	fake_daemon_start("migtraced");
	scene_pass(1000);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_slow, g, 60000));
	fake_guest_set_metadata(g, "<guest mode=\"observe\"/>");
	scene_pass(500);
	truth_exempt(g, true);
	scene_pass(60000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	fake_guest_cancel(g);
	scene_pass(20000);
	SCENE_END();
}

static void metadata_changes_limits(void)
{
	struct fake_guest *g = begin(false);
	struct fake_process *p;

	fake_param(&fake_hows[g->index], "passes", 1000);
	p = fake_daemon_start("migtraced");
	scene_pass(1000);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_slow, g, 60000));
	scene_pass(20000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	fake_guest_set_metadata(g, "<guest passes=\"2\"/>");
	CHECK(scene_until(scene_is_ours, g, 20000));
	CHECK(status_has(p, "\"from\":\"metadata\""));
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(10000);
	SCENE_END();
}

static void picks_up_what_is_under_way(void)
{
	struct fake_guest *g = begin(false);

	fake_param(&fake_hows[g->index], "passes", 6);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(1500);
	fake_daemon_start("migtraced");
	CHECK(scene_until(scene_is_ours, g, 60000));
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(10000);
	SCENE_END();
}

static void libvirtd_down_at_start(void)
{
	struct fake_guest *g = begin(false);
	struct fake_process *p;

	fake_host_down(FAKE_SOURCE);
	p = fake_daemon_start("migtraced");
	scene_pass(7000);
	CHECK(status_has(p, "\"connected\":false"));
	fake_host_up(FAKE_SOURCE);
	scene_pass(7000);
	CHECK(status_has(p, "\"connected\":true"));
	CHECK(scene_stop(g));
	CHECK(scene_until(scene_runs_here, g, 3000 + 4 * 3000 + 4000));
	scene_pass(10000);
	SCENE_END();
}

/*
 * One guest whose QEMU hangs when the daemon starts: the other's migration is picked up all the
 * same.
 */
static void hung_guest_at_start(void)
{
	struct fake_guest *g = begin(true), *other = another("guest1");
	struct fake_process *p;

	fake_param(&fake_hows[g->index], "passes", 1000);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(500);
	fake_guest_hang(g, 120000);
	fake_guest_migrate(other, NULL, NULL);
	scene_pass(500);
	p = fake_daemon_start("migtraced");
	CHECK(scene_until(scene_is_ours, other, 12000));
	CHECK(scene_until(scene_runs_there, other, 60000));
	scene_pass(15000);
	CHECK(status_has(p, "\"stuck\":[{"));
	fake_guest_cancel(g);
	scene_pass(150000);
	SCENE_END();
}

/* The same after libvirtd was restarted. */
static void hung_guest_at_reconnect(void)
{
	struct fake_guest *g = begin(true), *other = another("guest1");

	fake_param(&fake_hows[g->index], "passes", 1000);
	fake_daemon_start("migtraced");
	scene_pass(1000);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(2000);
	fake_guest_hang(g, 120000);
	fake_host_down(FAKE_SOURCE);
	scene_pass(2000);
	fake_host_up(FAKE_SOURCE);
	scene_pass(8000);
	fake_guest_migrate(other, NULL, NULL);
	CHECK(scene_until(scene_is_ours, other, 12000));
	CHECK(scene_until(scene_runs_there, other, 60000));
	scene_pass(150000);
	SCENE_END();
}

/* --- more than one --------------------------------------------------------------------- */
static void two_daemons(void)
{
	struct fake_guest *g = begin(true), *other = another("guest1");
	struct fake_process *first = fake_daemon_start("migtraced0"), *second;

	scene_pass(1000);
	second = fake_daemon_start("migtraced1");
	scene_pass(1000);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(scene_until(scene_is_ours, g, 60000));
	CHECK(status_has(second, "\"pid\":") && !status_has(second, "\"locked\":false"));
	CHECK(scene_until(scene_runs_there, g, 60000));
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 1);
	fake_param(&fake_hows[other->index], "passes", 3);
	fake_guest_migrate(other, NULL, NULL);
	scene_pass(1000);
	fake_process_kill(first);
	CHECK(scene_until(scene_is_ours, other, 60000));
	CHECK(scene_until(scene_runs_there, other, 60000));
	scene_pass(10000);
	SCENE_END();
}

/* Whoever has the host's lock need not have every wheel. */
static void another_has_the_lock(void)
{
	struct fake_guest *g = begin(false);
	struct mt_host_lock *lock = NULL;
	struct mt_hands *hands = NULL;
	struct mt_err err = { 0 };
	char path[300];

	snprintf(path, sizeof(path), "%s/hands", fake_setup.directory);
	CHECK(!mt_hands_open(&hands, path, &err));
	CHECK(!mt_host_lock_take(hands, fake_hv.host[FAKE_SOURCE].uuid, "another", &lock, NULL,
				 &err));
	fake_daemon_start("migtraced");
	scene_pass(1000);
	fake_guest_migrate(g, NULL, NULL);
	scene_pass(20000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	mt_host_lock_drop(lock);
	mt_hands_close(hands);
	CHECK(scene_until(scene_is_ours, g, 20000));
	CHECK(scene_until(scene_runs_there, g, 60000));
	scene_pass(10000);
	SCENE_END();
}

static unsigned descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* That are allocated; ASan counts them. */
static size_t heap_bytes(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return __sanitizer_get_current_allocated_bytes();
#else
	return 0;
#endif
}

#define MANY	100
#define DECIDE_MS	20000

static uint64_t decided_ms[MANY];

/* Return: by when all but those that hang have been told of as decided upon. */
static void wait_decided(struct fake_guest *guests, uint64_t begin_ns, unsigned hang)
{
	for (unsigned left = MANY; left && fake_ms() < 600000; ) {
		left = 0;
		fake_lock();
		for (unsigned i = hang; i < MANY; i++) {
			if (!decided_ms[i] && truth_writes(&guests[i], FAKE_CALL_FLIP))
				decided_ms[i] = (mt_now_ns() - begin_ns) / MT_NS_PER_MS;
			left += !decided_ms[i];
		}
		fake_release();
		mt_sleep_ms(20);
	}
}

/*
 * A hundred migrations at once, all of which are to be flipped at the same time. @hang: of so many
 * the figures never come back; the others are decided upon as soon as if they were alone.
 */
static void many(unsigned hang)
{
	struct fake_guest *guests;
	struct fake_process *p;
	unsigned before, most = 0, threads = 0;
	size_t heap_before, heap_most = 0;
	uint64_t begin_ns, worst_ms = 0;
	char name[16];

	begin(hang > 0);
	for (unsigned i = 1; i < MANY; i++) {
		snprintf(name, sizeof(name), "guest%u", i);
		another(name);
	}
	guests = fake_hv.guests;
	for (unsigned i = 0; i < MANY; i++) {
		guests[i].pattern = "uniform:region=4M,rate=3000/s,seed=1";
		guests[i].limit_ms = 20;
		guests[i].memory_bytes = 8 << 20;
		guests[i].link_bytes_per_s = 4e6;
		guests[i].postcopy = true;
		fake_hows[i].policy = mt_policy_find("timeout");
		fake_param(&fake_hows[i], "timeout", DECIDE_MS);
		fake_hows[i].limits.postcopy_allowed = true;
	}
	if (hang)
		fake_fault_add(&(struct fake_fault){
			.kind = FAKE_FAULT_NEVER, .call = FAKE_CALL_SAMPLE, .guest = 0,
			.from_ns = mt_now_ns(), .until_ns = MT_FOR_EVER_NS,
			.for_ever = true });
	memset(decided_ms, 0, sizeof(decided_ms));
	fake_setup.record = true;
	p = fake_daemon_start("migtraced");
	scene_pass(2000);
	before = descriptors();
	heap_before = heap_bytes();
	begin_ns = mt_now_ns();
	for (unsigned i = 0; i < MANY; i++)
		fake_guest_migrate(&guests[i], NULL, NULL);
	for (unsigned i = 0; i < 50; i++) {
		size_t heap;

		scene_pass(100);
		heap = heap_bytes();
		heap_most = heap > heap_most ? heap : heap_most;
		most = descriptors() > most ? descriptors() : most;
		threads = fake_group_threads(p->group) > threads ? fake_group_threads(p->group) :
								   threads;
	}
	CHECK(status_has(p, guests[MANY - 1].uuid));
	wait_decided(guests, begin_ns, hang);
	for (unsigned i = hang; i < MANY; i++)
		worst_ms = decided_ms[i] > worst_ms ? decided_ms[i] : worst_ms;
	for (unsigned i = 0; i < hang; i++)
		fake_guest_cancel(&guests[i]);
	scene_pass(120000);
	printf("# %u hang: decided %lld ms late at most; at most %u threads, %u descriptors and %zu KiB more; left %u, %d, %lld\n",
	       hang, (long long)worst_ms - DECIDE_MS, threads, most - before,
	       (heap_most - heap_before) / 1024, fake_group_threads(p->group),
	       (int)(descriptors() - before),
	       ((long long)heap_bytes() - (long long)heap_before) / 1024);
	CHECK(worst_ms >= DECIDE_MS && worst_ms < DECIDE_MS + 500);
	CHECK(threads < 5 * MANY);
	CHECK(most - before < 5 * MANY);
	CHECK(heap_most - heap_before < MANY * (3U << 20));
	/* All of it is given back, but for what the hung one holds. */
	CHECK(fake_group_threads(p->group) < 20 + 10 * hang);
	CHECK(fake_conns(p->group) < 10 + 5 * hang);
	CHECK(descriptors() <= before + 10 + 5 * hang);
	CHECK(heap_bytes() < heap_before + (8 << 20));
	SCENE_END();
}

static void hundred_at_once(void)
{
	many(0);
}

static void hundred_and_one_hangs(void)
{
	many(1);
}

static const struct ktap_case cases[] = {
	{ "a guest that is stopped arrives", stops_and_completes },
	{ "a daemon killed right after the stop gives back when started again", killed_after_stop },
	{ "a daemon told to end right after the stop gives back first", terminated_after_stop },
	{ "a daemon ends in a call, and the answer comes all the same", terminated_in_a_call },
	{ "the log's reader sleeps: given back all the same", log_blocks },
	{ "the log cannot be written: given back all the same", log_fails },
	{ "a daemon whose recording blocks for ever gives back all the same", recording_blocks },
	{ "a daemon whose recording fails gives back all the same", recording_fails },
	{ "the daemon does not touch an exempted guest", exempted },
	{ "the daemon, reloaded to observe, lets go of what is under way", reloaded_to_observe },
	{ "the daemon does not touch a guest that its metadata exempts", exempted_by_metadata },
	{ "metadata that is wrong is not heeded", wrong_metadata },
	{ "metadata that comes to say observe lets go of what is under way", metadata_lets_go },
	{ "limits in metadata hold from when they are set", metadata_changes_limits },
	{ "what is under way is picked up", picks_up_what_is_under_way },
	{ "libvirtd is down at the start", libvirtd_down_at_start },
	{ "a hung guest at the start holds up nobody", hung_guest_at_start },
	{ "a hung guest at a reconnection holds up nobody", hung_guest_at_reconnect },
	{ "of two daemons one acts, and the other takes over", two_daemons },
	{ "a daemon without the lock of the host only observes", another_has_the_lock },
	{ "100 migrations at once are all supervised", hundred_at_once },
	{ "100 migrations at once, of which one hangs", hundred_and_one_hangs },
};

SCENE_MAIN(cases)
