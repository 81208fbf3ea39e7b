// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * thread.c - how this library starts threads and waits in them
 *
 * Threads: any. Nothing here has a lifetime of its own.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include <migtrace/units.h>

#include "base/thread.h"

int mt_thread_start(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg)
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

void mt_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / MT_NS_PER_S), .tv_nsec = (long)(ns % MT_NS_PER_S) };
}

bool mt_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until_ns)
{
	const struct timespec ts = timespec_of(until_ns);

	return pthread_cond_timedwait(cond, lock, &ts) != ETIMEDOUT;
}

void mt_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock)
{
	pthread_cond_wait(cond, lock);
}

void mt_cond_wake(pthread_cond_t *cond)
{
	pthread_cond_broadcast(cond);
}

void mt_thread_join(pthread_t thread)
{
	pthread_join(thread, NULL);
}

bool mt_thread_join_until(pthread_t thread, uint64_t until_ns)
{
	const struct timespec ts = timespec_of(until_ns);

	return !pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &ts);
}
