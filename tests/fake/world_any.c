// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * world_any.c - what both worlds have in common: groups, chance, the watchdog
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "world.h"
#include "world_ops.h"

static const struct fake_world_ops *ops = &fake_world_turns;
static bool on;
static struct {
	char name[24];
	bool dead, leaks;
} groups[FAKE_GROUPS];
static int n_groups;

static void begin(const struct fake_world_ops *which, uint64_t seed, unsigned scale)
{
	memset(groups, 0, sizeof(groups));
	n_groups = 1;
	strcpy(groups[FAKE_OUTSIDE].name, "outside");
	ops = which;
	ops->begin(seed, scale);
	on = true;
}

void fake_world_begin(uint64_t seed)
{
	begin(&fake_world_turns, seed, 0);
}

void fake_world_begin_real(uint64_t seed, unsigned scale)
{
	begin(&fake_world_scaled, seed, scale);
}

unsigned fake_world_end(void)
{
	char names[1024];
	unsigned left;

	fake_group_list(names, sizeof(names));
	left = ops->end();
	if (left)
		fprintf(stderr, "fake: threads that have not ended: %s\n", names);
	on = false;
	return left;
}

bool fake_world_is_real(void)
{
	return ops == &fake_world_scaled;
}

uint64_t fake_random(uint64_t below)
{
	return (uint64_t)((unsigned __int128)ops->draw() * below >> 64);
}

bool fake_chance(unsigned percent)
{
	return fake_random(100) < percent;
}

void fake_wall_step_us(int64_t us)
{
	ops->wall_step(us);
}

double fake_ms(void)
{
	return (double)(mt_now_ns() - FAKE_BEGIN_NS) / 1e6;
}

/* --- groups ----------------------------------------------------------------- */
int fake_group_new(const char *name, bool leaks)
{
	int g = n_groups++;

	if (g >= FAKE_GROUPS)
		abort();
	snprintf(groups[g].name, sizeof(groups[g].name), "%s", name);
	groups[g].leaks = leaks;
	return g;
}

int fake_group(void)
{
	return on ? ops->group() : FAKE_OUTSIDE;
}

const char *fake_group_name(int group)
{
	return groups[group].name;
}

bool fake_group_is_dead(int group)
{
	return __atomic_load_n(&groups[group].dead, __ATOMIC_ACQUIRE);
}

bool fake_group_leaks(int group)
{
	return groups[group].leaks;
}

unsigned fake_group_threads(int group)
{
	return ops->threads(group);
}

void fake_group_kill(int group)
{
	__atomic_store_n(&groups[group].dead, true, __ATOMIC_RELEASE);
	ops->kill(group);
	fake_files_close_of(group);
}

int fake_start_in(int group, pthread_t *thread, const char *name, void *(*fn)(void *), void *arg)
{
	return ops->start_in(group, thread, name, fn, arg);
}

bool fake_group_wait(int group, uint64_t until_ns)
{
	while (fake_group_threads(group)) {
		if (mt_now_ns() >= until_ns)
			return false;
		mt_sleep_ms(20);
	}
	return true;
}

void fake_group_list(char *buf, size_t size)
{
	ops->list(buf, size);
}

void fake_shield(void)
{
	ops->shield(1);
}

void fake_unshield(void)
{
	ops->shield(-1);
}

/* --- locks: for files.c's wrappers --------------------------------------------------- */
int __real_pthread_mutex_lock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_lock(pthread_mutex_t *lock);

int __wrap_pthread_mutex_lock(pthread_mutex_t *lock)
{
	if (!on || !ops->contended)
		return __real_pthread_mutex_lock(lock);
	if (pthread_mutex_trylock(lock))
		ops->contended();
	return 0;
}

/* --- the watchdog ------------------------------------------------------------------- */
static char watched[160];

static void on_alarm(int sig)
{
	static const char text[] = "fake: a thread neither waits nor ends: ";
	const char *name = ops->thread_name();

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ||
	    write(STDERR_FILENO, name, strlen(name)) < 0 || write(STDERR_FILENO, "; ", 2) < 0 ||
	    write(STDERR_FILENO, watched, strlen(watched)) < 0 || write(STDERR_FILENO, "\n", 1) < 0)
		_exit(4);
	abort();
}

void fake_watchdog(unsigned seconds, const char *what)
{
	snprintf(watched, sizeof(watched), "%s", what);
	signal(SIGALRM, on_alarm);
	alarm(seconds);
}
