/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * outlook.h - how the rest of a running migration goes if QEMU is left alone (PURE)
 *
 * From U(T) as a distribution and what has been done so far, by the same play of QEMU's rules as
 * forecasts (forecast.h): how it ends, if it does, and what stopping it would cost.
 */
#ifndef MT_OUTLOOK_H
#define MT_OUTLOOK_H

#include "curve/ucurve.h"

enum mt_verdict {
	MT_VERDICT_UNKNOWN,	/* too little seen: no finished iteration */
	MT_VERDICT_CONVERGES,	/* QEMU's own rule ends it, under the limit it has now */
	MT_VERDICT_REACHABLE,	/* not by QEMU's own rule, but a boundary within the allowed
				 * downtime is or comes in reach */
	MT_VERDICT_OPEN,	/* not expected, not ruled out either */
	MT_VERDICT_HOPELESS,	/* ruled out, unless the guest changes its ways */
	MT_VERDICT_COUNT
};
const char *mt_verdict_name(enum mt_verdict verdict);

struct mt_interval {
	double p10, p50, p90;
};

struct mt_learned;
struct mt_forecast_input;

/* What is known of a guest before it is migrated. */
struct mt_beforehand {
	struct mt_ucurve u;		/* U(T); ->origin NOTHING: not known */
	double nonzero_bytes;		/* of its memory, in pages that are not all zero; 0: not
					 * known */
};

struct mt_outlook_input {
	const struct mt_iterations *iterations;
	const struct mt_ucurve *u;
	double bandwidth_bytes_per_s;	/* of the link as seen lately, > 0 */
	double memory_bytes;		/* 0: not known */
	double nonzero_bytes;		/* of it; 0: what has been seen of it so far */
	double limit_ms;		/* QEMU's downtime limit now */
	double allowed_ms;		/* what the operator allows */
	double fixed_ms;		/* part of any downtime that is not memory: device state,
					 * switchover */
	double elapsed_ms;
	double needed_bandwidth_bytes_per_s;	/* as found earlier in this pass, which takes half
						 * of the time of all; 0: not yet */
	bool auto_converge;		/* QEMU throttles the guest, or will */
	const struct mt_learned *learned;	/* what past migrations taught of this stage; NULL:
						 * mt_learned_prior */
};

/* A boundary that is yet to come: left_bytes is normally distributed. */
struct mt_boundary {
	double in_s;			/* since the last */
	double left_bytes, sd_bytes;
};

/* How far ahead a better moment is looked for. Inferred. */
#define MT_AHEAD_PASSES		10
/* By the curve of U(T) as low as it may well be, and by its median. */
enum mt_ahead { MT_AHEAD_LOW, MT_AHEAD_MEDIAN, MT_AHEAD_CURVES };

/* What is yet to come where QEMU is left alone, and what a flip would be now. */
struct mt_course {
	double rate_bytes_per_s;	/* at which memory goes out; 0: nothing is known */
	struct mt_boundary ahead[MT_AHEAD_CURVES][MT_AHEAD_PASSES];
	size_t n[MT_AHEAD_CURVES];
	struct mt_interval flip_stall_ms;	/* felt if it is flipped now; 0: not known */
};

#define MT_OUTLOOK_MODEL "outlook/1"	/* with its version, for recordings */

struct mt_prediction {
	const char *model;		/* name and version of what made it */
	enum mt_verdict verdict;
	double ends;			/* probability that QEMU's own rule ends it */
	double reaches;			/* that it, or a limit as high as is allowed, does; >=
					 * ends */
	unsigned iterations_left;	/* until QEMU's own rule ends it; meaningful if CONVERGES */
	struct mt_interval total_ms;	/* from the migration's begin; valid if CONVERGES */
	struct mt_interval transferred_bytes;	/* likewise */
	struct mt_interval downtime_ms;	/* of stopping at the next boundary, or at convergence */
	double stop_now_ms;		/* downtime if the guest were stopped at this moment */
	double floor_ms;		/* lowest downtime the coming iterations are expected to
					 * offer */
	double floor_optimistic_ms;	/* the same if U(T) is as low as it may well be */
	double needed_bandwidth_bytes_per_s;	/* with which allowed_ms would be met; 0 =
						 * unknown */
};

/* @out: ->verdict UNKNOWN where @in does not suffice; @course: its rate is 0 then. */
void mt_outlook(const struct mt_outlook_input *in, struct mt_prediction *out,
		struct mt_course *course);

/*
 * The forecast that it makes, from the sync that ended the last pass. Return: false where @in does
 * not suffice.
 */
bool mt_outlook_resume(const struct mt_outlook_input *in, struct mt_forecast_input *f);

#endif
