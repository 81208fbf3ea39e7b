// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * happened.c - what an event means for the migration that is supervised
 */
#include <stdio.h>
#include <string.h>

#include "hypervisor/lifecycle.h"
#include "metadata.h"
#include "supervision.h"

static void on_migration(struct supervision *s, const struct mt_event *ev)
{
	mt_recorded(s, mt_recorder_event(s->o->recorder, ev->t_ns, "migration",
					 *ev->text ? ev->text : mt_status_name(ev->status)));
	/* Of the one that was cancelled to begin it again: on another connection, and late. */
	if (s->anew && !mt_status_is_under_way(ev->status))
		return;
	s->told = ev->status;
	switch (ev->status) {
	case MT_STATUS_CANCELLED:
		s->cancelled = true;
		mt_enter(s, s->o->ours ? PHASE_ENDING : PHASE_OVER);
		break;
	case MT_STATUS_FAILED:
		mt_enter(s, s->o->ours ? PHASE_ENDING : PHASE_OVER);
		break;
	case MT_STATUS_COMPLETED:
		mt_enter(s, PHASE_ENDING);
		break;
	case MT_STATUS_POSTCOPY:
		s->result->postcopy = true;
		mt_tell(s, NULL, false,
			"post-copy is under way: the guest runs at the destination");
		break;
	default:
		break;
	}
}

/* That it ran to its end here, or somebody ended it, is no question of where it is. */
static void on_stopped(struct supervision *s, const struct mt_event *ev)
{
	static const char *const how[] = {
		[VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN] = "was shut down",
		[VIR_DOMAIN_EVENT_STOPPED_DESTROYED] = "was destroyed (virsh destroy, or the like)",
		[VIR_DOMAIN_EVENT_STOPPED_CRASHED] = "crashed",
	};

	s->claimed |= ev->detail == VIR_DOMAIN_EVENT_STOPPED_MIGRATED;
	if (ev->detail >= 0 && (size_t)ev->detail < MT_ARRAY_SIZE(how) && !s->claimed)
		snprintf(s->off, sizeof(s->off), "%s", how[ev->detail]);
	mt_enter(s, PHASE_ENDING);
}

static void on_lifecycle(struct supervision *s, const struct mt_event *ev)
{
	char detail[96];

	mt_lifecycle_describe(detail, sizeof(detail), ev->lifecycle, ev->detail);
	mt_recorded(s, mt_recorder_event(s->o->recorder, ev->t_ns, "lifecycle", detail));
	if (ev->lifecycle == VIR_DOMAIN_EVENT_STOPPED)
		on_stopped(s, ev);
	if (ev->lifecycle == VIR_DOMAIN_EVENT_SUSPENDED &&
	    ev->detail == VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY_FAILED) {
		mt_note_event(
			s, "post-copy failed",
			"the guest is paused; it can be recovered with virsh migrate --postcopy --postcopy-resume");
		mt_enter(s, PHASE_ENDING);
	}
}

static void on_done(struct supervision *s, const struct mt_event *ev)
{
	if (!ev->detail)
		s->claimed = true;
	else if (mt_restart_begins(s))
		return;
	else if (!*s->text)
		snprintf(s->text, sizeof(s->text), "%s", ev->text);
	mt_enter(s, PHASE_OVER);
}

/* What this migration itself has taught stays. */
static void on_metadata(struct supervision *s, const struct mt_event *ev)
{
	const struct mt_limits *now = &s->engine.limits;
	struct mt_limits limits;

	if (strcmp(ev->text, MT_METADATA_URI) || !s->o->limits_now ||
	    !s->o->limits_now(&limits, s->o->limits_opaque))
		return;
	limits.qemu_limit_ms = now->qemu_limit_ms;
	limits.auto_converge = now->auto_converge;
	limits.clears_chunks = now->clears_chunks;
	limits.limitable_vcpus = now->limitable_vcpus;
	limits.before = now->before;
	mt_engine_set_limits(&s->engine, &limits);
	mt_note_event(s, "limits", "the guest's metadata has changed, and holds from now on");
}

void mt_happened(struct supervision *s, const struct mt_event *ev)
{
	switch (ev->kind) {
	case MT_EVENT_ITERATION:
		mt_collector_boundary(s->o->collector, ev->iteration, mt_sync_time(s, ev));
		if (mt_may_look(s) && ev->iteration > s->sample.iteration)
			mt_look(s, ev);
		break;
	case MT_EVENT_MIGRATION:
		on_migration(s, ev);
		break;
	case MT_EVENT_JOB_COMPLETED:
		s->claimed = true;
		s->result->final = ev->sample;
		mt_enter(s, s->o->ours ? PHASE_ENDING : PHASE_OVER);
		break;
	case MT_EVENT_LIFECYCLE:
		on_lifecycle(s, ev);
		break;
	case MT_EVENT_CONN_DOWN:
		/* A stopped guest stays under guard, which looks for connections of its own. */
		s->down = true;
		/*
		 * Events may be missed; but from these two there is no way back to where something
		 * may be done.
		 */
		if (s->told != MT_STATUS_SWITCHOVER && s->told != MT_STATUS_CANCELLING)
			s->told = MT_STATUS_NONE;
		s->caught_up = false;
		mt_note_event(s, "libvirtd went away",
			      "waiting for it to come back; QEMU goes on by itself");
		break;
	case MT_EVENT_CONN_UP:
		s->down = false;
		mt_note_event(s, "libvirtd is back", "");
		break;
	case MT_EVENT_MIGRATE_DONE:
		on_done(s, ev);
		break;
	case MT_EVENT_METADATA:
		on_metadata(s, ev);
		return;
	case MT_EVENT_GUARD:
		mt_on_guard(s, ev);
		return;
	case MT_EVENT_WAKE:
	case MT_EVENT_COUNT:
		return;
	}
	/* The guest may be safe by this, or need to be looked at. */
	if (s->stopped && s->o->guard)
		mt_guard_look(s->o->guard, s->uuid);
}
