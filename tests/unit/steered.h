/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * steered.h - a guest of 256 MiB over 40 MiB/s, steered by predict in the simulator
 */
#ifndef STEERED_H
#define STEERED_H

#include "base/units.h"
#include "sim/sim.h"
#include "ktap.h"

struct steered {
	struct mt_sim_params p;
	struct mt_limits limits;
	struct mt_trace trace;
	struct mt_sim_result r;
};

/* @limit_ms: QEMU's limit, and what is allowed. */
static inline void steered_begin(struct steered *s, const char *pattern, uint64_t limit_ms,
				 bool postcopy)
{
	*s = (struct steered){ .limits = MT_LIMITS_UNSET };
	mt_sim_defaults(&s->p);
	s->p.memory_bytes = 256 * MT_MIB;
	s->p.bandwidth_bytes_per_s = 40 * MT_MIB;
	s->p.host.link_bytes_per_s = 42 * MT_MIB;
	s->p.downtime_limit_ms = (double)limit_ms;
	s->limits.max_downtime_ms = limit_ms;
	s->limits.deadline_ms = 60000;
	s->limits.postcopy_allowed = postcopy;
	CHECK_INT(mt_trace_pattern(&s->trace, pattern, NULL), 0);
}

static inline void steered_end(struct steered *s)
{
	CHECK_INT(mt_sim_steer(&s->p, &s->trace, mt_policy_find("predict"), &s->limits, NULL,
			       &s->r),
		  0);
	mt_trace_fini(&s->trace);
}

#endif
