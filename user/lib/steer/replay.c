// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * replay.c - one recorded migration, seen by one policy
 *
 * The engine that supervises live migrations runs over the samples. What the
 * recorded migration did later is what it did without the policy: a stop, flip
 * or abort therefore ends the replay; a changed setting does not, but from there
 * on the record shows a QEMU that had not been told. What that QEMU would have ended
 * already, under a limit that the policy raised, cannot be aborted any more. Likewise,
 * what the recorded policy itself ended is over there for every other one.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "hypervisor/versions.h"
#include "store/recorded.h"
#include "replay.h"

struct replay {
	struct mt_engine engine;
	struct mt_beforehand before;	/* as it was recorded */
	struct mt_sample last;		/* newest of status active or completed */
	double last_implied_ms;
	enum mt_status status;		/* of the newest sample of all */
	uint64_t now_ms;		/* of it: since the migration began, by our clock where QEMU
					 * does not tell */
	uint64_t told_ms, told_t_ns;	/* when QEMU last did */
	/* When each began; valid once seen. */
	uint64_t postcopy_at_ms, paused_at_ms, switchover_at_ms;
	bool postcopy_seen, paused, switchover_seen;
	unsigned n_unknown;		/* samples in a status that is not known here */
	char warnings[512];
	unsigned n_settings;		/* plans that set something */
	uint64_t setting_at_ms;		/* the first and the newest of them */
	char setting[64];
	uint64_t ends_at_ms;		/* when QEMU would have stopped by itself, under a limit the
					 * policy set */
	uint64_t ends_limit_ms;
	double ends_implied_ms;
	bool ends;
	const struct mt_record_decision *relimited;	/* a change of QEMU's limit that is still to
							 * be heeded */
	uint64_t planned_limit_ms;	/* as the policy would have it; 0 = left alone */
	const struct mt_record_decision *ended;	/* what the recorded policy did; NULL = nothing
						 * final */
	const struct mt_replay_watch *watch;	/* NULL: nobody looks on */
};

static struct mt_limits limits_of(const struct mt_recording *rec, const struct mt_limits *given)
{
	struct mt_limits l = rec->header.limits;
	const struct {
		uint64_t *to, from;
	} rows[] = {
		{ &l.max_downtime_ms, given->max_downtime_ms },
		{ &l.deadline_ms, given->deadline_ms },
		{ &l.stall_timeout_ms, given->stall_timeout_ms },
		{ &l.qemu_limit_ms, given->qemu_limit_ms }, { &l.fixed_ms, given->fixed_ms },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++)
		if (rows[i].from != MT_LIMIT_UNSET)
			*rows[i].to = rows[i].from;
	mt_params_merge(&l.params, &given->params);
	/* As if it had been begun by whoever asks now, on that host. */
	l.methods = given->methods & mt_methods_of(mt_versions_parse(rec->header.libvirt),
						   mt_versions_parse(rec->header.qemu));
	l.history = given->history;
	l.learned = given->learned;
	l.trained = given->trained;
	l.postcopy_allowed |= given->postcopy_allowed;
	l.auto_converge |= given->auto_converge;
	l.clears_chunks |= given->clears_chunks || mt_recorded_clears_chunks(rec);
	return l;
}

/* As it was known when the migration began. */
static double nonzero_of(const struct mt_recording *rec)
{
	double bytes = 0;

	for (size_t i = 0; i < rec->n_entries; i++)
		if (rec->entries[i].type == MT_ENTRY_GUEST)
			bytes = (double)rec->entries[i].guest.nonzero_bytes;
	return bytes;
}

static void take_last(struct replay *r, const struct mt_sample *newer)
{
	double rate;

	mt_sample_follow(&r->last, newer);
	if (newer->miscounted) {
		r->last.valid &= ~(1ULL << MT_FIELD_remaining_bytes);
		r->last_implied_ms = NAN;
	}
	rate = r->engine.iterations.bandwidth_bytes_per_s;
	if (rate <= 0 && mt_sample_has(&r->last, bandwidth_bytes_per_s))
		rate = (double)r->last.bandwidth_bytes_per_s;
	if (rate > 0 && mt_sample_has(&r->last, remaining_bytes))
		r->last_implied_ms = (double)r->last.remaining_bytes / rate * 1e3;
}

static void note_setting(struct replay *r, const struct mt_sample *s, const struct mt_plan *plan)
{
	char buf[MT_UNIT_STR] = "";

	if (!r->n_settings++)
		r->setting_at_ms = s->total_ms;
	switch (plan->action) {
	case MT_ACTION_SET_DOWNTIME:
		/*
		 * For the report only: what was recorded went on under the limit that was in force.
		 */
		r->planned_limit_ms = plan->downtime_limit_ms;
		mt_format_duration_ms(buf, (double)plan->downtime_limit_ms);
		break;
	case MT_ACTION_SET_BANDWIDTH:
		if (plan->bandwidth_bytes_per_s)
			mt_format_rate_bytes_per_s(buf, (double)plan->bandwidth_bytes_per_s);
		else
			snprintf(buf, sizeof(buf), "as it was");
		break;
	case MT_ACTION_THROTTLE:
		snprintf(buf, sizeof(buf), "%u %%", plan->throttle_percent);
		break;
	case MT_ACTION_LIMIT_VCPUS:
		mt_format_rate_bytes_per_s(buf, (double)plan->vcpu_limit_bytes_per_s);
		break;
	default:
		break;
	}
	snprintf(r->setting, sizeof(r->setting), "%s %s", mt_action_name(plan->action), buf);
}

/*
 * QEMU ends pre-copy when a sync leaves no more than its limit takes; would it have, under the
 * policy's?
 */
static void note_end(struct replay *r, const struct mt_plan *plan, const struct mt_sample *s)
{
	if (r->ends || plan->implied_downtime_ms < 0 ||
	    r->planned_limit_ms <= r->engine.limits.qemu_limit_ms)
		return;
	if (plan->implied_downtime_ms > (double)r->planned_limit_ms)
		return;
	r->ends = true;
	r->ends_at_ms = s->total_ms;
	r->ends_limit_ms = r->planned_limit_ms;
	r->ends_implied_ms = plan->implied_downtime_ms;
}

static double redirtied_ms(const struct mt_engine *e, const struct mt_plan *plan)
{
	const struct mt_prediction *p = &e->prediction;

	if (p->verdict == MT_VERDICT_UNKNOWN || plan->implied_downtime_ms < 0)
		return 0;
	return fmax(0, p->stop_now_ms - (double)e->limits.fixed_ms - plan->implied_downtime_ms);
}

static bool ends(const struct replay *r, const struct mt_plan *plan)
{
	return mt_action_is_final(plan->action) && !(plan->action == MT_ACTION_ABORT && r->ends);
}

static void say(struct mt_replay_result *result, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void say(struct mt_replay_result *result, const char *fmt, ...)
{
	size_t len = strlen(result->reason);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(result->reason + len, sizeof(result->reason) - len, fmt, ap);
	va_end(ap);
}

/* How it ended, or where the recording does. */
static void explain_end(const struct replay *r, struct mt_replay_result *result,
			const struct mt_recording *rec)
{
	char at[MT_UNIT_STR], pause[MT_UNIT_STR], since[MT_UNIT_STR];
	double still_ms = r->engine.iterations.still_s * 1e3;

	switch (r->status) {
	case MT_STATUS_COMPLETED:
		say(result, r->ended ? "the migration completed" : "QEMU finished by itself");
		if (!r->ended && mt_sample_has(&r->last, downtime_ms))
			say(result, ", after a pause of %s",
			    mt_format_duration_ms(pause, (double)r->last.downtime_ms));
		break;
	case MT_STATUS_FAILED:
		say(result, "the migration failed");
		break;
	case MT_STATUS_CANCELLED:
		say(result, "the migration was cancelled");
		break;
	case MT_STATUS_POSTCOPY_PAUSED:
		say(result, "status postcopy-paused for %s, since %s: %s",
		    mt_format_duration_ms(pause, (double)(r->now_ms - r->paused_at_ms)),
		    mt_format_duration_ms(since, (double)r->paused_at_ms),
		    mt_status_why(r->status));
		break;
	default:
		if (still_ms >= MT_STALL_TELL_MS)
			say(result, "nothing has been sent for %s; ",
			    mt_format_duration_ms(pause, still_ms));
		say(result, "the recording ends at %s%s",
		    mt_sample_has(&r->last, total_ms) ?
			    mt_format_duration_ms(at, (double)r->last.total_ms) :
			    "an unknown time",
		    rec->truncated ? ", early" : "");
		break;
	}
}

static void explain_none(const struct replay *r, struct mt_replay_result *result,
			 const struct mt_recording *rec)
{
	char at[MT_UNIT_STR];

	if (r->ended)
		say(result, "the recorded %s at %s came first; ",
		    mt_action_name(r->ended->plan.action),
		    mt_format_duration_ms(at, (double)r->ended->total_ms));
	else if (r->postcopy_seen)
		say(result, "post-copy was started at %s; ",
		    mt_format_duration_ms(at, (double)r->postcopy_at_ms));
	if (r->n_unknown)
		say(result, "%u answers have a status that is not known here; ", r->n_unknown);
	say(result, "%s", r->warnings);
	if (r->switchover_seen && !r->ended)
		say(result, "switchover is under way from %s on, and can only be waited for; ",
		    mt_format_duration_ms(at, (double)r->switchover_at_ms));
	explain_end(r, result, rec);
}

static void explain_settings(const struct replay *r, struct mt_replay_result *result)
{
	char at[MT_UNIT_STR], limit[MT_UNIT_STR];

	result->ends_ms = r->ends ? (double)r->ends_at_ms : NAN;
	result->ends_implied_ms = r->ends ? r->ends_implied_ms : NAN;
	if (!r->n_settings)
		return;
	say(result, "; before, %s (%u change%s since %s)", r->setting, r->n_settings,
	    r->n_settings == 1 ? "" : "s", mt_format_duration_ms(at, (double)r->setting_at_ms));
	if (r->ends)
		say(result, ", and a limit of %s is met at %s",
		    mt_format_duration_ms(limit, (double)r->ends_limit_ms),
		    mt_format_duration_ms(at, (double)r->ends_at_ms));
}

static void note_recorded(struct replay *r, const struct mt_record_decision *d)
{
	if (!d->applied || strcmp(d->applied, "done"))
		return;
	if (!r->ended && mt_action_is_final(d->plan.action))
		r->ended = d;
	if (d->plan.action == MT_ACTION_SET_DOWNTIME)
		r->relimited = d;
}

/* A limit that was really changed holds for what was recorded after it. */
static void heed_recorded(struct replay *r, const struct mt_sample *s)
{
	if (!r->relimited || s->t_ns <= r->relimited->t_ns)
		return;
	mt_engine_set_qemu_limit(&r->engine, r->relimited->plan.downtime_limit_ms);
	r->relimited = NULL;
}

static void note_warning(struct replay *r, const struct mt_plan *plan)
{
	size_t len = strlen(r->warnings);
	char at[MT_UNIT_STR];

	snprintf(r->warnings + len, sizeof(r->warnings) - len, "at %s: %s; ",
		 mt_format_duration_ms(at, (double)r->now_ms), plan->reason);
}

/*
 * The last answers often have no time: from the last that had one it goes on by when they were
 * given.
 */
static void note_time(struct replay *r, const struct mt_sample *s)
{
	if (mt_sample_has(s, total_ms) || !r->told_t_ns) {
		r->told_ms = s->total_ms;
		r->told_t_ns = s->t_ns;
	}
	r->now_ms =
		r->told_ms + (s->t_ns > r->told_t_ns ? (s->t_ns - r->told_t_ns) / MT_NS_PER_MS : 0);
}

static void note_first(bool *seen, uint64_t *at_ms, bool now, const struct replay *r)
{
	if (now && !*seen)
		*at_ms = r->now_ms;
	*seen |= now;
}

static void note_status(struct replay *r, const struct mt_sample *s)
{
	note_time(r, s);
	note_first(&r->postcopy_seen, &r->postcopy_at_ms, mt_status_is_postcopy(s->status), r);
	note_first(&r->switchover_seen, &r->switchover_at_ms, s->status == MT_STATUS_SWITCHOVER, r);
	note_first(&r->paused, &r->paused_at_ms, s->status == MT_STATUS_POSTCOPY_PAUSED, r);
	r->paused &= s->status == MT_STATUS_POSTCOPY_PAUSED;	/* or it goes on again */
	r->n_unknown += s->status == MT_STATUS_UNKNOWN;
	r->status = s->status;
}

/* Return: true when @plan ends the replay. */
static bool step(struct replay *r, const struct mt_sample *s, struct mt_plan *plan)
{
	bool boundary;

	memset(plan, 0, sizeof(*plan));
	plan->implied_downtime_ms = -1;
	note_status(r, s);
	/* Before it began, or after its end. */
	if (s->status == MT_STATUS_SETUP || s->status == MT_STATUS_CANCELLING ||
	    (mt_status_is_over(s->status) && s->status != MT_STATUS_COMPLETED))
		return false;
	heed_recorded(r, s);
	boundary = mt_engine_feed(&r->engine, s, plan);
	if (!mt_status_is_postcopy(s->status))
		take_last(r, s);
	/*
	 * Too late for any plan. The sample that led to the recorded decision is written after it,
	 * but older.
	 */
	if (s->status != MT_STATUS_ACTIVE || (r->ended && s->t_ns > r->ended->t_ns))
		return false;
	if (boundary)
		note_end(r, plan, s);
	if (boundary && r->watch)
		r->watch->boundary(&r->engine, plan, r->watch->opaque);
	if (plan->warns)
		note_warning(r, plan);
	if (plan->action != MT_ACTION_CONTINUE && !mt_action_is_final(plan->action))
		note_setting(r, s, plan);
	return ends(r, plan);
}

/* "migration 2 of 3: ", where there are several. */
static void say_which(struct mt_replay_result *result, const struct mt_recording *rec, size_t from)
{
	size_t n = 0, which = 0;

	for (size_t i = 0; i < rec->n_entries; i = mt_recording_migration(rec, i), n++)
		which += i <= from;
	if (n > 1)
		say(result, "migration %zu of %zu: ", which, n);
}

/*
 * What the kernel saw between two looks. Settings wait for the next look: what was recorded goes on
 * without them.
 */
static bool between(struct replay *r, const struct mt_tick *tick, struct mt_plan *plan)
{
	mt_engine_tick(&r->engine, tick, plan);
	return ends(r, plan);
}

void mt_replay(struct mt_replay_result *result, const struct mt_recording *rec, size_t from,
	       size_t to, const struct mt_policy *policy, const struct mt_limits *given,
	       const struct mt_replay_watch *watch)
{
	struct replay r = { .last_implied_ms = NAN,
			    .watch = watch,
			    .before.nonzero_bytes = nonzero_of(rec) };
	struct mt_limits limits = limits_of(rec, given);

	memset(result, 0, sizeof(*result));
	limits.before = given->before ? given->before : &r.before;
	mt_engine_init(&r.engine, policy, &limits);
	say_which(result, rec, from);
	for (size_t i = from; i < to; i++) {
		const struct mt_sample *s = &rec->entries[i].sample;
		struct mt_plan plan;

		if (rec->entries[i].type == MT_ENTRY_DECISION)
			note_recorded(&r, &rec->entries[i].decision);
		if (rec->entries[i].type == MT_ENTRY_WORK)
			mt_engine_work(&r.engine, &rec->entries[i].work);
		if (rec->entries[i].type == MT_ENTRY_TICK) {
			if (!between(&r, &rec->entries[i].tick, &plan))
				continue;
			s = &r.last;
		} else if (rec->entries[i].type != MT_ENTRY_SAMPLE || !step(&r, s, &plan)) {
			continue;
		}
		result->action = plan.action;
		result->at = *s;
		result->implied_downtime_ms =
			plan.implied_downtime_ms < 0 ? r.last_implied_ms : plan.implied_downtime_ms;
		result->redirtied_ms = redirtied_ms(&r.engine, &plan);
		say(result, "%s", plan.reason);
		explain_settings(&r, result);
		return;
	}
	result->at = r.last;
	result->implied_downtime_ms = r.last_implied_ms;
	explain_none(&r, result, rec);
	explain_settings(&r, result);
}
