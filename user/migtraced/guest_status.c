// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guest_status.c - what is seen of a migration while it is supervised, and told of it
 *
 * Threads: the guest's own brings it, any asks for it. The lock is held for moments.
 */
#include <string.h>

#include "base/json.h"
#include "base/units.h"
#include "guest_int.h"
#include "log.h"
#include "stuck.h"

/* A look at a migration takes milliseconds, 1.5 s when it completes. */
#define SILENT_MS	5000
#define SETTLE_MS	60000	/* a destination that does not answer is given up before */

/* --- what is seen --------------------------------------------------------- */

/* A policy may say the same at each step; the log says it once. */
static void log_plan(struct guest *g, const struct mt_progress *p)
{
	const struct mt_plan *plan = p->plan;

	if (plan->action == MT_ACTION_CONTINUE)
		return;
	if (plan->action == g->logged.action &&
	    plan->downtime_limit_ms == g->logged.downtime_limit_ms &&
	    plan->bandwidth_bytes_per_s == g->logged.bandwidth_bytes_per_s &&
	    plan->throttle_percent == g->logged.throttle_percent &&
	    plan->vcpu_limit_bytes_per_s == g->logged.vcpu_limit_bytes_per_s)
		return;
	g->logged = *plan;
	log_info("%s: pass %llu: %s%s: %s", p->domain, (unsigned long long)p->sample->iteration,
		 p->acts ? "" : "would ", mt_action_name(plan->action), plan->reason);
}

/*
 * What would end a migration that is only watched is planned once, and is what a person should see
 * from then on.
 */
static bool would_have_ended(const struct guest *g, const struct mt_progress *p)
{
	return !p->acts && mt_action_is_final(g->plan.action) &&
	       p->plan->action == MT_ACTION_CONTINUE;
}

void guest_on_progress(const struct mt_progress *p, void *guest)
{
	struct guest *g = guest;

	pthread_mutex_lock(&g->lock);
	if (p->sample && p->sample->valid) {
		g->sample = *p->sample;
		g->has_sample = true;
	}
	if (p->plan && (*p->plan->reason || p->plan->action != MT_ACTION_CONTINUE) &&
	    !would_have_ended(g, p))
		g->plan = *p->plan;
	g->prediction = p->engine->prediction;
	g->stage = p->stage;
	g->answered_ns = mt_now_ns();
	g->acts = p->acts;
	snprintf(g->hand, sizeof(g->hand), "%s", p->hand ? p->hand : "");
	if (p->note)
		snprintf(g->note, sizeof(g->note), "%s", p->note);
	pthread_mutex_unlock(&g->lock);

	if (p->plan)
		log_plan(g, p);
	if (p->note)
		log_info("%s: %s", p->domain, p->note);
}

/* --- and told ------------------------------------------------------------- */

static json_t *field_json(const struct mt_sample *s, bool known, enum mt_field field)
{
	uint64_t value;

	return known && mt_sample_get(s, field, &value) ? mt_json_uint(value) : json_null();
}

static json_t *text_json(const char *text)
{
	return mt_json_string(text && *text ? text : NULL);
}

static json_t *interval_json(const struct mt_interval *v, bool known, int *failed)
{
	json_t *o;

	if (!known)
		return json_null();
	o = json_object();
	mt_json_set(o, "p10", mt_json_double(v->p10), failed);
	mt_json_set(o, "p50", mt_json_double(v->p50), failed);
	mt_json_set(o, "p90", mt_json_double(v->p90), failed);
	return o;
}

/* null before the first pass is done. */
static json_t *forecast_json(const struct mt_prediction *p, int *failed)
{
	json_t *o;

	if (p->verdict == MT_VERDICT_UNKNOWN)
		return json_null();
	o = json_object();
	mt_json_set(o, "ends_probability", mt_json_double(p->ends), failed);
	mt_json_set(o, "total_ms",
		    interval_json(&p->total_ms, p->verdict == MT_VERDICT_CONVERGES, failed),
		    failed);
	mt_json_set(o, "downtime_ms", interval_json(&p->downtime_ms, true, failed), failed);
	mt_json_set(o, "stop_now_ms", mt_json_double(p->stop_now_ms), failed);
	return o;
}

/* With the lock held. Why nothing is done to it; "": what is decided is done. */
static const char *why_observed(struct guest *g, const char *why_locked)
{
	if (g->how.mode == MT_MODE_OBSERVE)
		return g->info.name_cut ? "its name is too long for rules by name" :
					  "as configured when it began";
	if (g->observe & OBSERVE_RELOADED)
		return "as configured since";
	if (!g->setup.hands)
		return "who steers it cannot be determined: there was no directory of hands when it began";
	if (g->observe & OBSERVE_LOCKED)
		return why_locked && *why_locked ? why_locked : "another daemon acts on this host";
	return g->acts ? "" : g->hand;
}

json_t *guest_status(struct guest *g, const char *why_locked)
{
	const char *why;
	json_t *o = NULL;
	int failed = 0;

	pthread_mutex_lock(&g->lock);
	if (g->supervised)
		o = json_object();
	if (o) {
		mt_json_set(o, "domain", mt_json_string(g->info.name), &failed);
		mt_json_set(o, "uuid", mt_json_string(g->uuid), &failed);
		mt_json_set(o, "policy", mt_json_string(g->how.policy->name), &failed);
		why = why_observed(g, why_locked);
		mt_json_set(o, "mode",
			    mt_json_string(mt_mode_name(*why || !g->acts ? MT_MODE_OBSERVE :
									       MT_MODE_ACT)),
			    &failed);
		mt_json_set(o, "settings", guest_settings_json(g), &failed);
		mt_json_set(o, "mode_why", text_json(why), &failed);
		mt_json_set(o, "stage", mt_json_string(mt_stage_name(g->stage)), &failed);
		mt_json_set(o, "status",
			    mt_json_string(g->has_sample ? mt_status_name(g->sample.status) : NULL),
			    &failed);
		mt_json_set(o, "iteration",
			    field_json(&g->sample, g->has_sample, MT_FIELD_iteration), &failed);
		mt_json_set(o, "total_ms", field_json(&g->sample, g->has_sample, MT_FIELD_total_ms),
			    &failed);
		mt_json_set(o, "remaining_bytes",
			    field_json(&g->sample, g->has_sample, MT_FIELD_remaining_bytes),
			    &failed);
		mt_json_set(o, "bandwidth_bytes_per_s",
			    field_json(&g->sample, g->has_sample, MT_FIELD_bandwidth_bytes_per_s),
			    &failed);
		mt_json_set(o, "dirty_pages_per_s",
			    field_json(&g->sample, g->has_sample, MT_FIELD_dirty_pages_per_s),
			    &failed);
		mt_json_set(o, "verdict",
			    mt_json_string(mt_verdict_name(g->prediction.verdict)), &failed);
		mt_json_set(o, "forecast", forecast_json(&g->prediction, &failed), &failed);
		mt_json_set(o, "action", mt_json_string(mt_action_name(g->plan.action)), &failed);
		mt_json_set(o, "reason", text_json(g->plan.reason), &failed);
		mt_json_set(o, "note", text_json(g->note), &failed);
		mt_json_set(o, "recording", mt_json_string(guest_recording(g)), &failed);
		mt_json_set(o, "recording_dropped", mt_json_uint(recording_dropped(g->record)),
			    &failed);
		mt_json_set(o, "resumed", json_boolean(g->resumed), &failed);
		mt_json_set(o, "kernel_source", text_json(g->source), &failed);
	}
	pthread_mutex_unlock(&g->lock);
	return o;
}

void guest_stuck_json(struct guest *g, json_t *array)
{
	uint64_t now_ns = mt_now_ns(), limit_ns = SILENT_MS * MT_NS_PER_MS;

	pthread_mutex_lock(&g->lock);
	if (!g->supervised) {
		if (now_ns > g->begun_ns + limit_ns)
			stuck_add(array, g->uuid, g->info.name, "asked whether it migrates",
				  g->begun_ns);
	} else if (g->stage == MT_STAGE_SETTLING) {
		if (now_ns > g->answered_ns + SETTLE_MS * MT_NS_PER_MS)
			stuck_add(array, g->uuid, g->info.name, "looked for after its migration",
				  g->answered_ns);
	} else if (g->stage == MT_STAGE_RUNNING || g->stage == MT_STAGE_BEGINNING) {
		/* A stopped one is not asked, and one that ends is waited for. */
		if (now_ns > g->answered_ns + limit_ns + g->how.poll_ms * MT_NS_PER_MS)
			stuck_add(array, g->uuid, g->info.name, "asked how its migration goes",
				  g->answered_ns);
	}
	pthread_mutex_unlock(&g->lock);
}

json_t *guest_finished_json(struct guest *g, const struct mt_supervise_result *r)
{
	json_t *o = json_object();
	int failed = 0;

	if (!o)
		return NULL;
	mt_json_set(o, "domain", mt_json_string(g->info.name), &failed);
	mt_json_set(o, "uuid", mt_json_string(g->uuid), &failed);
	mt_json_set(o, "policy", mt_json_string(g->how.policy->name), &failed);
	mt_json_set(o, "mode", mt_json_string(mt_mode_name(g->how.mode)), &failed);
	mt_json_set(o, "outcome", mt_json_string(mt_outcome_name(r->outcome)), &failed);
	mt_json_set(o, "detail", text_json(r->detail), &failed);
	mt_json_set(o, "total_ms", field_json(&r->final, true, MT_FIELD_total_ms), &failed);
	mt_json_set(o, "downtime_ms", field_json(&r->final, true, MT_FIELD_downtime_ms), &failed);
	mt_json_set(o, "transferred_bytes", field_json(&r->final, true, MT_FIELD_transferred_bytes),
		    &failed);
	mt_json_set(o, "actions_done", mt_json_uint(r->actions_done), &failed);
	mt_json_set(o, "actions_failed", mt_json_uint(r->actions_failed), &failed);
	mt_json_set(o, "given_back", json_boolean(r->given_back), &failed);
	mt_json_set(o, "recording", mt_json_string(g->recording), &failed);
	mt_json_set(o, "resumed", json_boolean(g->resumed), &failed);
	mt_json_set(o, "ended_wall_ms", mt_json_uint(mt_wall_us() / 1000), &failed);
	return o;
}
