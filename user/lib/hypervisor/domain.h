/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domain.h - one guest as libvirt describes it: identity, job, destination
 */
#ifndef MT_DOMAIN_H
#define MT_DOMAIN_H

#include "conn.h"
#include "source/workload.h"

struct mt_domain_info {
	char name[MT_DOMAIN_NAME_MAX + 1];
	bool name_cut;			/* it is longer than that: not to be matched with
					 * anything */
	char uuid[VIR_UUID_STRING_BUFLEN];
	char type[16];			/* "kvm", "qemu" (TCG) */
	int state, reason;		/* virDomainState and its reason */
	uint64_t memory_bytes;
	unsigned vcpus;
	uint64_t cpu_time_ns;
	uint64_t dirty_ring_entries;	/* 0 = bitmap mode */
	bool migrating_out, migrating_in;
	bool persistent;
	bool host_device;		/* one of the host's is assigned to it (VFIO) */
};

struct mt_domain_name {
	char name[MT_DOMAIN_NAME_MAX + 1];
	bool name_cut;			/* as in struct mt_domain_info */
	char uuid[VIR_UUID_STRING_BUFLEN];
};

struct mt_domain_state {
	int state, reason;		/* virDomainState and its reason */
	uint64_t cpu_time_ns;
};

/*
 * By its UUID and nothing else: a guest may be called like another's UUID. -ENOENT: no such domain.
 * The conn being down is -ECONNRESET.
 */
MT_MUST_CHECK int mt_domain_info(struct mt_conn *c, const char *uuid, struct mt_domain_info *info,
				 struct mt_err *err);
/* @name: id, UUID or name, as in virsh. For what a person typed. */
MT_MUST_CHECK int mt_domain_find(struct mt_conn *c, const char *name, struct mt_domain_info *info,
				 struct mt_err *err);
/* Only the state, which libvirt tells without asking the guest's QEMU. */
MT_MUST_CHECK int mt_domain_state(struct mt_conn *c, const char *uuid,
				  struct mt_domain_state *state, struct mt_err *err);
/* There is no such guest here, or its QEMU has ended. */
bool mt_domain_is_gone(struct mt_conn *c, const char *uuid);
/*
 * What it has done since it was started, as far as it is counted: the time of its vCPUs, and what
 * it sent and received. QEMU is not asked. Differences are mt_work_between()'s.
 */
MT_MUST_CHECK int mt_domain_work(struct mt_conn *c, const char *uuid, struct mt_work *total,
				 struct mt_err *err);
/*
 * Those that run, by name alone: no guest is asked, so none can make us wait. The array is the
 * caller's to free().
 */
MT_MUST_CHECK int mt_domain_names(struct mt_conn *c, struct mt_domain_name **list, size_t *n,
				  struct mt_err *err);
/* All domains, running ones only if @running; the array is the caller's to free(). */
MT_MUST_CHECK int mt_domain_list(struct mt_conn *c, bool running, struct mt_domain_info **list,
				 size_t *n, struct mt_err *err);

/*
 * Its dirty log is a bitmap of KVM's, which QEMU clears chunk by chunk as a pass comes by: see
 * mt_ucurve_clears().
 */
bool mt_domain_clears_chunks(const struct mt_domain_info *info);

/* The element of namespace @uri in its metadata; the caller's to free(). -ENODATA: none. */
MT_MUST_CHECK int mt_domain_metadata(struct mt_conn *c, const char *uuid, const char *uri,
				     char **xml, struct mt_err *err);

const char *mt_domain_state_name(int state);	/* "running", "paused", "shut off" ... */

/*
 * The migration job's figures now. status NONE: there is no migration job.
 * May block for over a second while a migration completes.
 */
MT_MUST_CHECK int mt_domain_sample(struct mt_conn *c, const char *uuid, struct mt_sample *s,
				   struct mt_err *err);

/* The figures of the last completed job, kept; -ENODATA if libvirt has none. */
MT_MUST_CHECK int mt_domain_completed(struct mt_conn *c, const char *uuid, struct mt_sample *s,
				      struct mt_err *err);

/*
 * libvirt's typed parameters of a job (virDomainGetJobStats, or the JOB_COMPLETED event) as a
 * sample.
 */
void mt_sample_from_params(struct mt_sample *s, int job_type, virTypedParameterPtr params, int n);

/* QEMU's downtime limit for this domain, ms; -EOPNOTSUPP before libvirt 3.7. */
int mt_domain_downtime_limit(struct mt_conn *c, const char *uuid, uint64_t *ms, struct mt_err *err);

/*
 * The bandwidth that its migrations may have, as set by virsh migrate-setspeed; -ENODATA: not
 * limited.
 */
MT_MUST_CHECK int mt_domain_max_bandwidth(struct mt_conn *c, const char *uuid,
					  uint64_t *bytes_per_s, struct mt_err *err);

#define MT_DOWNTIME_MIN_MS	1
#define MT_DOWNTIME_MAX_MS	2000000		/* QEMU's MAX_MIGRATE_DOWNTIME, 2000 s */
#define MT_BANDWIDTH_MAX_MIB_PER_S ((UINT64_MAX >> 1) >> 20)	/* libvirt's: INT64_MAX bytes/s */

/* Its speed where migrations are not limited, as libvirt has to be asked for that. */
#define MT_SPEED_UNLIMITED	(MT_BANDWIDTH_MAX_MIB_PER_S << 20)

/* QEMU's speed, changed by us: what it was, and what it may be since. */
struct mt_speed_change {
	uint64_t was_bytes_per_s;	/* 0: it was not changed */
	uint64_t ours_bytes_per_s[2];	/* set last, and about to be set */
};
/*
 * Unless it is somebody else's meanwhile. Return: 0, too where its QEMU is gone; else it may still
 * be ours.
 */
MT_MUST_CHECK int mt_domain_put_speed_back(struct mt_conn *c, const char *uuid,
					   const struct mt_speed_change *change,
					   struct mt_err *err);

/*
 * What is really asked of libvirt: within the bounds above; whole MiB/s rounded down, at least 1.
 */
uint64_t mt_downtime_clamp(uint64_t ms);
uint64_t mt_bandwidth_mib_per_s(uint64_t bytes_per_s);

/* Limits of the running migration, and of those to come. */
MT_MUST_CHECK int mt_domain_set_downtime_limit(struct mt_conn *c, const char *uuid, uint64_t ms,
					       struct mt_err *err);
MT_MUST_CHECK int mt_domain_set_max_bandwidth(struct mt_conn *c, const char *uuid,
					      uint64_t bytes_per_s, struct mt_err *err);

/*
 * What auto-converge, with which the migration has to have been begun, slows the guest's vCPUs down
 * by: QEMU goes there when it next finds that they dirty too much, and no further. Asked of QEMU
 * itself, which taints the domain "custom-monitor".
 */
MT_MUST_CHECK int mt_domain_set_throttle(struct mt_conn *c, const char *uuid, unsigned percent,
					 struct mt_err *err);
/*
 * How far QEMU may throttle it, in this migration and in those to come; no less than what it begins
 * with. A throttle that was set is such a limit, too: both outlive the migration.
 */
#define MT_THROTTLE_MAX_PERCENT	99	/* QEMU's own max-cpu-throttle */
MT_MUST_CHECK int mt_domain_limit_throttle(struct mt_conn *c, const char *uuid, unsigned percent,
					   struct mt_err *err);

/*
 * What each of its vCPUs may dirty: QEMU lets one that dirties more sleep whenever its dirty ring
 * is full, until it is within 25 MiB/s of that (DIRTYLIMIT_TOLERANCE_RANGE,
 * softmmu/dirtylimit.c). In whole MiB/s, rounded down, at least 1. No auto-converge is needed, and
 * no migration: it stands until it is lifted. Asked of QEMU itself, which taints the domain
 * "custom-monitor".
 */
MT_MUST_CHECK int mt_domain_limit_vcpus(struct mt_conn *c, const char *uuid, uint64_t bytes_per_s,
					struct mt_err *err);
/* As it stands: the lowest of them; 0: there is none. */
MT_MUST_CHECK int mt_domain_vcpu_limit(struct mt_conn *c, const char *uuid, uint64_t *bytes_per_s,
				       struct mt_err *err);
/* Return: 0, too where its QEMU is gone; else it may still be limited. */
MT_MUST_CHECK int mt_domain_lift_vcpu_limit(struct mt_conn *c, const char *uuid,
					    struct mt_err *err);
/* How many vCPUs can be limited: all that it has under KVM with dirty rings, or 0. */
unsigned mt_domain_limitable_vcpus(struct mt_conn *c, const struct mt_domain_info *info);

/* What they do and no more; whether it is wise is actuator.h's business. */
MT_MUST_CHECK int mt_domain_suspend(struct mt_conn *c, const char *uuid, struct mt_err *err);
MT_MUST_CHECK int mt_domain_resume(struct mt_conn *c, const char *uuid, struct mt_err *err);
MT_MUST_CHECK int mt_domain_start_postcopy(struct mt_conn *c, const char *uuid, struct mt_err *err);
MT_MUST_CHECK int mt_domain_abort(struct mt_conn *c, const char *uuid, struct mt_err *err);

/* How much of its memory is there. */
struct mt_domain_memory {
	uint64_t resident_bytes;	/* 0 = not known */
	uint64_t nonzero_bytes;		/* estimated; 0 = not known: another host, or no right to
					 * look */
};

/*
 * From the process, if it is one of this host and we may look into it (see vmm.h), or else what
 * libvirt says of the process as a whole, which is a little more. Return: 0 or -errno if neither is
 * known.
 */
MT_MUST_CHECK int mt_domain_memory(struct mt_conn *c, const struct mt_domain_info *info,
				   struct mt_domain_memory *memory, struct mt_err *err);

/* The second of them alone, within milliseconds, or 0. Asks neither libvirt nor QEMU. */
uint64_t mt_domain_nonzero(struct mt_conn *c, const struct mt_domain_info *info);

/*
 * Whether the running migration uses parallel connections (multifd), asked of QEMU itself:
 * 1 yes, 0 no, -errno cannot tell. Taints the domain "custom-monitor".
 */
int mt_domain_is_parallel(struct mt_conn *c, const char *uuid, struct mt_err *err);

/*
 * What QEMU itself says of its newest outgoing migration, also when libvirt has no job (any more):
 * NONE, there was none; COMPLETED, the guest may run elsewhere and must not be resumed here;
 * UNKNOWN, a word that is not known here. Taints the domain "custom-monitor".
 */
MT_MUST_CHECK int mt_domain_migrate_status(struct mt_conn *c, const char *uuid,
					   enum mt_status *status, struct mt_err *err);

/*
 * Looks for the guest on the other side: present, running, and its vCPUs using time or at
 * least its monitor answering. Waits up to @timeout_ms for it to get there.
 * Return: 0 it runs; -ENOENT not there; -EAGAIN there but paused; -ECONNREFUSED ... cannot look.
 */
int mt_domain_verify(struct mt_conn *destination, const char *uuid, uint64_t timeout_ms,
		     struct mt_err *err);

#endif
