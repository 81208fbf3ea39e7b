/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * simulate.h - what the parts of `migtrace simulate` share
 */
#ifndef SIMULATE_H
#define SIMULATE_H

#include "out/table.h"
#include "sim/sim.h"
#include "store/record.h"

#define SIMULATE_LIST_MAX	32

/* What is to be combined: each with each. */
struct simulate {
	const struct mt_method_row *methods[SIMULATE_LIST_MAX];
	const struct mt_policy *policies[SIMULATE_LIST_MAX];	/* none: QEMU alone */
	uint64_t bandwidths[SIMULATE_LIST_MAX], limits_ms[SIMULATE_LIST_MAX];
	size_t n_methods, n_policies, n_bandwidths, n_limits;

	struct mt_sim_params params;	/* that hold for all */
	struct mt_limits limits;	/* for policies */
	uint64_t history_ms;		/* of the guest, that they have seen before */
	uint64_t memory_bytes, resident_bytes;	/* 0: as the trace says */
	const char *hosts;		/* preset of what things take there */
	uint64_t seed;
	bool seed_given, passes;
	struct mt_table *table;
	bool ended_early;		/* a recording did: its rows are of what there is */
};

/*
 * simulate_trace.c: a recording, or a pattern in words; how large the guest is goes into
 * ->params. Return: 0 or -errno.
 */
MT_MUST_CHECK int simulate_trace(struct mt_trace *t, const char *what, struct simulate *q,
				 struct mt_err *err);

/* simulate_run.c */
struct mt_table *simulate_table(enum mt_format format, bool passes);
/* its rows */
MT_MUST_CHECK int simulate_all(struct simulate *q, const char *what, struct mt_err *err);

#endif
