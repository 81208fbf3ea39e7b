// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * thread.c - how this library starts threads and waits in them
 *
 * Threads: any. Nothing here has a lifetime of its own.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include <migtrace/conn.h>
#include <migtrace/units.h>

#include "thread.h"

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

bool mt_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until_ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(until_ns / MT_NS_PER_S),
		.tv_nsec = (long)(until_ns % MT_NS_PER_S),
	};

	return pthread_cond_timedwait(cond, lock, &ts) != ETIMEDOUT;
}

uint64_t mt_deadline_ns(uint64_t timeout_ms)
{
	const uint64_t year_ms = 365ULL * 24 * 3600 * MT_MS_PER_S;

	return mt_now_ns() + (timeout_ms < year_ms ? timeout_ms : year_ms) * MT_NS_PER_MS;
}
