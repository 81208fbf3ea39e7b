// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * interrupt.c - Ctrl-C as a flag and a call, on a thread of its own
 */
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "interrupt.h"

#define SAME_S	2	/* this soon, it is the same one */

static void watched(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

static void *wait_for_signals(void *opaque)
{
	struct interrupt *in = opaque;
	struct timespec last = { 0 };
	sigset_t set;
	int sig;

	watched(&set);
	while (!sigwait(&set, &sig)) {
		struct timespec now;

		/* A shell or timeout(1) may signal us and our group: that is one request. */
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (in->count && now.tv_sec - last.tv_sec < SAME_S)
			continue;
		last = now;
		in->count++;
		if (in->notify)
			in->notify(in->count, in->opaque);
	}
	return NULL;
}

int interrupt_block(void)
{
	sigset_t set;

	watched(&set);
	return -pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int interrupt_watch(struct interrupt *in)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, wait_for_signals, in);

	/* It lives as long as the process does. */
	if (!rc)
		pthread_detach(thread);
	return -rc;
}
