/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kubevirt_stall.h - when pre-copy has stalled, and which pass is a good one then (PURE)
 *
 * The part of VEP 248 that looks at passes only; kubevirt.c has the rest, and the source.
 */
#ifndef MT_KUBEVIRT_STALL_H
#define MT_KUBEVIRT_STALL_H

#include <stdbool.h>
#include <stdint.h>

/* Each lower than the one before: a hundred halvings are far more than memory has. */
#define KUBEVIRT_FALLING	256
/* Of what was left since the stall the lowest are kept: what relaxes takes the lowest first. */
#define KUBEVIRT_SEEN		512

struct kubevirt_rule {
	uint64_t window_ms;
	double margin;		/* share */
	double decay;		/* of patience, each time that it was in vain */
	bool anywhere;		/* any pass is a good one once it has stalled */
};

struct kubevirt_stall {
	/* Passes within the window of which each left less than all before; the oldest first. */
	struct {
		uint64_t at_ms;
		double left_bytes;
	} falling[KUBEVIRT_FALLING];
	unsigned n_falling;
	double least_before;		/* the window; 0 = none is so old yet */
	bool old;			/* one is */
	bool stalled;
	double target_bytes;
	double patience_ms;
	double until_ms;		/* the target is waited for */
	double seen[KUBEVIRT_SEEN];	/* left since the stall, the largest first */
	unsigned n_seen;
};

enum kubevirt_verdict { KUBEVIRT_PROGRESS, KUBEVIRT_WAIT, KUBEVIRT_SWITCH };

/* A pass has ended. @stall begins zeroed. */
enum kubevirt_verdict kubevirt_stall_pass(struct kubevirt_stall *stall,
					  const struct kubevirt_rule *rule, uint64_t now_ms,
					  double left_bytes);

#endif
