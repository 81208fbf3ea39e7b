// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * act_stop.c - stopping a guest for its last pages, and what the guard tells of it
 *
 * First it is put under guard, by a mark that outlives us, then it is stopped.
 */
#include <errno.h>
#include <stdio.h>

#include "hypervisor/domain.h"
#include "supervision.h"

int mt_act_stop(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan,
		struct mt_err *err)
{
	int ret;

	if (!s->o->guard || !s->wheel)
		return mt_err_set(err, -EPERM,
				  "a guest is stopped only under guard, and there is none");
	ret = mt_suspend_check(s->conn, s->uuid, err);
	if (ret)
		return ret;
	ret = mt_guard_arm(s->o->guard, s->wheel, s->conn, s->domain, plan->implied_downtime_ms,
			   s->inbox, err);
	if (ret == -EDQUOT || ret == -EALREADY || ret == -EWOULDBLOCK)
		/* no failure: there may be room at the next look */
		return mt_err_set(err, -ESTALE, "%s", err->msg);
	if (ret)
		return ret;
	s->stopped = true;
	if (mt_too_old(s) || !mt_hand_look(s)) {
		mt_guard_not_suspended(s->o->guard, s->uuid);
		s->stopped = false;
		return mt_err_set(err, -ESTALE, "%s",
				  s->acts ? "the figures it was based on are too old by now" :
					    s->hand);
	}
	ret = mt_actuate(a, s->conn, s->uuid, plan, err);
	mt_guard_suspended(s->o->guard, s->uuid, ret);
	if (!ret && mt_too_old(s))
		mt_guard_due(
			s->o->guard, s->uuid,
			"the guest was stopped so late that what was known of it no longer holds");
	if (!ret)
		ret = mt_suspend_settle(s->conn, s->uuid, err);
	/*
	 * One that may have come of it all the same stays under guard; meanwhile other things may
	 * be decided.
	 */
	s->stopped = !ret;
	return ret;
}

void mt_on_guard(struct supervision *s, const struct mt_event *ev)
{
	struct mt_plan plan = { .action = MT_ACTION_ABORT, .implied_downtime_ms = -1 };

	switch ((enum mt_guard_news)ev->detail) {
	case MT_GUARD_GIVING_BACK:
		s->result->given_back = true;
		s->cancelled = true;
		s->result->actions_done++;
		snprintf(plan.reason, sizeof(plan.reason), "%s", ev->text);
		mt_record_decision(s, &plan, "done", NULL, 0);
		mt_tell(s, &plan, false, NULL);
		return;
	case MT_GUARD_TROUBLE:
		mt_note_event(s, "trouble", ev->text);
		return;
	case MT_GUARD_GONE:
		mt_enter(s, PHASE_ENDING);
		break;
	case MT_GUARD_ADOPTED:
	case MT_GUARD_UNLIMITED:
	case MT_GUARD_GIVEN_BACK:
	case MT_GUARD_RUNS:
	case MT_GUARD_NOT_OURS:
		break;
	}
	s->stopped = false;
	/* Unless a new stop is under way already. */
	if (s->o->guard && mt_guard_has(s->o->guard, s->uuid))
		s->stopped = true;
	mt_note_event(s, "guard", ev->text);
}
