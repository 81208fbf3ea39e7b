// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_replayed.c - a recorded migration through the engine that decides live ones
 *
 * Twice: with the policy that does nothing, which shows what the model says after each pass whether
 * or not somebody would have acted before; and with the default policy, which shows where that
 * decides.
 */
#include <math.h>
#include <string.h>

#include "base/quantile.h"
#include "evaluate_replayed.h"

/* so long after the begin a migration that does not end has shown what it is like */
#define LATER_MS	40000

const char *evaluate_moment_name(enum evaluate_moment moment)
{
	static const char *const names[EVALUATE_MOMENTS] = {
		[MOMENT_START] = "start",
		[MOMENT_PASS_1] = "pass 1",
		[MOMENT_PASS_2] = "pass 2",
		[MOMENT_PASS_3] = "pass 3",
		[MOMENT_40_S] = "40 s",
		[MOMENT_DECISION] = "decision",
	};

	return moment < EVALUATE_MOMENTS ? names[moment] : "unknown";
}

static void take(struct evaluate_boundary *b, const struct mt_engine *e)
{
	*b = (struct evaluate_boundary){ true, e->iterations, e->prediction };
}

static double settled_ms(const struct mt_engine *e)
{
	double left_bytes[MT_ITERATIONS_KEPT];
	size_t n = 0;

	for (size_t i = 0; i < e->iterations.n_kept; i++)
		if (!e->iterations.kept[i].first)
			left_bytes[n++] = e->iterations.kept[i].remaining_bytes;
	if (!n || !(e->iterations.bandwidth_bytes_per_s > 0))
		return NAN;
	return mt_median(left_bytes, n) / e->iterations.bandwidth_bytes_per_s * 1e3 +
	       (double)e->limits.fixed_ms;
}

static void note_pass(const struct mt_engine *e, const struct mt_plan *plan, void *opaque)
{
	struct evaluate_replayed *r = opaque;
	uint64_t passes = e->iterations.total;

	if (passes >= 1 && passes <= 3)
		take(&r->at[MOMENT_PASS_1 + passes - 1], e);
	r->settled_ms = settled_ms(e);
	if (r->at[MOMENT_40_S].reached)
		return;
	if (e->iterations.last.total_ms <= LATER_MS)
		take(&r->at[MOMENT_40_S], e);
	/* It counts once there is a later one. */
	r->at[MOMENT_40_S].reached =
		e->iterations.last.total_ms > LATER_MS && r->at[MOMENT_40_S].iterations.total;
}

static void note_decision(const struct mt_engine *e, const struct mt_plan *plan, void *opaque)
{
	struct evaluate_replayed *r = opaque;

	take(&r->at[MOMENT_DECISION], e);
	r->allowed_ms = (double)e->limits.max_downtime_ms;
}

void evaluate_replay(struct evaluate_replayed *r, const struct mt_recording *rec,
		     enum mt_method method, const struct mt_beforehand *before)
{
	struct mt_limits as_recorded = MT_LIMITS_UNSET;
	const struct mt_replay_watch passes = { note_pass, r }, decision = { note_decision, r };
	size_t from = 0, to;

	memset(r, 0, sizeof(*r));
	r->allowed_ms = r->settled_ms = NAN;
	/* Older recordings do not tell. */
	as_recorded.auto_converge = method == MT_METHOD_AUTOCONVERGE;
	as_recorded.before = before;
	while ((to = mt_recording_migration(rec, from)) < rec->n_entries)
		from = to;
	mt_replay(&r->decided, rec, from, to, mt_policy_find("qemu"), &as_recorded, &passes);
	mt_replay(&r->decided, rec, from, to, mt_policy_find(MT_POLICY_DEFAULT), &as_recorded,
		  &decision);
}
