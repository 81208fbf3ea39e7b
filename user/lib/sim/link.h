/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link.h - what lies between write(2) at the source and a page in its place at the destination (PURE)
 *
 * One queue: the sockets of both sides and the packet schedulers in between. It takes in up to so many bytes; a
 * write returns when all of it is in. What is in it leaves at the pace of the slower of the link and the
 * destination, which needs its time for each page: 9 bytes that say "zero" make it look at 4096. Until
 * what is in front has left, nothing behind it arrives.
 */
#ifndef MIGTRACE_SIM_LINK_H
#define MIGTRACE_SIM_LINK_H

#include <stddef.h>

#define SIM_LINK_PARTS	64

struct sim_link {
	double bytes_per_ns;		/* of the link; 0: as much as may be */
	double room_bytes;		/* in the queue */
	struct { double bytes, ns; } parts[SIM_LINK_PARTS];	/* in the queue, oldest first, a ring; ns: until it has left */
	size_t first, n;
	double bytes, ns;		/* of all parts */
	double at_ns;			/* when it was looked at */
};

/* @work_ns: of the destination, for all of it. Return: when the write is over. */
double sim_link_put(struct sim_link *l, double now_ns, double bytes, double work_ns);
/* When the last byte that is in it now has arrived. */
double sim_link_drained(struct sim_link *l, double now_ns);

#endif
