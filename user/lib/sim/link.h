/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link.h - from write(2) at the source to a page in its place at the destination (PURE)
 *
 * Two queues, one behind the other: what the source has written and the link has not carried (its
 * socket, packet schedulers), and what has arrived and the destination has not worked off (its
 * socket). Each takes in so many bytes: a write waits while the first is full, the link while the
 * second is. The destination needs its time for each page: 9 bytes that say "zero" make it look at
 * 4096.
 */
#ifndef MIGTRACE_SIM_LINK_H
#define MIGTRACE_SIM_LINK_H

#include <stddef.h>
#include <stdint.h>

#define SIM_LINK_ITEMS	2048	/* of 32 KiB: more than the queues hold */

struct sim_link {
	double bytes_per_ns;		/* of the link; 0: as much as may be */
	double here_bytes, there_bytes;	/* room in the queues */
	/* a ring; times of the last byte */
	struct { double bytes, carried_ns, done_ns; } items[SIM_LINK_ITEMS];
	uint64_t n;			/* items so far; the newest is n - 1 */
	uint64_t here, there;		/* the oldest that was still in the queue when one was
					 * looked at */
	double in_here, in_there;	/* bytes from there on */
	double aside_ns;		/* when work that nothing waits for is done */
};

/* @work_ns: of the destination, for all of it. Return: when the write is over. */
double sim_link_put(struct sim_link *l, double now_ns, double bytes, double work_ns);
/* The destination does this alongside the rest, until sim_link_join(). */
void sim_link_aside(struct sim_link *l, double now_ns, double work_ns);
void sim_link_join(struct sim_link *l);
/* When all that was written by now is done with. */
double sim_link_drained(const struct sim_link *l, double now_ns);

#endif
