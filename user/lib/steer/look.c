// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * look.c - one look at the migration: figures in, a decision out
 */
#include <errno.h>
#include <stdio.h>

#include "base/units.h"
#include "hypervisor/domain.h"
#include "supervision.h"

/*
 * A poll that finds a new iteration is just ahead of the event that tells of it, with QEMU's
 * stamp: leave the boundary to that. Unless the event does not come until the next poll.
 */
static bool ahead_of_event(struct supervision *s, const struct mt_sample *sample)
{
	if (!s->engine.iterations.started ||
	    sample->iteration <= s->engine.iterations.start.iteration)
		return false;
	if (s->missed == sample->iteration)
		return false;
	s->missed = sample->iteration;
	return true;
}

/*
 * QEMU's stamp is of the wall clock, which somebody may set meanwhile, by hours. The event is of
 * what happened since the last look, and before it reached us, whatever the stamp says.
 */
uint64_t mt_sync_time(const struct supervision *s, const struct mt_event *ev)
{
	uint64_t wall_us = mt_wall_us(), now_ns = mt_now_ns(), at_ns;

	if (!ev->qemu_wall_us || ev->qemu_wall_us > wall_us)
		return ev->t_ns;
	at_ns = wall_us - ev->qemu_wall_us < now_ns / 1000 ?
			now_ns - (wall_us - ev->qemu_wall_us) * 1000 :
			0;
	if (at_ns < s->looked_ns)
		at_ns = s->looked_ns;
	return at_ns < ev->t_ns ? at_ns : ev->t_ns;
}

/*
 * While QEMU sends the last pages of a stopped guest it answers nobody, and a look would hold us
 * for as long: after a stop the events and the guard tell.
 */
bool mt_may_look(const struct supervision *s)
{
	return s->phase <= PHASE_RUNNING && !s->down && !s->stopped;
}

/*
 * Statistics do not tell of a switch-over that has begun, or of a cancel; events do, but those
 * before the first look, and those of a time without a connection, told nobody. QEMU is asked once,
 * and again only where it may answer another time.
 */
static void catch_up(struct supervision *s)
{
	struct mt_err err = { 0 };
	enum mt_status status;
	int rc;

	if (s->caught_up || s->told)
		return;
	rc = mt_domain_migrate_status(s->conn, s->uuid, &status, &err);
	if (!rc && s->anew && !mt_status_is_under_way(status))
		return;		/* QEMU still tells of the one before */
	if (!rc)
		s->told = status;
	s->caught_up = !rc || rc == -EPERM || rc == -EACCES || rc == -EOPNOTSUPP;
}

/* QEMU's last word, though it may be behind others that wait while a call took its time. */
static enum mt_status last_told(struct supervision *s)
{
	enum mt_status waits = mt_inbox_status(s->inbox);

	if (waits == MT_STATUS_NONE || (s->anew && !mt_status_is_under_way(waits)))
		return s->told;
	return waits;
}

/* Return: whether there is a migration to decide about. */
static bool see(struct supervision *s, struct mt_sample *sample)
{
	struct mt_err err = { 0 };
	uint64_t asked_ns = mt_now_ns();
	int rc = mt_domain_sample(s->conn, s->uuid, sample, &err);

	if (rc == -ECONNRESET)
		return false;		/* CONN_DOWN tells */
	if (rc && rc != -ENOENT)
		return false;		/* busy switching over: the next look tells */
	/* QEMU's events know of states that libvirt's statistics do not. */
	if (!rc) {
		catch_up(s);
		sample->status = mt_status_combine(last_told(s), sample->status);
	}
	if (rc || mt_status_is_over(sample->status)) {
		if (s->phase == PHASE_RUNNING)
			mt_enter(s, PHASE_ENDING);
		return false;
	}
	mt_enter(s, PHASE_RUNNING);
	s->asked_ns = asked_ns;
	return true;
}

/* What cannot be acted upon is told once, and is no sample. */
static bool distrusted(struct supervision *s, struct mt_sample *sample)
{
	const char *why = mt_trust_sample(&s->trust, sample);

	if (why && why != s->trust.told)
		mt_note_event(s, "statistics not believed", why);
	s->trust.told = why;
	return why;
}

/* Between looks: what the kernel has seen since. */
static void on_tick(const struct mt_tick *t, void *opaque)
{
	struct supervision *s = opaque;
	struct mt_plan plan;

	if (s->phase != PHASE_RUNNING || s->stopped)
		return;
	if (mt_engine_tick(&s->engine, t, &plan))
		mt_note_event(s, "load", "what the guest dirties has changed");
	if (plan.action != MT_ACTION_CONTINUE && mt_may_look(s))
		mt_act(s, &plan, NULL);
}

void mt_take_ticks(struct supervision *s)
{
	mt_recorded(s, mt_collector_record(s->o->collector, s->o->recorder, false, on_tick, s));
}

void mt_begin_work(struct supervision *s)
{
	struct mt_err ignored = { 0 };
	struct mt_work none;

	if (mt_domainwork_read(&s->work, &none, &ignored) < 0)
		s->work.next_ns = 0;
}

/*
 * A call like any other of a look, and never at a boundary. One that fails leaves the class
 * unknown.
 */
void mt_take_work(struct supervision *s)
{
	struct mt_err err = { 0 };
	struct mt_work work;

	if (s->phase != PHASE_RUNNING || !mt_may_look(s) ||
	    s->sample.status != MT_STATUS_ACTIVE || mt_domainwork_read(&s->work, &work, &err) != 1)
		return;
	mt_engine_work(&s->engine, &work);
	mt_recorded(s, mt_recorder_work(s->o->recorder, &work));
}

static void tell_class(struct supervision *s)
{
	const struct mt_classifier *c = &s->engine.monitor.class;
	char text[MT_CLASS_TEXT];

	if (c->class == s->class || !mt_classifier_is_settled(c))
		return;
	s->class = c->class;
	mt_note_event(s, "workload", mt_classifier_tell(c, text));
}

void mt_look(struct supervision *s, const struct mt_event *cause)
{
	struct mt_sample sample = { 0 };
	struct mt_plan plan;
	bool boundary;

	if (!see(s, &sample))
		return;
	if (cause && sample.iteration != cause->iteration)
		cause = NULL;		/* it came late: QEMU is further on */
	if (!cause && ahead_of_event(s, &sample))
		return;
	sample.t_ns = mt_now_ns();
	if (distrusted(s, &sample))
		return;
	sample.boundary = cause != NULL;
	if (cause)
		sample.sync_t_ns = mt_sync_time(s, cause);
	sample.anew = s->anew;
	s->anew = false;
	s->looked_ns = s->asked_ns;
	s->sample = sample;
	s->result->postcopy |= mt_status_is_postcopy(sample.status);
	if (sample.status == MT_STATUS_ACTIVE)
		mt_others_active(s);
	mt_effect_look(s);
	s->engine.flip.room_bytes = mt_room_bytes(s->o->room);
	boundary = mt_engine_feed(&s->engine, &sample, &plan);
	/* Act first, write it down after: the boundary is the best moment there is. */
	if (plan.action != MT_ACTION_CONTINUE)
		mt_act(s, &plan, cause);
	else if (boundary && *plan.reason)
		mt_record_decision(s, &plan, NULL, NULL, 0);
	mt_recorded(s, mt_recorder_sample(s->o->recorder, &sample));
	mt_take_ticks(s);
	mt_tell(s, &plan, boundary, NULL);
	tell_class(s);
	if (plan.warns)
		mt_note_event(s, "warning", plan.reason);
}
