/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops.h - everything that is asked of a hypervisor, as one table
 *
 * Behind it: libvirt (virt.h), and in the tests a hypervisor whose guests are played by the
 * simulator and that fails when told to. Whoever includes only conn.h and domain.h does not
 * know which it is. All calls name the guest by its UUID and nothing else, but for find().
 * Return, unless stated: 0 or -errno, as mt_virt_error() lists them. A call may block for as
 * long as the hypervisor likes.
 */
#ifndef MT_OPS_H
#define MT_OPS_H

#include "domain.h"

struct mt_conn_ops {
	const char *name;

	/* --- the connection --- */
	void (*close)(struct mt_conn *c);
	const char *(*uri)(const struct mt_conn *c);
	int (*wait)(struct mt_conn *c, uint64_t timeout_ms);
	/* Another connection of this kind; @uri NULL: to the same place. */
	int (*peer)(struct mt_conn *c, const char *uri, struct mt_conn **peer, struct mt_err *err);
	int (*host)(struct mt_conn *c, char uuid[VIR_UUID_STRING_BUFLEN], struct mt_err *err);
	void (*versions)(struct mt_conn *c, unsigned long *libvirt, unsigned long *qemu);
	/* may be NULL */
	int (*free_memory)(struct mt_conn *c, uint64_t *bytes, struct mt_err *err);
	/* may be NULL */
	int (*host_work)(struct mt_conn *c, struct mt_work *total, struct mt_err *err);
	int (*subscribe)(struct mt_conn *c, const char *uuid, mt_event_fn fn, void *opaque);
	void (*unsubscribe)(struct mt_conn *c, int id);

	/* --- its guests --- */
	int (*names)(struct mt_conn *c, struct mt_domain_name **list, size_t *n,
		     struct mt_err *err);
	int (*list)(struct mt_conn *c, bool running, struct mt_domain_info **list, size_t *n,
		    struct mt_err *err);
	int (*find)(struct mt_conn *c, const char *name, struct mt_domain_info *info,
		    struct mt_err *err);
	int (*info)(struct mt_conn *c, const char *uuid, struct mt_domain_info *info,
		    struct mt_err *err);
	int (*state)(struct mt_conn *c, const char *uuid, struct mt_domain_state *state,
		     struct mt_err *err);
	int (*work)(struct mt_conn *c, const char *uuid, struct mt_work *total,
		    struct mt_err *err);
	int (*suspend)(struct mt_conn *c, const char *uuid, struct mt_err *err);
	int (*resume)(struct mt_conn *c, const char *uuid, struct mt_err *err);
	/* may be NULL */
	int (*metadata)(struct mt_conn *c, const char *uuid, const char *uri, char **xml,
			struct mt_err *err);

	/* --- the migration of one --- */
	int (*sample)(struct mt_conn *c, const char *uuid, struct mt_sample *s, struct mt_err *err);
	int (*completed)(struct mt_conn *c, const char *uuid, struct mt_sample *s,
			 struct mt_err *err);
	int (*is_parallel)(struct mt_conn *c, const char *uuid, struct mt_err *err);
	/* may be NULL */
	int (*migrate_status)(struct mt_conn *c, const char *uuid, enum mt_status *status,
			      struct mt_err *err);
	int (*downtime_limit)(struct mt_conn *c, const char *uuid, uint64_t *ms,
			      struct mt_err *err);
	int (*set_downtime_limit)(struct mt_conn *c, const char *uuid, uint64_t ms,
				  struct mt_err *err);
	int (*max_bandwidth)(struct mt_conn *c, const char *uuid, uint64_t *bytes_per_s,
			     struct mt_err *err);
	int (*set_max_bandwidth)(struct mt_conn *c, const char *uuid, uint64_t bytes_per_s,
				 struct mt_err *err);
	/* may be NULL */
	int (*set_throttle)(struct mt_conn *c, const char *uuid, unsigned percent,
			    struct mt_err *err);
	/* may be NULL */
	int (*limit_throttle)(struct mt_conn *c, const char *uuid, unsigned percent,
			      struct mt_err *err);
	/* both may be NULL; 0: no limit */
	int (*limit_vcpus)(struct mt_conn *c, const char *uuid, uint64_t mib_per_s,
			   struct mt_err *err);
	int (*vcpu_limit)(struct mt_conn *c, const char *uuid, uint64_t *mib_per_s,
			  struct mt_err *err);
	int (*start_postcopy)(struct mt_conn *c, const char *uuid, struct mt_err *err);
	int (*abort)(struct mt_conn *c, const char *uuid, struct mt_err *err);
};

/* What every connection begins with. */
struct mt_conn {
	const struct mt_conn_ops *ops;
};

/* For tests, before the first connection: what mt_conn_open() opens. NULL: libvirt's again. */
void mt_conn_open_use(int (*open)(struct mt_conn **c, const char *uri, struct mt_err *err));

#endif
