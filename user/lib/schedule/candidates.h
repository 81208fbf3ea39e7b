/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * candidates.h - what may be done with a guest, and what each of it costs (PURE)
 */
#ifndef MT_CANDIDATES_H
#define MT_CANDIDATES_H

#include "placement.h"

struct mt_candidate {
	double share, limit_ms;
	struct mt_forecast forecast;
	double cost;
};

/* Of one guest; the tag of a choice is its index in ->v. */
struct mt_candidates {
	struct mt_candidate *v;
	size_t n, room;
	struct mt_job job;
};

/*
 * All that are sure to end, without those that others are as good as in everything. A phase of the
 * job with no choices: there is none. -ENODATA too little is known of the guest; -EINVAL; -ENOMEM.
 */
MT_MUST_CHECK int mt_candidates_make(struct mt_candidates *c, const struct mt_schedule_guest *g,
				     const struct mt_schedule_request *q);
void mt_candidates_fini(struct mt_candidates *c);

/* How a guest in its phase @phase would be forecast with this bandwidth. */
struct mt_forecast_input mt_candidate_input(const struct mt_schedule_guest *g, size_t phase,
					    enum mt_method method, double bandwidth_bytes_per_s,
					    double limit_ms);
double mt_candidate_cost(const struct mt_schedule_weights *w, const struct mt_forecast *f,
			 double bandwidth_bytes_per_s, double link_bytes_per_s);

#define MT_METHODS_FLIP		(1u << MT_METHOD_POSTCOPY | 1u << MT_METHOD_HYBRID)

#endif
