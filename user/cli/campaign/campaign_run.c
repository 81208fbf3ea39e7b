// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_run.c - one migration of a campaign, from the link's rate to its line in runs.jsonl
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/sources.h"
#include "hypervisor/versions.h"
#include "watch/guest_header.h"
#include "campaign_going.h"

#define POLL_MS			500
#define POSTCOPY_POLL_MS	100	/* it leaves no figures behind: the last look has to do */
#define CALL_RETURNS_MS		10000
#define BASELINE_STEP_MS	100	/* an interrupt is heeded within this */

/* --- before ------------------------------------------------------------------ */
static void set_limits(struct campaign_going *r)
{
	const struct campaign_method *m = r->plan->method;

	if (m->policy) {
		r->limits = m->steer;
	} else {
		r->limits = (struct mt_limits)MT_LIMITS_UNSET;
		r->limits.max_downtime_ms = r->plan->limit_ms;
		*mt_params_value(&r->limits.params, "passes") =
			m->kind == MT_METHOD_POSTCOPY ? 0 :
			m->flip_after_passes	      ? m->flip_after_passes :
							MT_LIMIT_UNSET;
		r->limits.postcopy_allowed = campaign_may_flip(m);
	}
	r->limits.history = r->c->history.n ? &r->c->history : NULL;
	r->limits.qemu_limit_ms = r->plan->limit_ms;
	r->limits.auto_converge = mt_method_at(m->kind)->auto_converge;
	r->limits.clears_chunks = m->policy && mt_domain_clears_chunks(&r->c->domain);
}

static const char *policy_name(const struct campaign_going *r)
{
	const struct campaign_method *m = r->plan->method;

	return m->policy ? m->policy->name : campaign_may_flip(m) ? "passes" : "qemu";
}

static void choose(struct campaign_going *r)
{
	const struct campaign_method *m = r->plan->method;
	const struct mt_method_row *row = mt_method_at(m->kind);
	uint64_t bandwidth = mt_bandwidth_mib_per_s(r->plan->bandwidth_bytes_per_s) * MT_MIB;

	r->how = (struct mt_migrate_options){
		.destination_uri = r->to->peer,
		.migrate_uri = r->to->migrate_uri,
		.bandwidth_bytes_per_s = bandwidth,
		.postcopy_bandwidth_bytes_per_s = campaign_may_flip(m) ? bandwidth : 0,
		.postcopy = campaign_may_flip(m),
		.parallel = !row->channels ? 0 :
			    m->channels    ? (unsigned)m->channels :
					     row->channels,
		.auto_converge = row->auto_converge,
		.throttle_initial_percent = (unsigned)m->throttle_initial_percent,
		.throttle_increment_percent = (unsigned)m->throttle_increment_percent,
		.compression = row->xbzrle	? MT_COMPRESSION_XBZRLE :
			       row->zstd	? MT_COMPRESSION_ZSTD :
			       row->compression ? MT_COMPRESSION_MT :
						  MT_COMPRESSION_NONE,
		.xbzrle_cache_bytes = m->xbzrle_cache_bytes,
		.compress_level = (unsigned)m->compress_level,
		.compress_threads = (unsigned)m->compress_threads,
		.unsafe = true,
	};
	set_limits(r);
}

static int open_recorder(struct campaign_going *r, struct mt_err *err)
{
	struct campaign *c = r->c;
	char path[4096], part[4104];
	struct mt_record_header h;
	struct mt_versions v;

	snprintf(r->result->recording, sizeof(r->result->recording), "runs/%04u" MT_RECORD_SUFFIX,
		 r->plan->number);
	snprintf(path, sizeof(path), "%s/%s", c->state.dir, r->result->recording);
	snprintf(part, sizeof(part), "%s.part", path);
	unlink(path);		/* it has no line, so it is half a run */
	unlink(part);
	mt_versions_get(&v, r->from->conn);
	h = mt_guest_header(&c->domain, &v, r->from->peer, "migtrace " MT_VERSION);
	h.destination = r->to->peer;
	h.policy = policy_name(r);
	h.mode = "supervise";
	h.limits = r->limits;
	return mt_recorder_open(&r->recorder, path, &h, err);
}

/* QEMU keeps the limit over migrations, but each host has a QEMU of its own. */
static int set_limit(struct campaign_going *r, struct mt_err *err)
{
	uint64_t is_ms = 0;
	int rc = mt_actuators_libvirt.set_downtime(r->from->conn, r->c->domain.uuid,
						   r->plan->limit_ms, err);

	if (!rc)
		rc = mt_domain_downtime_limit(r->from->conn, r->c->domain.uuid, &is_ms, err);
	if (!rc && is_ms != r->plan->limit_ms)
		rc = mt_err_set(err, -EIO,
				"the downtime limit is %" PRIu64 " ms, %" PRIu64 " were set", is_ms,
				r->plan->limit_ms);
	return rc;
}

/* --- meanwhile ------------------------------------------------------------------ */
static void on_progress(const struct mt_progress *p, void *opaque)
{
	struct campaign_going *r = opaque;

	if (!r->active_ns && p->sample->status == MT_STATUS_ACTIVE) {
		r->active_ns = mt_now_ns();
		if (mt_sample_has(p->sample, total_ms))
			r->result->prepare_ms = p->sample->total_ms;
	}
	if (p->plan && p->plan->action != MT_ACTION_CONTINUE)
		snprintf(r->result->reason, sizeof(r->result->reason), "%s: %.360s",
			 mt_action_name(p->plan->action), p->plan->reason);
	r->stopped |= p->plan && p->plan->action == MT_ACTION_STOP;
	/* From when QEMU began to send: what comes before depends on the host alone. */
	if (!r->cancel && r->active_ns && !mt_status_is_postcopy(p->sample->status) &&
	    (mt_now_ns() - r->active_ns) / MT_NS_PER_MS >= r->result->cap_ms)
		r->capped = true, r->cancel = 1;
	if (r->c->cancel)
		r->cancel = 1;
}

static int migrate(struct campaign_going *r, struct mt_err *err)
{
	struct campaign *c = r->c;
	const char *const destinations[] = { r->to->control, NULL };
	const char *source = strcmp(c->spec.source, "auto") ? c->spec.source : NULL;
	struct mt_collector *collector = NULL;
	struct mt_migrate *running = NULL;
	struct mt_inbox *inbox = mt_inbox_new();
	struct mt_err ignored = { 0 };
	int id, rc;

	if (!inbox)
		return mt_err_set(err, -ENOMEM, "out of memory");
	id = mt_conn_subscribe(r->from->conn, c->domain.uuid, mt_inbox_post, inbox);
	if (id < 0) {
		mt_inbox_free(inbox);
		return mt_err_set(err, id, "cannot watch %s: %s", c->domain.name, strerror(-id));
	}
	if (!mt_source_is_libvirt(source) && strcmp(c->domain.type, "kvm") == 0 &&
	    mt_collector_open(&collector, r->from->conn, &c->domain, source, &ignored))
		campaign_note(r, "no kernel source: %.120s", ignored.msg);
	r->start_ns = mt_now_ns();
	r->result->start_wall_ms = mt_wall_us() / 1000;
	rc = mt_migrate_start(&running, r->from->conn, c->domain.uuid, &r->how, mt_inbox_post,
			      inbox, err);
	if (!rc)
		rc = mt_supervise(
			r->from->conn, inbox, c->domain.uuid,
			&(struct mt_supervise_options){
				.policy = mt_policy_find(policy_name(r)),
				.actuators = &mt_actuators_libvirt,
				.limits = r->limits,
				.destinations = destinations,
				.recorder = r->recorder,
				.collector = collector,
				.poll_ms = campaign_may_flip(r->plan->method) ? POSTCOPY_POLL_MS :
					   r->plan->method->policy ? 0 : POLL_MS,
				.ours = true,
				.guard = r->hand.guard,
				.hands = r->hand.hands,
				.who = "campaign",
				.wheel = r->hand.wheel,
				.cancel = &r->cancel,
				.progress = on_progress,
				.opaque = r,
			},
			&r->supervised, err);
	mt_collector_close(collector);
	if (running && mt_migrate_free(running, CALL_RETURNS_MS))
		campaign_note(r, "libvirt's call did not return");
	mt_conn_unsubscribe(r->from->conn, id);
	mt_inbox_free(inbox);
	return rc;
}

/* How quickly it works when nothing is the matter, where somebody wants to know. */
static void take_baseline(struct campaign_going *r)
{
	uint64_t ms = r->c->spec.baseline_ms;
	struct campaign_work before;

	r->work = (struct campaign_work){ NAN, NAN };
	if (!ms)
		return;
	before = campaign_work_ask(r->c);
	for (uint64_t slept = 0; slept < ms && !r->c->cancel; slept += BASELINE_STEP_MS)
		mt_sleep_ms(BASELINE_STEP_MS);
	r->work = campaign_work_ask(r->c);
	r->result->work_before_per_s = campaign_work_per_s(&before, &r->work);
}

static int prepare(struct campaign_going *r, struct mt_err *err)
{
	struct campaign *c = r->c;
	struct campaign_result *o = r->result;
	uint64_t memory_bytes = c->start->guest->memory_bytes;
	int rc;

	choose(r);
	campaign_memory_look(c->domain.name, c->domain.uuid, memory_bytes, &o->resident_bytes,
			     &o->nonzero_bytes);
	o->cap_ms = campaign_cap_ms(&c->spec, r->plan,
				    o->nonzero_bytes ? o->nonzero_bytes : memory_bytes);
	o->bandwidth_bytes_per_s = r->how.bandwidth_bytes_per_s;
	rc = campaign_link(c, campaign_link_bytes_per_s(&c->spec, r->plan), err);
	o->link_bytes_per_s = c->link_bytes_per_s;
	if (!rc)
		rc = set_limit(r, err);
	if (!rc && r->plan->method->policy)
		rc = campaign_hand_take(&r->hand, c, err);
	if (!rc)
		take_baseline(r);
	return rc ? rc : open_recorder(r, err);
}

int campaign_run(struct campaign *c, const struct campaign_run *run, struct campaign_result *result,
		 bool *usable, struct mt_err *err)
{
	struct campaign_going r = { .c = c,
			 .plan = run,
			 .from = &c->hosts[c->side],
			 .to = &c->hosts[!c->side],
			 .result = result };
	struct campaign_load before, after;
	struct mt_err ignored = { 0 };
	int rc;

	*usable = false;
	*result = (struct campaign_result){
		.start = c->start, .run = run, .where = c->spec.where, .profile = c->profile,
		.prepare_ms = NAN, .felt_ms = NAN, .work_before_per_s = NAN,
		.work_during_per_s = NAN, .commit = c->commit,
	};
	rc = prepare(&r, err);
	if (rc) {
		campaign_hand_drop(&r.hand);
		return rc;
	}
	campaign_load_read(&before);
	rc = migrate(&r, err);
	campaign_hand_drop(&r.hand);
	campaign_load_read(&after);
	result->load_1min = before.load_1min;
	result->busy_percent = campaign_busy_percent(&before, &after);
	if (mt_recorder_close(r.recorder, &ignored) && !rc)
		campaign_note(&r, "recording incomplete: %.120s", ignored.msg);
	if (rc || c->cancel)
		return rc ? rc : mt_err_set(err, -EINTR, "interrupted");
	*usable = campaign_look_after(&r);
	return 0;
}
