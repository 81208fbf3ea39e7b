// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * interrupt.c - Ctrl-C as a flag and a call, on a thread of its own
 */
#include <pthread.h>
#include <signal.h>

#include "interrupt.h"

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
	sigset_t set;
	int sig;

	watched(&set);
	while (!sigwait(&set, &sig)) {
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
