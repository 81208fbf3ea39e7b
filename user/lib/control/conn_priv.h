/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conn_priv.h - what a connection is made of; for conn.c, subscribe.c and lookup.c
 *
 * Locks, outermost first: dispatch.lock, reg.lock, lock; never more than moments
 * under lock, while a call of libvirt's may be made under reg.lock. A connection
 * lives until its last reference goes: its owner's, its reconnecting thread's, and
 * one for each event that libvirt has us registered for.
 */
#ifndef MT_CONTROL_CONN_PRIV_H
#define MT_CONTROL_CONN_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include <migtrace/conn.h>

#include "passes.h"

#define MT_REGISTRATIONS	5

struct mt_subscription {
	int id;
	char uuid[VIR_UUID_STRING_BUFLEN];	/* "" = all domains */
	mt_event_fn fn;
	void *opaque;
};

struct mt_conn {
	atomic_int refs;
	char *uri;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	virConnectPtr virt;		/* NULL while down */
	bool lost, closing, thread_done;
	virDomainPtr known;		/* the domain last looked up by its UUID, of virt; see lookup.c */

	struct {
		pthread_mutex_t lock;
		bool wanted;		/* somebody has subscribed */
		virConnectPtr virt;	/* what the ids belong to, a reference; NULL = not registered */
		int ids[MT_REGISTRATIONS];
	} reg;

	struct {
		pthread_mutex_t lock;	/* recursive: a function may subscribe */
		struct mt_subscription *subs;
		size_t n;
		int last_id;
		struct mt_passes passes;
	} dispatch;
};

void mt_conn_ref(struct mt_conn *c);
void mt_conn_unref(struct mt_conn *c);

void mt_subscribe_init(struct mt_conn *c);
void mt_subscribe_fini(struct mt_conn *c);
/* Registers for events on @virt, in place of any other, if anybody has subscribed; again is harmless. */
int mt_subscribe_attach(struct mt_conn *c, virConnectPtr virt, struct mt_err *err);
void mt_subscribe_detach(struct mt_conn *c);
/* After this no subscriber is called any more, and none is running. */
void mt_subscribe_drop_all(struct mt_conn *c);
/* An event of the connection itself, for all subscribers. */
void mt_subscribe_post_conn(struct mt_conn *c, enum mt_event_kind kind);

#endif
