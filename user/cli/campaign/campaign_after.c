// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_after.c - what a migration was like: asked of the guest, and judged
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/units.h"
#include "campaign_going.h"

#define VERIFY_MS		60000
/* What is worth a note. Inferred. */
#define BUSY_PERCENT		95
#define SLOW_SHARE		0.6	/* of the bandwidth asked for, on the whole */
#define SLOW_MIN_MS		3000	/* shorter ones are mostly beginning and end */
/* a guest that beats every few milliseconds, and is silent so long after a migration, has died */
#define SILENT_MS		2000

void campaign_note(struct campaign_going *r, const char *fmt, ...)
{
	char *note = r->result->note;
	size_t used = strlen(note);
	va_list ap;

	if (used)
		used += (size_t)snprintf(note + used, sizeof(r->result->note) - used, "; ");
	if (used >= sizeof(r->result->note))
		return;
	va_start(ap, fmt);
	vsnprintf(note + used, sizeof(r->result->note) - used, fmt, ap);
	va_end(ap);
}

bool campaign_may_flip(const struct campaign_method *m)
{
	return m->policy ? m->steer.postcopy_allowed : mt_method_at(m->kind)->postcopy;
}

static void ask_felt(struct campaign_going *r)
{
	char from[32];
	const char *const words[] = { "gap", from, "0", NULL };
	struct campaign_answer answer;
	struct mt_err err = { 0 };

	snprintf(from, sizeof(from), "%" PRIu64, r->start_ns);
	if (campaign_watch(r->c, words, &answer, &err)) {
		campaign_note(r, "felt stall unknown: %.120s", err.msg);
		return;
	}
	r->result->felt_ms = answer.longest_gap_ms;
	/* It has not been heard again. */
	r->silent = answer.lasts && answer.longest_gap_ms > SILENT_MS;
	if (r->silent)
		campaign_note(r, "the guest is silent");
}

static void ask_verify(struct campaign_going *r)
{
	char timeout[32];
	const char *const words[] = { "verify", timeout, NULL };
	struct campaign_answer answer;
	struct mt_err err = { 0 };

	if (!r->c->start->workload->verify)
		return;
	snprintf(timeout, sizeof(timeout), "%d", VERIFY_MS);
	if (campaign_watch(r->c, words, &answer, &err)) {
		snprintf(answer.verify, sizeof(answer.verify), "unknown");
		snprintf(answer.text, sizeof(answer.text), "%.255s", err.msg);
	}
	memcpy(r->result->verified, answer.verify, sizeof(r->result->verified));
	if (strcmp(answer.verify, "ok"))
		campaign_note(r, "verification: %.200s", answer.text);
}

static bool completed(const struct campaign_going *r)
{
	return r->supervised.outcome == MT_OUTCOME_COMPLETED;
}

/*
 * A stalled link, or a host with no time to fill it. What is compressed, throttled or mostly zero
 * is slow by right.
 */
static void note_slow(struct campaign_going *r)
{
	const struct mt_sample *f = &r->supervised.final;
	double ms;

	if (r->how.compression || r->how.auto_converge || isnan(r->result->prepare_ms) ||
	    !mt_sample_has(f, total_ms) || !mt_sample_has(f, transferred_bytes))
		return;
	ms = f->total_ms - r->result->prepare_ms;
	if (ms > SLOW_MIN_MS &&
	    f->transferred_bytes / ms * 1e3 < SLOW_SHARE * r->how.bandwidth_bytes_per_s)
		campaign_note(r, "slow: %.1f MiB/s on the whole",
			      f->transferred_bytes / ms * 1e3 / MT_MIB);
}

static void judge(struct campaign_going *r)
{
	struct campaign_result *o = r->result;

	o->outcome = r->supervised.outcome;
	o->final = r->supervised.final;
	o->converged = completed(r) && !r->supervised.postcopy && !r->capped &&
		       !(r->stopped && r->supervised.actions_done);
	if (!completed(r) && !(r->supervised.outcome == MT_OUTCOME_ABORTED &&
			       (r->capped || r->plan->method->policy)))
		campaign_note(r, "%.200s", r->supervised.detail);
	if (!completed(r) && r->capped && r->plan->method->policy)
		campaign_note(r, "cancelled at the cap");
	if (completed(r) && r->capped)
		campaign_note(r, "completed although cancelled at the cap");
	if (!r->plan->method->policy && campaign_may_flip(r->plan->method) && completed(r) &&
	    !r->supervised.postcopy)
		campaign_note(r, "converged before the flip");
	if (o->busy_percent >= BUSY_PERCENT)
		campaign_note(r, "host busy");
	if (r->supervised.actions_failed)
		campaign_note(r, "%u actions failed", r->supervised.actions_failed);
	if (r->supervised.record_error)
		campaign_note(r, "recording incomplete: %s", strerror(-r->supervised.record_error));
	note_slow(r);
}

bool campaign_look_after(struct campaign_going *r)
{
	struct campaign *c = r->c;
	struct mt_err ignored = { 0 };
	bool found = !campaign_guest_find(c, &ignored);

	ask_felt(r);
	if (found && !r->silent && c->spec.baseline_ms) {
		struct campaign_work after = campaign_work_ask(c);

		r->result->work_during_per_s = campaign_work_per_s(&r->work, &after);
	}
	if (found && !r->silent)
		ask_verify(r);
	judge(r);
	return found && !r->silent && (!*r->result->verified || !strcmp(r->result->verified, "ok"));
}
