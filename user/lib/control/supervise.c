// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * supervise.c - one live migration, from the first sample to its outcome
 *
 * One thread, one loop: wait for an event or the next poll, look, decide, act,
 * record. Nothing here is shared with another thread but the inbox and the two
 * flags in the options.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <migtrace/supervise.h>
#include <migtrace/units.h>

#include "lifecycle.h"
#include "settle.h"

#define POLL_DEFAULT_MS		250
#define BEGIN_MS		60000	/* a migration that was announced begins within this, or never */
#define CLAIM_MS		6000	/* after the job is gone: libvirt reports success 1.4 to 2 s late */
#define ACTION_TRIES		3	/* of one action, before the policy is no longer asked */
/* A guest stopped for its last pages must be off by then: this often what was predicted, and this much. Inferred. */
#define STOPPED_FACTOR		4
#define STOPPED_MORE_MS		3000

enum phase {
	PHASE_BEGINNING,
	PHASE_RUNNING,
	PHASE_ENDING,		/* the job is gone: waiting for what libvirt says of it */
	PHASE_OVER,
};

struct supervision {
	struct mt_conn *conn;
	struct mt_inbox *inbox;
	const char *uuid;
	char domain[MT_DOMAIN_NAME_MAX + 1];
	const struct mt_supervise_options *o;
	struct mt_supervise_result *result;
	struct mt_engine engine;
	struct mt_sample sample;	/* newest */
	enum phase phase;
	uint64_t phase_since_ns;
	uint64_t stopped_until_ns;	/* guard of a stop; 0 = none under way */
	uint64_t missed;		/* iteration that polls have seen begin, and no event has told of */
	bool claimed, cancelled, refused_all, was_paused, down;
	bool told_postcopy;		/* that it can no longer be cancelled */
	unsigned tries;
	char text[256];			/* why it failed, as libvirt says */
};

static void enter(struct supervision *s, enum phase phase)
{
	if (s->phase >= phase)
		return;
	s->phase = phase;
	s->phase_since_ns = mt_now_ns();
}

static uint64_t phase_ms(const struct supervision *s)
{
	return (mt_now_ns() - s->phase_since_ns) / MT_NS_PER_MS;
}

static void tell(struct supervision *s, const struct mt_plan *plan, bool boundary, const char *note)
{
	const struct mt_progress p = {
		.domain = s->domain,
		.engine = &s->engine,
		.sample = &s->sample,
		.plan = plan,
		.boundary = boundary,
		.note = note,
	};

	if (s->o->progress)
		s->o->progress(&p, s->o->opaque);
}

/* Every write goes through here: the first that fails is told, and supervision goes on without. */
static void recorded(struct supervision *s, int rc)
{
	char note[128];

	if (!rc || s->result->record_error)
		return;
	s->result->record_error = rc;
	snprintf(note, sizeof(note), "the recording ends here: %s; the migration is supervised on", strerror(-rc));
	tell(s, NULL, false, note);
}

static void note_event(struct supervision *s, const char *event, const char *detail)
{
	char note[384];

	recorded(s, mt_recorder_event(s->o->recorder, mt_now_ns(), event, detail));
	snprintf(note, sizeof(note), "%s%s%s", event, *detail ? ": " : "", detail);
	tell(s, NULL, false, note);
}

/* --- acting ------------------------------------------------------------ */

static void record_decision(struct supervision *s, const struct mt_plan *plan, const char *applied,
			    const char *error, uint64_t latency_ns)
{
	const struct mt_record_decision d = {
		.t_ns = mt_now_ns(),
		.iteration = s->sample.iteration,
		.total_ms = s->sample.total_ms,
		.plan = *plan,
		.prediction = s->engine.prediction,
		.applied = applied,
		.error = error,
		.latency_ns = latency_ns,
	};

	recorded(s, mt_recorder_decision(s->o->recorder, &d));
}

static void acted(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan)
{
	struct mt_limits limits = s->engine.limits;

	s->result->actions_done++;
	s->tries = 0;
	if (a == &mt_actuators_dry)
		return;
	switch (plan->action) {
	case MT_ACTION_SET_DOWNTIME:
		limits.qemu_limit_ms = plan->downtime_limit_ms;
		mt_engine_set_limits(&s->engine, &limits);
		break;
	case MT_ACTION_STOP:
		s->stopped_until_ns = mt_now_ns() + (STOPPED_MORE_MS + STOPPED_FACTOR *
			(uint64_t)(plan->implied_downtime_ms > 0 ? plan->implied_downtime_ms : 0)) * MT_NS_PER_MS;
		break;
	case MT_ACTION_ABORT:
		s->cancelled = true;
		break;
	default:
		break;
	}
}

/* An action that failed may be asked for again, but not for ever. */
static void action_failed(struct supervision *s, const struct mt_plan *plan, int rc, const struct mt_err *err)
{
	struct mt_limits limits = s->engine.limits;
	char note[640];

	s->result->actions_failed++;
	s->engine.state.last = MT_ACTION_CONTINUE;
	if (plan->action == MT_ACTION_FLIP && (rc == -EPERM || ++s->tries >= ACTION_TRIES)) {
		limits.postcopy_allowed = false;
		mt_engine_set_limits(&s->engine, &limits);
		s->tries = 0;
		snprintf(note, sizeof(note), "%s: going on without post-copy", err->msg);
	} else if (plan->action != MT_ACTION_FLIP && ++s->tries >= ACTION_TRIES) {
		s->refused_all = true;
		snprintf(note, sizeof(note), "%s failed %d times (%s): watching only", mt_action_name(plan->action), ACTION_TRIES, err->msg);
	} else {
		snprintf(note, sizeof(note), "%s failed: %s", mt_action_name(plan->action), err->msg);
	}
	tell(s, plan, false, note);
}

static void act_with(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan,
		     const struct mt_event *cause)
{
	uint64_t latency_ns = 0;
	struct mt_err err = { 0 };
	int rc;

	rc = mt_actuate(a, s->conn, s->uuid, plan, &err);
	if (cause && cause->qemu_wall_us) {
		uint64_t now_us = mt_wall_us();

		latency_ns = now_us > cause->qemu_wall_us ? (now_us - cause->qemu_wall_us) * 1000 : 0;
	} else if (cause) {
		latency_ns = mt_now_ns() - cause->t_ns;
	}
	record_decision(s, plan, !rc ? a->done : rc == -EPERM ? "refused" : "failed", rc ? err.msg : NULL, latency_ns);
	if (rc)
		action_failed(s, plan, rc, &err);
	else
		acted(s, a, plan);
}

static void act(struct supervision *s, const struct mt_plan *plan, const struct mt_event *cause)
{
	act_with(s, s->o->actuators, plan, cause);
}

/* --- looking ----------------------------------------------------------- */

/*
 * A poll that finds a new iteration is just ahead of the event that tells of it, with QEMU's
 * stamp: leave the boundary to that. Unless the event does not come until the next poll.
 */
static bool ahead_of_event(struct supervision *s, const struct mt_sample *sample)
{
	if (!s->engine.iterations.started || sample->iteration <= s->engine.iterations.start.iteration)
		return false;
	if (s->missed == sample->iteration)
		return false;
	s->missed = sample->iteration;
	return true;
}

/* QEMU's wall-clock stamp on our clock. */
static uint64_t sync_time(const struct mt_event *ev)
{
	uint64_t wall_us = mt_wall_us(), now_ns = mt_now_ns();

	if (!ev->qemu_wall_us || ev->qemu_wall_us > wall_us)
		return ev->t_ns;
	return now_ns - (wall_us - ev->qemu_wall_us) * 1000;
}

static void look(struct supervision *s, const struct mt_event *cause)
{
	struct mt_sample sample = { 0 };
	struct mt_err err = { 0 };
	struct mt_plan plan;
	bool boundary;
	int rc;

	rc = mt_domain_sample(s->conn, s->uuid, &sample, &err);
	if (rc == -ECONNRESET)
		return;		/* CONN_DOWN tells */
	if (rc == -ENOENT || (!rc && sample.status == MT_STATUS_NONE)) {
		if (s->phase == PHASE_RUNNING)
			enter(s, PHASE_ENDING);
		return;
	}
	if (rc)
		return;		/* busy switching over: the next look tells */
	if (sample.status == MT_STATUS_COMPLETED || sample.status == MT_STATUS_FAILED ||
	    sample.status == MT_STATUS_CANCELLED) {
		if (s->phase == PHASE_RUNNING)
			enter(s, PHASE_ENDING);
		return;
	}
	enter(s, PHASE_RUNNING);
	if (cause && sample.iteration != cause->iteration)
		cause = NULL;		/* it came late: QEMU is further on */
	if (!cause && ahead_of_event(s, &sample))
		return;
	sample.t_ns = mt_now_ns();
	sample.boundary = cause != NULL;
	if (cause)
		sample.sync_t_ns = sync_time(cause);
	s->sample = sample;
	s->result->postcopy |= sample.status == MT_STATUS_POSTCOPY;
	boundary = mt_engine_feed(&s->engine, &sample, &plan);
	/* Act first, write it down after: the boundary is the best moment there is. */
	if (plan.action != MT_ACTION_CONTINUE && !s->refused_all)
		act(s, &plan, cause);
	else if (boundary && *plan.reason)
		record_decision(s, &plan, NULL, NULL, 0);
	recorded(s, mt_recorder_sample(s->o->recorder, &sample));
	recorded(s, mt_collector_record(s->o->collector, s->o->recorder, false));
	tell(s, &plan, boundary, NULL);
}

/* --- events ------------------------------------------------------------ */

static void on_migration(struct supervision *s, const struct mt_event *ev)
{
	recorded(s, mt_recorder_event(s->o->recorder, ev->t_ns, "migration", mt_status_name(ev->status)));
	switch (ev->status) {
	case MT_STATUS_CANCELLED:
		s->cancelled = true;
		enter(s, s->o->ours ? PHASE_ENDING : PHASE_OVER);
		break;
	case MT_STATUS_FAILED:
		enter(s, s->o->ours ? PHASE_ENDING : PHASE_OVER);
		break;
	case MT_STATUS_COMPLETED:
		enter(s, PHASE_ENDING);
		break;
	case MT_STATUS_POSTCOPY:
		s->result->postcopy = true;
		tell(s, NULL, false, "post-copy is under way: the guest runs at the destination");
		break;
	default:
		break;
	}
}

static void on_lifecycle(struct supervision *s, const struct mt_event *ev)
{
	char detail[96];

	mt_lifecycle_tell(detail, sizeof(detail), ev->lifecycle, ev->detail);
	recorded(s, mt_recorder_event(s->o->recorder, ev->t_ns, "lifecycle", detail));
	if (ev->lifecycle == VIR_DOMAIN_EVENT_STOPPED) {
		s->claimed |= ev->detail == VIR_DOMAIN_EVENT_STOPPED_MIGRATED;
		enter(s, PHASE_ENDING);
	}
	if (ev->lifecycle == VIR_DOMAIN_EVENT_SUSPENDED && ev->detail == VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY_FAILED) {
		note_event(s, "post-copy failed", "the guest is paused; it can be recovered with virsh migrate --postcopy --postcopy-resume");
		enter(s, PHASE_ENDING);
	}
}

static void on_done(struct supervision *s, const struct mt_event *ev)
{
	if (!ev->detail)
		s->claimed = true;
	else
		snprintf(s->text, sizeof(s->text), "%s", ev->text);
	enter(s, PHASE_OVER);
}

/*
 * While QEMU sends the last pages of a stopped guest it answers nobody, and a look would hold us, and
 * the guard with us, for as long: after a stop the events tell, until they or the guard end it.
 */
static bool may_look(const struct supervision *s)
{
	return s->phase <= PHASE_RUNNING && !s->down && !s->stopped_until_ns;
}

static void on_event(struct supervision *s, const struct mt_event *ev)
{
	switch (ev->kind) {
	case MT_EVENT_ITERATION:
		mt_collector_boundary(s->o->collector, ev->iteration, sync_time(ev));
		if (may_look(s) && ev->iteration > s->sample.iteration)
			look(s, ev);
		break;
	case MT_EVENT_MIGRATION:
		on_migration(s, ev);
		break;
	case MT_EVENT_JOB_COMPLETED:
		s->claimed = true;
		s->result->final = ev->sample;
		enter(s, s->o->ours ? PHASE_ENDING : PHASE_OVER);
		break;
	case MT_EVENT_LIFECYCLE:
		on_lifecycle(s, ev);
		break;
	case MT_EVENT_CONN_DOWN:
		s->down = true;
		s->stopped_until_ns = 0;	/* events may be missed: look again when it is back */
		note_event(s, "libvirtd went away", "waiting for it to come back; QEMU goes on by itself");
		break;
	case MT_EVENT_CONN_UP:
		s->down = false;
		note_event(s, "libvirtd is back", "");
		break;
	case MT_EVENT_MIGRATE_DONE:
		on_done(s, ev);
		break;
	case MT_EVENT_WAKE:
	case MT_EVENT_COUNT:
		break;
	}
}

/* Flags are set by other threads. */
static bool is_set(const volatile int *flag)
{
	return flag && __atomic_load_n(flag, __ATOMIC_RELAXED);
}

/* The person at the keyboard, or the daemon's: end it, or let go of it. */
static void heed_flags(struct supervision *s)
{
	struct mt_plan plan = { .action = MT_ACTION_ABORT, .implied_downtime_ms = -1, .reason = "asked to cancel" };

	if (is_set(s->o->leave)) {
		s->result->left = true;
		s->phase = PHASE_OVER;
		return;
	}
	if (!is_set(s->o->cancel) || s->cancelled || s->phase > PHASE_RUNNING)
		return;
	if (s->sample.status == MT_STATUS_POSTCOPY) {
		if (!s->told_postcopy)
			note_event(s, "not cancelled", "in post-copy the guest's memory is on both sides: only finishing saves it");
		s->told_postcopy = true;
		return;
	}
	/* A person's wish, not a policy's: it holds in a dry run too. */
	act_with(s, &mt_actuators_libvirt, &plan, NULL);
}

/* A guest that was stopped for its last pages, and is still not off: rather run it on here. */
static void guard_stop(struct supervision *s)
{
	struct mt_plan plan = { .action = MT_ACTION_ABORT, .implied_downtime_ms = -1 };

	if (!s->stopped_until_ns || s->phase != PHASE_RUNNING || s->down || mt_now_ns() < s->stopped_until_ns)
		return;
	s->stopped_until_ns = 0;
	snprintf(plan.reason, sizeof(plan.reason),
		 "the guest was stopped to send the rest and should have been off long ago: cancelled, so that it runs on here");
	tell(s, &plan, false, NULL);
	act(s, &plan, NULL);
}

static void watch_clock(struct supervision *s)
{
	if (s->phase == PHASE_BEGINNING && phase_ms(s) > BEGIN_MS) {
		snprintf(s->text, sizeof(s->text), "it did not begin within %d s", BEGIN_MS / 1000);
		enter(s, PHASE_OVER);
	}
	if (s->phase == PHASE_ENDING && !s->o->ours && !s->down &&
	    (phase_ms(s) > CLAIM_MS || (s->claimed && mt_sample_has(&s->result->final, total_ms))))
		enter(s, PHASE_OVER);
	/* Ours ends when our own call returns; a call that never does must not hold us for ever. */
	if (s->phase == PHASE_ENDING && s->o->ours && phase_ms(s) > 2 * BEGIN_MS)
		enter(s, PHASE_OVER);
}

/* --- the whole ---------------------------------------------------------- */

static int begin(struct supervision *s, struct mt_err *err)
{
	struct mt_limits limits = s->o->limits;
	struct mt_domain_info info;
	struct mt_err ignored = { 0 };
	int rc;

	rc = mt_domain_info(s->conn, s->uuid, &info, err);
	if (rc)
		return rc;
	snprintf(s->domain, sizeof(s->domain), "%s", info.name);
	s->was_paused = info.state == VIR_DOMAIN_PAUSED && info.reason != VIR_DOMAIN_PAUSED_MIGRATION &&
			info.reason != VIR_DOMAIN_PAUSED_POSTCOPY && info.reason != VIR_DOMAIN_PAUSED_POSTCOPY_FAILED;
	if (limits.qemu_limit_ms == MT_LIMIT_UNSET && mt_domain_downtime_limit(s->conn, s->uuid, &limits.qemu_limit_ms, &ignored))
		limits.qemu_limit_ms = MT_LIMIT_UNSET;
	mt_engine_init(&s->engine, s->o->policy,
		       s->o->model ? s->o->model : mt_model_find(MT_MODEL_DEFAULT), &limits);
	s->phase_since_ns = mt_now_ns();
	return 0;
}

static void follow(struct supervision *s)
{
	uint64_t poll_ms = s->o->poll_ms ? s->o->poll_ms : POLL_DEFAULT_MS;
	uint64_t next_ns = 0;

	while (s->phase != PHASE_OVER) {
		uint64_t now = mt_now_ns();
		struct mt_event ev;

		if (now >= next_ns) {
			if (may_look(s))
				look(s, NULL);
			guard_stop(s);
			watch_clock(s);
			now = mt_now_ns();
			next_ns = now + poll_ms * MT_NS_PER_MS;
		}
		heed_flags(s);
		if (s->phase == PHASE_OVER)
			break;
		if (!mt_inbox_take(s->inbox, &ev, (next_ns - now) / MT_NS_PER_MS + 1))
			on_event(s, &ev);
	}
}

/* What else came by, for the record: it may tell why. */
static void drain(struct supervision *s)
{
	struct mt_event ev;

	while (!mt_inbox_take(s->inbox, &ev, 0))
		on_event(s, &ev);
}

static void conclude(struct supervision *s)
{
	struct mt_supervise_result *r = s->result;
	struct mt_settle_input in = {
		.source = s->conn,
		.uuid = s->uuid,
		.destinations = s->o->destinations,
		.cancelled = s->cancelled,
		.was_paused = s->was_paused,
		.text = s->text,
	};
	struct mt_record_outcome o = { 0 };
	struct mt_err err = { 0 };

	drain(s);
	in.claimed = s->claimed;
	r->outcome = mt_settle(&in, r->detail, sizeof(r->detail));
	drain(s);
	if (!mt_sample_has(&r->final, total_ms) &&
	    (r->outcome == MT_OUTCOME_COMPLETED || r->outcome == MT_OUTCOME_COMPLETED_UNVERIFIED) &&
	    mt_domain_completed(s->conn, s->uuid, &r->final, &err))
		r->final = s->sample;	/* post-copy leaves no completed job behind: the last look has to do */
	if (!r->final.valid)
		r->final = s->sample;
	o = (struct mt_record_outcome){ .t_ns = mt_now_ns(), .outcome = r->outcome, .final = r->final, .detail = r->detail };
	recorded(s, mt_recorder_outcome(s->o->recorder, &o));
}

int mt_supervise(struct mt_conn *conn, struct mt_inbox *inbox, const char *uuid,
		 const struct mt_supervise_options *options,
		 struct mt_supervise_result *result, struct mt_err *err)
{
	struct supervision s = {
		.conn = conn,
		.inbox = inbox,
		.uuid = uuid,
		.o = options,
		.result = result,
	};
	int rc;

	memset(result, 0, sizeof(*result));
	rc = begin(&s, err);
	if (rc)
		return rc;
	follow(&s);
	recorded(&s, mt_collector_record(s.o->collector, s.o->recorder, true));
	if (!result->left)
		conclude(&s);
	return 0;
}
