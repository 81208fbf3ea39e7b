// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sender_ordered.c - a migration whose pages go in an order of its own (PURE)
 *
 * MLLM's order, which no hypervisor has (stock QEMU sends pages by address), as it is inferred:
 * pages that will not be dirtied again go first, then the others by how probable that is; hot ones
 * are withheld while there is anything else. The log is read and cleared at each tick, as rings
 * allow. The guest is stopped as soon as what is dirty goes within the downtime limit at the last
 * tick's bandwidth. If nothing but hot pages is left and that is more, these are handed to
 * post-copy where it is allowed; else they are sent, the least probable first.
 *
 * By address, the same sender looks at its log as often and goes round and round. Each tick is a
 * pass in what is told.
 */
#include "stream.h"

static void log_page(void *to, const uint64_t *pages, size_t n)
{
	struct sim *s = to;

	for (size_t i = 0; i < n; i++) {
		if (pages[i] >= s->pages)
			continue;
		mt_bits_set(&s->log, pages[i]);
		mt_bits_clear(&s->zero, pages[i]);
	}
}

static void forget_log(struct sim *s)
{
	for (size_t w = mt_bits_next_word(&s->log, 0, s->log.n_words); w != MT_BITS_NONE;
	     w = mt_bits_next_word(&s->log, w + 1, s->log.n_words))
		mt_bits_put_word(&s->log, w, 0);
}

void sim_watch(struct sim *s)
{
	double tick_ms = s->p->order.tick_ms;

	if (!s->trace)
		return;
	for (double left_ms = s->p->watched_ms; left_ms > 0; left_ms -= tick_ms) {
		uint64_t ns = (uint64_t)(fmin(left_ms, tick_ms) * NS_PER_MS);

		s->trace->ops->advance(s->trace->opaque, ns, ns, log_page, s);
		sim_order_see(s);
		forget_log(s);
	}
}

static void harvest(struct sim *s)
{
	uint64_t dirtied;

	s->now_ns += s->p->host.sync_ms * NS_PER_MS;
	sim_advance(s);
	if (s->syncs++)
		sim_order_see(s);
	dirtied = sim_read_log(s);
	s->dirty_pages += dirtied;
	if (s->syncs > 1)
		sim_pass_end(s, dirtied);
}

/* What is left of what was dirty at the tick's beginning is for post-copy. */
static bool hands_over(const struct sim *s)
{
	return s->p->method.postcopy && sim_order_only_hot(s);
}

/* @until_ns: the tick's end. */
static void send_some(struct sim *s, double until_ns)
{
	struct sim_group group;

	while (s->now_ns < until_ns && s->dirty_pages) {
		if (hands_over(s))
			return;
		if (s->order)
			s->at = sim_order_next(s);
		if (!sim_send(s, 1, &group))
			break;
	}
	s->now_ns = fmax(s->now_ns, until_ns);
}

static void last_pages(struct sim *s)
{
	sim_sync(s);
	sim_flush(s);
}

int sim_ordered(struct sim *s)
{
	double tick_ns = s->p->order.tick_ms * NS_PER_MS, begin_ns;
	uint64_t begin_bytes;

	/* As for Xen: a limit is the link's. */
	if (s->limit_bytes > 0)
		s->link.bytes_per_ns = s->link.bytes_per_ns > 0 ?
					       fmin(s->link.bytes_per_ns, s->limit_bytes / 1e8) :
					       s->limit_bytes / 1e8;
	s->limit_bytes = 0;
	harvest(s);
	for (;;) {
		double rate = s->rate_bytes_per_ms / NS_PER_MS;

		if ((double)(s->dirty_pages * PAGE_BYTES) < s->rate_bytes_per_ms * s->limit_ms) {
			sim_complete(s, last_pages);
			return 0;
		}
		sim_order_make(s, rate);
		if (rate > 0 && hands_over(s))
			return sim_postcopy(s);
		if (s->now_ns / NS_PER_MS >= s->p->cap_ms) {
			s->r->end = MT_SIM_CAPPED;
			return 0;
		}
		begin_ns = s->now_ns;
		begin_bytes = s->total_bytes;
		send_some(s, begin_ns + tick_ns);
		s->rate_bytes_per_ms = (double)(s->total_bytes - begin_bytes) * NS_PER_MS /
				       (s->now_ns - begin_ns);
		harvest(s);
	}
}
