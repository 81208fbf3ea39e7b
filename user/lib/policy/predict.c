// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * predict.c - act on what the model says, by what each way out costs (PURE)
 *
 * At each boundary the model has said how pre-copy would go on. In order:
 *
 *  - it ends by itself, in time, which is sure, or nothing is to be had yet: leave it alone;
 *  - it does not, and a stop or a flip is allowed: that or waiting, whichever is cheapest, see
 *    price.h;
 *  - neither is, and a boundary within the allowed downtime may still come: wait for it;
 *  - a kernel source has seen that the guest goes to and fro between a high and a low load, and the
 *    low one is near and long enough: wait for it, see lowphase.h;
 *  - none can, and so it has been for some seconds: throttle the guest, where that is allowed and
 *    enough, see slowdown.h; else abort, with what it would have taken.
 *
 * Whoever waits has QEMU's own limit follow what would be taken: QEMU then syncs sooner, and the
 * pages that it keeps back cannot be sent twice.
 */
#include <math.h>
#include <stdio.h>

#include "foresight.h"
#include "lowphase.h"
#include "policy_rows.h"
#include "slowdown.h"

/* That it ends by itself is sure at this probability. Inferred. */
#define SURE			0.9
/* Boundaries without a new low after which "it ends by itself" is no longer believed. Inferred. */
#define PATIENCE_CONVERGES	4
/* The same for "a good moment may come": then it is given up. Inferred. */
#define PATIENCE_OPEN		24
/* A new low is one at least this much below the last. Inferred. */
#define LOW_SHARE		0.95
/*
 * A verdict of hopeless counts when each boundary of so long has brought it, and after a pass that
 * is not the first: guests change their ways. Inferred, see Documentation/evaluation/live.md.
 */
#define HOPELESS_FOR_MS		4000
#define HOPELESS_AFTER		2
/*
 * And as long as boundaries leave less and less, only where the odds of coming within reach are no
 * more than this. Inferred.
 */
#define HOPELESS_ODDS		0.05
#define PATIENCE_HOPELESS	3
/*
 * It counts sooner where the odds are as good as none, as many passes running have said so, and the
 * last of them left no less than an earlier one: the guest has settled. Inferred, as above.
 */
#define SETTLED_FOR_MS		2800
#define SETTLED_ODDS		0.01
#define SETTLED_PASSES		3

/*
 * A guest that came this near to the allowed downtime gets more time: iterations scatter (VEP 248's
 * precopyPossibleFactor).
 */
#define NEAR_FACTOR		1.5
#define PATIENCE_NEAR		12

struct predict {
	bool raised;			/* QEMU's limit, which has been ours to set since */
	double lowest;			/* bytes left at a boundary */
	unsigned since_lowest;		/* boundaries since */
	unsigned hopeless;		/* boundaries up to the last */
	uint64_t hopeless_since_ms;
	bool in_phases;			/* a boundary has told of some */
	uint64_t loads_changes;		/* seen by the first that did */
	struct mt_foresight foresight;
	struct mt_slowdown slowdown;
};

static void remember(struct predict *s, const struct mt_view *view, uint64_t now_ms)
{
	double left = mt_iterations_last(view->iterations)->remaining_bytes;
	bool hopeless = view->prediction->verdict == MT_VERDICT_HOPELESS;

	if (!s->foresight.boundaries)
		mt_foresight_init(&s->foresight);
	mt_foresight_boundary(&s->foresight, mt_iterations_last(view->iterations),
			      view->course);
	mt_slowdown_boundary(&s->slowdown);
	if (view->loads && !s->in_phases)
		s->loads_changes = view->loads->changes;
	s->in_phases |= view->loads != NULL;
	if (hopeless && !s->hopeless)
		s->hopeless_since_ms = now_ms;
	s->hopeless = hopeless ? s->hopeless + 1 : 0;
	if (s->lowest <= 0 || left < LOW_SHARE * s->lowest) {
		s->lowest = left;
		s->since_lowest = 0;
	} else {
		s->since_lowest++;
	}
}

/* "pass 3 left 96.0 MiB after 58.0 MiB/s were dirtied over a link of 40.0 MiB/s" */
static void tell_iteration(char *buf, size_t size, const struct mt_view *view)
{
	const struct mt_iteration *it = mt_iterations_last(view->iterations);
	char left[MT_UNIT_STR], dirty[MT_UNIT_STR], link[MT_UNIT_STR];

	snprintf(buf, size, "pass %llu left %s, dirtied at %s over a link of %s",
		 (unsigned long long)it->n, mt_format_size_bytes(left, it->remaining_bytes),
		 mt_format_rate_bytes_per_s(
			 dirty, it->duration_s > 0 ? it->dirtied_bytes / it->duration_s : 0),
		 mt_format_rate_bytes_per_s(link, view->bandwidth_bytes_per_s));
}

/* No good moment is in sight, or none has come for too long. */
static bool no_use_waiting(const struct predict *s, const struct mt_view *view, uint64_t now_ms)
{
	const struct mt_limits *limits = view->limits;
	double lowest_ms =
		s->lowest / (view->bandwidth_bytes_per_s * view->iterations->page_share) * 1e3 +
		limits->fixed_ms;
	bool near = lowest_ms <= NEAR_FACTOR * (double)limits->max_downtime_ms;
	uint64_t for_ms = now_ms - s->hopeless_since_ms;

	if (s->since_lowest >= PATIENCE_OPEN)
		return true;
	if (!near && s->hopeless >= SETTLED_PASSES && s->since_lowest &&
	    for_ms >= SETTLED_FOR_MS && view->prediction->reaches <= SETTLED_ODDS)
		return true;
	if (!s->hopeless || for_ms < HOPELESS_FOR_MS || view->iterations->total < HOPELESS_AFTER)
		return false;
	if (view->prediction->reaches > HOPELESS_ODDS && s->since_lowest < PATIENCE_HOPELESS)
		return false;
	return !near || s->since_lowest >= PATIENCE_NEAR;
}

/* Why: by the odds, or because what was likely has not come for too long. */
static void tell_odds(char *buf, size_t size, const struct predict *s,
		      const struct mt_prediction *p)
{
	if (s->since_lowest >= PATIENCE_OPEN)
		snprintf(buf, size, "none of the last %u passes left less than the best before",
			 s->since_lowest);
	else
		snprintf(buf, size, "the odds that it comes within reach are %.0f %%",
			 100 * p->reaches);
}

static void give_up(const struct predict *s, const struct mt_view *view, const char *so_far,
		    struct mt_plan *plan)
{
	const struct mt_prediction *p = view->prediction;
	char best[MT_UNIT_STR], allowed[MT_UNIT_STR], needed[MT_UNIT_STR], odds[96],
		bandwidth[MT_UNIT_STR + 8] = "";

	tell_odds(odds, sizeof(odds), s, p);
	if (p->needed_bandwidth_bytes_per_s > 0)
		snprintf(bandwidth, sizeof(bandwidth), "%s, or ",
			 mt_format_rate_bytes_per_s(needed, p->needed_bandwidth_bytes_per_s));
	mt_plan_set(
		plan, MT_ACTION_ABORT,
		"will not converge: %s; %s; the shortest pause in sight is %s, %s allowed; it would need %s%s",
		so_far, odds, mt_format_duration_ms(best, p->floor_ms),
		mt_format_duration_ms(allowed, view->limits->max_downtime_ms), bandwidth,
		view->limits->postcopy_allowed ? "a flip, which is held back" : "post-copy");
}

/* What each way out costs at this boundary, in seconds of migration. */
struct offers {
	double stop_s, flip_s, wait_s;
	double longest_pause_ms;	/* that is worth taking once the guest has settled */
	struct mt_lowphase low;		/* waiting for one */
};

/* A high and a low phase are two changes. */
static unsigned missed_lows(const struct predict *s, const struct mt_view *view)
{
	return view->loads ? (unsigned)((view->loads->changes - s->loads_changes) / 2) : 0;
}

static void price(struct offers *o, const struct predict *s, const struct mt_view *view,
		  uint64_t now_ms)
{
	struct mt_boundary ahead[MT_AHEAD_PASSES];
	char why[256];
	const struct mt_limits *limits = view->limits;
	struct mt_prices prices = mt_prices_of(limits);

	prices.may_stop = !mt_view_refuses(view, MT_ACTION_STOP);
	prices.may_flip = limits->postcopy_allowed && !mt_view_refuses(view, MT_ACTION_FLIP);
	prices.elapsed_ms = (double)now_ms;
	prices.left_bytes = mt_iterations_last(view->iterations)->remaining_bytes;
	prices.course = view->course;
	prices.ahead = ahead;
	prices.n_ahead = mt_foresight_ahead(&s->foresight, view->course, ahead);
	o->stop_s = mt_price_stop_s(&prices, view->prediction->stop_now_ms);
	/* One that is unwise now may not be later. */
	o->flip_s = mt_flip_is_unwise(view, why, sizeof(why)) ? INFINITY : mt_price_flip_s(&prices);
	prices.now_s = fmin(o->stop_s, o->flip_s);
	if (!isfinite(prices.now_s))
		prices.now_s = prices.max_pause_ms / 1e3 * (1 + prices.downtime);
	o->wait_s = mt_price_wait_s(&prices, 0);
	o->longest_pause_ms = mt_price_longest_pause_ms(&prices);
	o->low = mt_lowphase_look(view->loads, &prices, missed_lows(s, view));
	o->wait_s = fmin(o->wait_s, o->low.wait_s);
}

/* "; weighed, a flip costs 4.8 s, waiting 7.2 s" */
static void tell_offers(char *buf, size_t size, const struct offers *o)
{
	const struct {
		const char *name;
		double price_s;
	} offers[] = { { "a stop", o->stop_s }, { "a flip", o->flip_s }, { "waiting", o->wait_s } };
	char price[MT_UNIT_STR];
	size_t at = 0;

	*buf = '\0';
	for (size_t i = 0; i < MT_ARRAY_SIZE(offers) && at < size; i++) {
		if (!isfinite(offers[i].price_s))
			continue;
		mt_format_duration_ms(price, offers[i].price_s * 1e3);
		at += (size_t)snprintf(buf + at, size - at, "%s %s%s %s", at ? "," : "; weighed,",
				       offers[i].name, at ? "" : " costs", price);
	}
}

/* A limit that is nearer than this to the one that is wanted stays. Inferred. */
#define LIMIT_SHARE	0.1

/*
 * QEMU's limit, as far as the rest of a pause leaves room: QEMU then ends it within what is allowed
 * as soon as it can. But no farther than to what is worth taking, which is known better from pass
 * to pass. Return: whether it is to be changed.
 */
static bool set_limit(struct predict *s, const struct mt_view *view, const struct offers *o,
		      const char *so_far, struct mt_plan *plan)
{
	double room_ms = o->longest_pause_ms - (double)view->limits->fixed_ms;
	double now_ms = (double)view->limit_ms;
	char from[MT_UNIT_STR], to[MT_UNIT_STR], allowed[MT_UNIT_STR];
	bool lower = room_ms < (1 - LIMIT_SHARE) * now_ms;

	/* What was there before us is lowered only where it is more than is allowed. */
	if (room_ms < 1 || mt_view_refuses(view, MT_ACTION_SET_DOWNTIME) ||
	    (lower ? !s->raised : room_ms < (1 + LIMIT_SHARE) * now_ms))
		return false;
	s->raised = true;
	plan->downtime_limit_ms = (uint64_t)room_ms;
	mt_format_duration_ms(from, now_ms);
	mt_format_duration_ms(to, (double)plan->downtime_limit_ms);
	mt_format_duration_ms(allowed, (double)view->limits->max_downtime_ms);
	mt_plan_set(plan, MT_ACTION_SET_DOWNTIME,
		    "%s; QEMU's limit goes from %s to %s, within the %s allowed, %s", so_far, from, to,
		    allowed,
		    lower ? "since a shorter pause is worth waiting for" :
			    "so that less is sent twice");
	return true;
}

/* One of them can be had now: the cheapest, as long as there is patience. */
static void choose(struct predict *s, const struct mt_view *view, const struct offers *o,
		   const char *so_far, const char *may, struct mt_plan *plan)
{
	char offers[128], allowed[MT_UNIT_STR], now[MT_UNIT_STR], stall[MT_UNIT_STR], low[320] = "";

	mt_format_duration_ms(now, view->prediction->stop_now_ms);
	mt_format_duration_ms(allowed, (double)view->limits->max_downtime_ms);
	if (view->course->flip_stall_ms.p50 > 0)
		mt_format_duration_ms(stall, view->course->flip_stall_ms.p50);
	else
		snprintf(stall, sizeof(stall), "as long");
	tell_offers(offers, sizeof(offers), o);
	if (isfinite(o->low.wait_s))
		mt_lowphase_tell(low, sizeof(low), &o->low, view->loads);
	if (fmin(o->stop_s, o->flip_s) > o->wait_s && s->since_lowest < PATIENCE_OPEN) {
		if (set_limit(s, view, o, so_far, plan))
			return;
		mt_plan_set(
			plan, MT_ACTION_CONTINUE,
			"%s; stopping now would take %s, %s allowed: waiting for a better moment%s%s",
			so_far, now, allowed, offers, low);
	} else if (o->stop_s <= o->flip_s) {
		mt_plan_set(plan, MT_ACTION_STOP,
			    "%s by itself: %s; stopping now pauses the guest for %s, %s allowed%s",
			    may, so_far, now, allowed, offers);
	} else {
		mt_plan_set(
			plan, MT_ACTION_FLIP,
			"%s by itself: %s; stopping now would take %s, %s allowed; a flip stalls the guest for about %s%s",
			may, so_far, now, allowed, stall, offers);
	}
}

/* Pre-copy will not end by itself: what now? */
static void act(struct predict *s, const struct mt_view *view, uint64_t now_ms,
		struct mt_plan *plan)
{
	const struct mt_prediction *p = view->prediction;
	const char *may =
		p->verdict == MT_VERDICT_CONVERGES ? "may not converge" : "will not converge";
	char so_far[160], now[MT_UNIT_STR], allowed[MT_UNIT_STR], best[MT_UNIT_STR], low[320] = "";
	unsigned most_percent = mt_price_max_throttle_percent(view->limits);
	struct offers offers;

	tell_iteration(so_far, sizeof(so_far), view);
	price(&offers, s, view, now_ms);
	if (isfinite(offers.stop_s) || isfinite(offers.flip_s)) {
		choose(s, view, &offers, so_far, may, plan);
		return;
	}
	mt_format_duration_ms(now, p->stop_now_ms);
	mt_format_duration_ms(allowed, (double)view->limits->max_downtime_ms);
	mt_format_duration_ms(best, p->floor_ms);
	if (isfinite(offers.low.wait_s) && s->since_lowest < PATIENCE_OPEN) {
		mt_lowphase_tell(low, sizeof(low), &offers.low, view->loads);
	} else if (no_use_waiting(s, view, now_ms)) {
		if (!mt_slowdown(&s->slowdown, view, now_ms, most_percent, so_far, plan))
			give_up(s, view, so_far, plan);
		return;
	} else if (most_percent && mt_slowdown_fails(view, s->since_lowest) &&
		   mt_slowdown(&s->slowdown, view, now_ms, most_percent, so_far, plan)) {
		return;
	}
	if (!set_limit(s, view, &offers, so_far, plan))
		mt_plan_set(
			plan, MT_ACTION_CONTINUE,
			"%s; stopping now would take %s, %s allowed: waiting for a better moment, %s in sight%s",
			so_far, now, allowed, best, low);
}

/* The deadline is over: what is allowed and quickest. */
static void out_of_time(const struct mt_view *view, struct mt_plan *plan)
{
	const struct mt_prediction *p = view->prediction;
	char deadline[MT_UNIT_STR], now[MT_UNIT_STR];

	mt_format_duration_ms(deadline, view->limits->deadline_ms);
	if (p->verdict != MT_VERDICT_UNKNOWN && p->stop_now_ms <= view->limits->max_downtime_ms)
		mt_plan_set(plan, MT_ACTION_STOP,
			    "the deadline of %s has passed; stopping now pauses the guest for %s",
			    deadline, mt_format_duration_ms(now, p->stop_now_ms));
	else if (view->limits->postcopy_allowed && view->iterations->total)
		mt_plan_set(plan, MT_ACTION_FLIP,
			    "the deadline of %s has passed and post-copy is allowed", deadline);
	else
		mt_plan_set(
			plan, MT_ACTION_ABORT,
			"the deadline of %s has passed, with no way to finish within the allowed downtime",
			deadline);
}

/*
 * How many passes is a mean over all of the forecast's curves: it says something only where each of
 * them ends.
 */
static void tell_end(const struct mt_prediction *p, struct mt_plan *plan)
{
	char passes[32] = "", total[MT_UNIT_STR], pause[MT_UNIT_STR];

	if (p->ends >= SURE)
		snprintf(passes, sizeof(passes), " in %u pass(es)", p->iterations_left);
	mt_plan_set(plan, MT_ACTION_CONTINUE,
		    "ends by itself%s, %.0f %% likely, after %s in all, with a pause of %s", passes,
		    100 * p->ends, mt_format_duration_ms(total, p->total_ms.p50),
		    mt_format_duration_ms(pause, p->downtime_ms.p50));
}

static void predict_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			 struct mt_plan *plan)
{
	const struct mt_limits *limits = view->limits;
	const struct mt_prediction *p = view->prediction;
	char total[MT_UNIT_STR], pause[MT_UNIT_STR];
	struct predict *s = priv;
	bool in_time, believed;

	if (now_ms >= limits->deadline_ms) {
		out_of_time(view, plan);
		return;
	}
	/* Where that is refused the guest is not left to itself. */
	if (view->limit_ms > limits->max_downtime_ms &&
	    !mt_view_refuses(view, MT_ACTION_SET_DOWNTIME)) {
		plan->downtime_limit_ms = limits->max_downtime_ms;
		mt_plan_set(plan, MT_ACTION_SET_DOWNTIME,
			    "QEMU's limit of %s is more than the %s allowed",
			    mt_format_duration_ms(total, (double)view->limit_ms),
			    mt_format_duration_ms(pause, (double)limits->max_downtime_ms));
		return;
	}
	if (p->verdict == MT_VERDICT_UNKNOWN) {
		mt_plan_set(plan, MT_ACTION_CONTINUE,
			    "nothing is known until the first pass is done");
		return;
	}
	if (!view->boundary || !mt_iterations_last(view->iterations))
		return;
	remember(s, view, now_ms);
	/* Where it is about to end nothing is quicker. */
	in_time = limits->deadline_ms == MT_LIMIT_NONE || p->total_ms.p50 <= limits->deadline_ms ||
		  !p->iterations_left;
	/* Where that is not sure, what is allowed and can be had now is. */
	believed = p->ends >= SURE || p->stop_now_ms > (double)limits->max_downtime_ms;
	if (p->verdict == MT_VERDICT_CONVERGES && in_time && believed &&
	    s->since_lowest < PATIENCE_CONVERGES)
		tell_end(p, plan);
	else
		act(s, view, now_ms, plan);
}

_Static_assert(sizeof(struct predict) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_predict = {
	.name = "predict",
	.help = "ours: leave alone what converges; else stop, flip or wait, whichever costs least within what is allowed; abort what cannot end",
	.about = "leave alone what converges in time; else, after each pass, stop the guest, flip, or wait for a better moment, whichever costs least in seconds of migration: a stop the pause, a flip post-copy and the stall that the guest feels, waiting the passes until then and what is then the cheapest, each by its weight; QEMU's downtime limit follows within what is allowed; abort where neither a stop nor a flip is allowed and no moment for one is in sight, and say which bandwidth it would have taken",
	.heeds = MT_HEEDS_MAX_DOWNTIME | MT_HEEDS_DEADLINE | MT_HEEDS_FIXED,
	.acts = true,
	.params = mt_price_params,
	.step = predict_step,
};
