/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model.h - what the rest of this migration will cost (PURE)
 *
 * A model is one row of a table. It sees a migration at one moment and says
 * how it goes on if QEMU is left alone: total time, bytes, downtime, each as an
 * interval, and whether pre-copy ends by itself at all.
 */
#ifndef MIGTRACE_MODEL_H
#define MIGTRACE_MODEL_H

#include <migtrace/curve.h>
#include <migtrace/ucurve.h>

enum mt_verdict {
	MT_VERDICT_UNKNOWN,	/* too little seen: no finished iteration */
	MT_VERDICT_CONVERGES,	/* QEMU's own rule ends it, under the limit it has now */
	MT_VERDICT_REACHABLE,	/* not by QEMU's own rule, but a boundary within the allowed downtime is or comes in reach */
	MT_VERDICT_OPEN,	/* not expected, not ruled out either */
	MT_VERDICT_HOPELESS,	/* ruled out, unless the guest changes its ways */
	MT_VERDICT_COUNT
};

struct mt_interval {
	double p10, p50, p90;
};

/* Everything a model may look at. */
struct mt_model_input {
	const struct mt_iterations *iterations;
	const struct mt_curve *curve;
	const struct mt_ucurve *u;	/* the same as a distribution */
	double bandwidth_bytes_per_s;	/* of the link as seen lately, > 0 */
	double memory_bytes;
	double limit_ms;		/* QEMU's downtime limit now */
	double allowed_ms;		/* what the operator allows */
	double fixed_ms;		/* part of any downtime that is not memory: device state, switchover */
	double elapsed_ms;
};

struct mt_prediction {
	const char *model;		/* name and version of the row that made it */
	enum mt_verdict verdict;
	unsigned iterations_left;	/* until QEMU's own rule ends it; meaningful if CONVERGES */
	struct mt_interval total_ms;	/* from the migration's begin; valid if CONVERGES */
	struct mt_interval transferred_bytes;	/* likewise */
	struct mt_interval downtime_ms;	/* of stopping at the next boundary, or at convergence */
	double stop_now_ms;		/* downtime if the guest were stopped at this moment */
	double floor_ms;		/* lowest downtime the coming iterations are expected to offer */
	double floor_optimistic_ms;	/* the same if U(T) is as low as concavity allows */
	double needed_bandwidth_bytes_per_s;	/* with which allowed_ms would be met; 0 = unknown */
};

struct mt_model {
	const char *name;
	const char *help;
	/* Return: 0, or -ENODATA when @in does not suffice (verdict UNKNOWN). */
	int (*predict)(const struct mt_model_input *in, struct mt_prediction *out);
};

#define MT_MODEL_DEFAULT "precopy"
const struct mt_model *mt_model_at(size_t i);		/* NULL beyond the last */
const struct mt_model *mt_model_find(const char *name);	/* with or without its version; NULL if there is none */
const char *mt_verdict_name(enum mt_verdict verdict);

#endif
