// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * link.c - what lies between write(2) at the source and a page in its place at the destination (PURE)
 */
#include <math.h>

#include "sim/link.h"

#define ALIKE	0.01		/* parts whose pace differs by no more are one */

static void leave(struct sim_link *l, double now_ns)
{
	double left_ns = now_ns - l->at_ns;

	if (left_ns <= 0)
		return;
	l->at_ns = now_ns;
	while (l->n && left_ns > 0) {
		double share = l->parts[l->first].ns > left_ns ? left_ns / l->parts[l->first].ns : 1;
		double bytes = l->parts[l->first].bytes * share, ns = l->parts[l->first].ns * share;

		l->bytes -= bytes;
		l->ns -= ns;
		left_ns -= ns;
		l->parts[l->first].bytes -= bytes;
		l->parts[l->first].ns -= ns;
		if (share < 1)
			return;
		l->first = (l->first + 1) % SIM_LINK_PARTS;
		l->n--;
	}
	if (!l->n)
		l->bytes = l->ns = 0;	/* rounding */
}

/* How long until so many bytes have left. */
static double until_gone(const struct sim_link *l, double bytes)
{
	double ns = 0;

	for (size_t i = 0; i < l->n && bytes > 0; i++) {
		size_t at = (l->first + i) % SIM_LINK_PARTS;

		if (l->parts[at].bytes > bytes)
			return ns + l->parts[at].ns * bytes / l->parts[at].bytes;
		bytes -= l->parts[at].bytes;
		ns += l->parts[at].ns;
	}
	return ns;
}

static void append(struct sim_link *l, double bytes, double ns)
{
	size_t last = (l->first + l->n + SIM_LINK_PARTS - 1) % SIM_LINK_PARTS;
	double pace = ns * l->parts[last].bytes, its = l->parts[last].ns * bytes;

	l->bytes += bytes;
	l->ns += ns;
	if (!l->n || (l->n < SIM_LINK_PARTS && fabs(pace - its) > ALIKE * its)) {
		last = (l->first + l->n++) % SIM_LINK_PARTS;
		l->parts[last].bytes = l->parts[last].ns = 0;
	}
	l->parts[last].bytes += bytes;
	l->parts[last].ns += ns;
}

double sim_link_put(struct sim_link *l, double now_ns, double bytes, double work_ns)
{
	double wire_ns = l->bytes_per_ns > 0 ? bytes / l->bytes_per_ns : 0, ns = fmax(wire_ns, work_ns);

	/* What is larger than half of the queue goes in parts. */
	for (double part, left = bytes; left > 0; left -= part) {
		part = fmin(left, l->room_bytes / 2);
		leave(l, now_ns);
		if (l->bytes + part > l->room_bytes) {
			now_ns += until_gone(l, l->bytes + part - l->room_bytes);
			leave(l, now_ns);
		}
		append(l, part, ns * part / bytes);
	}
	return now_ns;
}

double sim_link_drained(struct sim_link *l, double now_ns)
{
	leave(l, now_ns);
	return now_ns + l->ns;
}
