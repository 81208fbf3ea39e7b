// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sim_sample.c - what is told of a migration meanwhile, and what is answered (PURE)
 */
#include <string.h>

#include "state.h"

void sim_pass_end(struct sim *s, uint64_t dirtied_pages)
{
	struct mt_sim_pass *pass = &s->pass;

	pass->duration_ms = s->now_ns / NS_PER_MS - pass->start_ms;
	pass->dirtied_pages = dirtied_pages;
	pass->remaining_pages = s->dirty_pages;
	pass->throttle_percent = s->throttle_percent;
	if (s->hooks.pass)
		s->hooks.pass(s->hooks.opaque, pass);
	*pass = (struct mt_sim_pass){ .n = pass->n + 1, .start_ms = s->now_ns / NS_PER_MS };
}

static void finish(struct sim *s, enum mt_sim_end end, const struct mt_plan *plan)
{
	s->r->end = end;
	s->r->action = plan->action;
	memcpy(s->r->reason, plan->reason, sizeof(s->r->reason));
}

/* As libvirt and QEMU would; what comes too late is not done. */
void sim_carry_out(struct sim *s, const struct mt_plan *plan)
{
	if (s->last_stage || s->in_postcopy || s->over)
		return;
	switch (plan->action) {
	case MT_ACTION_SET_DOWNTIME:
		s->limit_ms = (double)plan->downtime_limit_ms;	/* holds from the next budget on */
		break;
	case MT_ACTION_SET_BANDWIDTH:
		s->limit_bytes = (plan->bandwidth_bytes_per_s ?
					  (double)plan->bandwidth_bytes_per_s :
					  s->p->bandwidth_bytes_per_s) /
				 10;
		break;
	case MT_ACTION_THROTTLE:
		sim_throttle_set(s, plan->throttle_percent);
		/* QEMU does not go further by itself. */
		sim_own_params(s)->throttle_max_percent = plan->throttle_percent;
		break;
	case MT_ACTION_STOP:
		sim_advance(s);
		if (!s->guest_stopped)
			s->stopped_ns = s->now_ns;
		s->guest_stopped = true;
		finish(s, MT_SIM_STOPPED, plan);
		break;
	case MT_ACTION_FLIP:
		s->flip_ns = s->now_ns;
		finish(s, MT_SIM_POSTCOPIED, plan);
		break;
	case MT_ACTION_ABORT:
		s->over = true;
		finish(s, MT_SIM_ABORTED, plan);
		break;
	case MT_ACTION_RESTART:
		s->over = s->again = true;
		s->how = *plan;
		finish(s, MT_SIM_ABORTED, plan);
		break;
	case MT_ACTION_LIMIT_VCPUS:		/* never wanted: the guest here has none */
	case MT_ACTION_CONTINUE:
	case MT_ACTION_COUNT:
		break;
	}
}

static void fill(const struct sim *s, struct mt_sample *m)
{
	mt_sample_set(m, total_ms, (uint64_t)((s->now_ns - s->job_ns) / NS_PER_MS));
	mt_sample_set(m, setup_ms, (uint64_t)s->r->setup_ms);
	mt_sample_set(m, iteration, s->syncs);
	mt_sample_set(m, memory_bytes, s->pages * PAGE_BYTES);
	mt_sample_set(m, remaining_bytes, s->dirty_pages * PAGE_BYTES);
	mt_sample_set(m, transferred_bytes, s->r->transferred_bytes - s->job_bytes);
	mt_sample_set(m, normal_pages, s->r->normal_pages - s->job_normal);
	mt_sample_set(m, zero_pages, s->r->zero_pages - s->job_zero);
	mt_sample_set(m, page_size_bytes, PAGE_BYTES);
	mt_sample_set(m, dirty_pages_per_s, (uint64_t)s->dirty_rate);
	mt_sample_set(m, bandwidth_bytes_per_s, (uint64_t)(s->rate_bytes_per_ms * 1e3));
	mt_sample_set(m, expected_downtime_ms, (uint64_t)s->expected_ms);
	if (s->p->method.auto_converge)
		mt_sample_set(m, throttle_percent, s->throttle_percent);
	if (s->in_postcopy)
		mt_sample_set(m, postcopy_requests, s->r->faults);
}

void sim_sample(struct sim *s, bool boundary)
{
	struct mt_plan plan = { .implied_downtime_ms = -1 };
	struct mt_sample m = {
		.t_ns = (uint64_t)s->now_ns + 1,	/* 0 would mean not known */
		.status = s->in_postcopy ? MT_STATUS_POSTCOPY : MT_STATUS_ACTIVE,
		.boundary = boundary,
		.anew = s->anew,
	};

	s->look_ns = s->p->look_ms > 0 ? s->now_ns + s->p->look_ms * NS_PER_MS : INFINITY;
	if (!s->hooks.sample)
		return;
	s->anew = false;
	if (boundary)
		m.sync_t_ns = m.t_ns;
	fill(s, &m);
	s->hooks.sample(s->hooks.opaque, &m, &plan);
	sim_carry_out(s, &plan);
}
