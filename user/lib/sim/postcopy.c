// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * postcopy.c - from the flip to the last page (PURE)
 *
 * postcopy_start() (migration/migration.c) stops the guest, syncs a last time, tells the
 * destination which of its pages are old (postcopy_send_discard_range(), postcopy-ram.c), and sends
 * the devices; the guest goes on there as soon as these have arrived.
 * ram_postcopy_send_discard_bitmap() sets the stream back to the first page. A request is served
 * before anything else, and the stream goes on behind it (get_queued_page()), but what already
 * waits in the sockets is in front of it. The last pages, below the threshold, are sent whatever
 * the limit (ram_save_complete()).
 */
#include <errno.h>

#include "faults.h"
#include "stream.h"

#define GROUP_PAGES	16	/* between two looks for a request: QEMU looks at each page */
#define BUDGET_MS	100
#define NAP_NS		(1 * NS_PER_MS)

/* postcopy-ram.c: MAX_DISCARDS_PER_COMMAND ranges of 16 bytes in each command. */
#define RANGES_PER_COMMAND	12
#define RANGE_BYTES		16
#define COMMAND_BYTES		20

/* Ranges of pages that the destination has to give up. */
static double discards(const struct sim *s)
{
	uint64_t runs = 0, before = 0;

	for (size_t w = mt_bits_next_word(&s->dirty, 0, s->dirty.n_words); w != MT_BITS_NONE;
	     w = mt_bits_next_word(&s->dirty, w + 1, s->dirty.n_words)) {
		uint64_t word = s->dirty.words[w];

		before = w ? s->dirty.words[w - 1] >> 63 : 0;
		runs += (uint64_t)__builtin_popcountll(word & ~(word << 1 | before));
	}
	return (double)runs;
}

/* Return: when the guest runs at the destination. */
static double start(struct sim *s)
{
	double begin_ns = s->now_ns, ranges;

	sim_advance(s);
	if (!s->guest_stopped)
		s->stopped_ns = begin_ns;
	s->guest_stopped = true;
	s->last_stage = true;	/* nothing can be changed any more */
	s->r->flip_ms = begin_ns / NS_PER_MS;
	s->now_ns += s->p->host.stop_ms * NS_PER_MS;
	sim_sync(s);
	s->at = 0;
	ranges = discards(s);
	sim_put(s, ranges * (RANGE_BYTES + (double)COMMAND_BYTES / RANGES_PER_COMMAND),
		ranges * s->p->host.there_discard_ns);
	sim_put(s, s->p->host.device_bytes, 0);
	s->r->downtime_ms = (s->now_ns - begin_ns) / NS_PER_MS;
	s->in_postcopy = true;
	s->limit_bytes = s->p->postcopy_bandwidth_bytes_per_s / 10;
	return sim_link_drained(&s->link, s->now_ns) + s->p->host.resume_ms * NS_PER_MS;
}

/* migration_rate_limit(), but a request wakes it. */
static void nap(struct sim *s, struct sim_guest *g)
{
	double end_ns = (double)(s->budget_ms + BUDGET_MS) * NS_PER_MS;

	if (s->now_ns >= end_ns) {
		s->rate_bytes_per_ms = (double)(s->total_bytes - s->budget_total_bytes) /
				       (double)(sim_ms(s) - s->budget_ms);
		s->threshold_bytes = s->rate_bytes_per_ms * s->limit_ms;
		s->budget_ms = sim_ms(s);
		s->budget_total_bytes = s->total_bytes;
		s->used_bytes = 0;
	} else if (sim_limited(s)) {
		s->now_ns = fmin(end_ns, s->now_ns + NAP_NS);
		sim_guest_run(g, s->now_ns);
	}
}

static int stream(struct sim *s, struct sim_guest *g)
{
	struct sim_group group;
	uint64_t most = GROUP_PAGES;

	for (;;) {
		bool asked = sim_guest_asks(g, s->now_ns),
		     last = (double)(s->dirty_pages * PAGE_BYTES) < s->threshold_bytes;
		int rc;

		if (sim_limited(s) && !asked && !last) {
			nap(s, g);
			continue;
		}
		if (asked)
			s->at = g->page;
		else if (s->order)
			s->at = sim_order_next(s);
		most = asked || s->order ? 1 : GROUP_PAGES;
		if (!sim_send(s, most, &group))
			return 0;
		rc = sim_flight_add(&g->flight, group.word, group.bits,
				    sim_link_drained(&s->link, s->now_ns));
		if (rc)
			return rc;
		sim_guest_run(g, s->now_ns);
		if (s->now_ns >= s->look_ns)
			sim_sample(s, false);
		nap(s, g);
	}
}

int sim_postcopy(struct sim *s)
{
	struct sim_guest g = { 0 };
	double begin_ns = s->now_ns;
	int rc = sim_guest_init(&g, s, start(s));

	if (!rc)
		rc = stream(s, &g);
	if (!rc) {
		s->now_ns =
			sim_link_drained(&s->link, s->now_ns) + s->p->host.rtt_ms / 2 * NS_PER_MS;
		sim_guest_run(&g, fmax(s->now_ns, g.now_ns));
		s->now_ns += s->p->host.finish_ms * NS_PER_MS;
		s->r->postcopy_ms = (s->now_ns - begin_ns) / NS_PER_MS;
		s->r->fault_ms = s->r->faults ? g.waited_ns / (double)s->r->faults / NS_PER_MS : 0;
		s->r->end = MT_SIM_POSTCOPIED;
		s->over = true;
		sim_pass_end(s, 0);
		rc = g.lost ? -ENOMEM : 0;
	}
	sim_guest_fini(&g);
	return rc;
}
