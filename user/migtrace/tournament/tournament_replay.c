// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tournament_replay.c - what a policy would have made of a recorded migration
 *
 * What a recording cannot tell is implied: a guest that is stopped pauses for what is left over the
 * bandwidth, and for what is expected to be dirty again since the pass began; the migration lasts
 * that much longer; flipped, it lasts as long and pauses for
 * what is not memory. How the guest would have stalled then is not known.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "cli/recording_load.h"
#include "steer/replay.h"
#include "tournament.h"

struct review {
	struct tournament_bout *b;
	const struct mt_recording *rec;
	size_t to;			/* of its first migration */
	bool flipped;			/* as it was recorded */
	struct score_point *v;		/* hindsight's */
	size_t n;
};

static double or_nan(const struct mt_sample *s, enum mt_field field)
{
	uint64_t value;

	return mt_sample_get(s, field, &value) ? (double)value : NAN;
}

static struct score_point stopped(double at_ms, double implied_ms)
{
	return (struct score_point){ at_ms + implied_ms, implied_ms, implied_ms };
}

static struct score_point flipped(const struct review *r, double at_ms, double implied_ms)
{
	return (struct score_point){ at_ms + implied_ms, (double)r->b->limits.fixed_ms, NAN };
}

/* It goes on as recorded: under a limit of the policy's, or to QEMU's own end. */
static struct score_point went_on(const struct review *r, const struct mt_replay_result *result,
				  bool *completed)
{
	const struct mt_sample *at = &result->at;
	double pause_ms = or_nan(at, MT_FIELD_downtime_ms);

	*completed = true;
	if (isfinite(result->ends_ms))
		return stopped(result->ends_ms, result->ends_implied_ms);
	*completed = at->status == MT_STATUS_COMPLETED && !r->flipped;
	return (struct score_point){ or_nan(at, MT_FIELD_total_ms), pause_ms, pause_ms };
}

static void fill(struct mt_run *l, const struct score_point *at, bool completed)
{
	l->outcome = completed ? MT_OUTCOME_COMPLETED : MT_OUTCOME_ABORTED;
	l->total_ms = round(at->total_ms);
	l->downtime_ms = completed ? round(at->pause_ms) : NAN;
	l->felt_ms = completed ? at->stall_ms : NAN;
}

static void replay(struct review *r)
{
	struct tournament_bout *b = r->b;
	struct mt_replay_result result;
	struct score_point at;
	bool completed = true;
	double at_ms;

	mt_replay(&result, r->rec, 0, r->to, b->run->method->policy, &b->limits, NULL);
	at_ms = or_nan(&result.at, MT_FIELD_total_ms);
	switch (result.action) {
	case MT_ACTION_STOP:
		at = stopped(at_ms, result.implied_downtime_ms + result.redirtied_ms);
		break;
	case MT_ACTION_FLIP:
		at = flipped(r, at_ms, result.implied_downtime_ms);
		break;
	case MT_ACTION_ABORT:
		at = (struct score_point){ at_ms, NAN, NAN };
		completed = false;
		break;
	default:
		at = went_on(r, &result, &completed);
		break;
	}
	fill(b->line, &at, completed);
	b->line->transferred_bytes = or_nan(&result.at, MT_FIELD_transferred_bytes);
	b->line->iterations = or_nan(&result.at, MT_FIELD_iteration);
	snprintf(b->line->reason, sizeof(b->line->reason), "%.383s", result.reason);
}

/* --- hindsight: each boundary --------------------------------------------------------- */
static void on_boundary(const struct mt_engine *engine, const struct mt_plan *plan, void *opaque)
{
	struct review *r = opaque;
	double at_ms = or_nan(&engine->newest, MT_FIELD_total_ms);

	if (plan->implied_downtime_ms < 0 || isnan(at_ms))
		return;
	r->v[r->n++] = stopped(at_ms, plan->implied_downtime_ms);
	if (r->b->limits.postcopy_allowed)
		r->v[r->n++] = flipped(r, at_ms, plan->implied_downtime_ms);
}

static int look_back(struct review *r, struct mt_err *err)
{
	const struct mt_replay_watch watch = { .boundary = on_boundary, .opaque = r };
	mt_autofree struct score_point *v = calloc(2 * r->to + 2, sizeof(*v));
	struct mt_replay_result result;
	struct score_point end;
	bool completed;

	if (!v)
		return mt_err_set(err, -ENOMEM, "out of memory");
	r->v = v;
	mt_replay(&result, r->rec, 0, r->to, mt_policy_find("qemu"), &r->b->limits, &watch);
	end = went_on(r, &result, &completed);
	if (completed)
		r->v[r->n++] = end;
	tournament_choose(r->b, r->v, r->n);
	/* In order of total time: the first is the quickest that met its objectives. */
	completed = r->b->line->n_choices > 0;
	if (completed) {
		const struct mt_run_choice *c = &r->b->line->choices[0];

		end = (struct score_point){ c->total_ms, c->pause_ms, c->stall_ms };
	}
	fill(r->b->line, &end, completed);
	return 0;
}

int tournament_replay(struct tournament_bout *b, struct mt_err *err)
{
	const struct spec_words *files = &b->t->files[b->workload - b->t->spec.workloads];
	const char *path = files->v[b->run->round];
	struct mt_recording *rec = NULL;
	struct review r = { .b = b };
	int rc = recording_load(&rec, path, err);

	if (rc)
		return rc;
	r.rec = rec;
	r.to = mt_recording_migration(rec, 0);
	for (size_t i = 0; i < r.to; i++)
		r.flipped |= rec->entries[i].type == MT_ENTRY_SAMPLE &&
			     mt_status_is_postcopy(rec->entries[i].sample.status);
	snprintf(b->line->recording, sizeof(b->line->recording), "%s", path);
	if (tournament_is_hindsight(b->run))
		rc = look_back(&r, err);
	else
		replay(&r);
	mt_recording_free(rec);
	return rc;
}
