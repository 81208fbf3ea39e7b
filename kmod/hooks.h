/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hooks.h - what KVM tells us: resets, clears, changed memslots
 */
#ifndef MIGTRACE_HOOKS_H
#define MIGTRACE_HOOKS_H

#include "session.h"

int migtrace_hooks_init(void);
void migtrace_hooks_fini(void);

/* From the return on, KVM's news of the session's VM reach it; features say which. -EUSERS: its
 * user has @max_of_user sessions.
 */
int migtrace_hooks_attach(struct migtrace_session *s, unsigned int max_of_user);
/* After the return none does, and none is under way. May sleep. */
void migtrace_hooks_detach(struct migtrace_session *s);

/* Each session that has a VM. It cannot lose it meanwhile. May sleep. */
void migtrace_hooks_each(void (*fn)(struct migtrace_session *s, void *opaque), void *opaque);

/* How many calls the kernel did not tell of, in all. If it changes, something was missed. */
unsigned long migtrace_hooks_missed(void);

#endif
