// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sim.c - the migration thread (PURE)
 *
 * migration_thread() (migration/migration.c), with its sleeps: while the budget lasts, ask what is
 * left, and send a slice or end; then look at the clock, begin a new budget if 100 ms are over, or
 * sleep until they are. Between two looks a budget may be overdrawn by a page, and it lasts as long
 * as the thread needs to wake up.
 */
#include <errno.h>
#include <string.h>

#include "state.h"

#define BUDGET_MS	100	/* BUFFER_DELAY */

/* migration_update_counters() */
static void update_counters(struct sim *s)
{
	uint64_t now_ms = sim_ms(s), bytes = s->total_bytes - s->budget_total_bytes;

	if (now_ms < s->budget_ms + BUDGET_MS)
		return;
	s->rate_bytes_per_ms = (double)bytes / (double)(now_ms - s->budget_ms);
	s->threshold_bytes = s->rate_bytes_per_ms * s->limit_ms;
	if (s->dirty_rate > 0 && bytes > 10000)
		s->expected_ms = (double)(s->dirty_pages * PAGE_BYTES) / s->rate_bytes_per_ms;
	s->used_bytes = 0;
	s->budget_ms = now_ms;
	s->budget_total_bytes = s->total_bytes;
}

/* migration_rate_limit() */
static void rate_limit(struct sim *s)
{
	update_counters(s);
	if (sim_limited(s))
		s->now_ns += ((double)(s->budget_ms + BUDGET_MS - sim_ms(s)) + s->p->host.wake_ms) *
			     NS_PER_MS;
}

static void last_pages(struct sim *s)
{
	sim_sync(s);
	sim_flush(s);
}

/* migration_completion(), pre-copy's. */
void sim_complete(struct sim *s, void (*last)(struct sim *s))
{
	const struct mt_sim_host *host = &s->p->host;
	double begin_ns = s->now_ns;

	sim_advance(s);
	if (!s->guest_stopped)
		s->stopped_ns = s->now_ns;
	s->guest_stopped = true;
	s->last_stage = true;
	s->now_ns += host->stop_ms * NS_PER_MS;
	last(s);
	sim_put(s, host->device_bytes, 0);
	s->now_ns = sim_link_drained(&s->link, s->now_ns);
	sim_heard(s, s->now_ns + host->finish_ms * NS_PER_MS - s->stopped_ns);
	s->now_ns += host->finish_ms * NS_PER_MS;
	s->r->downtime_ms = (s->now_ns - begin_ns) / NS_PER_MS;
	sim_pass_end(s, 0);
	if (s->r->end != MT_SIM_STOPPED)
		s->r->end = MT_SIM_CONVERGED;
	s->over = true;
}

/* migration_iteration_run(), with ram_save_pending(). */
static int iterate(struct sim *s)
{
	if ((double)(s->dirty_pages * PAGE_BYTES) < s->threshold_bytes)
		sim_sync(s);
	if (s->over)
		return 0;
	if (!s->dirty_pages || (double)(s->dirty_pages * PAGE_BYTES) < s->threshold_bytes) {
		sim_complete(s, last_pages);
		return 0;
	}
	if (s->now_ns >= s->flip_ns)
		return sim_postcopy(s);
	sim_slice(s);
	return 0;
}

/* The operator's doing: a flip after some passes, the end of patience. */
static void intervene(struct sim *s)
{
	const struct mt_method_row *m = &s->p->method;
	double now_ms = s->now_ns / NS_PER_MS;

	if (m->postcopy && isinf(s->flip_ns) && s->syncs > m->flip_after_passes)
		s->flip_ns = s->pass.start_ms * NS_PER_MS + s->p->flip_delay_ms * NS_PER_MS;
	if (now_ms >= s->p->cap_ms && s->syncs > s->p->abort_passes && !s->guest_stopped) {
		s->r->end = MT_SIM_CAPPED;
		s->over = true;
	}
}

static int play(struct sim *s)
{
	int rc = 0;

	if (s->p->sender == MT_SIM_SENDER_XEN) {
		sim_xen(s);
		sim_advance(s);
		return 0;
	}
	s->now_ns += s->p->host.setup_ms * NS_PER_MS;
	s->r->setup_ms = s->p->host.setup_ms;
	s->pass = (struct mt_sim_pass){ .n = 1, .start_ms = s->now_ns / NS_PER_MS };
	if (s->p->sender == MT_SIM_SENDER_ORDERED)
		return sim_ordered(s);
	sim_sync(s);
	while (!s->over && !rc) {
		if (s->trace && s->trace->ops->gave_up && s->trace->ops->gave_up(s->trace->opaque))
			return -E2BIG;
		if (!sim_limited(s))
			rc = iterate(s);
		if (s->over || rc)
			break;
		intervene(s);
		if (s->now_ns >= s->look_ns)
			sim_sample(s, false);
		sim_ticks_look(s);
		rate_limit(s);
	}
	sim_advance(s);
	return rc;
}

static void conclude(struct sim *s)
{
	s->r->total_ms = s->now_ns / NS_PER_MS;
	s->r->passes = s->syncs;
	s->r->remaining_pages = s->dirty_pages;
	s->r->bandwidth_bytes_per_s = s->rate_bytes_per_ms * 1e3;
}

static void set_resident(struct sim *s)
{
	uint64_t first = s->trace ? s->trace->resident_first : 0,
		 end = s->trace ? s->trace->resident_end : 0;
	uint64_t pages = s->p->resident_bytes / PAGE_BYTES;

	if (pages) {
		first = first < s->pages - pages ? first : s->pages - pages;
		end = first + pages;
	}
	s->resident_end = end < s->pages ? end : s->pages;
	s->resident_first = first < s->resident_end ? first : s->resident_end;
}

int mt_sim_run(const struct mt_sim_params *p, struct mt_trace *trace,
	       const struct mt_sim_hooks *hooks, struct mt_sim_result *result)
{
	struct sim s = {
		.p = p,
		.given = p,
		.trace = trace,
		.r = result,
		.speed = 1,
		.pages = p->memory_bytes / PAGE_BYTES,
		.link = {
			.bytes_per_ns = p->host.link_bytes_per_s / 1e9,
			.here_bytes = p->host.buffer_bytes * (1 + p->method.channels),
			.there_bytes = p->host.there_buffer_bytes * (1 + p->method.channels),
		},
		.limit_bytes = p->bandwidth_bytes_per_s / 10,
		.limit_ms = p->downtime_limit_ms,
		.flip_ns = INFINITY,
		.look_ns = INFINITY,
	};
	int rc;

	if (hooks)
		s.hooks = *hooks;
	memset(result, 0, sizeof(*result));
	result->downtime_ms = result->flip_ms = NAN;
	result->end = MT_SIM_END_COUNT;
	set_resident(&s);
	if (trace)
		trace->ops->rewind(trace->opaque);
	rc = sim_memory_init(&s);
	if (!rc)
		rc = sim_order_init(&s);
	if (!rc)
		sim_watch(&s);
	if (!rc)
		rc = sim_ticks_init(&s);
	if (!rc && p->method.xbzrle)
		rc = xbzrle_new(&s.cache, p->xbzrle_cache_bytes);
	if (!rc)
		rc = play(&s);
	while (!rc && s.again) {
		rc = sim_restart(&s);
		if (!rc)
			rc = play(&s);
	}
	if (!rc)
		conclude(&s);
	xbzrle_free(s.cache);
	sim_ticks_fini(&s);
	sim_order_fini(&s);
	sim_memory_fini(&s);
	return rc;
}
