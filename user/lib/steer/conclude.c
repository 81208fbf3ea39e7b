// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * conclude.c - a migration is over: what came of it
 */
#include <string.h>

#include "base/units.h"
#include "hypervisor/domain.h"
#include "settle.h"
#include "supervision.h"

/*
 * A guest that is under guard is not where it will be: the guard's time, and libvirt's, which tells
 * the destination before it runs the guest on and waits 30 s for one that does not answer.
 */
#define GUARD_WAIT_MS	90000
#define GUARD_POLL_MS	250

/* What else came by, for the record: it may tell why. */
static void drain(struct supervision *s)
{
	struct mt_event ev;

	while (!mt_inbox_take(s->inbox, &ev, 0))
		mt_happened(s, &ev);
}

static void wait_for_guard(struct supervision *s)
{
	uint64_t until_ns = mt_deadline_ns(GUARD_WAIT_MS);
	struct mt_event ev;

	if (!s->o->guard)
		return;
	mt_guard_look(s->o->guard, s->uuid);
	while (mt_guard_has(s->o->guard, s->uuid) && mt_now_ns() < until_ns &&
	       !mt_flag_is_set(s->o->leave))
		if (!mt_inbox_take(s->inbox, &ev, GUARD_POLL_MS))
			mt_happened(s, &ev);
}

void mt_conclude(struct supervision *s)
{
	struct mt_supervise_result *r = s->result;
	struct mt_settle_input in = {
		.source = s->conn,
		.uuid = s->uuid,
		.destinations = s->o->destinations,
		.was_paused = s->was_paused,
		.text = s->text,
		.off = s->off,
	};
	struct mt_record_outcome o = { 0 };
	struct mt_err err = { 0 };
	bool arrived;

	s->settling = true;
	mt_tell(s, NULL, false, NULL);
	drain(s);
	wait_for_guard(s);
	in.cancelled = s->cancelled;
	in.claimed = s->claimed;
	r->outcome = mt_settle(&in, r->detail, sizeof(r->detail), &o.destination);
	arrived = r->outcome == MT_OUTCOME_COMPLETED ||
		  r->outcome == MT_OUTCOME_COMPLETED_UNVERIFIED;
	if (!arrived)
		mt_unthrottle(s);
	/* Where it has moved, this only takes the mark away. */
	mt_lift_limit(s);
	drain(s);
	if (!mt_sample_has(&r->final, total_ms) && arrived &&
	    mt_domain_completed(s->conn, s->uuid, &r->final, &err))
		r->final = s->sample;	/* post-copy leaves no completed job behind: the last look
					 * has to do */
	if (!r->final.valid)
		r->final = s->sample;
	o.t_ns = mt_now_ns();
	o.outcome = r->outcome;
	o.final = r->final;
	o.detail = r->detail;
	mt_recorded(s, mt_recorder_outcome(s->o->recorder, &o));
	s->settling = false;
}
