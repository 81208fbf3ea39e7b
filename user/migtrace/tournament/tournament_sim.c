// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tournament_sim.c - one migration of a tournament in the simulator
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "migtrace/simulate/simulate.h"
#include "tournament.h"

struct play {
	struct simulate how;		/* of `migtrace simulate`: the same trace and hosts */
	struct mt_trace trace;
	struct mt_history history;
	struct mt_beforehand before;
};

/*
 * The migration gets what the guest's traffic leaves of the link in the same direction: what it
 * sends leaves the source, where pages leave, too; what it receives arrives at the destination once
 * it runs there. Inferred: neither gives way.
 */
static void set_activity(struct mt_sim_params *to, const struct tournament_workload *w)
{
	double link = to->host.link_bytes_per_s;

	to->activity = (struct mt_sim_activity){
		.cpu_share = (double)w->cpu_percent / 100,
		.received_bytes_per_s = (double)w->received_bytes_per_s,
		.sent_bytes_per_s = (double)w->sent_bytes_per_s,
	};
	to->bandwidth_bytes_per_s =
		fmin(to->bandwidth_bytes_per_s, link - to->activity.sent_bytes_per_s);
	to->postcopy_bandwidth_bytes_per_s = fmin(to->postcopy_bandwidth_bytes_per_s,
						  link - to->activity.received_bytes_per_s);
}

static void set_params(struct play *p, const struct tournament_bout *b)
{
	const struct tournament_simulator *s = &b->t->spec.simulator;
	struct mt_sim_params *to = &p->how.params;
	struct mt_err checked_before = { 0 };

	mt_sim_defaults(to);
	if (*s->host)
		(void)!mt_sim_host_parse(&to->host, s->host, &checked_before);
	to->log = strcmp(s->log, "ring") ? MT_SIM_LOG_BITMAP : MT_SIM_LOG_RING;
	to->method = *mt_method_at(MT_METHOD_PRECOPY);
	to->bandwidth_bytes_per_s = (double)b->run->bandwidth_bytes_per_s;
	to->postcopy_bandwidth_bytes_per_s = to->bandwidth_bytes_per_s;
	to->host.link_bytes_per_s = to->bandwidth_bytes_per_s * 1000 / (double)s->link_permille;
	to->tick_ms = (double)s->tick_ms;
	set_activity(to, b->workload);
	to->downtime_limit_ms = (double)b->run->limit_ms;
	to->cap_ms = (double)(b->run->method->cap_ms ? b->run->method->cap_ms : s->cap_ms);
}

static void tell_params(struct mt_run *l, const struct mt_sim_params *p)
{
	l->memory_bytes = (double)p->memory_bytes;
	l->bandwidth_bytes_per_s = p->bandwidth_bytes_per_s;
	l->link_bytes_per_s = floor(p->host.link_bytes_per_s);
	l->cap_ms = p->cap_ms;
}

static int prepare(struct play *p, struct tournament_bout *b, struct mt_err *err)
{
	const struct tournament_simulator *s = &b->t->spec.simulator;
	int rc;

	p->how.seed = s->seed + b->run->round;
	p->how.seed_given = true;
	p->how.memory_bytes = b->workload->memory_bytes;
	set_params(p, b);
	if (p->how.params.bandwidth_bytes_per_s < MT_MIB ||
	    p->how.params.postcopy_bandwidth_bytes_per_s < MT_MIB)
		return mt_err_set(err, -EINVAL, "%s: its traffic leaves nothing of the link",
				  b->workload->guest.name);
	rc = simulate_trace(&p->trace, b->workload->trace, &p->how, err);
	if (rc)
		return rc;
	tell_params(b->line, &p->how.params);
	if (s->profile_ms) {
		rc = mt_sim_profile(&p->trace, &p->how.params, (double)s->profile_ms / 1e3,
				    &p->before);
		if (rc)
			return mt_err_set(err, rc, "profile: %s",
					  rc == -ENODATA ? "less than a second is none" :
							   strerror(-rc));
		b->limits.before = &p->before;
	}
	if (s->history_ms) {
		rc = mt_sim_history(&p->trace, (double)s->history_ms / 1e3, MT_SLOT_S, &p->history);
		if (rc)
			mt_err_set(err, rc, "history: %s",
				   rc == -ENODATA ? "less than a second is none" : strerror(-rc));
		b->limits.history = &p->history;
	}
	return rc ? rc : mt_sim_check(&p->how.params, err);
}

static int steer(struct play *p, const struct tournament_bout *b, const struct mt_policy *policy,
		 const struct mt_limits *limits, struct mt_sim_result *r, struct mt_err *err)
{
	int rc = mt_sim_steer(&p->how.params, &p->trace, policy, limits, NULL, r);

	if (rc == -E2BIG)
		return mt_err_set(err, rc, "%s: writes too much to be played; a shorter cap may do",
				  b->workload->guest.name);
	return rc ? mt_err_set(err, rc, "%s: %s", b->workload->guest.name, strerror(-rc)) : 0;
}

static bool is_completed(const struct mt_sim_result *r)
{
	return r->end != MT_SIM_CAPPED && r->end != MT_SIM_ABORTED;
}

/*
 * As libvirt counts it: from when the guest stopped, also where a policy stopped it, of which QEMU
 * counts the end only.
 */
static double pause_of(const struct mt_sim_result *r)
{
	return r->end == MT_SIM_STOPPED ? fmax(r->downtime_ms, r->stall_ms) : r->downtime_ms;
}

static void fill(struct mt_run *l, const struct mt_sim_result *r)
{
	l->outcome = is_completed(r) ? MT_OUTCOME_COMPLETED : MT_OUTCOME_ABORTED;
	l->converged = r->end == MT_SIM_CONVERGED;
	l->total_ms = round(r->total_ms);
	l->downtime_ms = round(pause_of(r));
	l->felt_ms = round(r->stall_ms * 10) / 10;
	l->transferred_bytes = (double)r->transferred_bytes;
	l->iterations = (double)r->passes;
	l->normal_pages = (double)r->normal_pages;
	l->zero_pages = (double)r->zero_pages;
	if (r->end == MT_SIM_POSTCOPIED)
		l->postcopy_requests = (double)r->faults;
	snprintf(l->note, sizeof(l->note), "%s",
		 r->end == MT_SIM_CAPPED ? "cancelled at the cap" : "");
	snprintf(l->reason, sizeof(l->reason), "%s", r->reason);
}

/* --- hindsight: it is left alone, then ended after each pass in turn --------------------- */
struct tries {
	struct score_point *v;
	size_t n;
	double best_ms;
};

/* Return: 0; 1 it does not come to the moment at which it would have been ended; -errno. */
static int try_one(struct play *p, struct tournament_bout *b, const struct mt_policy *policy,
		   const struct mt_limits *limits, struct tries *t, struct mt_err *err)
{
	struct mt_sim_result r;
	struct score_point at;
	int rc = steer(p, b, policy, limits, &r, err);

	if (rc || !is_completed(&r))
		return rc ? rc : 1;
	at = (struct score_point){ round(r.total_ms), round(pause_of(&r)), r.stall_ms };
	t->v[t->n++] = at;
	if (score_met(&at, &b->objectives) && at.total_ms < t->best_ms) {
		t->best_ms = at.total_ms;
		fill(b->line, &r);
	}
	return r.end == MT_SIM_CONVERGED;
}

static int try_passes(struct play *p, struct tournament_bout *b, bool flip, struct tries *t,
		      struct mt_err *err)
{
	const struct mt_policy *passes = mt_policy_find("passes");
	struct mt_limits limits = b->limits;
	int rc = 0;

	limits.postcopy_allowed = flip;
	for (uint64_t k = flip ? 0 : 1; k <= b->t->spec.simulator.hindsight && !rc; k++) {
		*mt_params_value(&limits.params, "passes") = k;
		rc = try_one(p, b, passes, &limits, t, err);
	}
	return rc < 0 ? rc : 0;
}

static int look_back(struct play *p, struct tournament_bout *b, struct mt_err *err)
{
	mt_autofree struct score_point *v =
		calloc(2 * b->t->spec.simulator.hindsight + 2, sizeof(*v));
	struct tries tries = { .v = v, .best_ms = INFINITY };
	int rc;

	if (!v)
		return mt_err_set(err, -ENOMEM, "out of memory");
	b->line->outcome = MT_OUTCOME_ABORTED;
	snprintf(b->line->note, sizeof(b->line->note), "no moment meets the objectives");
	rc = try_one(p, b, mt_policy_find("qemu"), &b->limits, &tries, err);
	if (rc >= 0)
		rc = try_passes(p, b, false, &tries, err);
	if (!rc && b->limits.postcopy_allowed)
		rc = try_passes(p, b, true, &tries, err);
	tournament_choose(b, tries.v, tries.n);
	return rc;
}

int tournament_simulate(struct tournament_bout *b, struct mt_err *err)
{
	struct play p = { .how = { .memory_bytes = 0 } };
	struct mt_sim_result r;
	int rc = prepare(&p, b, err);

	if (!rc && tournament_is_hindsight(b->run)) {
		rc = look_back(&p, b, err);
	} else if (!rc) {
		rc = steer(&p, b, b->run->method->policy, &b->limits, &r, err);
		if (!rc)
			fill(b->line, &r);
	}
	free(p.history.bytes);
	mt_trace_fini(&p.trace);
	return rc;
}
