/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * supervise.h - one live migration from the first sample to its outcome
 *
 * mt_supervise() blocks its thread for as long as the migration lasts: it takes
 * events from an inbox, samples at each boundary, steps the engine, carries out
 * its plans, records everything and, at the end, finds out where the guest is.
 * `migtrace migrate` runs one, migtraced one on each thread.
 */
#ifndef MT_SUPERVISE_H
#define MT_SUPERVISE_H

#include "guard/guard.h"
#include "hypervisor/domain.h"
#include "policy/engine.h"
#include "store/record.h"
#include "watch/collector.h"
#include "watch/domainwork.h"
#include "actuator.h"
#include "room.h"

/* How far it is, for status. */
enum mt_stage {
	MT_STAGE_BEGINNING,
	MT_STAGE_RUNNING,
	MT_STAGE_STOPPED,		/* we stopped the guest for the last pages */
	MT_STAGE_ENDING,		/* the job is gone: waiting for what libvirt says of it */
	MT_STAGE_SETTLING,		/* finding out where the guest is: may take seconds, a
					 * minute where a host does not answer */
	MT_STAGE_OVER,
	MT_STAGE_COUNT
};
const char *mt_stage_name(enum mt_stage stage);	/* "beginning" ... */

struct mt_progress {
	const char *domain;
	const struct mt_engine *engine;
	const struct mt_sample *sample;
	const struct mt_plan *plan;	/* newest; CONTINUE with its reason while nothing is done */
	bool boundary;
	const char *note;		/* something else happened: one sentence; NULL = nothing */
	enum mt_stage stage;
	bool acts;			/* plans are carried out; false: observed only */
	const char *hand;		/* why they are not, "steered by migtrace migrate, pid 12";
					 * "" while they are */
};
/*
 * On the supervising thread, which nothing may hold up: whatever can block (log, terminal, disk) is
 * only queued.
 */
typedef void (*mt_progress_fn)(const struct mt_progress *p, void *opaque);

/* QEMU's downtime limit or the speed was changed by somebody else. */
enum mt_others {
	MT_OTHERS_BACK_OFF,		/* their value stands, and we no longer set that one;
					 * decisions are made with it */
	MT_OTHERS_OBSERVE,		/* hands off this migration */
};

/* inferred: a few polls; what is decided holds for about a pass */
#define MT_AGE_LIMIT_DEFAULT_MS	1000

struct mt_supervise_options {
	const struct mt_policy *policy;
	const struct mt_actuators *actuators;
	struct mt_limits limits;		/* qemu_limit_ms MT_LIMIT_UNSET: ask libvirt */
	const char *const *destinations;	/* URIs on which to look for the guest afterwards;
						 * NULL-terminated, may be NULL */
	struct mt_recorder *recorder;		/* NULL: none. Closed by the caller */
	struct mt_room *room;			/* NULL: the destination's memory is not known. The
						 * caller's */
	struct mt_collector *collector;		/* NULL: no kernel source. Closed by the caller */
	struct mt_workload *probes;		/* of what else the guest does; NULL: libvirt's
						 * statistics alone. Closed by the caller */
	uint64_t poll_ms;			/* between boundaries; 0 = 250 */
	bool ours;				/* we started it: wait for MT_EVENT_MIGRATE_DONE */
	struct mt_guard *guard;			/* NULL: a guest is never stopped */
	struct mt_hands *hands;			/* NULL: others are not looked out for; for what
						 * never acts */
	const char *who;			/* the program, for the wheel */
	struct mt_wheel *wheel;			/* the caller's to take and to put; NULL: it is
						 * tried here, again and again */
	uint64_t age_limit_ms;			/* of a sample that is decided upon; 0 =
						 * MT_AGE_LIMIT_DEFAULT_MS */
	enum mt_others others;
	const volatile int *observe;		/* while non-zero: plans are not carried out */
	const volatile int *cancel;		/* becomes non-zero (then MT_EVENT_WAKE): abort the
						 * migration */
	const volatile int *leave;		/* likewise: let go of it, the migration goes on by
						 * itself */
	/*
	 * The guest's metadata was changed. Return: whether @limits, but for QEMU's own, hold from
	 * now on. May ask libvirt. NULL: it does not matter.
	 */
	bool (*limits_now)(struct mt_limits *limits, void *opaque);
	void *limits_opaque;
	/*
	 * The migration was cancelled to begin it again, and its call has returned. Return: 0 once
	 * the new call is under way, which ends with MT_EVENT_MIGRATE_DONE likewise. NULL: it is
	 * somebody else's. limits.methods has what there is.
	 */
	int (*begin_again)(enum mt_method method, unsigned throttle_percent, void *opaque,
			   struct mt_err *err);
	void *begin_again_opaque;
	mt_progress_fn progress;
	void *opaque;
};

struct mt_supervise_result {
	enum mt_outcome outcome;
	struct mt_sample final;		/* total_ms, downtime_ms, transferred_bytes as far as
					 * libvirt told */
	char detail[512];		/* one sentence: what happened, where the guest is */
	int record_error;		/* first error of the recorder, 0 = whole */
	unsigned actions_done, actions_failed;
	bool postcopy;			/* QEMU did flip to post-copy */
	bool left;			/* ->leave was heeded: no outcome */
	unsigned restarts;		/* how often it was begun again */
	uint64_t earlier_ms;		/* and what that took: ->final is of the last alone */
	bool given_back;		/* the guard cancelled a stop that took too long */
};

/**
 * mt_supervise() - see one migration of @uuid through
 * @inbox: must have been subscribed to @conn for @uuid before the migration began,
 *	   or the caller knows that it is under way
 *
 * Return: 0 when an outcome is known (also a bad one), -errno when the
 * migration could not be supervised at all (no such domain, never began).
 */
int mt_supervise(struct mt_conn *conn, struct mt_inbox *inbox, const char *uuid,
		 const struct mt_supervise_options *options,
		 struct mt_supervise_result *result, struct mt_err *err);

#endif
