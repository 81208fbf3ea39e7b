// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fmam.c - FM and AM: stop at the moment that a forecast by patterns names (PURE)
 *
 * Chen & Cao (NPC'14), see pilot.h. The series is what each tick of a kernel source found dirty;
 * where there is none, what a pass dirtied is taken as spread evenly over it. What an earlier
 * migration dirtied, limits->history, is learnt from first. No pause is too long for them,
 * max_downtime_ms is not heeded: they take the shortest that they see within their horizon.
 *
 * QEMU begins a pass as the one before it ends. With "waits yes" the next one is made to begin when
 * the paper's FindFinishTime wants it, see slowpass.h.
 */
#include <math.h>

#include "model/markov/pilot.h"
#include "policy_rows.h"
#include "slowpass.h"

/* A plan has at least this long, however near the deadline. */
#define HORIZON_MIN_S	1.0
/* A longer pass says no more than so much of it: one rate. */
#define LEARNT_MAX_S	60.0

enum { WAITS };

static const char *const no_yes[] = { "no", "yes", NULL };

static const struct mt_param params[] = {
	[WAITS] = { .name = "waits", .kind = MT_PARAM_WORD, .max = 1, .words = no_yes,
		    .help = "whether a pass may be slowed down so that the next begins later",
		    .about =
			    "whether a pass may be slowed down, by QEMU's speed, so that the next one begins when the forecast wants it to" },
	{ .name = NULL }
};

struct markov {
	bool begun, learnt;
	struct mt_slowpass slow;
	uint64_t tick_ns;		/* end of the last tick; 0: there was none */
	double ticked_bytes;		/* by ticks, in this pass */
	struct mt_pilot pilot;
};

/* At the first tick or boundary: before it nothing is known. */
static bool begin(struct markov *s, const struct mt_view *view, uint64_t now_ms, const char *method)
{
	struct mt_pilot_params p = MT_PILOT_DEFAULTS;
	const struct mt_limits *limits = view->limits;

	p.waits = view->params[WAITS];
	mt_markov_use(&p.markov, mt_markov_method(method));
	if (limits->deadline_ms != MT_LIMIT_NONE)
		p.horizon_s = fmax(HORIZON_MIN_S,
					fmin(p.horizon_s,
					     ((double)limits->deadline_ms - (double)now_ms) / 1e3));
	s->begun = !mt_pilot_init(&s->pilot, &p);
	if (s->begun && limits->history && limits->history->slot_s == p.slot_s)
		mt_pilot_train(&s->pilot, limits->history->bytes, limits->history->n);
	return s->begun;
}

/*
 * Without a history the first pass stands for what was before it, too: a whole status, so that
 * there is a forecast at once. Inferred.
 */
static void learn(struct markov *s, const struct mt_iteration *it)
{
	const struct mt_pilot_params *p = &s->pilot.params;
	double known_s = fmin(it->duration_s, LEARNT_MAX_S);

	if (it->duration_s <= 0)
		return;
	if (!s->learnt && !s->pilot.trained)
		known_s = fmax(known_s, p->markov.window * p->slot_s);
	s->learnt = true;
	mt_pilot_feed(&s->pilot, known_s, it->dirtied_bytes / it->duration_s * known_s);
}

static void learn_tick(struct markov *s, const struct mt_tick *t)
{
	uint64_t from_ns = s->tick_ns ? s->tick_ns : t->start_ns;
	double seconds = (double)(t->t_ns - from_ns) / MT_NS_PER_S, bytes;

	if (t->t_ns <= from_ns || t->t_ns <= t->start_ns || !mt_tick_has(t, pages))
		return;
	bytes = mt_loads_tick_bytes(t, seconds);
	mt_pilot_feed(&s->pilot, seconds, bytes);
	s->ticked_bytes += bytes;
	s->tick_ns = t->t_ns;
}

static void tell_finish(const struct mt_pilot_advice *a, double left_bytes, struct mt_plan *plan)
{
	char left[MT_UNIT_STR], real[MT_UNIT_STR], expected[MT_UNIT_STR];

	mt_format_size_bytes(left, left_bytes);
	mt_format_size_bytes(real, a->real_bytes);
	mt_format_size_bytes(expected, a->expected_bytes);
	if (!a->finish)
		mt_plan_set(plan, MT_ACTION_STOP,
			    "the moment was there, and QEMU's speed is as it was: %s left", left);
	else if (a->horizon_over)
		mt_plan_set(plan, MT_ACTION_STOP, "the plan's time has passed, with %s left", left);
	else if (a->matched)
		mt_plan_set(
			plan, MT_ACTION_STOP,
			"the moment that was planned: %s left; %s were dirtied in the last pass, %s expected",
			left, real, expected);
	else
		mt_plan_set(plan, MT_ACTION_STOP,
			    "%s are left, and the forecast has no better moment within its horizon",
			    left);
}

static void tell_plan(const struct mt_pilot *p, const struct mt_pilot_advice *a,
		      struct mt_plan *plan)
{
	char in[MT_UNIT_STR], left[MT_UNIT_STR], real[MT_UNIT_STR], expected[MT_UNIT_STR];

	mt_format_duration_ms(in, a->finish_in_s * 1e3);
	mt_format_size_bytes(left, a->left_bytes);
	mt_format_size_bytes(real, a->real_bytes);
	mt_format_size_bytes(expected, a->expected_bytes);
	if (a->matched)
		mt_plan_set(
			plan, MT_ACTION_CONTINUE,
			"the forecast holds, %s dirtied and %s expected: stop in %u pass(es), about %s",
			real, expected, p->passes_to_go, in);
	else if (a->planned && a->compared)
		mt_plan_set(
			plan, MT_ACTION_CONTINUE,
			"%s dirtied, %s expected: a new plan, stop in %u pass(es), about %s, with %s left",
			real, expected, p->passes_to_go, in, left);
	else if (a->planned)
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "a new plan: stop in %u pass(es), about %s, with %s left",
			    p->passes_to_go, in, left);
	else
		mt_plan_set(plan, MT_ACTION_CONTINUE, "too little is known for a forecast");
}

static void act(struct markov *s, const struct mt_view *view, double left_bytes, uint64_t now_ms,
		const struct mt_pilot_advice *advice, struct mt_plan *plan)
{
	if (advice->finish || s->slow.stop_by_ms) {
		if (mt_slowpass_may_stop(&s->slow, view, now_ms, plan))
			tell_finish(advice, left_bytes, plan);
	} else if (view->boundary || advice->planned) {
		if (!mt_slowpass_begin(&s->slow, view, left_bytes, advice->next_in_s, plan))
			tell_plan(&s->pilot, advice, plan);
	} else {
		mt_slowpass_go_on(&s->slow, view, plan);
	}
}

static void markov_step(struct markov *s, const struct mt_view *view, uint64_t now_ms,
			const char *method, struct mt_plan *plan)
{
	const struct mt_iteration *it = mt_iterations_last(view->iterations);
	struct mt_pilot_advice advice;
	double left, dirtied;
	bool ticked;

	if (!s->begun && (view->tick || it) && !begin(s, view, now_ms, method))
		return;
	if (view->tick)
		learn_tick(s, view->tick);
	if (!it || !(view->bandwidth_bytes_per_s > 0)) {
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "nothing is known until the first pass is done");
		return;
	}
	mt_slowpass_look(&s->slow, view);
	left = (double)view->sample->remaining_bytes;
	if (view->boundary) {
		left = it->remaining_bytes;
		ticked = s->tick_ns && view->sample->t_ns < s->tick_ns + MT_LOADS_SILENT_NS;
		dirtied = ticked ? s->ticked_bytes : it->dirtied_bytes;
		s->ticked_bytes = 0;
		if (!ticked)
			learn(s, it);
		mt_pilot_pass(&s->pilot, (double)now_ms / 1e3, dirtied, left,
			      s->slow.link_bytes_per_s, &advice);
	} else {
		mt_pilot_time(&s->pilot, (double)now_ms / 1e3, left, s->slow.link_bytes_per_s,
			      &advice);
	}
	act(s, view, left, now_ms, &advice, plan);
}

static void fm_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	markov_step(priv, view, now_ms, "fm", plan);
}

static void am_step(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan)
{
	markov_step(priv, view, now_ms, "am", plan);
}

static void am_listing_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			    struct mt_plan *plan)
{
	markov_step(priv, view, now_ms, "am-listing", plan);
}

_Static_assert(sizeof(struct markov) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_fm = {
	.name = "fm",
	.help = "Chen & Cao's feedback method: stop where patterns forecast the shortest pause, however long it is",
	.about = "Chen & Cao's feedback method: patterns of what the guest dirtied before, and how they follow on each other, give a forecast; after each pass it is compared with what came, and the guest is stopped after the pass that leaves least within the next 30 s, or until the deadline. Learns from **--history**, else from the passes so far",
	.heeds = MT_HEEDS_DEADLINE,
	.acts = true,
	.params = params,
	.step = fm_step,
};

const struct mt_policy mt_policy_am = {
	.name = "am",
	.help = "Chen & Cao's adjusted method: as fm, and a pattern that repeats is not expected to do so for ever",
	.about = "Chen & Cao's adjusted method: as **fm**, but does not expect a pattern to repeat for ever",
	.heeds = MT_HEEDS_DEADLINE,
	.acts = true,
	.params = params,
	.step = am_step,
};

const struct mt_policy mt_policy_am_listing = {
	.name = "am-listing",
	.help = "Chen & Cao's adjusted method as their listing has it, which differs from their prose",
	.about = "Chen & Cao's adjusted method as their listing has it: the pattern that is followed is replaced, not its successor, and repetitions are counted on",
	.heeds = MT_HEEDS_DEADLINE,
	.acts = true,
	.params = params,
	.step = am_listing_step,
};
