// SPDX-License-Identifier: GPL-2.0-or-later
/* guest.c - one migration of one guest: a thread, its inbox, its recording */
#include "guest.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include <base/json.h>
#include <migtrace/units.h>

#include "log.h"

/* libvirt knows of its job before QEMU begins; this is for a slow answer. */
#define APPEAR_MS	1000
#define APPEAR_POLL_MS	50

struct guest {
	struct mt_conn *calls;		/* of this worker alone, where it could be had */
	struct guest_setup setup;
	char uuid[VIR_UUID_STRING_BUFLEN];
	uint64_t first_t_ns;		/* when we learnt of it */
	bool told;			/* by an event, which is the first in the inbox */
	bool seen_begin;
	pthread_t thread;
	struct mt_inbox *inbox;

	/* The thread's own. */
	struct mt_domain_info info;
	struct config_guest how;
	uint64_t total_ms;		/* of the job when it was picked up */
	struct mt_plan logged;		/* newest that went to the log */
	struct mt_collector *collector;

	pthread_mutex_t lock;		/* of what follows: what `status` shows */
	bool supervised;
	bool resumed;
	char source[384];		/* kernel source, or why there is none */
	struct recording *record;	/* NULL: none, or over */
	char *recording;		/* its path; NULL = none yet */
	bool has_sample;
	struct mt_sample sample;
	struct mt_plan plan;
	enum mt_verdict verdict;
	char note[256];
};

/* --- whether there is a migration ------------------------------------- */

static bool leaving(const struct guest *g)
{
	return __atomic_load_n(g->setup.leave, __ATOMIC_ACQUIRE);
}

static void sleep_ms(uint64_t ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

/*
 * Calls of one migration must not wait behind another's on one connection (see conn.h): each worker
 * makes its own, and shares the manager's only where that fails.
 */
static void open_calls(struct guest *g)
{
	struct mt_err err = { 0 };

	if (mt_conn_open(&g->calls, mt_conn_uri(g->setup.conn), &err)) {
		log_warn("%s: no connection of its own, the common one has to do: %s", g->uuid, err.msg);
		g->calls = g->setup.conn;
	}
}

static void close_calls(struct guest *g)
{
	if (g->calls != g->setup.conn)
		mt_conn_close(g->calls);
}

/* Incoming migrations look the same in QEMU's events; only libvirt tells them apart. */
static bool is_migrating_out(struct guest *g)
{
	uint64_t until_ns = mt_now_ns() + APPEAR_MS * MT_NS_PER_MS;

	do {
		struct mt_err err = { 0 };
		struct mt_sample sample;
		int ret = mt_domain_info(g->calls, g->uuid, &g->info, &err);

		if (ret) {
			log_debug("%s: %s", g->uuid, err.msg);
			return false;
		}
		if (g->info.migrating_in) {
			log_debug("%s: migrates to this host; its source supervises that", g->info.name);
			return false;
		}
		if (g->info.migrating_out) {
			ret = mt_domain_sample(g->calls, g->uuid, &sample, NULL);
			if (!ret && mt_sample_has(&sample, total_ms))
				g->total_ms = sample.total_ms;
			return true;
		}
		sleep_ms(APPEAR_POLL_MS);
	} while (!leaving(g) && mt_now_ns() < until_ns);
	return false;
}

/* --- its recording ---------------------------------------------------- */

/* Whatever goes wrong here, the migration is supervised all the same. */
static struct recording *begin_recording(struct guest *g)
{
	const struct mt_versions *v = g->setup.versions;
	uint64_t now_ns = mt_now_ns(), wall_ms = mt_wall_us() / 1000;
	const struct mt_record_header h = {
		.domain = g->info.name,
		.uuid = g->uuid,
		.domain_type = g->info.type,
		.source = mt_conn_uri(g->calls),
		.tool = "migtraced " MT_VERSION,
		.qemu = v->qemu,
		.libvirt = v->libvirt,
		.kernel = *v->kernel ? v->kernel : NULL,
		.policy = g->how.policy->name,
		.mode = g->how.mode == CONFIG_ACT ? "supervise" : "observe",
		.start_t_ns = g->first_t_ns,
		.start_wall_ms = wall_ms - (now_ns - g->first_t_ns) / MT_NS_PER_MS,
		.limits = g->how.limits,
	};

	return recording_begin(&(struct recording_setup){
		.config = g->setup.config,
		.leftovers = g->setup.leftovers,
		.header = &h,
		.job_wall_ms = wall_ms - g->total_ms,
	});
}

/* With the lock held. A slow disk has none for a while. */
static const char *recording_of(struct guest *g)
{
	if (!g->recording)
		g->recording = recording_path(g->record, &g->resumed);
	return g->recording;
}

/* --- what is seen meanwhile ------------------------------------------- */

/* A policy may say the same at each step; the log says it once. */
static void log_plan(struct guest *g, const struct mt_progress *p)
{
	const struct mt_plan *plan = p->plan;
	bool dry = g->how.mode == CONFIG_OBSERVE;

	if (plan->action == MT_ACTION_CONTINUE)
		return;
	if (plan->action == g->logged.action && plan->downtime_limit_ms == g->logged.downtime_limit_ms &&
	    plan->bandwidth_bytes_per_s == g->logged.bandwidth_bytes_per_s &&
	    plan->throttle_percent == g->logged.throttle_percent)
		return;
	g->logged = *plan;
	log_info("%s: iteration %llu: %s%s: %s", p->domain, (unsigned long long)p->sample->iteration,
		 dry ? "would " : "", mt_action_name(plan->action), plan->reason);
}

static void on_progress(const struct mt_progress *p, void *opaque)
{
	struct guest *g = opaque;

	pthread_mutex_lock(&g->lock);
	if (p->sample && p->sample->valid) {
		g->sample = *p->sample;
		g->has_sample = true;
	}
	if (p->plan && (*p->plan->reason || p->plan->action != MT_ACTION_CONTINUE))
		g->plan = *p->plan;
	g->verdict = p->engine->prediction.verdict;
	if (p->note)
		snprintf(g->note, sizeof(g->note), "%s", p->note);
	pthread_mutex_unlock(&g->lock);

	if (p->plan)
		log_plan(g, p);
	if (p->note)
		log_info("%s: %s", p->domain, p->note);
}

static json_t *field_json(const struct mt_sample *s, bool known, enum mt_field field)
{
	uint64_t value;

	return known && mt_sample_get(s, field, &value) ? mt_json_uint(value) : json_null();
}

static json_t *text_json(const char *text)
{
	return mt_json_string(text && *text ? text : NULL);
}

json_t *guest_status(struct guest *g)
{
	json_t *o = NULL;
	int failed = 0;

	pthread_mutex_lock(&g->lock);
	if (g->supervised)
		o = json_object();
	if (o) {
		mt_json_set(o, "domain", mt_json_string(g->info.name), &failed);
		mt_json_set(o, "uuid", mt_json_string(g->uuid), &failed);
		mt_json_set(o, "policy", mt_json_string(g->how.policy->name), &failed);
		mt_json_set(o, "mode", mt_json_string(config_mode_name(g->how.mode)), &failed);
		mt_json_set(o, "status", mt_json_string(g->has_sample ? mt_status_name(g->sample.status) : NULL), &failed);
		mt_json_set(o, "iteration", field_json(&g->sample, g->has_sample, MT_FIELD_iteration), &failed);
		mt_json_set(o, "total_ms", field_json(&g->sample, g->has_sample, MT_FIELD_total_ms), &failed);
		mt_json_set(o, "remaining_bytes", field_json(&g->sample, g->has_sample, MT_FIELD_remaining_bytes), &failed);
		mt_json_set(o, "bandwidth_bytes_per_s",
			    field_json(&g->sample, g->has_sample, MT_FIELD_bandwidth_bytes_per_s), &failed);
		mt_json_set(o, "dirty_pages_per_s",
			    field_json(&g->sample, g->has_sample, MT_FIELD_dirty_pages_per_s), &failed);
		mt_json_set(o, "verdict", mt_json_string(mt_verdict_name(g->verdict)), &failed);
		mt_json_set(o, "action", mt_json_string(mt_action_name(g->plan.action)), &failed);
		mt_json_set(o, "reason", text_json(g->plan.reason), &failed);
		mt_json_set(o, "note", text_json(g->note), &failed);
		mt_json_set(o, "recording", mt_json_string(recording_of(g)), &failed);
		mt_json_set(o, "resumed", json_boolean(g->resumed), &failed);
		mt_json_set(o, "kernel_source", text_json(g->source), &failed);
	}
	pthread_mutex_unlock(&g->lock);
	return o;
}

static json_t *finished_json(struct guest *g, const struct mt_supervise_result *r)
{
	json_t *o = json_object();
	int failed = 0;

	if (!o)
		return NULL;
	mt_json_set(o, "domain", mt_json_string(g->info.name), &failed);
	mt_json_set(o, "uuid", mt_json_string(g->uuid), &failed);
	mt_json_set(o, "policy", mt_json_string(g->how.policy->name), &failed);
	mt_json_set(o, "mode", mt_json_string(config_mode_name(g->how.mode)), &failed);
	mt_json_set(o, "outcome", mt_json_string(mt_outcome_name(r->outcome)), &failed);
	mt_json_set(o, "detail", text_json(r->detail), &failed);
	mt_json_set(o, "total_ms", field_json(&r->final, true, MT_FIELD_total_ms), &failed);
	mt_json_set(o, "downtime_ms", field_json(&r->final, true, MT_FIELD_downtime_ms), &failed);
	mt_json_set(o, "transferred_bytes", field_json(&r->final, true, MT_FIELD_transferred_bytes), &failed);
	mt_json_set(o, "actions_done", mt_json_uint(r->actions_done), &failed);
	mt_json_set(o, "actions_failed", mt_json_uint(r->actions_failed), &failed);
	mt_json_set(o, "recording", mt_json_string(g->recording), &failed);
	mt_json_set(o, "resumed", json_boolean(g->resumed), &failed);
	mt_json_set(o, "ended_wall_ms", mt_json_uint(mt_wall_us() / 1000), &failed);
	return o;
}

static void log_outcome(const struct guest *g, const struct mt_supervise_result *r)
{
	int priority = 6;

	switch (r->outcome) {
	case MT_OUTCOME_PAUSED:
	case MT_OUTCOME_LOST:
		priority = 3;
		break;
	case MT_OUTCOME_COMPLETED:
	case MT_OUTCOME_COMPLETED_UNVERIFIED:
		break;
	default:
		priority = 4;
	}
	log_write(priority, "%s: migration %s: %s", g->info.name, mt_outcome_name(r->outcome), r->detail);
}

/* --- the thread ------------------------------------------------------- */

/* What made us look at this migration must not make somebody look at it again. */
static void drop_unread(struct guest *g, unsigned n)
{
	struct mt_event ev;

	while (n-- && !guest_unread(g, &ev))
		;
}

static void log_begin(const struct guest *g)
{
	char age[MT_UNIT_STR];

	log_info("%s: migration %s%s%s: mode %s, policy %s, recording %s%s; kernel source %s", g->info.name,
		 g->seen_begin ? "begins" : "is under way since ",
		 g->seen_begin ? "" : mt_format_duration_ms(age, g->total_ms),
		 g->seen_begin ? "" : ", picked up",
		 config_mode_name(g->how.mode), g->how.policy->name,
		 g->recording ? g->recording : "none", g->resumed ? " (goes on)" : "", g->source);
	if (g->info.name_cut)
		log_warn("%s: only observed: its name is longer than %d bytes, and no rule can be matched with it",
			 g->info.name, MT_DOMAIN_NAME_MAX);
	if (mt_versions_may_lose_memory(g->setup.versions, g->info.type))
		log_warn("%s: runs under TCG: QEMU before 9.0 loses memory of such a guest in pre-copy; verify it afterwards",
			 g->info.name);
}

/* Whatever comes of it, the migration is supervised. */
static void open_collector(struct guest *g)
{
	struct mt_err err = { 0 };
	char source[sizeof(g->source)];

	if (mt_collector_open(&g->collector, g->calls, &g->info, NULL, &err))
		snprintf(source, sizeof(source), "none: %.360s", err.msg);
	else
		snprintf(source, sizeof(source), "%s", mt_collector_tell(g->collector));
	pthread_mutex_lock(&g->lock);
	memcpy(g->source, source, sizeof(source));
	pthread_mutex_unlock(&g->lock);
}

/* Who asks for status from now on has its path, if it has one. */
static void recording_over(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	recording_of(g);
	g->record = NULL;
	pthread_mutex_unlock(&g->lock);
}

static json_t *supervise(struct guest *g, struct recording *record)
{
	const struct mt_supervise_options options = {
		.policy = g->how.policy,
		.actuators = g->how.mode == CONFIG_ACT ? &mt_actuators_libvirt : &mt_actuators_dry,
		.limits = g->how.limits,
		.destinations = (const char *const *)g->setup.config->destinations.items,
		.recorder = recording_recorder(record),
		.collector = g->collector,
		.poll_ms = g->how.poll_ms,
		.leave = g->setup.leave,
		.progress = on_progress,
		.opaque = g,
	};
	struct mt_supervise_result result = { 0 };
	struct mt_err err = { 0 };
	int ret = mt_supervise(g->calls, g->inbox, g->uuid, &options, &result, &err);

	mt_collector_close(g->collector);
	if (ret)
		drop_unread(g, UINT_MAX);
	g->setup.ended(g, g->setup.opaque);
	if (!ret && result.left) {
		recording_over(g);
		recording_leave(record);
		log_info("%s: let go; the migration goes on%s", g->info.name,
			 record ? ", its recording waits for the next migtraced" : "");
		return NULL;
	}
	if (ret) {
		const struct mt_record_outcome o = {
			.t_ns = mt_now_ns(), .outcome = MT_OUTCOME_UNKNOWN, .detail = result.detail,
		};

		result.outcome = MT_OUTCOME_UNKNOWN;
		snprintf(result.detail, sizeof(result.detail), "%s", err.msg);
		mt_recorder_outcome(recording_recorder(record), &o);
	}
	log_outcome(g, &result);
	recording_over(g);
	recording_end(record, result.record_error);
	return finished_json(g, &result);
}

static void *guest_main(void *arg)
{
	struct guest *g = arg;
	struct recording *record;
	json_t *finished = NULL;
	bool migrates;

	open_calls(g);
	migrates = !leaving(g) && is_migrating_out(g);
	if (!migrates || leaving(g)) {
		drop_unread(g, g->told);
		g->setup.ready(g, g->setup.opaque);
		g->setup.ended(g, g->setup.opaque);
	} else {
		config_for_domain(g->setup.config, g->info.name_cut ? NULL : g->info.name, g->uuid, &g->how);
		record = begin_recording(g);
		pthread_mutex_lock(&g->lock);
		g->record = record;
		recording_of(g);
		pthread_mutex_unlock(&g->lock);
		open_collector(g);
		g->setup.ready(g, g->setup.opaque);
		pthread_mutex_lock(&g->lock);
		g->supervised = true;
		pthread_mutex_unlock(&g->lock);
		log_begin(g);
		finished = supervise(g, record);
	}
	close_calls(g);
	g->setup.done(g, finished, g->setup.opaque);
	return NULL;
}

struct guest *guest_new(const struct guest_setup *setup)
{
	struct guest *g = calloc(1, sizeof(*g));
	int ret;

	if (!g)
		goto no_memory;
	g->setup = *setup;
	g->inbox = mt_inbox_new();
	if (!g->inbox)
		goto no_memory;
	pthread_mutex_init(&g->lock, NULL);
	snprintf(g->uuid, sizeof(g->uuid), "%s", setup->uuid);
	g->setup.uuid = g->uuid;
	g->setup.event = NULL;		/* the caller's, and gone when the thread runs */
	g->told = setup->event;
	g->seen_begin = setup->event && setup->event->kind == MT_EVENT_MIGRATION;
	g->first_t_ns = setup->event ? setup->event->t_ns : mt_now_ns();
	config_get(setup->config);
	if (setup->event)
		mt_inbox_post(setup->event, g->inbox);
	ret = pthread_create(&g->thread, NULL, guest_main, g);
	if (ret) {
		log_err("%s: not supervised: no thread: %s", setup->uuid, strerror(ret));
		config_put(setup->config);
		pthread_mutex_destroy(&g->lock);
		mt_inbox_free(g->inbox);
		free(g);
		return NULL;
	}
	return g;
no_memory:
	log_err("%s: not supervised: out of memory", setup->uuid);
	free(g);
	return NULL;
}

void guest_free(struct guest *g)
{
	pthread_join(g->thread, NULL);
	config_put(g->setup.config);
	mt_inbox_free(g->inbox);
	pthread_mutex_destroy(&g->lock);
	free(g->recording);
	free(g);
}

const char *guest_uuid(const struct guest *g)
{
	return g->uuid;
}

void guest_post(struct guest *g, const struct mt_event *ev)
{
	mt_inbox_post(ev, g->inbox);
}

int guest_unread(struct guest *g, struct mt_event *ev)
{
	return mt_inbox_take(g->inbox, ev, 0);
}
