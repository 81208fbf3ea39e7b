// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_line.c - what came of a migration, as a run of the campaign
 */
#include <math.h>

#include "store/runs.h"
#include "campaign.h"

#define COPY(to, from)	snprintf((to), sizeof(to), "%s", (from))

/* 0 is not known. */
static double known(uint64_t value)
{
	return value ? (double)value : NAN;
}

static double told(const struct campaign_result *r, enum mt_field field)
{
	uint64_t value;

	return mt_sample_get(&r->final, field, &value) ? (double)value : NAN;
}

static void set_asked(struct mt_run *run, const struct campaign_result *r)
{
	const struct campaign_guest *g = r->start->guest;
	const struct campaign_method *m = r->run->method;

	run->run = r->run->number;
	COPY(run->where, r->where);
	COPY(run->guest, g->name);
	COPY(run->workload, r->start->workload->name);
	COPY(run->type, g->type);
	COPY(run->logging, g->logging);
	run->vcpus = known(g->vcpus);
	run->memory_bytes = known(g->memory_bytes);
	run->method = (enum mt_method)m->kind;
	run->options = (struct mt_method_options){
		.flip_after_passes = (unsigned)m->flip_after_passes,
		.throttle_initial_percent = (double)m->throttle_initial_percent,
		.throttle_increment_percent = (double)m->throttle_increment_percent,
		.xbzrle_cache_bytes = (double)m->xbzrle_cache_bytes,
		.compress_level = (unsigned)m->compress_level,
		.compress_threads = (unsigned)m->compress_threads,
		.channels = (unsigned)m->channels,
	};
	run->bandwidth_bytes_per_s = known(r->bandwidth_bytes_per_s);
	run->link_bytes_per_s = known(r->link_bytes_per_s);
	run->downtime_limit_ms = known(r->run->limit_ms);
	run->cap_ms = known(r->cap_ms);
}

static void set_policy(struct mt_run *run, const struct campaign_result *r)
{
	const struct campaign_method *m = r->run->method;

	run->max_downtime_ms = run->deadline_ms = run->round = NAN;
	if (!m->policy)
		return;
	COPY(run->policy, m->label);
	run->postcopy_allowed = m->steer.postcopy_allowed;
	run->max_downtime_ms = known(m->steer.max_downtime_ms);
	if (m->steer.deadline_ms < MT_LIMIT_NONE)
		run->deadline_ms = known(m->steer.deadline_ms);
	run->round = r->run->round;
}

static void set_final(struct mt_run *run, const struct campaign_result *r)
{
	run->total_ms = told(r, MT_FIELD_total_ms);
	run->downtime_ms = r->outcome == MT_OUTCOME_COMPLETED ? told(r, MT_FIELD_downtime_ms) : NAN;
	run->transferred_bytes = told(r, MT_FIELD_transferred_bytes);
	run->iterations = told(r, MT_FIELD_iteration);
	run->normal_pages = told(r, MT_FIELD_normal_pages);
	run->zero_pages = told(r, MT_FIELD_zero_pages);
	run->throttle_percent = told(r, MT_FIELD_throttle_percent);
	run->postcopy_requests = told(r, MT_FIELD_postcopy_requests);
}

char *campaign_line(const struct campaign_result *r)
{
	struct mt_run run = {
		.resident_bytes = known(r->resident_bytes),
		.nonzero_bytes = known(r->nonzero_bytes), .cpu_share = NAN,
		.start_wall_ms = known(r->start_wall_ms), .load_1min = r->load_1min,
		.busy_percent = round(r->busy_percent * 10) / 10,
		.outcome = r->outcome, .converged = r->converged, .prepare_ms = r->prepare_ms,
		.felt_ms = r->felt_ms, .work_before_per_s = r->work_before_per_s,
		.work_during_per_s = r->work_during_per_s,
	};

	set_asked(&run, r);
	set_policy(&run, r);
	set_final(&run, r);
	COPY(run.profile, r->profile);
	COPY(run.recording, r->recording);
	COPY(run.verified, r->verified);
	COPY(run.note, r->note);
	COPY(run.reason, r->reason);
	COPY(run.commit, r->commit ? r->commit : "");
	return mt_run_line(&run);
}
