/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * supervise.h - one live migration from the first sample to its outcome
 *
 * mt_supervise() blocks its thread for as long as the migration lasts: it takes
 * events from an inbox, samples at each boundary, steps the engine, carries out
 * its plans, records everything and, at the end, finds out where the guest is.
 * `migtrace migrate` runs one, migtraced one a thread.
 */
#ifndef MIGTRACE_SUPERVISE_H
#define MIGTRACE_SUPERVISE_H

#include <migtrace/actuator.h>
#include <migtrace/collector.h>
#include <migtrace/domain.h>
#include <migtrace/engine.h>
#include <migtrace/record.h>

struct mt_progress {
	const char *domain;
	const struct mt_engine *engine;
	const struct mt_sample *sample;
	const struct mt_plan *plan;	/* newest; CONTINUE with its reason while nothing is done */
	bool boundary;
	const char *note;		/* something else happened: one sentence; NULL = nothing */
};
typedef void (*mt_progress_fn)(const struct mt_progress *p, void *opaque);

struct mt_supervise_options {
	const struct mt_policy *policy;
	const struct mt_model *model;		/* NULL: the default one */
	const struct mt_actuators *actuators;
	struct mt_limits limits;		/* qemu_limit_ms MT_LIMIT_UNSET: ask libvirt */
	const char *const *destinations;	/* URIs on which to look for the guest afterwards; NULL-terminated, may be NULL */
	struct mt_recorder *recorder;		/* NULL: none. Closed by the caller */
	struct mt_collector *collector;		/* NULL: no kernel source. Closed by the caller */
	uint64_t poll_ms;			/* between boundaries; 0 = 250 */
	bool ours;				/* we started it: wait for MT_EVENT_MIGRATE_DONE */
	const volatile int *cancel;		/* becomes non-zero (then MT_EVENT_WAKE): abort the migration */
	const volatile int *leave;		/* likewise: let go of it, the migration goes on by itself */
	mt_progress_fn progress;
	void *opaque;
};

struct mt_supervise_result {
	enum mt_outcome outcome;
	struct mt_sample final;		/* total_ms, downtime_ms, transferred_bytes as far as libvirt told */
	char detail[512];		/* one sentence: what happened, where the guest is */
	int record_error;		/* first error of the recorder, 0 = whole */
	unsigned actions_done, actions_failed;
	bool postcopy;			/* QEMU did flip to post-copy */
	bool left;			/* ->leave was heeded: no outcome */
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
