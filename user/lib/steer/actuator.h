/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * actuator.h - the few things migtrace does to a migration
 *
 * Typed, clamped, each a libvirt call; each with a dry twin that does nothing
 * and says it would have. They work on migrations that somebody else started.
 */
#ifndef MT_ACTUATOR_H
#define MT_ACTUATOR_H

#include "hypervisor/conn.h"
#include "policy/policy.h"

struct mt_actuators {
	const char *name;		/* "libvirt", "dry-run" */
	const char *done;		/* what a success is called in a recording: "done",
					 * "dry-run" */
	int (*set_downtime)(struct mt_conn *c, const char *uuid, uint64_t ms, struct mt_err *err);
	int (*set_bandwidth)(struct mt_conn *c, const char *uuid, uint64_t bytes_per_s,
			     struct mt_err *err);
	int (*set_throttle)(struct mt_conn *c, const char *uuid, unsigned percent,
			    struct mt_err *err);
	int (*limit_vcpus)(struct mt_conn *c, const char *uuid, uint64_t bytes_per_s,
			   struct mt_err *err);
	int (*suspend)(struct mt_conn *c, const char *uuid, struct mt_err *err);
	int (*start_postcopy)(struct mt_conn *c, const char *uuid, struct mt_err *err);
	int (*abort)(struct mt_conn *c, const char *uuid, struct mt_err *err);
};

extern const struct mt_actuators mt_actuators_libvirt;
extern const struct mt_actuators mt_actuators_dry;

/*
 * Around a stop, which pauses a guest that nobody else would resume. Before: -EBUSY unless it runs.
 * After: -EBUSY where it runs all the same; one whose migration had ended just before is resumed,
 * and -EBUSY says so.
 */
MT_MUST_CHECK int mt_suspend_check(struct mt_conn *c, const char *uuid, struct mt_err *err);
MT_MUST_CHECK int mt_suspend_settle(struct mt_conn *c, const char *uuid, struct mt_err *err);

/*
 * Before a flip: -EPERM where post-copy would lose the guest, or nobody can tell that it would not.
 */
MT_MUST_CHECK int mt_flip_check(struct mt_conn *c, const char *uuid, struct mt_err *err);

/*
 * Carries out @plan (CONTINUE does nothing; of RESTART the first half, to cancel). Return: 0,
 * -EOPNOTSUPP for what cannot be done here, -EPERM where a guard refuses, else as
 * mt_virt_error().
 */
int mt_actuate(const struct mt_actuators *a, struct mt_conn *c, const char *uuid,
	       const struct mt_plan *plan, struct mt_err *err);

#endif
