/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * interrupt.h - Ctrl-C as a flag and a call, on a thread of its own
 *
 * SIGINT, SIGTERM and SIGHUP are blocked everywhere and waited for by one
 * thread, so what they cause may lock, allocate and print.
 */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include "base/cleanup.h"

struct interrupt {
	volatile int count;	/* how often */
	void (*notify)(int count, void *opaque);	/* on that thread; may be NULL */
	void *opaque;
};

/* Before any other thread is started: later ones inherit the mask. Return: 0 or -errno. */
MT_MUST_CHECK int interrupt_block(void);
/* From now on they are heeded; one that came since the block is, too. */
MT_MUST_CHECK int interrupt_watch(struct interrupt *in);

#endif
