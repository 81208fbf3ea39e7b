/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thread.h - how this library starts threads and waits in them
 *
 * Whoever waits for time or for another thread goes through here, so that a test can put a
 * world of its own beneath all of it: one whose time passes only when every thread waits.
 * Locks that are held for moments are plain mutexes; nobody waits here while holding any but
 * the condition's own.
 */
#ifndef MT_BASE_THREAD_H
#define MT_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

/*
 * The thread blocks every signal: they are for the program's own threads.
 * @thread NULL: detached. Return: 0 or -errno.
 */
int mt_thread_start(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg);

void mt_thread_join(pthread_t thread);
/* Return: false when it has not ended by @until_ns; then nothing is joined. */
bool mt_thread_join_until(pthread_t thread, uint64_t until_ns);

/* A condition whose timed waits count CLOCK_MONOTONIC. */
void mt_cond_init(pthread_cond_t *cond);

/*
 * Return: false once mt_now_ns() has passed @until_ns. Wakes for nothing now and then, as
 * conditions do.
 */
bool mt_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until_ns);
void mt_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock);
void mt_cond_wake(pthread_cond_t *cond);	/* all that wait */

/* --- the world beneath -------------------------------------------------- */
struct mt_world {
	uint64_t (*now_ns)(void);
	uint64_t (*wall_us)(void);
	void (*sleep_until)(uint64_t until_ns);
	int (*start)(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg);
	bool (*join_until)(pthread_t thread, uint64_t until_ns);
	bool (*wait_until)(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until_ns);
	void (*wake)(pthread_cond_t *cond);
};

#define MT_FOR_EVER_NS	UINT64_MAX	/* as @until_ns */

extern const struct mt_world mt_world_real;

/* For tests, before the first thread is started. @world outlives them all. */
void mt_world_use(const struct mt_world *world);

#endif
