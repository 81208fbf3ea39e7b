// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * supervise.c - one live migration, from the first sample to its outcome
 *
 * One thread, one loop: wait for an event or the next poll, look, decide, act,
 * record. supervision.h says where each of these is.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "supervision.h"

#define POLL_DEFAULT_MS		250
#define TICKS_MS		50	/* as often as a session for passes has one */
/* a migration that was announced begins within this, or never */
#define BEGIN_MS		60000
/* after the job is gone: libvirt reports success 1.4 to 2 s late */
#define CLAIM_MS		6000
#define BEFORE_MS		2000	/* an event that made us begin may be this old */

void mt_enter(struct supervision *s, enum phase phase)
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

/* --- telling -------------------------------------------------------------- */
const char *mt_stage_name(enum mt_stage stage)
{
	static const char *const names[MT_STAGE_COUNT] = {
		[MT_STAGE_BEGINNING] = "beginning",
		[MT_STAGE_RUNNING] = "running",
		[MT_STAGE_STOPPED] = "stopped",
		[MT_STAGE_ENDING] = "ending",
		[MT_STAGE_SETTLING] = "settling",
		[MT_STAGE_OVER] = "over",
	};

	return stage < MT_STAGE_COUNT ? names[stage] : "over";
}

static enum mt_stage stage_of(const struct supervision *s)
{
	static const enum mt_stage stages[] = {
		[PHASE_BEGINNING] = MT_STAGE_BEGINNING,
		[PHASE_RUNNING] = MT_STAGE_RUNNING,
		[PHASE_ENDING] = MT_STAGE_ENDING,
		[PHASE_OVER] = MT_STAGE_OVER,
	};

	if (s->stopped)
		return MT_STAGE_STOPPED;
	return s->settling ? MT_STAGE_SETTLING : stages[s->phase];
}

void mt_tell(struct supervision *s, const struct mt_plan *plan, bool boundary, const char *note)
{
	const struct mt_progress p = {
		.domain = s->domain,
		.engine = &s->engine,
		.sample = &s->sample,
		.plan = plan,
		.boundary = boundary,
		.note = note,
		.stage = stage_of(s),
		.acts = s->acts,
		.hand = s->hand,
	};

	if (s->o->progress)
		s->o->progress(&p, s->o->opaque);
}

void mt_recorded(struct supervision *s, int rc)
{
	char note[128];

	if (!rc || s->result->record_error)
		return;
	s->result->record_error = rc;
	snprintf(note, sizeof(note), "the recording ends here: %s; supervision goes on",
		 strerror(-rc));
	mt_tell(s, NULL, false, note);
}

void mt_note_event(struct supervision *s, const char *event, const char *detail)
{
	char note[384];

	mt_recorded(s, mt_recorder_event(s->o->recorder, mt_now_ns(), event, detail));
	snprintf(note, sizeof(note), "%s%s%s", event, *detail ? ": " : "", detail);
	mt_tell(s, NULL, false, note);
}

/* --- flags ------------------------------------------------------------------ */
bool mt_flag_is_set(const volatile int *flag)
{
	return flag && __atomic_load_n(flag, __ATOMIC_RELAXED);
}

/* The person at the keyboard, or the daemon's: end it, or let go of it. */
static void heed_flags(struct supervision *s)
{
	if (mt_flag_is_set(s->o->leave)) {
		s->result->left = true;
		s->phase = PHASE_OVER;
		return;
	}
	if (!mt_flag_is_set(s->o->cancel) || s->cancelled || s->phase > PHASE_RUNNING)
		return;
	if (mt_status_is_postcopy(s->sample.status)) {
		if (!s->told_postcopy)
			mt_note_event(
				s, "not cancelled",
				"in post-copy the guest's memory is on both sides: it is safe only when that has finished");
		s->told_postcopy = true;
		return;
	}
	/*
	 * A stopped guest is given back by the guard, again and again; once more at once does no
	 * harm.
	 */
	if (mt_cancel(s) && s->stopped)
		mt_guard_due(s->o->guard, s->uuid, "the migration is to be cancelled");
}

static void watch_clock(struct supervision *s)
{
	if (s->phase == PHASE_BEGINNING && phase_ms(s) > BEGIN_MS) {
		snprintf(s->text, sizeof(s->text), "it did not begin within %d s", BEGIN_MS / 1000);
		mt_enter(s, PHASE_OVER);
	}
	if (s->phase == PHASE_ENDING && !s->o->ours && !s->down &&
	    (phase_ms(s) > CLAIM_MS || (s->claimed && mt_sample_has(&s->result->final, total_ms))))
		mt_enter(s, PHASE_OVER);
	/* Ours ends when our own call returns; a call that never does must not hold us for ever. */
	if (s->phase == PHASE_ENDING && s->o->ours && phase_ms(s) > 2 * BEGIN_MS)
		mt_enter(s, PHASE_OVER);
}

/* --- the whole ---------------------------------------------------------- */
/* What of its memory is not empty decides how much there is to send. */
static void know_guest(struct supervision *s, const struct mt_domain_info *info,
		       struct mt_limits *limits)
{
	if (limits->before)
		s->before = *limits->before;
	if (!(s->before.nonzero_bytes > 0))
		s->before.nonzero_bytes = (double)mt_domain_nonzero(s->conn, info);
	limits->before = &s->before;
	if (s->before.nonzero_bytes > 0)
		mt_recorded(s, mt_recorder_guest(s->o->recorder, &(struct mt_record_guest){
			.t_ns = mt_now_ns(), .memory_bytes = info->memory_bytes,
			.vcpus = info->vcpus,
			.nonzero_bytes = (uint64_t)s->before.nonzero_bytes, .cpu_share = NAN }));
}

static int begin(struct supervision *s, struct mt_err *err)
{
	struct mt_limits limits = s->o->limits;
	struct mt_domain_info info;
	int rc;

	rc = mt_domain_info(s->conn, s->uuid, &info, err);
	if (rc)
		return rc;
	snprintf(s->domain, sizeof(s->domain), "%s", info.name);
	s->was_paused = info.state == VIR_DOMAIN_PAUSED &&
			info.reason != VIR_DOMAIN_PAUSED_MIGRATION &&
			info.reason != VIR_DOMAIN_PAUSED_POSTCOPY &&
			info.reason != VIR_DOMAIN_PAUSED_POSTCOPY_FAILED;
	mt_others_begin(s);
	if (limits.qemu_limit_ms == MT_LIMIT_UNSET && s->others.limit_ms.known)
		limits.qemu_limit_ms = s->others.limit_ms.value;
	limits.clears_chunks |= mt_domain_clears_chunks(&info);
	limits.limitable_vcpus = mt_domain_limitable_vcpus(s->conn, &info);
	know_guest(s, &info, &limits);
	s->work.vcpus = info.vcpus;
	mt_begin_work(s);
	mt_engine_init(&s->engine, s->o->policy, &limits);
	s->engine.flip.device = info.host_device;
	s->phase_since_ns = mt_now_ns();
	s->looked_ns = s->phase_since_ns > BEFORE_MS * MT_NS_PER_MS ?
			       s->phase_since_ns - BEFORE_MS * MT_NS_PER_MS :
			       0;
	mt_hand_begin(s);
	if (s->o->guard && s->o->cancel &&
	    mt_guard_watch(s->o->guard, s->conn, s->uuid, s->o->cancel, s->inbox))
		mt_note_event(s, "trouble", "a call that hangs will delay a cancellation");
	return 0;
}

/* With a kernel source, until there are ticks. */
static uint64_t wait_ms(const struct supervision *s, uint64_t ns)
{
	uint64_t ms = ns / MT_NS_PER_MS + 1;

	return s->o->collector && ms > TICKS_MS ? TICKS_MS : ms;
}

static void follow(struct supervision *s)
{
	uint64_t poll_ms = s->o->poll_ms ? s->o->poll_ms : POLL_DEFAULT_MS;
	uint64_t next_ns = 0;

	while (s->phase != PHASE_OVER) {
		uint64_t now = mt_now_ns();
		struct mt_event ev;

		heed_flags(s);
		if (s->phase == PHASE_OVER)
			break;
		mt_hand_look(s);
		if (now >= next_ns) {
			if (mt_may_look(s))
				mt_look(s, NULL);
			mt_take_work(s);
			watch_clock(s);
			now = mt_now_ns();
			next_ns = now + poll_ms * MT_NS_PER_MS;
		}
		if (!mt_inbox_take(s->inbox, &ev, wait_ms(s, next_ns - now)))
			mt_happened(s, &ev);
		else if (s->o->collector)
			mt_take_ticks(s);
	}
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
		.work = { .conn = conn, .uuid = uuid, .probes = options->probes, .host = true },
	};
	int rc;

	memset(result, 0, sizeof(*result));
	rc = begin(&s, err);
	if (rc)
		return rc;
	follow(&s);
	mt_recorded(&s, mt_collector_record(s.o->collector, s.o->recorder, true, NULL, NULL));
	if (!result->left)
		mt_conclude(&s);
	else
		mt_lift_limit(&s);
	if (s.o->guard) {
		mt_guard_unwatch(s.o->guard, s.uuid);
		mt_guard_detach(s.o->guard, s.uuid);
	}
	mt_hand_end(&s);
	return 0;
}
