// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guest.c - guests: what QEMU and libvirt do with one, and its migration
 *
 * A migration is played by mt_sim_run() in a thread of its own, whose hook sleeps until each sample
 * is due and carries out what was asked meanwhile. What happens after the last sample, when QEMU is
 * deaf, is slept for. Everything under hv's lock, but for the simulator itself, which knows nothing
 * of it.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "steer/metadata.h"
#include "faults.h"
#include "trace.h"
#include "truth.h"

#define LOOK_MS		40	/* so soon does QEMU heed what was asked */
#define GIVEN_UP_MS	1e7

struct play {
	struct fake_guest *g;
	uint64_t begin_ns, late_ns;	/* late: the link stood still, QEMU was stopped */
	bool restarted;
};

/* --- events ------------------------------------------------------------------------ */
static struct mt_event event(const struct fake_guest *g, enum mt_event_kind kind)
{
	struct mt_event ev = { .kind = kind };

	strcpy(ev.uuid, g->uuid);
	memcpy(ev.domain, g->name, sizeof(ev.domain));
	return ev;
}

static void post_lifecycle(struct fake_guest *g, int host, int type, int detail)
{
	struct mt_event ev = event(g, MT_EVENT_LIFECYCLE);

	ev.lifecycle = type;
	ev.detail = detail;
	fake_post(host, &ev, 100 + fake_random(900));
}

/* QEMU's MIGRATION event. */
static void set_status(struct fake_guest *g, const char *status)
{
	struct mt_event ev = event(g, MT_EVENT_MIGRATION);

	fake_trace("%s: migration %s", g->name, status);
	snprintf(g->job.status, sizeof(g->job.status), "%s", status);
	ev.status = mt_status_of(status);
	snprintf(ev.text, sizeof(ev.text), "%s", status);
	ev.qemu_wall_us = mt_wall_us();
	fake_post(FAKE_SOURCE, &ev, 200 + fake_random(800));
}

static void post_iteration(struct fake_guest *g, uint64_t iteration)
{
	struct mt_event ev = event(g, MT_EVENT_ITERATION);

	ev.iteration = iteration;
	ev.qemu_wall_us = mt_wall_us();
	fake_post(FAKE_SOURCE, &ev, 200 + fake_random(1000));
}

static void set_side(struct fake_guest *g, int host, bool here, int state, int reason)
{
	g->side[host] = (struct fake_side){ .here = here, .state = state, .reason = reason };
	fake_trace("%s: at the %s %s (%d)", g->name, host == FAKE_SOURCE ? "source" : "destination",
		   here ? mt_domain_state_name(state) : "gone", reason);
	truth_state(g);
	fake_changed(g);
}

bool fake_guest_runs(const struct fake_guest *g)
{
	for (int host = 0; host < 2; host++)
		if (g->side[host].here && g->side[host].state == VIR_DOMAIN_RUNNING)
			return true;
	return false;
}

const char *fake_guest_told(const struct fake_guest *g, char *buf, size_t size)
{
	snprintf(buf, size, "%s: source %s (%d), destination %s (%d), job %s%s%s", g->name,
		 g->side[0].here ? mt_domain_state_name(g->side[0].state) : "gone",
		 g->side[0].reason,
		 g->side[1].here ? mt_domain_state_name(g->side[1].state) : "gone",
		 g->side[1].reason, g->job.active ? "active, " : "none, ", g->job.status,
		 truth_is_ours(g) ? ", stopped by us" : "");
	return buf;
}

/* --- playing ------------------------------------------------------------------------- */
static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Until when nothing moves, if nothing does. */
static uint64_t stands_until(const struct fake_guest *g, uint64_t now_ns)
{
	uint64_t until_ns = 0;

	if (g->hung_until_ns > now_ns)
		until_ns = g->hung_until_ns;
	if (g->stall_from_ns <= now_ns && g->stall_until_ns > now_ns)
		until_ns = later(until_ns, g->stall_until_ns);
	return until_ns;
}

static void pace(struct play *p, uint64_t t_ns, bool heeds)
{
	struct fake_guest *g = p->g;

	for (;;) {
		uint64_t now_ns = mt_now_ns(), due_ns = p->begin_ns + p->late_ns + t_ns, until_ns;

		if (fake_hv.over || (heeds && g->asked.abort && g->hung_until_ns <= now_ns))
			return;
		/* Without its libvirtd nothing is switched over. */
		if (heeds && !g->job.flipped && !fake_hv.host[FAKE_SOURCE].up && !g->asked.abort) {
			fake_wait(g, MT_FOR_EVER_NS);
			p->late_ns += mt_now_ns() - now_ns;
			continue;
		}
		until_ns = stands_until(g, now_ns);
		if (until_ns) {
			fake_wait(g, until_ns);
			p->late_ns += mt_now_ns() - now_ns;
			continue;
		}
		if (now_ns >= due_ns)
			return;
		if (g->stall_from_ns > now_ns && g->stall_from_ns < due_ns)
			due_ns = g->stall_from_ns;
		fake_wait(g, due_ns);
	}
}

/* One at a time: the simulator takes one plan a sample. */
static void carry_out(struct fake_guest *g, struct mt_plan *plan)
{
	struct fake_asked *a = &g->asked;

	if (a->abort || fake_hv.over) {
		plan->action = MT_ACTION_ABORT;
	} else if (a->stop) {
		plan->action = MT_ACTION_STOP;
		a->stop = false;
	} else if (a->flip) {
		plan->action = MT_ACTION_FLIP;
		a->flip = false;
	} else if (a->limit) {
		plan->action = MT_ACTION_SET_DOWNTIME;
		plan->downtime_limit_ms = a->limit_ms;
		a->limit = false;
	} else if (a->speed) {
		plan->action = MT_ACTION_SET_BANDWIDTH;
		plan->bandwidth_bytes_per_s = a->speed_bytes_per_s;
		a->speed = false;
	} else if (a->throttle) {
		plan->action = MT_ACTION_THROTTLE;
		plan->throttle_percent = a->throttle_percent;
		a->throttle = false;
	}
}

static void flipped(struct fake_guest *g)
{
	if (g->job.flipped)
		return;
	g->job.flipped = true;
	set_side(g, FAKE_SOURCE, true, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY);
	set_side(g, FAKE_DESTINATION, true, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY);
	set_status(g, "postcopy-active");
	post_lifecycle(g, FAKE_SOURCE, VIR_DOMAIN_EVENT_SUSPENDED,
		       VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY);
}

static void on_sample(void *opaque, const struct mt_sample *m, struct mt_plan *plan)
{
	struct play *p = opaque;
	struct fake_guest *g = p->g;

	fake_lock();
	pace(p, m->t_ns, true);
	g->cpu_ns += LOOK_MS * MT_NS_PER_MS / 2;
	g->job.sample = *m;
	g->job.sample.boundary = false;
	g->job.sample.sync_t_ns = 0;
	mt_sample_set(&g->job.sample, total_ms, (mt_now_ns() - p->begin_ns) / MT_NS_PER_MS);
	if (m->status == MT_STATUS_POSTCOPY)
		flipped(g);
	if (!strcmp(g->job.status, "setup"))
		set_status(g, "active");
	if (m->boundary)
		post_iteration(g, m->iteration);
	carry_out(g, plan);
	fake_release();
}

/* --- the end --------------------------------------------------------------------------- */
static void let_pass(struct fake_guest *g, uint64_t ms)
{
	uint64_t until_ns = mt_now_ns() + ms * MT_NS_PER_MS;

	while (!fake_hv.over && mt_now_ns() < until_ns)
		fake_wait(g, until_ns);
}

static void wait_libvirtd(struct fake_guest *g)
{
	while (!fake_hv.over && !fake_hv.host[FAKE_SOURCE].up)
		fake_wait(g, MT_FOR_EVER_NS);
}

static void tell_starter(struct fake_guest *g, int rc, const char *text)
{
	struct mt_event ev = event(g, MT_EVENT_MIGRATE_DONE);
	mt_event_fn done = g->done;

	g->done = NULL;
	if (!done || fake_group_is_dead(g->starter))
		return;
	ev.t_ns = mt_now_ns();
	ev.detail = rc;
	snprintf(ev.text, sizeof(ev.text), "%s", text);
	done(&ev, g->done_opaque);
}

static bool is_paused_by_migration(const struct fake_guest *g)
{
	return g->side[FAKE_SOURCE].here && g->side[FAKE_SOURCE].state == VIR_DOMAIN_PAUSED &&
	       g->side[FAKE_SOURCE].reason == VIR_DOMAIN_PAUSED_MIGRATION;
}

static void give_up(struct play *p);

/* QEMU waits to be told to go on, and heeds a cancellation. */
static void before_switchover(struct play *p)
{
	struct fake_guest *g = p->g;
	uint64_t begin_ns = mt_now_ns(), until_ns = begin_ns + g->preswitchover_ms * MT_NS_PER_MS;

	while (!fake_hv.over && !g->asked.abort && mt_now_ns() < until_ns)
		fake_wait(g, until_ns);
	p->late_ns += mt_now_ns() - begin_ns;
}

static void complete(struct play *p, const struct mt_sim_result *r)
{
	struct fake_guest *g = p->g;
	struct mt_event ev = event(g, MT_EVENT_JOB_COMPLETED);

	if (r->end != MT_SIM_POSTCOPIED && g->preswitchover_ms) {
		set_status(g, "pre-switchover");
		set_side(g, FAKE_SOURCE, true, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION);
		fake_count("pre-switchover");
		before_switchover(p);
		if (g->asked.abort || fake_hv.over) {
			give_up(p);
			return;
		}
	}
	if (r->end != MT_SIM_POSTCOPIED) {
		g->job.deaf = true;
		set_status(g, "device");
		set_side(g, FAKE_SOURCE, true, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION);
	} else {
		flipped(g);
	}
	pace(p, (uint64_t)(r->total_ms * 1e6), false);
	g->job.end = FAKE_END_COMPLETED;
	g->job.final_ms = (mt_now_ns() - p->begin_ns) / MT_NS_PER_MS;
	g->job.downtime_ms = isnan(r->downtime_ms) ? 0 : (uint64_t)r->downtime_ms;
	g->job.transferred_bytes = r->transferred_bytes;
	g->job.deaf = true;		/* libvirt finishes, holding the job */
	set_status(g, "completed");
	set_side(g, FAKE_DESTINATION, true, VIR_DOMAIN_RUNNING,
		 r->end == MT_SIM_POSTCOPIED ? VIR_DOMAIN_RUNNING_MIGRATED :
					       VIR_DOMAIN_RUNNING_MIGRATED);
	let_pass(g, 300 + fake_random(1100));
	wait_libvirtd(g);
	g->job.deaf = false;
	g->job.active = false;
	g->job.end_ns = mt_now_ns();
	if (g->no_resume) {
		/*
		 * A libvirtd that was restarted just now leaves what it does not know of as it is.
		 */
		fake_count("source stays paused after it was done");
		fake_changed(g);
		let_pass(g, 5000 + fake_random(30000));
	}
	set_side(g, FAKE_SOURCE, g->persistent, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_MIGRATED);
	post_lifecycle(g, FAKE_SOURCE, VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_MIGRATED);
	ev.status = ev.sample.status = MT_STATUS_COMPLETED;
	mt_sample_set(&ev.sample, total_ms, g->job.final_ms);
	mt_sample_set(&ev.sample, downtime_ms, g->job.downtime_ms);
	mt_sample_set(&ev.sample, transferred_bytes, g->job.transferred_bytes);
	fake_post(FAKE_SOURCE, &ev, (300 + fake_random(400)) * 1000);
	let_pass(g, 100 + fake_random(300));
	tell_starter(g, 0, "");
}

/*
 * What libvirt does after a migration that failed or was cancelled: a guest that ran before runs
 * again.
 */
static void come_back(struct fake_guest *g)
{
	let_pass(g, 50 + fake_random(250));
	wait_libvirtd(g);
	if (g->no_resume) {
		fake_count("libvirt does not resume");
		if (is_paused_by_migration(g) && fake_chance(50))
			set_side(g, FAKE_SOURCE, true, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
	} else if (g->job.was_running && is_paused_by_migration(g)) {
		set_side(g, FAKE_SOURCE, true, VIR_DOMAIN_RUNNING,
			 VIR_DOMAIN_RUNNING_MIGRATION_CANCELED);
		post_lifecycle(g, FAKE_SOURCE, VIR_DOMAIN_EVENT_RESUMED,
			       VIR_DOMAIN_EVENT_RESUMED_MIGRATED);
	}
}

static void give_up(struct play *p)
{
	struct fake_guest *g = p->g;
	bool failed = g->job.end == FAKE_END_FAILED;

	if (!failed) {
		set_status(g, "cancelling");
		let_pass(g, 5 + fake_random(15));
		g->job.end = FAKE_END_CANCELLED;
	}
	set_status(g, failed ? "failed" : "cancelled");
	set_side(g, FAKE_DESTINATION, false, 0, 0);
	let_pass(g, 5 + fake_random(40));
	g->job.active = false;
	g->job.end_ns = mt_now_ns();
	fake_changed(g);
	come_back(g);
	let_pass(g, 20 + fake_random(1000));
	tell_starter(
		g, -1,
		failed ? "migration failed: the destination is gone" :
			 "migration failed: operation aborted: migration out: canceled by client");
}

static void set_params(const struct fake_guest *g, struct mt_sim_params *params)
{
	mt_sim_defaults(params);
	params->memory_bytes = params->resident_bytes = g->memory_bytes;
	params->downtime_limit_ms = (double)g->limit_ms;
	params->bandwidth_bytes_per_s = (double)g->speed_bytes_per_s;
	params->host.link_bytes_per_s = g->link_bytes_per_s;
	params->host.buffer_bytes = params->host.there_buffer_bytes = 64 << 10;
	params->cap_ms = GIVEN_UP_MS;
	params->clear_shift = 9;
	params->look_ms = LOOK_MS;
	params->log = fake_chance(50) ? MT_SIM_LOG_BITMAP : MT_SIM_LOG_RING;
	params->method = g->job.method;
	if (g->job.throttle_percent)
		params->throttle_initial_percent = g->job.throttle_percent;
	if (g->throttle_most)
		params->throttle_max_percent = g->throttle_most;
}

static void *play(void *arg)
{
	struct play p = { .g = arg, .begin_ns = mt_now_ns() };
	const struct mt_sim_hooks hooks = { .opaque = &p, .sample = on_sample };
	struct fake_guest *g = arg;
	struct mt_sim_params params;
	struct mt_sim_result r;
	struct mt_err err = { 0 };
	struct mt_trace trace;
	int rc;

	fake_lock();
	set_params(g, &params);
	fake_release();
	rc = mt_trace_pattern(&trace, g->pattern, &err);
	if (rc || mt_sim_check(&params, &err)) {
		truth_fail("the guest cannot be played: %s", err.msg);
		return NULL;
	}
	fake_lock();
	set_status(g, "setup");
	set_side(g, FAKE_DESTINATION, true, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION);
	fake_release();
	rc = mt_sim_run(&params, &trace, &hooks, &r);
	mt_trace_fini(&trace);
	fake_lock();
	if (rc)
		truth_fail("the guest cannot be played: %s", strerror(-rc));
	else if (r.end == MT_SIM_ABORTED || r.end == MT_SIM_CAPPED || g->asked.abort ||
		 fake_hv.over)
		give_up(&p);
	else
		complete(&p, &r);
	g->playing = false;
	fake_changed(g);
	fake_release();
	return NULL;
}

/* --- what libvirt is asked for ------------------------------------------------------------ */
int fake_guest_suspend(struct fake_guest *g)
{
	struct fake_side *here = &g->side[FAKE_SOURCE];
	bool migrates = g->job.active && g->job.end == FAKE_END_NONE;

	if (!here->here)
		return -ENOENT;
	if (here->state == VIR_DOMAIN_PAUSED)
		return 0;
	if (here->state != VIR_DOMAIN_RUNNING)
		return -EBUSY;
	if (migrates)
		g->asked.stop = true;
	set_side(g, FAKE_SOURCE, true, VIR_DOMAIN_PAUSED,
		 migrates ? VIR_DOMAIN_PAUSED_MIGRATION : VIR_DOMAIN_PAUSED_USER);
	post_lifecycle(g, FAKE_SOURCE, VIR_DOMAIN_EVENT_SUSPENDED,
		       VIR_DOMAIN_EVENT_SUSPENDED_PAUSED);
	return 0;
}

int fake_guest_resume(struct fake_guest *g, int host)
{
	struct fake_side *side = &g->side[host];

	if (!side->here)
		return -ENOENT;
	if (side->state == VIR_DOMAIN_RUNNING)
		return 0;
	if (side->state != VIR_DOMAIN_PAUSED || side->reason == VIR_DOMAIN_PAUSED_POSTCOPY)
		return -EBUSY;
	set_side(g, host, true, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
	post_lifecycle(g, host, VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_UNPAUSED);
	return 0;
}

int fake_guest_abort(struct fake_guest *g)
{
	if (!g->job.active || g->job.flipped || g->job.end != FAKE_END_NONE)
		return -EBUSY;
	g->asked.abort = true;
	fake_changed(g);
	return 0;
}

int fake_guest_flip(struct fake_guest *g)
{
	if (!g->job.active || !g->postcopy || g->job.flipped || g->job.end != FAKE_END_NONE)
		return -EBUSY;
	g->asked.flip = true;
	return 0;
}

/* What was measured, and so what is predicted, may be of any speed that it had. */
static double slower_of(const struct fake_guest *g, double bytes_per_s)
{
	if (g->link_bytes_per_s < bytes_per_s)
		bytes_per_s = g->link_bytes_per_s;
	return g->speed_bytes_per_s && (double)g->speed_bytes_per_s < bytes_per_s ?
		       (double)g->speed_bytes_per_s :
		       bytes_per_s;
}

void fake_guest_speed(struct fake_guest *g, uint64_t bytes_per_s)
{
	g->speed_bytes_per_s = g->asked.speed_bytes_per_s = bytes_per_s;
	g->asked.speed = true;
	g->slowest_bytes_per_s = slower_of(g, g->slowest_bytes_per_s);
}

/* A migration that was not begun with auto-converge does not heed it. */
void fake_guest_throttle(struct fake_guest *g, unsigned percent)
{
	g->throttle_most = percent;
	g->asked.throttle = percent && g->job.active && g->job.method.auto_converge;
	g->asked.throttle_percent = percent;
}

bool fake_guest_is_parallel(const struct fake_guest *g)
{
	return g->parallel || g->job.method.channels;
}

void fake_guest_libvirtd_restarted(struct fake_guest *g)
{
	if (g->job.active && !g->job.flipped && g->job.end == FAKE_END_NONE && !g->job.deaf)
		g->asked.abort = true;
	fake_changed(g);
}

/* --- what others do --------------------------------------------------------------------- */
static void migrate(struct fake_guest *g, const struct mt_method_row *method,
		    unsigned throttle_percent, mt_event_fn done, void *opaque)
{
	int rc;

	fake_lock();
	if (g->playing || !g->side[FAKE_SOURCE].here ||
	    g->side[FAKE_SOURCE].state == VIR_DOMAIN_SHUTOFF || !fake_hv.host[FAKE_SOURCE].up ||
	    fake_hv.over) {
		g->done = done;
		g->done_opaque = opaque;
		g->starter = fake_group();
		tell_starter(g, -1, "migration failed: the guest is not there, or migrates already");
		fake_release();
		return;
	}
	if (g->has_thread) {
		fake_release();
		mt_thread_join(g->thread);
		fake_lock();
	}
	g->job = (struct fake_job){
		.active = true, .number = g->job.number + 1, .method = *method,
		.throttle_percent = throttle_percent,
		.begin_ns = mt_now_ns(), .begin_wall_us = mt_wall_us(), .before = g->job.sample,
		.was_running = g->side[FAKE_SOURCE].state == VIR_DOMAIN_RUNNING,
	};
	strcpy(g->job.status, "setup");
	g->asked = (struct fake_asked){ .stop = !g->job.was_running };
	g->slowest_bytes_per_s = slower_of(g, INFINITY);
	g->done = done;
	g->done_opaque = opaque;
	g->starter = fake_group();
	g->playing = g->has_thread = true;
	rc = fake_start_in(FAKE_OUTSIDE, &g->thread, "qemu", play, g);
	if (rc)
		g->playing = g->has_thread = false;
	fake_release();
	fake_count("migration");
}

void fake_guest_migrate(struct fake_guest *g, mt_event_fn done, void *opaque)
{
	struct mt_method_row method = *mt_method_find(g->postcopy ? "hybrid" :
						      g->parallel ? "multifd" :
								    "precopy");

	method.auto_converge = g->auto_converge;
	if (g->postcopy)
		method.flip_after_passes = 1U << 20;	/* when it is asked for */
	migrate(g, &method, 0, done, opaque);
}

void fake_guest_migrate_again(struct fake_guest *g, enum mt_method method,
			      unsigned throttle_percent, mt_event_fn done, void *opaque)
{
	const struct mt_method_row *row = mt_method_at(method);
	struct mt_method_row with = g->job.method;

	with.auto_converge |= row->auto_converge;
	with.xbzrle |= row->xbzrle;
	with.compression |= row->compression;
	if (row->channels)
		with.channels = row->channels;
	migrate(g, &with, row->auto_converge ? throttle_percent : 0, done, opaque);
}

static void end_by(struct fake_guest *g, int state, int reason)
{
	if (g->job.active && g->job.end == FAKE_END_NONE) {
		g->job.end = FAKE_END_FAILED;
		g->asked.abort = true;
	}
	set_side(g, FAKE_SOURCE, g->persistent, state, reason);
}

void fake_guest_power_off(struct fake_guest *g)
{
	fake_lock();
	if (g->side[FAKE_SOURCE].here && !g->job.flipped && !g->job.deaf &&
	    g->job.end == FAKE_END_NONE) {
		fake_count("powered off");
		end_by(g, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
		post_lifecycle(g, FAKE_SOURCE, VIR_DOMAIN_EVENT_STOPPED,
			       VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN);
	}
	fake_release();
}

void fake_guest_pause(struct fake_guest *g)
{
	fake_lock();
	if (g->side[FAKE_SOURCE].here && g->side[FAKE_SOURCE].state == VIR_DOMAIN_RUNNING) {
		fake_count(g->job.active ? "paused by its owner while migrating" :
					   "paused by its owner before");
		fake_guest_suspend(g);
		truth_effect(g, FAKE_CALL_SUSPEND, FAKE_OUTSIDE, 0);
	}
	fake_release();
}

void fake_guest_unpause(struct fake_guest *g)
{
	fake_lock();
	if (!g->job.active && !truth_is_ours(g))
		(void)fake_guest_resume(g, FAKE_SOURCE);
	fake_release();
}

void fake_guest_rename(struct fake_guest *g, const char *name)
{
	fake_lock();
	fake_count("renamed");
	snprintf(g->name, sizeof(g->name), "%s", name);
	fake_release();
}

void fake_guest_set_metadata(struct fake_guest *g, const char *xml)
{
	struct mt_event ev = { .kind = MT_EVENT_METADATA, .t_ns = mt_now_ns() };

	fake_lock();
	fake_count("metadata set");
	snprintf(g->metadata, sizeof(g->metadata), "%s", xml);
	snprintf(ev.uuid, sizeof(ev.uuid), "%s", g->uuid);
	snprintf(ev.domain, sizeof(ev.domain), "%s", g->name);
	snprintf(ev.text, sizeof(ev.text), "%s", MT_METADATA_URI);
	fake_post(FAKE_SOURCE, &ev, 500);
	fake_release();
}

void fake_guest_undefine(struct fake_guest *g)
{
	fake_lock();
	fake_count("undefined");
	g->persistent = false;
	if (g->side[FAKE_SOURCE].state == VIR_DOMAIN_SHUTOFF)
		g->side[FAKE_SOURCE].here = false;
	fake_release();
}

void fake_guest_hang(struct fake_guest *g, uint64_t ms)
{
	fake_lock();
	fake_count("QEMU hangs");
	fake_trace("%s: QEMU hangs for %llu ms", g->name, (unsigned long long)ms);
	g->hung_until_ns = mt_now_ns() + ms * MT_NS_PER_MS;
	fake_changed(g);
	fake_release();
}

void fake_guest_stall(struct fake_guest *g, uint64_t from_ms, uint64_t ms)
{
	fake_lock();
	g->stall_from_ns = mt_now_ns() + from_ms * MT_NS_PER_MS;
	g->stall_until_ns = g->stall_from_ns + ms * MT_NS_PER_MS;
	fake_changed(g);
	fake_release();
}

void fake_guest_set_limit(struct fake_guest *g, uint64_t ms)
{
	fake_lock();
	fake_count("limit set by another");
	g->limit_ms = g->asked.limit_ms = ms;
	g->asked.limit = true;
	fake_release();
}

void fake_guest_set_speed(struct fake_guest *g, uint64_t bytes_per_s)
{
	fake_lock();
	fake_count("speed set by another");
	truth_speed(g, 0, bytes_per_s);
	fake_guest_speed(g, bytes_per_s);
	fake_release();
}

void fake_guest_cancel(struct fake_guest *g)
{
	fake_lock();
	if (!fake_guest_abort(g))
		fake_count("cancelled by another");
	fake_release();
}

void fake_guest_fail(struct fake_guest *g)
{
	fake_lock();
	if (g->job.active && g->job.end == FAKE_END_NONE && !g->job.flipped && !g->job.deaf) {
		fake_count("destination dies");
		g->job.end = FAKE_END_FAILED;
		g->asked.abort = true;
		fake_changed(g);
	}
	fake_release();
}

void fake_guest_no_resume(struct fake_guest *g)
{
	fake_lock();
	g->no_resume = true;
	fake_release();
}
