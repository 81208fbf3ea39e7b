// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_run.c - one migration of a campaign, from the link's rate to its line in runs.jsonl
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include <migtrace/units.h>
#include <migtrace/versions.h>

#include "base/json.h"
#include "campaign.h"
#include "sources.h"

#define POLL_MS			500
#define POSTCOPY_POLL_MS	100	/* it leaves no figures behind: the last look has to do */
#define CALL_RETURNS_MS		10000
#define VERIFY_MS		60000
/* What is worth a note. Inferred. */
#define BUSY_PERCENT		95
#define SLOW_SHARE		0.6	/* of the bandwidth asked for, on the whole */
#define SLOW_MIN_MS		3000	/* shorter ones are mostly beginning and end */
#define SILENT_MS		2000	/* a guest that beats every few milliseconds, and is silent so long after a migration, has died */

struct run {
	struct campaign *c;
	const struct campaign_run *plan;
	struct campaign_host *from, *to;
	struct mt_migrate_options how;
	struct mt_limits limits;
	struct mt_recorder *recorder;
	struct mt_supervise_result result;
	struct campaign_load load_before, load_after;
	char recording[64];		/* relative to the directory */
	uint64_t cap_ms, resident_bytes, nonzero_bytes, start_ns, start_wall_ms;
	uint64_t active_ns;		/* QEMU began to send; 0: not yet */
	volatile int cancel;
	bool capped, silent;
	double prepare_ms;		/* before QEMU sent anything */
	double felt_ms;
	char verified[32], note[768];
};

__attribute__((format(printf, 2, 3)))
static void add_note(struct run *r, const char *fmt, ...)
{
	size_t used = strlen(r->note);
	va_list ap;

	if (used)
		used += (size_t)snprintf(r->note + used, sizeof(r->note) - used, "; ");
	if (used >= sizeof(r->note))
		return;
	va_start(ap, fmt);
	vsnprintf(r->note + used, sizeof(r->note) - used, fmt, ap);
	va_end(ap);
}

/* --- before ------------------------------------------------------------------ */
static bool flips(const struct campaign_method *m)
{
	return m->kind == CAMPAIGN_POSTCOPY || m->kind == CAMPAIGN_HYBRID;
}

static void choose(struct run *r)
{
	const struct campaign_method *m = r->plan->method;
	uint64_t bandwidth = mt_bandwidth_mib_per_s(r->plan->bandwidth_bytes_per_s) * MT_MIB;

	r->how = (struct mt_migrate_options){
		.destination_uri = r->to->peer,
		.migrate_uri = r->to->migrate_uri,
		.bandwidth_bytes_per_s = bandwidth,
		.postcopy_bandwidth_bytes_per_s = flips(m) ? bandwidth : 0,
		.postcopy = flips(m),
		.parallel = m->kind == CAMPAIGN_MULTIFD ? (unsigned)m->channels : 0,
		.auto_converge = m->kind == CAMPAIGN_AUTOCONVERGE,
		.throttle_initial_percent = (unsigned)m->throttle_initial_percent,
		.throttle_increment_percent = (unsigned)m->throttle_increment_percent,
		.compression = m->kind == CAMPAIGN_XBZRLE ? MT_COMPRESSION_XBZRLE :
			       m->kind == CAMPAIGN_COMPRESSION ? MT_COMPRESSION_MT : MT_COMPRESSION_NONE,
		.xbzrle_cache_bytes = m->xbzrle_cache_bytes,
		.compress_level = (unsigned)m->compress_level,
		.compress_threads = (unsigned)m->compress_threads,
		.unsafe = true,
	};
	r->limits = (struct mt_limits){
		.max_downtime_ms = r->plan->limit_ms,
		.qemu_limit_ms = r->plan->limit_ms,
		.passes = m->flip_after_passes,
		.at_once = m->kind == CAMPAIGN_POSTCOPY,
		.postcopy_allowed = flips(m),
	};
}

static const char *policy_name(const struct run *r)
{
	return flips(r->plan->method) ? "passes" : "qemu";
}

static int open_recorder(struct run *r, struct mt_err *err)
{
	struct campaign *c = r->c;
	char path[4096], part[4104];
	struct mt_versions v;

	snprintf(r->recording, sizeof(r->recording), "runs/%04u" MT_RECORD_SUFFIX, r->plan->number);
	snprintf(path, sizeof(path), "%s/%s", c->state.dir, r->recording);
	snprintf(part, sizeof(part), "%s.part", path);
	unlink(path);		/* it has no line, so it is half a run */
	unlink(part);
	mt_versions_get(&v, r->from->conn);
	return mt_recorder_open(&r->recorder, path, &(struct mt_record_header){
		.schema = MT_RECORD_SCHEMA,
		.domain = c->start->guest->name,
		.uuid = c->domain.uuid,
		.domain_type = c->domain.type,
		.source = r->from->peer,
		.destination = r->to->peer,
		.tool = "migtrace " MT_VERSION,
		.qemu = *v.qemu ? v.qemu : NULL,
		.libvirt = *v.libvirt ? v.libvirt : NULL,
		.kernel = *v.kernel ? v.kernel : NULL,
		.policy = policy_name(r),
		.mode = "supervise",
		.start_wall_ms = mt_wall_us() / 1000,
		.start_t_ns = mt_now_ns(),
		.limits = r->limits,
	}, err);
}

/* QEMU keeps the limit over migrations, but each host has a QEMU of its own. */
static int set_limit(struct run *r, struct mt_err *err)
{
	uint64_t is_ms = 0;
	int rc = mt_actuators_libvirt.set_downtime(r->from->conn, r->c->domain.uuid, r->plan->limit_ms, err);

	if (!rc)
		rc = mt_domain_downtime_limit(r->from->conn, r->c->domain.uuid, &is_ms, err);
	if (!rc && is_ms != r->plan->limit_ms)
		rc = mt_err_set(err, -EIO, "the downtime limit is %" PRIu64 " ms, %" PRIu64 " were set", is_ms, r->plan->limit_ms);
	return rc;
}

/* --- meanwhile ------------------------------------------------------------------ */
static void on_progress(const struct mt_progress *p, void *opaque)
{
	struct run *r = opaque;

	if (!r->active_ns && p->sample->status == MT_STATUS_ACTIVE) {
		r->active_ns = mt_now_ns();
		if (mt_sample_has(p->sample, total_ms))
			r->prepare_ms = p->sample->total_ms;
	}
	/* From when QEMU began to send: what comes before depends on the host alone. */
	if (!r->cancel && r->active_ns && p->sample->status != MT_STATUS_POSTCOPY &&
	    (mt_now_ns() - r->active_ns) / MT_NS_PER_MS >= r->cap_ms)
		r->capped = true, r->cancel = 1;
	if (r->c->cancel)
		r->cancel = 1;
}

static int migrate(struct run *r, struct mt_err *err)
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
	if (!source_is_libvirt(source) && strcmp(c->domain.type, "kvm") == 0 &&
	    mt_collector_open(&collector, r->from->conn, &c->domain, source, &ignored))
		add_note(r, "no kernel source: %.120s", ignored.msg);
	r->start_ns = mt_now_ns();
	r->start_wall_ms = mt_wall_us() / 1000;
	rc = mt_migrate_start(&running, r->from->conn, c->domain.uuid, &r->how, mt_inbox_post, inbox, err);
	if (!rc)
		rc = mt_supervise(r->from->conn, inbox, c->domain.uuid, &(struct mt_supervise_options){
		.policy = mt_policy_find(policy_name(r)),
		.actuators = &mt_actuators_libvirt,
		.limits = r->limits,
		.destinations = destinations,
		.recorder = r->recorder,
		.collector = collector,
		.poll_ms = flips(r->plan->method) ? POSTCOPY_POLL_MS : POLL_MS,
		.ours = true,
		.cancel = &r->cancel,
		.progress = on_progress,
		.opaque = r,
	}, &r->result, err);
	mt_collector_close(collector);
	if (running && mt_migrate_free(running, CALL_RETURNS_MS))
		add_note(r, "libvirt's call did not return");
	mt_conn_unsubscribe(r->from->conn, id);
	mt_inbox_free(inbox);
	return rc;
}

/* --- after -------------------------------------------------------------------------- */
static void ask_felt(struct run *r)
{
	char from[32];
	const char *const words[] = { "gap", from, "0", NULL };
	struct mt_err err = { 0 };
	json_t *answer, *gap;

	snprintf(from, sizeof(from), "%" PRIu64, r->start_ns);
	answer = campaign_watch(r->c, words, &err);
	gap = json_object_get(answer, "longest_gap_ms");
	r->felt_ms = json_is_number(gap) ? json_number_value(gap) : NAN;
	if (isnan(r->felt_ms))
		add_note(r, "felt stall unknown: %.120s", err.code ? err.msg : "the watcher has none");
	/* It has not been heard again. */
	if (json_integer_value(json_object_get(answer, "conn_after")) < 0 && r->felt_ms > SILENT_MS) {
		add_note(r, "the guest is silent");
		r->silent = true;
	}
	json_decref(answer);
}

static void ask_verify(struct run *r)
{
	char timeout[32];
	const char *const words[] = { "verify", timeout, NULL };
	struct mt_err err = { 0 };
	json_t *answer;
	const char *text;

	if (!r->c->start->workload->verify)
		return;
	snprintf(timeout, sizeof(timeout), "%d", VERIFY_MS);
	answer = campaign_watch(r->c, words, &err);
	text = json_string_value(json_object_get(answer, "verify"));
	snprintf(r->verified, sizeof(r->verified), "%s", text ? text : "unknown");
	if (strcmp(r->verified, "ok")) {
		mt_autofree char *all = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

		add_note(r, "verification: %.200s", all ? all : err.msg);
	}
	json_decref(answer);
}

static bool completed(const struct run *r)
{
	return r->result.outcome == MT_OUTCOME_COMPLETED;
}

/* A stalled link, or a host with no time to fill it. What is compressed, throttled or mostly zero is slow by right. */
static void note_slow(struct run *r)
{
	const struct mt_sample *f = &r->result.final;
	double ms;

	if (r->how.compression || r->how.auto_converge || isnan(r->prepare_ms) || !mt_sample_has(f, total_ms) ||
	    !mt_sample_has(f, transferred_bytes))
		return;
	ms = f->total_ms - r->prepare_ms;
	if (ms > SLOW_MIN_MS && f->transferred_bytes / ms * 1e3 < SLOW_SHARE * r->how.bandwidth_bytes_per_s)
		add_note(r, "slow: %.1f MiB/s on the whole", f->transferred_bytes / ms * 1e3 / MT_MIB);
}

static void judge(struct run *r)
{
	double busy = campaign_busy_percent(&r->load_before, &r->load_after);

	if (!completed(r) && !(r->result.outcome == MT_OUTCOME_ABORTED && r->capped))
		add_note(r, "%.200s", r->result.detail);
	if (completed(r) && r->capped)
		add_note(r, "completed although cancelled at the cap");
	if (flips(r->plan->method) && completed(r) && !r->result.postcopy)
		add_note(r, "converged before the flip");
	if (busy >= BUSY_PERCENT)
		add_note(r, "host busy");
	if (r->result.actions_failed)
		add_note(r, "%u actions failed", r->result.actions_failed);
	if (r->result.record_error)
		add_note(r, "recording incomplete: %s", strerror(-r->result.record_error));
	note_slow(r);
}

/* --- its line --------------------------------------------------------------------------- */
static void set_uint(json_t *o, const char *key, uint64_t value, int *failed)
{
	if (value)
		mt_json_set(o, key, mt_json_uint(value), failed);
}

static json_t *parameters(const struct campaign_method *m, int *failed)
{
	json_t *o = json_object();

	if (m->kind == CAMPAIGN_POSTCOPY || m->kind == CAMPAIGN_HYBRID)
		mt_json_set(o, "flip_after_passes", mt_json_uint(m->flip_after_passes), failed);
	set_uint(o, "throttle_initial_percent", m->throttle_initial_percent, failed);
	set_uint(o, "throttle_increment_percent", m->throttle_increment_percent, failed);
	set_uint(o, "xbzrle_cache_bytes", m->xbzrle_cache_bytes, failed);
	set_uint(o, "compress_level", m->compress_level, failed);
	set_uint(o, "compress_threads", m->compress_threads, failed);
	set_uint(o, "channels", m->channels, failed);
	return o;
}

static void set_final(json_t *o, const struct run *r, int *failed)
{
	static const struct {
		const char *key;
		enum mt_field field;
		bool if_completed;
	} keys[] = {
		{ "total_ms", MT_FIELD_total_ms },
		{ "downtime_ms", MT_FIELD_downtime_ms, true },
		{ "transferred_bytes", MT_FIELD_transferred_bytes },
		{ "iterations", MT_FIELD_iteration },
		{ "normal_pages", MT_FIELD_normal_pages },
		{ "zero_pages", MT_FIELD_zero_pages },
		{ "throttle_percent", MT_FIELD_throttle_percent },
		{ "postcopy_requests", MT_FIELD_postcopy_requests },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(keys); i++) {
		uint64_t value;

		if ((completed(r) || !keys[i].if_completed) && mt_sample_get(&r->result.final, keys[i].field, &value))
			mt_json_set(o, keys[i].key, mt_json_uint(value), failed);
	}
}

static json_t *describe(const struct run *r)
{
	const struct campaign *c = r->c;
	const struct campaign_guest *g = c->start->guest;
	double busy = campaign_busy_percent(&r->load_before, &r->load_after);
	json_t *o = json_object();
	int failed = 0;

	mt_json_set(o, "run", mt_json_uint(r->plan->number), &failed);
	mt_json_set(o, "where", mt_json_string(c->spec.where), &failed);
	mt_json_set(o, "guest", mt_json_string(g->name), &failed);
	mt_json_set(o, "workload", mt_json_string(c->start->workload->name), &failed);
	mt_json_set(o, "type", mt_json_string(g->type), &failed);
	mt_json_set(o, "logging", mt_json_string(g->logging), &failed);
	mt_json_set(o, "vcpus", mt_json_uint(g->vcpus), &failed);
	mt_json_set(o, "memory_bytes", mt_json_uint(g->memory_bytes), &failed);
	mt_json_set(o, "method", mt_json_string(campaign_kind_name(r->plan->method->kind)), &failed);
	mt_json_set(o, "parameters", parameters(r->plan->method, &failed), &failed);
	mt_json_set(o, "bandwidth_bytes_per_s", mt_json_uint(r->how.bandwidth_bytes_per_s), &failed);
	mt_json_set(o, "link_bytes_per_s", mt_json_uint(c->link_bytes_per_s), &failed);
	mt_json_set(o, "downtime_limit_ms", mt_json_uint(r->plan->limit_ms), &failed);
	mt_json_set(o, "cap_ms", mt_json_uint(r->cap_ms), &failed);
	mt_json_set(o, "profile", mt_json_string(c->profile), &failed);
	mt_json_set(o, "recording", mt_json_string(r->recording), &failed);
	set_uint(o, "resident_bytes", r->resident_bytes, &failed);
	set_uint(o, "nonzero_bytes", r->nonzero_bytes, &failed);
	mt_json_set(o, "start_wall_ms", mt_json_uint(r->start_wall_ms), &failed);
	if (isfinite(r->load_before.load_1min))
		mt_json_set(o, "load_1min", mt_json_double(r->load_before.load_1min), &failed);
	if (isfinite(busy))
		mt_json_set(o, "busy_percent", mt_json_double(round(busy * 10) / 10), &failed);
	mt_json_set(o, "outcome", mt_json_string(mt_outcome_name(r->result.outcome)), &failed);
	mt_json_set(o, "converged", json_boolean(completed(r) && !r->result.postcopy && !r->capped), &failed);
	if (isfinite(r->prepare_ms))
		mt_json_set(o, "prepare_ms", mt_json_double(r->prepare_ms), &failed);
	set_final(o, r, &failed);
	if (isfinite(r->felt_ms))
		mt_json_set(o, "felt_ms", mt_json_double(r->felt_ms), &failed);
	if (*r->verified)
		mt_json_set(o, "verified", mt_json_string(r->verified), &failed);
	if (*r->note)
		mt_json_set(o, "note", mt_json_string(r->note), &failed);
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

int campaign_run(struct campaign *c, const struct campaign_run *run, json_t **line, bool *usable, struct mt_err *err)
{
	struct run r = { .c = c, .plan = run, .from = &c->hosts[c->side], .to = &c->hosts[!c->side], .felt_ms = NAN, .prepare_ms = NAN };
	struct mt_err ignored = { 0 };
	int rc;

	*line = NULL;
	*usable = false;
	choose(&r);
	campaign_memory_look(c->domain.name, c->domain.uuid, c->start->guest->memory_bytes, &r.resident_bytes, &r.nonzero_bytes);
	r.cap_ms = campaign_cap_ms(&c->spec, run, r.nonzero_bytes ? r.nonzero_bytes : c->start->guest->memory_bytes);
	rc = campaign_link(c, campaign_link_bytes_per_s(&c->spec, run), err);
	if (!rc)
		rc = set_limit(&r, err);
	if (!rc)
		rc = open_recorder(&r, err);
	if (rc)
		return rc;
	campaign_load_read(&r.load_before);
	rc = migrate(&r, err);
	campaign_load_read(&r.load_after);
	if (mt_recorder_close(r.recorder, &ignored) && !rc)
		add_note(&r, "recording incomplete: %.120s", ignored.msg);
	if (rc || c->cancel)
		return rc ? rc : mt_err_set(err, -EINTR, "interrupted");
	*usable = !campaign_guest_find(c, &ignored);
	ask_felt(&r);
	if (*usable && !r.silent)
		ask_verify(&r);
	if (r.silent)
		*usable = false;
	if (*r.verified && strcmp(r.verified, "ok"))
		*usable = false;
	judge(&r);
	*line = describe(&r);
	return *line ? 0 : mt_err_set(err, -ENOMEM, "out of memory");
}
