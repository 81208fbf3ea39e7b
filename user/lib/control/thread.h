/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thread.h - how this library starts threads and waits in them
 */
#ifndef MT_CONTROL_THREAD_H
#define MT_CONTROL_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The thread blocks every signal: they are for the program's own threads.
 * @thread NULL: detached. Return: 0 or -errno.
 */
int mt_thread_start(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg);

/* A condition whose timed waits count CLOCK_MONOTONIC. */
void mt_cond_init(pthread_cond_t *cond);

/* Return: false once mt_now_ns() has passed @until_ns. */
bool mt_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until_ns);

/* @timeout_ms from now, without overflow: a huge one means for ever. */
uint64_t mt_deadline_ns(uint64_t timeout_ms);

#endif
