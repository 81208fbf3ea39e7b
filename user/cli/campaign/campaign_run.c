// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_run.c - one migration of a campaign, from the link's rate to its line in runs.jsonl
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/units.h"
#include "cli/sources.h"
#include "hypervisor/versions.h"
#include "watch/guest_header.h"
#include "campaign.h"

#define POLL_MS			500
#define POSTCOPY_POLL_MS	100	/* it leaves no figures behind: the last look has to do */
#define CALL_RETURNS_MS		10000
#define VERIFY_MS		60000
/* What is worth a note. Inferred. */
#define BUSY_PERCENT		95
#define SLOW_SHARE		0.6	/* of the bandwidth asked for, on the whole */
#define SLOW_MIN_MS		3000	/* shorter ones are mostly beginning and end */
/* a guest that beats every few milliseconds, and is silent so long after a migration, has died */
#define SILENT_MS		2000

struct run {
	struct campaign *c;
	const struct campaign_run *plan;
	struct campaign_host *from, *to;
	struct mt_migrate_options how;
	struct mt_limits limits;
	struct mt_recorder *recorder;
	struct mt_supervise_result supervised;
	struct campaign_result *result;
	uint64_t start_ns;
	uint64_t active_ns;		/* QEMU began to send; 0: not yet */
	volatile int cancel;
	bool capped, silent;
};

__attribute__((format(printf, 2, 3)))
static void add_note(struct run *r, const char *fmt, ...)
{
	char *note = r->result->note;
	size_t used = strlen(note);
	va_list ap;

	if (used)
		used += (size_t)snprintf(note + used, sizeof(r->result->note) - used, "; ");
	if (used >= sizeof(r->result->note))
		return;
	va_start(ap, fmt);
	vsnprintf(note + used, sizeof(r->result->note) - used, fmt, ap);
	va_end(ap);
}

/* --- before ------------------------------------------------------------------ */
static bool flips(const struct campaign_method *m)
{
	return mt_method_at(m->kind)->postcopy;
}

static void choose(struct run *r)
{
	const struct campaign_method *m = r->plan->method;
	const struct mt_method_row *row = mt_method_at(m->kind);
	uint64_t bandwidth = mt_bandwidth_mib_per_s(r->plan->bandwidth_bytes_per_s) * MT_MIB;

	r->how = (struct mt_migrate_options){
		.destination_uri = r->to->peer,
		.migrate_uri = r->to->migrate_uri,
		.bandwidth_bytes_per_s = bandwidth,
		.postcopy_bandwidth_bytes_per_s = flips(m) ? bandwidth : 0,
		.postcopy = flips(m),
		.parallel = row->channels ? (unsigned)m->channels : 0,
		.auto_converge = row->auto_converge,
		.throttle_initial_percent = (unsigned)m->throttle_initial_percent,
		.throttle_increment_percent = (unsigned)m->throttle_increment_percent,
		.compression = row->xbzrle ? MT_COMPRESSION_XBZRLE :
			       row->compression ? MT_COMPRESSION_MT : MT_COMPRESSION_NONE,
		.xbzrle_cache_bytes = m->xbzrle_cache_bytes,
		.compress_level = (unsigned)m->compress_level,
		.compress_threads = (unsigned)m->compress_threads,
		.unsafe = true,
	};
	r->limits = (struct mt_limits)MT_LIMITS_UNSET;
	r->limits.max_downtime_ms = r->limits.qemu_limit_ms = r->plan->limit_ms;
	*mt_params_value(&r->limits.params, "passes") =
		m->kind == MT_METHOD_POSTCOPY ? 0 :
		m->flip_after_passes	      ? m->flip_after_passes :
						MT_LIMIT_UNSET;
	r->limits.postcopy_allowed = flips(m);
	r->limits.auto_converge = row->auto_converge;
}

static const char *policy_name(const struct run *r)
{
	return flips(r->plan->method) ? "passes" : "qemu";
}

static int open_recorder(struct run *r, struct mt_err *err)
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
static int set_limit(struct run *r, struct mt_err *err)
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
	struct run *r = opaque;

	if (!r->active_ns && p->sample->status == MT_STATUS_ACTIVE) {
		r->active_ns = mt_now_ns();
		if (mt_sample_has(p->sample, total_ms))
			r->result->prepare_ms = p->sample->total_ms;
	}
	/* From when QEMU began to send: what comes before depends on the host alone. */
	if (!r->cancel && r->active_ns && !mt_status_is_postcopy(p->sample->status) &&
	    (mt_now_ns() - r->active_ns) / MT_NS_PER_MS >= r->result->cap_ms)
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
	if (!mt_source_is_libvirt(source) && strcmp(c->domain.type, "kvm") == 0 &&
	    mt_collector_open(&collector, r->from->conn, &c->domain, source, &ignored))
		add_note(r, "no kernel source: %.120s", ignored.msg);
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
				.poll_ms = flips(r->plan->method) ? POSTCOPY_POLL_MS : POLL_MS,
				.ours = true,
				.cancel = &r->cancel,
				.progress = on_progress,
				.opaque = r,
			},
			&r->supervised, err);
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
	struct campaign_answer answer;
	struct mt_err err = { 0 };

	snprintf(from, sizeof(from), "%" PRIu64, r->start_ns);
	if (campaign_watch(r->c, words, &answer, &err)) {
		add_note(r, "felt stall unknown: %.120s", err.msg);
		return;
	}
	r->result->felt_ms = answer.longest_gap_ms;
	/* It has not been heard again. */
	r->silent = answer.lasts && answer.longest_gap_ms > SILENT_MS;
	if (r->silent)
		add_note(r, "the guest is silent");
}

static void ask_verify(struct run *r)
{
	char timeout[32];
	const char *const words[] = { "verify", timeout, NULL };
	struct campaign_answer answer;
	struct mt_err err = { 0 };

	if (!r->c->start->workload->verify)
		return;
	snprintf(timeout, sizeof(timeout), "%d", VERIFY_MS);
	if (campaign_watch(r->c, words, &answer, &err)) {
		snprintf(answer.verify, sizeof(answer.verify), "unknown");
		snprintf(answer.text, sizeof(answer.text), "%.255s", err.msg);
	}
	memcpy(r->result->verified, answer.verify, sizeof(r->result->verified));
	if (strcmp(answer.verify, "ok"))
		add_note(r, "verification: %.200s", answer.text);
}

static bool completed(const struct run *r)
{
	return r->supervised.outcome == MT_OUTCOME_COMPLETED;
}

/*
 * A stalled link, or a host with no time to fill it. What is compressed, throttled or mostly zero
 * is slow by right.
 */
static void note_slow(struct run *r)
{
	const struct mt_sample *f = &r->supervised.final;
	double ms;

	if (r->how.compression || r->how.auto_converge || isnan(r->result->prepare_ms) ||
	    !mt_sample_has(f, total_ms) || !mt_sample_has(f, transferred_bytes))
		return;
	ms = f->total_ms - r->result->prepare_ms;
	if (ms > SLOW_MIN_MS &&
	    f->transferred_bytes / ms * 1e3 < SLOW_SHARE * r->how.bandwidth_bytes_per_s)
		add_note(r, "slow: %.1f MiB/s on the whole",
			 f->transferred_bytes / ms * 1e3 / MT_MIB);
}

static void judge(struct run *r)
{
	struct campaign_result *o = r->result;

	o->outcome = r->supervised.outcome;
	o->final = r->supervised.final;
	o->converged = completed(r) && !r->supervised.postcopy && !r->capped;
	if (!completed(r) && !(r->supervised.outcome == MT_OUTCOME_ABORTED && r->capped))
		add_note(r, "%.200s", r->supervised.detail);
	if (completed(r) && r->capped)
		add_note(r, "completed although cancelled at the cap");
	if (flips(r->plan->method) && completed(r) && !r->supervised.postcopy)
		add_note(r, "converged before the flip");
	if (o->busy_percent >= BUSY_PERCENT)
		add_note(r, "host busy");
	if (r->supervised.actions_failed)
		add_note(r, "%u actions failed", r->supervised.actions_failed);
	if (r->supervised.record_error)
		add_note(r, "recording incomplete: %s", strerror(-r->supervised.record_error));
	note_slow(r);
}

static int prepare(struct run *r, struct mt_err *err)
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
	return rc ? rc : open_recorder(r, err);
}

static bool look_after(struct run *r)
{
	struct mt_err ignored = { 0 };
	bool found = !campaign_guest_find(r->c, &ignored);

	ask_felt(r);
	if (found && !r->silent)
		ask_verify(r);
	judge(r);
	return found && !r->silent && (!*r->result->verified || !strcmp(r->result->verified, "ok"));
}

int campaign_run(struct campaign *c, const struct campaign_run *run, struct campaign_result *result,
		 bool *usable, struct mt_err *err)
{
	struct run r = { .c = c,
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
		.prepare_ms = NAN, .felt_ms = NAN,
	};
	rc = prepare(&r, err);
	if (rc)
		return rc;
	campaign_load_read(&before);
	rc = migrate(&r, err);
	campaign_load_read(&after);
	result->load_1min = before.load_1min;
	result->busy_percent = campaign_busy_percent(&before, &after);
	if (mt_recorder_close(r.recorder, &ignored) && !rc)
		add_note(&r, "recording incomplete: %.120s", ignored.msg);
	if (rc || c->cancel)
		return rc ? rc : mt_err_set(err, -EINTR, "interrupted");
	*usable = look_after(&r);
	return 0;
}
