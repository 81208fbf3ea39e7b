/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ring.h - reading the dirty rings of a VM's vCPUs
 */
#ifndef MIGTRACE_RING_H
#define MIGTRACE_RING_H

#include "session.h"

int migtrace_ring_init(struct migtrace_session *s);
/* As the session begins: what the rings hold is nobody's. */
void migtrace_ring_begin(struct migtrace_session *s);
void migtrace_ring_fini(struct migtrace_session *s);

/* A log begins: what the rings have by now is older. Under the lock. */
void migtrace_ring_mark(struct migtrace_session *s);
/* The thread's part of a tick: all that the rings hold by now. May sleep. */
void migtrace_ring_tick(struct migtrace_session *s);
/* What a reset has just freed. Under the lock; @now_ns is when. */
void migtrace_ring_reset(struct migtrace_session *s, struct kvm_vcpu *vcpu, u64 now_ns);
/* Under the lock: the tick's sets become the published ones. */
void migtrace_ring_publish(struct migtrace_session *s);

#endif
