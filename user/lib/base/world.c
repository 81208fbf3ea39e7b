// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * world.c - the machine's own clocks and threads, and which world is in use
 *
 * Threads: any. The choice is made before there are others, and kept.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "units.h"
#include "world.h"

static uint64_t read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * MT_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / MT_NS_PER_S),
				  .tv_nsec = (long)(ns % MT_NS_PER_S) };
}

static uint64_t now_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

static uint64_t wall_us(void)
{
	return read_ns(CLOCK_REALTIME) / 1000;
}

static void sleep_until(uint64_t until_ns)
{
	const struct timespec ts = timespec_of(until_ns);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static int start(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg)
{
	sigset_t all, before;
	pthread_t own;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&own, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret)
		return -ret;
	pthread_setname_np(own, name);
	if (thread)
		*thread = own;
	else
		pthread_detach(own);
	return 0;
}

static bool join_until(pthread_t thread, uint64_t until_ns)
{
	const struct timespec ts = timespec_of(until_ns);

	if (until_ns == MT_FOR_EVER_NS)
		return !pthread_join(thread, NULL);
	return !pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &ts);
}

static bool wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until_ns)
{
	const struct timespec ts = timespec_of(until_ns);

	if (until_ns == MT_FOR_EVER_NS)
		return !pthread_cond_wait(cond, lock);
	return pthread_cond_timedwait(cond, lock, &ts) != ETIMEDOUT;
}

static void wake(pthread_cond_t *cond)
{
	pthread_cond_broadcast(cond);
}

const struct mt_world mt_world_real = {
	.now_ns = now_ns,
	.wall_us = wall_us,
	.sleep_until = sleep_until,
	.start = start,
	.join_until = join_until,
	.wait_until = wait_until,
	.wake = wake,
};

static const struct mt_world *in_use = &mt_world_real;

const struct mt_world *mt_world(void)
{
	return in_use;
}

void mt_world_use(const struct mt_world *world)
{
	in_use = world;
}
