// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * thread.c - how this library starts threads and waits in them
 *
 * Threads: any. Nothing here has a lifetime of its own.
 */
#include "world.h"

int mt_thread_start(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg)
{
	return mt_world()->start(thread, name, fn, arg);
}

void mt_thread_join(pthread_t thread)
{
	mt_world()->join_until(thread, MT_FOR_EVER_NS);
}

bool mt_thread_join_until(pthread_t thread, uint64_t until_ns)
{
	return mt_world()->join_until(thread, until_ns);
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
	return mt_world()->wait_until(cond, lock, until_ns);
}

void mt_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock)
{
	mt_world()->wait_until(cond, lock, MT_FOR_EVER_NS);
}

void mt_cond_wake(pthread_cond_t *cond)
{
	mt_world()->wake(cond);
}
