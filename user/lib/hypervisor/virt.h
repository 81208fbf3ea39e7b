/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt.h - the hypervisor that is libvirt: what a connection of its is made of; for virt_*.c
 *
 * Locks, outermost first: dispatch.lock, reg.lock, lock; never more than moments
 * under lock, while a call of libvirt's may be made under reg.lock. A connection
 * lives until its last reference goes: its owner's, its reconnecting thread's, and
 * one for each event that libvirt has us registered for.
 */
#ifndef MT_VIRT_H
#define MT_VIRT_H

#include <pthread.h>
#include <stdatomic.h>

#include "ops.h"
#include "pass_events.h"

#define MT_REGISTRATIONS	6

struct mt_subscription {
	int id;
	char uuid[VIR_UUID_STRING_BUFLEN];	/* "" = all domains */
	mt_event_fn fn;
	void *opaque;
};

struct virt_conn {
	struct mt_conn base;
	atomic_int refs;
	char *uri;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	virConnectPtr virt;		/* NULL while down */
	bool lost, closing, thread_done;
	virDomainPtr known;		/* the domain last looked up by its UUID, of virt; see
					 * virt_lookup.c */

	struct {
		pthread_mutex_t lock;
		bool wanted;		/* somebody has subscribed */
		virConnectPtr virt;	/* what the ids belong to, a reference; NULL = not
					 * registered */
		int ids[MT_REGISTRATIONS];
	} reg;

	struct {
		pthread_mutex_t lock;	/* recursive: a function may subscribe */
		struct mt_subscription *subs;
		size_t n;
		int last_id;
		struct mt_pass_events passes;
	} dispatch;
};

extern const struct mt_conn_ops virt_ops;

/* NULL for a connection to something else. */
static inline struct virt_conn *virt_of(const struct mt_conn *c)
{
	return c->ops == &virt_ops ? (struct virt_conn *)c : NULL;
}

/* As mt_conn_open(). */
MT_MUST_CHECK int mt_virt_open(struct mt_conn **c, const char *uri, struct mt_err *err);

void virt_conn_ref(struct virt_conn *c);
void virt_conn_unref(struct virt_conn *c);

void mt_subscribe_init(struct virt_conn *c);
void mt_subscribe_fini(struct virt_conn *c);
/*
 * Registers for events on @virt, in place of any other, if anybody has subscribed; again is
 * harmless.
 */
int mt_subscribe_attach(struct virt_conn *c, virConnectPtr virt, struct mt_err *err);
void mt_subscribe_detach(struct virt_conn *c);
/* After this no subscriber is called any more, and none is running. */
void mt_subscribe_drop_all(struct virt_conn *c);
/* An event of the connection itself, for all subscribers. */
void mt_subscribe_post_conn(struct virt_conn *c, enum mt_event_kind kind);

int virt_subscribe(struct mt_conn *c, const char *uuid, mt_event_fn fn, void *opaque);
void virt_unsubscribe(struct mt_conn *c, int id);

/* virt_host.c, virt_domain.c, virt_stats.c, virt_monitor.c: rows of ops.h. */
int virt_host_free_memory(struct mt_conn *c, uint64_t *bytes, struct mt_err *err);
int virt_host_work(struct mt_conn *c, struct mt_work *total, struct mt_err *err);
int virt_domain_names(struct mt_conn *c, struct mt_domain_name **list, size_t *n,
		      struct mt_err *err);
int virt_domain_list(struct mt_conn *c, bool running, struct mt_domain_info **list, size_t *n,
		     struct mt_err *err);
int virt_domain_find(struct mt_conn *c, const char *name, struct mt_domain_info *info,
		     struct mt_err *err);
int virt_domain_info(struct mt_conn *c, const char *uuid, struct mt_domain_info *info,
		     struct mt_err *err);
int virt_domain_state(struct mt_conn *c, const char *uuid, struct mt_domain_state *state,
		      struct mt_err *err);
int virt_domain_work(struct mt_conn *c, const char *uuid, struct mt_work *total,
		     struct mt_err *err);
int virt_domain_suspend(struct mt_conn *c, const char *uuid, struct mt_err *err);
int virt_domain_metadata(struct mt_conn *c, const char *uuid, const char *uri, char **xml,
			 struct mt_err *err);
int virt_domain_resume(struct mt_conn *c, const char *uuid, struct mt_err *err);
int virt_job_sample(struct mt_conn *c, const char *uuid, struct mt_sample *s, struct mt_err *err);
int virt_job_completed(struct mt_conn *c, const char *uuid, struct mt_sample *s,
		       struct mt_err *err);
int virt_job_migrate_status(struct mt_conn *c, const char *uuid, enum mt_status *status,
			    struct mt_err *err);
int virt_job_set_throttle(struct mt_conn *c, const char *uuid, unsigned percent,
			  struct mt_err *err);
int virt_job_limit_throttle(struct mt_conn *c, const char *uuid, unsigned percent,
			    struct mt_err *err);
int virt_job_limit_vcpus(struct mt_conn *c, const char *uuid, uint64_t mib_per_s,
			 struct mt_err *err);
int virt_job_vcpu_limit(struct mt_conn *c, const char *uuid, uint64_t *mib_per_s,
			struct mt_err *err);
int virt_job_is_parallel(struct mt_conn *c, const char *uuid, struct mt_err *err);
int virt_job_downtime_limit(struct mt_conn *c, const char *uuid, uint64_t *ms, struct mt_err *err);
int virt_job_set_downtime_limit(struct mt_conn *c, const char *uuid, uint64_t ms,
				struct mt_err *err);
int virt_job_max_bandwidth(struct mt_conn *c, const char *uuid, uint64_t *bytes_per_s,
			   struct mt_err *err);
int virt_job_set_max_bandwidth(struct mt_conn *c, const char *uuid, uint64_t bytes_per_s,
			       struct mt_err *err);
int virt_job_start_postcopy(struct mt_conn *c, const char *uuid, struct mt_err *err);
int virt_job_abort(struct mt_conn *c, const char *uuid, struct mt_err *err);

#endif
