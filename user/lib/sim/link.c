// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * link.c - from write(2) at the source to a page in its place at the destination (PURE)
 */
#include <math.h>
#include <stdbool.h>

#include "link.h"

#define ITEM_BYTES	32768	/* IO_BUF_SIZE: so much QEMU collects before it writes */

#define AT(l, i)	((l)->items[(i) % SIM_LINK_ITEMS])

static double newest_ns(const struct sim_link *l, double now_ns)
{
	return l->n ? fmax(now_ns, AT(l, l->n - 1).carried_ns) : now_ns;
}

/* Also when there is no room for another item: that bounds a queue, too. */
static bool full(const struct sim_link *l, uint64_t oldest)
{
	return l->n - oldest >= SIM_LINK_ITEMS - 1;
}

/* When the link has carried them: it is free, and there is room at the other end. */
static double carry(struct sim_link *l, double now_ns, double bytes)
{
	double at_ns = newest_ns(l, now_ns) + (l->bytes_per_ns > 0 ? bytes / l->bytes_per_ns : 0);

	while (l->there < l->n && (AT(l, l->there).done_ns <= at_ns ||
				   l->in_there + bytes > l->there_bytes || full(l, l->there))) {
		at_ns = fmax(at_ns, AT(l, l->there).done_ns);
		l->in_there -= AT(l, l->there++).bytes;
	}
	return at_ns;
}

/* When the source's queue has room for them. */
static double wait_here(struct sim_link *l, double now_ns, double bytes)
{
	while (l->here < l->n && (AT(l, l->here).carried_ns <= now_ns ||
				  l->in_here + bytes > l->here_bytes || full(l, l->here))) {
		now_ns = fmax(now_ns, AT(l, l->here).carried_ns);
		l->in_here -= AT(l, l->here++).bytes;
	}
	return now_ns;
}

static double put_item(struct sim_link *l, double now_ns, double bytes, double work_ns)
{
	double before_ns = l->n ? AT(l, l->n - 1).done_ns : 0, carried_ns, begin_ns = now_ns;
	/* Small ones share an item, which leaves with its last byte. */
	bool more = l->n && l->here < l->n && l->there < l->n &&
		    AT(l, l->n - 1).bytes + bytes <= ITEM_BYTES;

	now_ns = wait_here(l, now_ns, bytes);
	carried_ns = carry(l, begin_ns, bytes);
	if (!more || l->here == l->n || l->there == l->n) {
		AT(l, l->n).bytes = 0;
		l->n++;
	}
	AT(l, l->n - 1).bytes += bytes;
	AT(l, l->n - 1).carried_ns = carried_ns;
	AT(l, l->n - 1).done_ns = fmax(before_ns, carried_ns) + work_ns;
	l->in_here += bytes;
	l->in_there += bytes;
	return now_ns;
}

double sim_link_put(struct sim_link *l, double now_ns, double bytes, double work_ns)
{
	for (double part, left = bytes; left > 0; left -= part) {
		part = fmin(left, ITEM_BYTES);
		now_ns = put_item(l, now_ns, part, work_ns * part / bytes);
	}
	return now_ns;
}

void sim_link_aside(struct sim_link *l, double now_ns, double work_ns)
{
	l->aside_ns = fmax(l->aside_ns, newest_ns(l, now_ns)) + work_ns;
}

void sim_link_join(struct sim_link *l)
{
	if (l->n)
		AT(l, l->n - 1).done_ns = fmax(AT(l, l->n - 1).done_ns, l->aside_ns);
}

double sim_link_drained(const struct sim_link *l, double now_ns)
{
	return l->n ? fmax(now_ns, AT(l, l->n - 1).done_ns) : now_ns;
}
