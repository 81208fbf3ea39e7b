// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * act.c - carrying out a plan, and what must hold when it is
 *
 * In this order, each as late as it can be: the migration is in a state in which it can be steered;
 * QEMU's limit and speed are as we know them; it is ours to steer, and nobody says hands off; the
 * figures it was decided by are young. What does not hold drops the plan, and the next look decides
 * anew.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "hypervisor/domain.h"
#include "supervision.h"

void mt_record_decision(struct supervision *s, const struct mt_plan *plan, const char *applied,
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

	mt_recorded(s, mt_recorder_decision(s->o->recorder, &d));
}

static uint64_t age_limit_ns(const struct supervision *s)
{
	return (s->o->age_limit_ms ? s->o->age_limit_ms : MT_AGE_LIMIT_DEFAULT_MS) * MT_NS_PER_MS;
}

bool mt_too_old(const struct supervision *s)
{
	return mt_now_ns() - s->asked_ns > age_limit_ns(s);
}

/* --- how it went ------------------------------------------------------------ */
static void acted(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan)
{
	s->result->actions_done++;
	s->engine.state.refused[plan->action] = 0;
	if (a == &mt_actuators_dry) {
		s->only_said |= mt_action_is_final(plan->action);
		return;
	}
	mt_others_set(s, plan);
	if (plan->action == MT_ACTION_FLIP && isnan(s->engine.flip.room_bytes) && !s->told_room) {
		s->told_room = true;
		mt_note_event(s, "post-copy",
			      "whether the destination has the memory for it is not known");
	}
	if (plan->action == MT_ACTION_SET_DOWNTIME)
		mt_engine_set_qemu_limit(&s->engine, plan->downtime_limit_ms);
	else if (plan->action == MT_ACTION_ABORT || plan->action == MT_ACTION_RESTART)
		s->cancelled = true;
	mt_effect_wait(s, plan->action);
}

/*
 * How often it may be asked for again is policy.h's to say; an abort is for ever, since it gives
 * the guest back.
 */
static void action_failed(struct supervision *s, const struct mt_plan *plan, int rc,
			  const struct mt_err *err)
{
	struct mt_limits limits = s->engine.limits;
	char note[640];
	unsigned tries;

	s->result->actions_failed++;
	mt_policy_refused(&s->engine.state, plan->action);
	tries = s->engine.state.refused[plan->action];
	if (plan->action == MT_ACTION_FLIP && (rc == -EPERM || tries >= MT_POLICY_TRIES)) {
		limits.postcopy_allowed = false;
		mt_engine_set_limits(&s->engine, &limits);
		snprintf(note, sizeof(note), "%s: going on without post-copy", err->msg);
	} else if (plan->action != MT_ACTION_ABORT && tries >= MT_POLICY_TRIES) {
		snprintf(note, sizeof(note), "%s failed %d times (%s): not tried any more",
			 mt_action_name(plan->action), MT_POLICY_TRIES, err->msg);
	} else if (tries > MT_POLICY_TRIES) {
		return;		/* told often enough */
	} else {
		snprintf(note, sizeof(note), "%s failed: %s", mt_action_name(plan->action),
			 err->msg);
	}
	mt_tell(s, plan, false, note);
}

/* From what QEMU tells of to libvirt's answer. */
static uint64_t latency_ns(const struct supervision *s, const struct mt_event *cause)
{
	return cause ? mt_now_ns() - mt_sync_time(s, cause) : 0;
}

/* --- preconditions ------------------------------------------------------------ */
/* Return: NULL, or why @plan is dropped. */
static const char *check(struct supervision *s, const struct mt_plan *plan)
{
	int ret;

	if (s->stopped)
		return "the guest is stopped already";
	if (s->cancelled)
		return "it has been cancelled";
	ret = mt_others_check(s, plan);
	if (ret == -EAGAIN)
		return "QEMU's limit or speed was changed by somebody else";
	if (ret)
		return "QEMU's limit and speed could not be read again";
	if ((plan->action == MT_ACTION_SET_DOWNTIME && s->others.limit_ms.theirs) ||
	    (plan->action == MT_ACTION_SET_BANDWIDTH && s->others.bytes_per_s.theirs))
		return "somebody else has set it, and theirs stands";
	if (mt_too_old(s))
		return "the figures it was based on are too old by now";
	return NULL;
}

/* Once for each pass it is written down; it is decided anew at each look. */
static void drop(struct supervision *s, struct mt_plan *plan, const char *why)
{
	mt_engine_dropped(&s->engine, plan->action);
	if (s->dropped != plan->action || s->dropped_iteration != s->sample.iteration)
		mt_record_decision(s, plan, "dropped", why, 0);
	s->dropped = plan->action;
	s->dropped_iteration = s->sample.iteration;
	snprintf(plan->reason, sizeof(plan->reason), "%s dropped: %s", mt_action_name(plan->action),
		 why);
	plan->action = MT_ACTION_CONTINUE;
}

/* What has to be asked of QEMU first may take its time. */
static int flip(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan,
		struct mt_err *err)
{
	int ret = mt_flip_check(s->conn, s->uuid, err);

	if (ret)
		return ret;
	if (mt_too_old(s) || !mt_hand_look(s))
		return mt_err_set(err, -ESTALE, "%s",
				  s->acts ? "the figures it was based on are too old by now" :
					    s->hand);
	return mt_actuate(a, s->conn, s->uuid, plan, err);
}

/* --- acting ---------------------------------------------------------------------- */
static void act_with(struct supervision *s, const struct mt_actuators *a, struct mt_plan *plan,
		     const struct mt_event *cause)
{
	struct mt_err err = { 0 };
	uint64_t latency;
	int rc;

	/* One that is answered with an error may have been done. */
	s->throttled |= plan->action == MT_ACTION_THROTTLE && a != &mt_actuators_dry;
	if (plan->action == MT_ACTION_STOP && a != &mt_actuators_dry)
		rc = mt_act_stop(s, a, plan, &err);
	else if (plan->action == MT_ACTION_FLIP && a != &mt_actuators_dry)
		rc = flip(s, a, plan, &err);
	else if (plan->action == MT_ACTION_RESTART && a != &mt_actuators_dry)
		rc = mt_restart(s, a, plan, &err);
	else if (plan->action == MT_ACTION_LIMIT_VCPUS && a != &mt_actuators_dry)
		rc = mt_act_limit(s, a, plan, &err);
	else if (plan->action == MT_ACTION_SET_BANDWIDTH && a != &mt_actuators_dry)
		rc = mt_act_speed(s, a, plan, &err);
	else
		rc = mt_actuate(a, s->conn, s->uuid, plan, &err);
	latency = latency_ns(s, cause);
	mt_engine_sent(&s->engine, plan->action, mt_now_ns());
	if (!rc && a != &mt_actuators_dry)
		rc = mt_effect_read(s, plan, &err);
	if (rc == -ESTALE) {
		drop(s, plan, err.msg);
		return;
	}
	mt_record_decision(s, plan,
			   !rc		? a->done :
			   rc == -EPERM ? "refused" :
					  "failed",
			   rc ? err.msg : NULL, latency);
	if (!rc) {
		acted(s, a, plan);
		return;
	}
	action_failed(s, plan, rc, &err);
}

void mt_act(struct supervision *s, struct mt_plan *plan, const struct mt_event *cause)
{
	const char *why;

	if (!s->acts) {
		act_with(s, &mt_actuators_dry, plan, cause);
		return;
	}
	if (!mt_fill_speed(s, plan)) {
		plan->action = MT_ACTION_CONTINUE;
		return;
	}
	why = check(s, plan);
	/* Last of all: whoever says "hands off" now must be heard. */
	if (!why && !mt_hand_look(s))
		why = s->hand;
	if (why) {
		drop(s, plan, why);
		return;
	}
	act_with(s, s->o->actuators, plan, cause);
}

int mt_cancel(struct supervision *s)
{
	struct mt_plan plan = { .action = MT_ACTION_ABORT,
				.implied_downtime_ms = -1,
				.reason = "asked to cancel" };

	/* It holds in a dry run too. */
	act_with(s, &mt_actuators_libvirt, &plan, NULL);
	if (!s->cancelled)
		return -EAGAIN;
	if (s->o->guard)
		mt_guard_heeded(s->o->guard, s->uuid);
	return 0;
}
