/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * faults.h - a guest in post-copy: runs at the destination until it needs a page that is not there
 * (PURE)
 *
 * All vCPUs are one: they wait for each other's pages. Of a recorded guest only writes are known,
 * so what it would have read, and waited for, is missing.
 */
#ifndef MIGTRACE_SIM_FAULTS_H
#define MIGTRACE_SIM_FAULTS_H

#include "flight.h"
#include "state.h"

struct sim_guest {
	struct sim *s;
	struct sim_flight flight;
	double now_ns;			/* it is played up to here */
	double heard_ns;		/* when something was heard of it last */
	unsigned touches;		/* since then */
	bool waits;
	uint64_t page;			/* for this one */
	double since_ns, request_ns;	/* and when the source learns of it */
	double owed_ns;			/* missed, and still to be made up for */
	double waited_ns;		/* in all */
	uint64_t *next;			/* accesses that are due, at even intervals */
	size_t n, at, room;
	double begin_ns, every_ns;
	bool lost;			/* no memory */
};

MT_MUST_CHECK int sim_guest_init(struct sim_guest *g, struct sim *s, double run_ns);
void sim_guest_fini(struct sim_guest *g);
void sim_guest_run(struct sim_guest *g, double until_ns);
/* Its page is asked for, and the source knows. */
bool sim_guest_asks(const struct sim_guest *g, double now_ns);

#endif
