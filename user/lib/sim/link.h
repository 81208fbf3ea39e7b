/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link.h - what lies between write(2) at the source and the destination: a queue that drains (PURE)
 *
 * A write returns when all of it is in the queue; the queue is the source's sockets and the
 * packet scheduler's. Until it has drained nothing behind it arrives.
 */
#ifndef MIGTRACE_SIM_LINK_H
#define MIGTRACE_SIM_LINK_H

struct sim_link {
	double bytes_per_ns;		/* 0: no delay at all */
	double room_bytes;
	double queued_bytes, at_ns;	/* so much was in it then */
};

static inline double sim_link_queued(const struct sim_link *l, double now_ns)
{
	double left = l->queued_bytes - (now_ns - l->at_ns) * l->bytes_per_ns;

	return left > 0 ? left : 0;
}

/* Return: when the write is over. */
static inline double sim_link_put(struct sim_link *l, double now_ns, double bytes)
{
	double queued;

	if (l->bytes_per_ns <= 0)
		return now_ns;
	queued = sim_link_queued(l, now_ns) + bytes;
	if (queued > l->room_bytes) {
		now_ns += (queued - l->room_bytes) / l->bytes_per_ns;
		queued = l->room_bytes;
	}
	l->queued_bytes = queued;
	l->at_ns = now_ns;
	return now_ns;
}

/* When the last byte that is in it now has arrived. */
static inline double sim_link_drained(const struct sim_link *l, double now_ns)
{
	return l->bytes_per_ns > 0 ? now_ns + sim_link_queued(l, now_ns) / l->bytes_per_ns : now_ns;
}

#endif
