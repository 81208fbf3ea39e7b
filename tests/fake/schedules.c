// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * schedules.c - thousands of random runs, or one of them again
 *
 *	schedules [--policy NAME|all] [--from N] [--runs N] [--jobs N] [--seed N [--trace]]
 *		[--keep-going]
 *
 * With a policy every guest has that one, with parameters that are drawn, and more goes wrong with
 * what it sees and wants; all: each that acts, one after the other, with so many runs each.
 *
 * Each batch of runs is a process of its own: a crash costs no more than that, and what the killed
 * processes of a run leave in memory goes with it. TAP on stdout.
 */
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "policy/policy.h"
#include "schedule.h"
#include "trace.h"
#include "world.h"

#if defined(__SANITIZE_ADDRESS__)
int __lsan_do_recoverable_leak_check(void);

/*
 * Ten thousand runs in two minutes: freed memory is kept for a while only, and who allocated it
 * less deep.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=2:thread_local_quarantine_size_kb=64:malloc_context_size=5";
}
#else
static int __lsan_do_recoverable_leak_check(void)
{
	return 0;
}
#endif

#define BATCH		50
#define KINDS		512
#define FAILED_SHOWN	20
#define STUCK_S		60

static struct shared {
	uint64_t next, end;		/* seeds */
	unsigned long done, failed;
	struct { char what[48]; unsigned long n; } counts[KINDS];
	struct { uint64_t seed; char what[600]; } failures[FAILED_SHOWN];
	pthread_mutex_t lock;
	uint64_t slowest_seed;
	double slowest_s;
} *shared;

int __real_pthread_mutex_lock(pthread_mutex_t *lock);

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void failure(uint64_t seed, const char *what)
{
	__real_pthread_mutex_lock(&shared->lock);
	if (shared->failed < FAILED_SHOWN) {
		shared->failures[shared->failed].seed = seed;
		snprintf(shared->failures[shared->failed].what, sizeof(shared->failures[0].what),
			 "%s", what);
	}
	shared->failed++;
	pthread_mutex_unlock(&shared->lock);
	printf("# seed %llu: %s\n", (unsigned long long)seed, what);
	fflush(stdout);
}

static void add_count(const char *what, unsigned long n, void *opaque)
{
	for (size_t i = 0; i < KINDS; i++)
		if (!shared->counts[i].what[0] || !strcmp(shared->counts[i].what, what)) {
			snprintf(shared->counts[i].what, sizeof(shared->counts[i].what), "%s",
				 what);
			shared->counts[i].n += n;
			break;
		}
}

static unsigned long count_of(const char *what)
{
	for (size_t i = 0; i < KINDS && shared->counts[i].what[0]; i++)
		if (!strcmp(shared->counts[i].what, what))
			return shared->counts[i].n;
	return 0;
}

/* --- one batch, in a process of its own ------------------------------------------------- */
static void run_here(uint64_t seed, const struct fake_schedule_options *o)
{
	double begin_s = now_s();
	const char *what;
	char name[64];

	snprintf(name, sizeof(name), "seed %llu", (unsigned long long)seed);
	fake_watchdog(STUCK_S, name);
	what = fake_schedule_run(seed, o);
	fake_watchdog(0, name);
	if (what)
		failure(seed, what);
	if (now_s() - begin_s > shared->slowest_s) {
		shared->slowest_s = now_s() - begin_s;
		shared->slowest_seed = seed;
	}
	shared->done++;
}

static void give_counts(void)
{
	__real_pthread_mutex_lock(&shared->lock);
	fake_count_each(add_count, NULL);
	pthread_mutex_unlock(&shared->lock);
}

/* In a process of its own, if it needs one. */
static void run_seed(uint64_t seed, const struct fake_schedule_options *o)
{
	int status = -1;
	pid_t pid;

	if (o->real || !fake_schedule_wants_process(seed)) {
		run_here(seed, o);
		return;
	}
	fflush(stdout);
	pid = fork();
	if (!pid) {
		fake_count_reset();
		run_here(seed, o);
		give_counts();
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		failure(seed, "the run crashed");
}

static void pin(unsigned job)
{
	cpu_set_t all, one;
	unsigned seen = 0;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && seen++ == job % (unsigned)CPU_COUNT(&all))
			CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/* Return: the exit status. */
static int batch(uint64_t from, uint64_t end, unsigned job, const struct fake_schedule_options *o,
		 uint64_t *at)
{
	if (!o->real)
		pin(job);	/* one thread at a time: handing over is fastest within one
				 * processor */
	for (uint64_t seed = from; seed < end; seed++) {
		*at = seed;
		run_seed(seed, o);
	}
	*at = end;
	give_counts();
	return __lsan_do_recoverable_leak_check() ? 3 : 0;
}

/* Which of them leaks? */
static void find_leak(uint64_t from, uint64_t end, const struct fake_schedule_options *o)
{
	for (uint64_t seed = from; seed < end; seed++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			uint64_t at;

			_exit(batch(seed, seed + 1, 0, o, &at));
		}
		if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
		    WEXITSTATUS(status) == 3) {
			failure(seed, "memory is leaked");
			return;
		}
	}
	failure(from, "memory is leaked by this or one of the next seeds, but by none alone");
}

static void one_batch(unsigned job, uint64_t from, uint64_t end,
		      const struct fake_schedule_options *o, uint64_t *at)
{
	pid_t pid;
	int status;
	char what[100];

	while (from < end) {
		*at = from;
		fflush(stdout);
		pid = fork();
		if (!pid)
			_exit(batch(from, end, job, o, at));
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			exit(1);
		if (WIFEXITED(status) && !WEXITSTATUS(status))
			return;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 3) {
			find_leak(from, end, o);
			return;
		}
		snprintf(what, sizeof(what),
			 WIFSIGNALED(status) ? "the run crashed: signal %d" :
					       "the run ended with %d",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		failure(*at, what);
		from = *at + 1;
	}
}

static void job_main(unsigned job, const struct fake_schedule_options *o, bool keep_going,
		     uint64_t *at)
{
	for (;;) {
		uint64_t from;

		__real_pthread_mutex_lock(&shared->lock);
		from = shared->next;
		shared->next += BATCH;
		pthread_mutex_unlock(&shared->lock);
		if (from >= shared->end || (shared->failed && !keep_going))
			return;
		one_batch(job, from, from + BATCH < shared->end ? from + BATCH : shared->end, o,
			  at);
	}
}

/* --- the whole ----------------------------------------------------------------------------- */
static int replay(uint64_t seed, bool trace, struct fake_schedule_options *o)
{
	const char *what;

	o->print = stdout;
	if (trace)
		fake_trace_to(stdout);
	fake_watchdog(STUCK_S, "replay");
	what = fake_schedule_run(seed, o);
	printf("seed %llu: %s\n", (unsigned long long)seed, what ? what : "all holds");
	return what ? 1 : 0;
}

static void tell_failures(const struct mt_policy *policy)
{
	for (unsigned long i = 0; i < shared->failed && i < FAILED_SHOWN; i++)
		printf("# FAILED: tests/fake schedules%s%s --seed %llu --trace: %s\n",
		       policy ? " --policy " : "", policy ? policy->name : "",
		       (unsigned long long)shared->failures[i].seed, shared->failures[i].what);
	if (shared->failed)
		printf("# %lu of %lu failed\n", shared->failed, shared->done);
}

static int tell(uint64_t runs, bool complete)
{
	int bad = shared->failed > 0;

	printf("# %lu runs; the slowest took %.2f s, seed %llu\n# occurred:\n", shared->done,
	       shared->slowest_s, (unsigned long long)shared->slowest_seed);
	for (size_t i = 0; i < KINDS && shared->counts[i].what[0]; i++)
		printf("# %8lu %s\n", shared->counts[i].n, shared->counts[i].what);
	tell_failures(NULL);
	printf("%sok 1 - %llu random schedules of faults\n", bad ? "not " : "",
	       (unsigned long long)runs);
	if (!complete)
		return bad;
	for (size_t i = 0; fake_schedule_must_occur[i]; i++)
		if (!count_of(fake_schedule_must_occur[i])) {
			printf("# never occurred: %s\n", fake_schedule_must_occur[i]);
			bad |= 2;
		}
	printf("%sok 2 - each kind of fault occurred\n", bad & 2 ? "not " : "");
	return bad != 0;
}

/* All of them, by so many jobs. */
static void run_all(uint64_t from, uint64_t runs, unsigned jobs,
		    const struct fake_schedule_options *o, bool keep_going, uint64_t *at)
{
	shared->next = from;
	shared->end = from + runs;
	shared->done = shared->failed = 0;
	for (unsigned job = 0; job < jobs && job < 64; job++) {
		fflush(stdout);
		if (!fork()) {
			job_main(job, o, keep_going, at + job);
			fflush(stdout);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
}

/* --- policies --------------------------------------------------------------------------------- */
/* One that never sent anything was not tried. */
static const char *const commands[] = { "set downtime limit", "set speed", "suspend", "flip",
					"abort", "throttle", "begin again" };

/* @text: "12 suspend, 3 flip". Return: how many. */
static unsigned long sent(const struct mt_policy *policy, char *text, size_t size)
{
	unsigned long all = 0;
	size_t len = 0;

	snprintf(text, size, "nothing");
	for (size_t i = 0; i < MT_ARRAY_SIZE(commands) && len < size; i++) {
		char what[48];
		unsigned long n;

		snprintf(what, sizeof(what), "%.20s: %s", policy->name, commands[i]);
		n = count_of(what);
		if (n)
			len += (size_t)snprintf(text + len, size - len, "%s%lu %s", all ? ", " : "",
						n, commands[i]);
		all += n;
	}
	return all;
}

static bool is_wanted(const struct mt_policy *policy, const struct mt_policy *only)
{
	return only ? policy == only : policy->acts;
}

/* @only: NULL: each that acts. Return: the exit status. */
static int try_policies(const struct mt_policy *only, uint64_t from, uint64_t runs, unsigned jobs,
			struct fake_schedule_options *o, bool keep_going, uint64_t *at)
{
	unsigned n = 0, bad = 0;

	for (size_t i = 0; mt_policy_at(i); i++)
		n += is_wanted(mt_policy_at(i), only);
	printf("TAP version 13\n1..%u\n", n);
	n = 0;
	for (size_t i = 0; (o->policy = mt_policy_at(i)); i++) {
		char text[128];
		bool ok;

		if (!is_wanted(o->policy, only))
			continue;
		run_all(from, runs, jobs, o, keep_going, at);
		ok = sent(o->policy, text, sizeof(text)) && !shared->failed;
		tell_failures(o->policy);
		printf("%sok %u - %s: %lu schedules; it sent %s\n", ok ? "" : "not ", ++n,
		       o->policy->name, shared->done, text);
		bad += !ok;
	}
	return bad != 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "from", required_argument, NULL, 'f' }, { "runs", required_argument, NULL, 'n' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "seed", required_argument, NULL, 's' }, { "trace", no_argument, NULL, 't' },
		{ "keep-going", no_argument, NULL, 'k' },
		{ "policy", required_argument, NULL, 'p' },
		{ "real", required_argument, NULL, 'r' }, { 0 },
	};
	struct fake_schedule_options o = { 0 };
	uint64_t from = 1, runs = 10000, seed = 0, *at;
	bool trace = false, keep_going = false, one = false, all = false;
	unsigned jobs = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	pthread_mutexattr_t attr;
	int letter;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (letter) {
		case 'f': from = strtoull(optarg, NULL, 0); break;
		case 'n': runs = strtoull(optarg, NULL, 0); break;
		case 'j': jobs = (unsigned)strtoul(optarg, NULL, 0); break;
		case 's': seed = strtoull(optarg, NULL, 0); one = true; break;
		case 't': trace = true; break;
		case 'k': keep_going = true; break;
		case 'p':
			all = !strcmp(optarg, "all");
			o.policy = all ? NULL : mt_policy_find(optarg);
			if (!all && !o.policy) {
				fprintf(stderr, "schedules: there is no policy %s\n", optarg);
				return 2;
			}
			break;
		case 'r': o.real = true; o.scale = (unsigned)strtoul(optarg, NULL, 0); break;
		default: return 2;
		}
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || at == MAP_FAILED)
		return 1;
	if (one)
		return replay(seed, trace, &o);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared->lock, &attr);
	if (all || o.policy)
		return try_policies(o.policy, from, runs, jobs, &o, keep_going, at);
	printf("TAP version 13\n1..%d\n", runs >= 2000 ? 2 : 1);
	run_all(from, runs, jobs, &o, keep_going, at);
	return tell(runs, runs >= 2000);
}
