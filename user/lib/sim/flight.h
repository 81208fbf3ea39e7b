/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * flight.h - pages that were sent and have not arrived (PURE)
 */
#ifndef MIGTRACE_SIM_FLIGHT_H
#define MIGTRACE_SIM_FLIGHT_H

#include "bits.h"

struct sim_flight {
	struct mt_bits on_way;
	/* oldest first, a ring */
	struct { size_t word; uint64_t bits; double arrives_ns; } *groups;
	size_t first, n, room;
};

MT_MUST_CHECK int sim_flight_init(struct sim_flight *f, uint64_t pages);
void sim_flight_fini(struct sim_flight *f);
MT_MUST_CHECK int sim_flight_add(struct sim_flight *f, size_t word, uint64_t bits,
				 double arrives_ns);
void sim_flight_land(struct sim_flight *f, double now_ns);	/* what has arrived by then */
/* 0: it is not on its way */
double sim_flight_arrival(const struct sim_flight *f, uint64_t page);

#endif
