// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guest_migration.c - one migration of a guest: by which rules, recorded, seen through, and what
 * came of it
 *
 * On the guest's thread, once it is known that it migrates.
 */
#include <limits.h>
#include <string.h>

#include "base/units.h"
#include "watch/guest_header.h"
#include "guest_int.h"
#include "health.h"
#include "log.h"
#include "reins.h"

/* --- its recording ---------------------------------------------------- */

/* Whatever goes wrong here, the migration is supervised all the same. */
static struct recording *begin_recording(struct guest *g)
{
	struct mt_record_header h = mt_guest_header(&g->info, g->setup.versions,
						    mt_conn_uri(g->calls), "migtraced " MT_VERSION);
	uint64_t wall_ms = h.start_wall_ms;

	h.uuid = g->uuid;
	h.policy = g->how.policy->name;
	h.mode = g->how.mode == MT_MODE_ACT ? "supervise" : "observe";
	h.start_wall_ms = wall_ms - (h.start_t_ns - g->first_t_ns) / MT_NS_PER_MS;
	h.start_t_ns = g->first_t_ns;
	h.limits = g->how.limits;
	return recording_begin(&(struct recording_setup){
		.config = g->config,
		.leftovers = g->setup.leftovers,
		.header = &h,
		.job_wall_ms = wall_ms - g->total_ms,
	});
}

const char *guest_recording(struct guest *g)
{
	if (!g->recording)
		g->recording = recording_path(g->record, &g->resumed);
	return g->recording;
}

/* --- its outcome ------------------------------------------------------ */

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
	log_write(priority, "%s: migration %s: %s", g->info.name, mt_outcome_name(r->outcome),
		  r->detail);
}

/* --- seen through ----------------------------------------------------- */

/* What made us look at this migration must not make somebody look at it again. */
void guest_drop_unread(struct guest *g, unsigned n)
{
	struct mt_event ev;

	while (n-- && !guest_unread(g, &ev))
		;
}

static void log_begin(const struct guest *g)
{
	char age[MT_UNIT_STR], learned[512];

	log_info("%s: migration %s%s%s: mode %s, policy %s, recording %s%s; kernel source %s", g->info.name,
		 g->seen_begin ? "begins" : "is under way since ",
		 g->seen_begin ? "" : mt_format_duration_ms(age, g->total_ms),
		 g->seen_begin ? "" : ", picked up",
		 mt_mode_name(g->how.mode), g->how.policy->name,
		 g->recording ? g->recording : "none", g->resumed ? " (goes on)" : "", g->source);
	if (g->experience) {
		mt_experience_describe(g->experience, mt_wall_us() / 1000, learned,
				       sizeof(learned));
		log_info("%s: %s, %llu ms of a pause are not memory", g->info.name, learned,
			 (unsigned long long)g->how.limits.fixed_ms);
	}
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

	health_call("its source of dirty pages");
	if (mt_collector_open(&g->collector, g->calls, &g->info, NULL, &err))
		snprintf(source, sizeof(source), "none: %.360s", err.msg);
	else
		snprintf(source, sizeof(source), "%s", mt_collector_describe(g->collector));
	pthread_mutex_lock(&g->lock);
	memcpy(g->source, source, sizeof(source));
	pthread_mutex_unlock(&g->lock);
}

/* Post-copy is waited for at the destination: this is the source. */
static void open_workload(struct guest *g)
{
	struct mt_err err = { 0 };

	if (!g->config->probes || !g->record)
		return;
	health_call("its probes");
	if (mt_domain_workload_open(g->calls, &g->info,
				    1u << MT_PROBE_VCPU | 1u << MT_PROBE_NET | 1u << MT_PROBE_DISK,
				    &g->workload, &err))
		log_info("%s: no probe %s", g->info.name, err.msg);
	else if (*mt_workload_lacks(g->workload))
		log_info("%s: no probe %s", g->info.name, mt_workload_lacks(g->workload));
}

/* Who asks for status from now on has its path, if it has one. */
static void recording_over(struct guest *g)
{
	pthread_mutex_lock(&g->lock);
	guest_recording(g);
	g->record = NULL;
	pthread_mutex_unlock(&g->lock);
}

static int see_through(struct guest *g, struct recording *record,
		       struct mt_supervise_result *result, struct mt_err *err)
{
	/* Without a directory of hands nobody could know whose hand is on it. */
	bool acts = g->how.mode == MT_MODE_ACT && g->setup.hands;
	const struct mt_supervise_options options = {
		.policy = g->how.policy,
		.actuators = acts ? &mt_actuators_libvirt : &mt_actuators_dry,
		.limits = g->how.limits,
		.destinations = (const char *const *)g->config->destinations.items,
		.recorder = recording_recorder(record),
		.collector = g->collector,
		.probes = g->workload,
		.poll_ms = g->how.poll_ms,
		.guard = acts ? g->setup.guard : NULL,
		.hands = g->setup.hands,
		.who = REINS_WHO,
		.age_limit_ms = g->how.decision_max_age_ms,
		.others = g->how.others,
		.observe = &g->observe,
		.leave = g->setup.leave,
		.limits_now = guest_limits_now,
		.limits_opaque = g,
		.progress = guest_on_progress,
		.opaque = g,
	};

	/* What it waits for, and for how long, is seen by what it tells: guest_stuck_json(). */
	health_waiting("its migration");
	return mt_supervise(g->calls, g->inbox, g->uuid, &options, result, err);
}

static json_t *supervise(struct guest *g, struct recording *record)
{
	struct mt_supervise_result result = { 0 };
	struct mt_err err = { 0 };
	int ret = see_through(g, record, &result, &err);

	health_call("its source of dirty pages, to close it");
	mt_collector_close(g->collector);
	mt_workload_close(g->workload);
	if (ret)
		guest_drop_unread(g, UINT_MAX);
	g->setup.ended(g, g->setup.opaque);
	recording_over(g);
	health_call("its recording, to close it");
	if (!ret && result.left) {
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
	recording_end(record, result.record_error);
	knowledge_learn(g->setup.knowledge);
	historian_put(g->setup.historian, g->recording);
	return guest_finished_json(g, &result);
}

json_t *guest_migration(struct guest *g)
{
	struct recording *record;

	guest_take_rules(g);
	health_call("its recording, to begin it");
	record = begin_recording(g);
	pthread_mutex_lock(&g->lock);
	g->record = record;
	guest_recording(g);
	pthread_mutex_unlock(&g->lock);
	open_collector(g);
	open_workload(g);
	g->setup.ready(g, g->setup.opaque);
	pthread_mutex_lock(&g->lock);
	g->supervised = true;
	g->answered_ns = mt_now_ns();
	pthread_mutex_unlock(&g->lock);
	log_begin(g);
	return supervise(g, record);
}
