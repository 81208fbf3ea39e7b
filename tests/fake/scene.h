/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scene.h - named scenarios: a guest that does not converge, and what is done around its stop
 */
#ifndef FAKE_SCENE_H
#define FAKE_SCENE_H

#include <sys/wait.h>
#include <unistd.h>

#include "../unit/ktap.h"
#include "hands/hands.h"
#include "faults.h"
#include "files.h"
#include "policies.h"
#include "process.h"
#include "trace.h"
#include "truth.h"

#define SCENE_SKIPPED		77	/* exit status of a case */
#define SCENE_PREDICTED_MS	100
#define SCENE_DUE_MS		(FAKE_MORE_MS + FAKE_FACTOR * SCENE_PREDICTED_MS)

/* A guest that writes faster than its link carries; policy test-stop acts after two passes. */
static inline struct fake_guest *scene_guest(const char *name)
{
	struct fake_guest *g = fake_guest_new(name);
	struct fake_how *how = &fake_hows[g->index];

	g->memory_bytes = 12 << 20;
	g->pattern = "uniform:region=6M,rate=3000/s,seed=1";
	g->link_bytes_per_s = 4e6;
	how->policy = &fake_policy_stop;
	how->limits = (struct mt_limits){
		.max_downtime_ms = 2000, .fixed_ms = SCENE_PREDICTED_MS, .params = MT_PARAMS_UNSET,
		.deadline_ms = MT_LIMIT_NONE, .stall_timeout_ms = MT_LIMIT_NONE,
		.qemu_limit_ms = MT_LIMIT_UNSET,
	};
	fake_param(how, "passes", 2);
	fake_param(how, "timeout", 1000);
	truth_predicted(g, SCENE_PREDICTED_MS);
	return g;
}

/* How many limit marks there are, and what the first says; -1: that cannot be told. */
static inline int scene_limit_marks(struct mt_left *left)
{
	struct mt_hands *hands;
	struct mt_stop_mark *list;
	struct mt_err err = { 0 };
	char directory[300];
	size_t n;

	snprintf(directory, sizeof(directory), "%s/hands", fake_setup.directory);
	if (mt_hands_open(&hands, directory, &err))
		return -1;
	if (mt_hands_limited(hands, &list, &n, &err)) {
		mt_hands_close(hands);
		return -1;
	}
	if (n && left)
		*left = list[0].left;
	free(list);
	mt_hands_close(hands);
	return (int)n;
}

/* @leaks: a process will be killed, or end while a call of its own hangs. Return: a first guest. */
static inline struct fake_guest *scene_begin(bool leaks)
{
	const char *trace = getenv("FAKE_TRACE");

	fake_trace_to(trace && *trace ? stdout : NULL);
	fake_watchdog(60, "a scenario");
	fake_files_reset();
	fake_count_reset();
	fake_world_begin(1);
	fake_hv_begin();
	fake_processes_reset();
	fake_directory_make();
	fake_setup.max_stopped = 2;
	fake_setup.leaks = leaks;
	truth_reset(2);
	return scene_guest("guest0");
}

/* Runs on until then, in steps. */
static inline void scene_pass(uint64_t ms)
{
	uint64_t until_ns = mt_now_ns() + ms * MT_NS_PER_MS;

	while (mt_now_ns() < until_ns) {
		uint64_t left_ms = (until_ns - mt_now_ns() + MT_NS_PER_MS - 1) / MT_NS_PER_MS;

		mt_sleep_ms(left_ms < 100 ? left_ms : 100);
		fake_lock();
		truth_tick();
		fake_release();
		fake_processes_bury();
	}
}

/*
 * In steps of a millisecond, so that what comes next comes right after. Return: false: not within
 * @ms.
 */
static inline bool scene_until(bool (*is_so)(struct fake_guest *g), struct fake_guest *g,
			       uint64_t ms)
{
	for (uint64_t passed = 0; passed < ms; passed++) {
		bool so;

		fake_lock();
		so = is_so(g);
		if (!(passed % 100))
			truth_tick();
		fake_release();
		if (so)
			return true;
		mt_sleep_ms(1);
	}
	return false;
}

static inline bool scene_is_ours(struct fake_guest *g)
{
	return truth_is_ours(g);
}

static inline bool scene_runs(struct fake_guest *g)
{
	return fake_guest_runs(g) && !truth_is_ours(g);
}

static inline bool scene_runs_here(struct fake_guest *g)
{
	return g->side[FAKE_SOURCE].here && g->side[FAKE_SOURCE].state == VIR_DOMAIN_RUNNING;
}

static inline bool scene_runs_there(struct fake_guest *g)
{
	return g->side[FAKE_DESTINATION].here &&
	       g->side[FAKE_DESTINATION].state == VIR_DOMAIN_RUNNING;
}

static inline bool scene_is_over(struct fake_guest *g)
{
	return !g->playing;
}

static inline bool scene_is_slow(struct fake_guest *g)
{
	return g->job.active && g->job.sample.iteration >= 2;
}

/* A fault from now on. @times 0: for @ms; else so often, as long as it takes. */
static inline struct fake_fault *scene_fault(enum fake_fault_kind kind, enum fake_call call,
					     int error, uint64_t ms, unsigned times)
{
	return fake_fault_add(&(struct fake_fault){
		.kind = kind, .call = call, .guest = -1, .from_ns = mt_now_ns(), .error = error,
		.ms = ms, .times = times,
		.until_ns = times || !ms ? MT_FOR_EVER_NS : mt_now_ns() + ms * MT_NS_PER_MS,
	});
}

/* Migrates, and waits until we have stopped it; its link stands still from then on. */
static inline bool scene_stop(struct fake_guest *g)
{
	fake_guest_migrate(g, NULL, NULL);
	if (!scene_until(scene_is_ours, g, 60000))
		return false;
	fake_guest_stall(g, 0, 600000);
	return true;
}

/* Return: what was violated, NULL if all holds. */
static inline const char *scene_end(void)
{
	static char violation[600];
	unsigned left;

	scene_pass(3000);
	fake_processes_judge();
	fake_processes_let_go();
	fake_hv_end();
	left = fake_world_end();
	fake_directory_remove();
	fake_watchdog(0, "");
	snprintf(violation, sizeof(violation), "%s",
		 truth_violation() ? truth_violation() :
		 left		   ? "a thread is left" :
				     "");
	return violation[0] ? violation : NULL;
}

/*
 * Each case in a process of its own: one that fails leaves its world behind as it is. argv: numbers
 * of cases, none: all.
 */
static inline int scene_main(const struct ktap_case *cases, size_t n, int argc, char **argv)
{
	int bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n", argc > 1 ? (size_t)argc - 1 : n);
	for (size_t i = 0; i < n; i++) {
		bool wanted = argc <= 1;
		int status = -1;
		pid_t pid;

		for (int a = 1; a < argc; a++)
			wanted |= strtoul(argv[a], NULL, 10) == i + 1;
		if (!wanted)
			continue;
		fflush(stdout);
		pid = fork();
		if (!pid) {
			cases[i].run();
			fflush(stdout);
			/* What a failed one leaves in memory is no leak. */
			if (ktap_failed)
				_exit(1);
			exit(ktap_skip_reason ? SCENE_SKIPPED : 0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			status = -1;
		if (WIFEXITED(status) && WEXITSTATUS(status) == SCENE_SKIPPED) {
			printf("ok %zu - %s # SKIP see above\n", i + 1, cases[i].name);
			continue;
		}
		if (status)
			bad = 1;
		if (status && WIFSIGNALED(status))
			printf("# signal %d\n", WTERMSIG(status));
		printf("%sok %zu - %s\n", status ? "not " : "", i + 1, cases[i].name);
	}
	return bad;
}

#define SCENE_MAIN(cases) \
	int main(int argc, char **argv) \
	{ \
		return scene_main(cases, sizeof(cases) / sizeof((cases)[0]), argc, argv); \
	}

#define SCENE_END() do { \
	const char *scene_violation = scene_end(); \
	if (scene_violation) { \
		printf("# %s:%d: %s\n", __FILE__, __LINE__, scene_violation); \
		ktap_failed = true; \
		return; \
	} \
} while (0)

#endif
