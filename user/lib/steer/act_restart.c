// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * act_restart.c - a migration of ours that is cancelled, and begun again with another method
 *
 * What QEMU can do is settled when a migration begins. So it is cancelled, the call that began it
 * returns, and another is made; the guest runs at the source meanwhile, and supervision and its
 * recording go on.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hypervisor/domain.h"
#include "supervision.h"

/* No further than that; 0: as QEMU does. */
static int hold_throttle(struct supervision *s, unsigned percent, struct mt_err *err)
{
	if (!percent)
		return 0;
	/* What is answered with an error may have been done. */
	s->throttled = true;
	return mt_domain_limit_throttle(s->conn, s->uuid, percent, err);
}

int mt_restart(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan,
	       struct mt_err *err)
{
	int ret;

	if (!s->o->begin_again)
		return mt_err_set(err, -EOPNOTSUPP,
				  "who has not begun a migration cannot begin it again");
	/* Before anything is given up: the next one must not be throttled further. */
	ret = hold_throttle(s, plan->throttle_percent, err);
	if (!ret)
		ret = mt_actuate(a, s->conn, s->uuid, plan, err);
	if (ret) {
		if (plan->throttle_percent)
			mt_unthrottle(s);
		return ret;
	}
	s->restarting = true;
	s->restart = *plan;
	return 0;
}

/* The next migration of this guest, whoever begins it, has QEMU's own again. */
void mt_unthrottle(struct supervision *s)
{
	struct mt_err err = { 0 };

	if (s->throttled &&
	    mt_domain_limit_throttle(s->conn, s->uuid, MT_THROTTLE_MAX_PERCENT, &err))
		mt_note_event(s, "QEMU's largest throttle is still ours", err.msg);
	s->throttled = false;
}

/* Only a guest that runs here, and that nobody wants to stay here. Return: NULL, or why not. */
static const char *hinders(struct supervision *s)
{
	struct mt_domain_state now;

	if (mt_flag_is_set(s->o->cancel) || mt_flag_is_set(s->o->leave))
		return "it was asked to cancel";
	if (mt_domain_state(s->conn, s->uuid, &now, NULL))
		return "the guest's state is not known";
	return now.state == VIR_DOMAIN_RUNNING ? NULL : "the guest does not run";
}

/* What was known of the migration that was cancelled is not true of the new one. */
static void forget(struct supervision *s)
{
	uint64_t now_ns = mt_now_ns();

	s->result->restarts++;
	s->result->earlier_ms += s->sample.total_ms;
	mt_engine_begin_again(&s->engine, s->restart.method);
	s->sample = (struct mt_sample){ 0 };
	s->trust = (struct mt_trust){ 0 };
	s->others = (struct others){ 0 };
	s->told = MT_STATUS_NONE;
	s->missed = s->dropped_iteration = 0;
	s->dropped = MT_ACTION_CONTINUE;
	s->caught_up = s->claimed = s->cancelled = false;
	s->asked_ns = s->looked_ns = now_ns;
	s->anew = true;
	s->phase = PHASE_BEGINNING;
	s->phase_since_ns = now_ns;
	/* What libvirt set for the one before went with it. */
	mt_others_begin(s);
	if (s->others.limit_ms.known)
		mt_engine_set_qemu_limit(&s->engine, s->others.limit_ms.value);
}

bool mt_restart_begins(struct supervision *s)
{
	struct mt_err err = { 0 };
	const char *why;
	int ret = -ECANCELED;

	if (!s->restarting)
		return false;
	s->restarting = false;
	why = hinders(s);
	if (!why) {
		if (!s->restart.throttle_percent)
			mt_unthrottle(s);
		mt_lift_limit(s);
		ret = s->o->begin_again(s->restart.method, s->restart.throttle_percent,
					s->o->begin_again_opaque, &err);
		why = err.msg;
	}
	if (ret) {
		snprintf(s->text, sizeof(s->text),
			 "it was cancelled, and is not begun again: %.200s",
			 why);
		s->cancelled = mt_flag_is_set(s->o->cancel);
		return false;
	}
	forget(s);
	mt_note_event(s, "begun again", mt_method_name(s->restart.method));
	return true;
}
