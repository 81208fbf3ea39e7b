// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * adamig.c - pre-copy first; a method that does not pay is halted, and the next one tried (PURE)
 *
 * After AdaMig (VEE 2021), as far as its rules are known and stock QEMU has its levers: where the
 * migration's speed R is below the rate at which the guest dirties pages, pdr, pre-copy tends not
 * to converge. Then, in this order:
 *
 *  - compression, if with what a page shrinks to R outruns pdr, and a core is spare;
 *  - parallel connections, if with what nobody uses of the link R outruns pdr, likewise;
 *  - a limit to what each vCPU dirties, 0.95 R over their number, where QEMU can set one;
 *  - throttling by q = 1 - 0.95 R / pdr; either if q is no more than throttle_most;
 *  - post-copy, if more would be needed, or if throttling has failed twice;
 *  - where that cannot be had, more and more throttle, as far as QEMU goes, and then an abort.
 *
 * What can no longer be had, since it was refused too often or a guard forbids it for good, is not
 * asked for again: the next in this order is.
 *
 * QEMU can throttle only a migration that was begun with auto-converge, and compress likewise: one
 * that was not has to be begun again, which sends all of the memory once more. That is done only
 * by who began it (limits.methods), and if the deadline leaves room for it; what is throttled then
 * is throttled by what was asked for, and QEMU does not go further by itself. What a page shrinks
 * to an operator says. Where nobody counts what the host does (in the simulator, say), that stands
 * for the spare core, too, and nothing is known of the link.
 */
#include <math.h>
#include <stdio.h>

#include "policy_rows.h"

enum { THROTTLE_MOST, COMPRESSED };

static const struct mt_param params[] = {
	[THROTTLE_MOST] = { .name = "throttle_most", .kind = MT_PARAM_COUNT,
			    .initial = 50 /* inferred from AdaMig's results */, .min = 1, .max = 99,
			    .help = "throttles the guest by no more percent, and flips instead",
			    .about = "throttles the guest by no more than this, in percent, where post-copy is allowed, and flips instead" },
	[COMPRESSED] = { .name = "compressed_to", .kind = MT_PARAM_COUNT, .initial = 100, .min = 1,
			 .max = 100,
			 .help = "percent of a page that is left of it compressed; 100: does not compress",
			 .about = "what of a page is left when it is compressed, in percent; 100: it does not compress, nor does it where less than one CPU of the host is idle" },
	{ .name = NULL }
};

#define MARGIN		0.95	/* of R that the guest may dirty: AdaMig's q = 1 - 0.95 R / pdr */
#define SPARE_CPUS	1.0	/* that compression and parallel connections take. Inferred */
#define TENDS_PASSES	2	/* in a row that dirtied faster than that. Inferred */
#define THROTTLE_TRIES	2	/* "throttling failed twice" */
/* What a throttle needs to work: QEMU raises it at the second sync that calls for it. Inferred. */
#define THROTTLE_PASSES	3
#define QEMU_THROTTLE_MAX	99
/* QEMU's own first throttle and steps (cpu-throttle-initial, cpu-throttle-increment): less is lost
 * in what passes differ by. */
#define THROTTLE_LEAST	20
#define THROTTLE_STEP	10

/*
 * QEMU leaves a vCPU alone that is within so much of its limit: DIRTYLIMIT_TOLERANCE_RANGE of
 * softmmu/dirtylimit.c.
 */
#define LIMIT_SLACK	(25.0 * MT_MIB)
#define LIMIT_LOWER	0.75	/* of the limit that did not do. Inferred */

struct adamig {
	unsigned tends;			/* passes in a row that outran the link */
	unsigned percent;		/* throttle that we asked for; 0 = none yet */
	double limit_bytes_per_s;	/* of each vCPU, likewise */
	unsigned tries, waited;		/* and how often, and passes since */
};

struct rates {
	double speed, dirtied;		/* bytes/s of memory: R; pdr, as it would be unthrottled */
	double throttle;		/* that holds now, 0 to 1 */
	double needed;			/* q */
};

static bool rates_of(const struct mt_view *view, struct rates *r)
{
	const struct mt_iteration *it = mt_iterations_last(view->iterations);

	if (!it || !(it->duration_s > 0) || !(view->bandwidth_bytes_per_s > 0))
		return false;
	r->throttle = fmin(it->throttle_percent, QEMU_THROTTLE_MAX) / 100;
	r->speed = view->bandwidth_bytes_per_s * view->iterations->page_share;
	r->dirtied = it->dirtied_bytes / it->duration_s / (1 - r->throttle);
	r->needed = r->dirtied > 0 ? 1 - MARGIN * r->speed / r->dirtied : 0;
	return true;
}

static const char *tell(char buf[160], const struct rates *r)
{
	char speed[MT_UNIT_STR], dirtied[MT_UNIT_STR];

	snprintf(buf, 160, "%s are sent and %s dirtied, a throttle of %.0f %% would be needed",
		 mt_format_rate_bytes_per_s(speed, r->speed),
		 mt_format_rate_bytes_per_s(dirtied, r->dirtied), 100 * fmax(0, r->needed));
	return buf;
}

static void begin_again(const struct mt_view *view, struct mt_plan *plan, enum mt_method method,
			unsigned percent, const char *why)
{
	char spare[64] = "";

	plan->method = method;
	plan->throttle_percent = percent;
	if (!percent && !isnan(view->spare.cpus))
		snprintf(spare, sizeof(spare), ", %.1f of the host's CPUs are idle",
			 view->spare.cpus);
	mt_plan_set(plan, MT_ACTION_RESTART, "%s%s: begun again with %s", why, spare,
		    mt_method_name(method));
}

static bool compression_pays(const struct mt_view *view, const struct rates *r)
{
	double compressed = (double)view->params[COMPRESSED] / 100;

	return compressed < 1 && r->speed / compressed > r->dirtied &&
	       !(view->spare.cpus < SPARE_CPUS);
}

/* By zstd where it can be had: it has a thread for each connection. */
static bool compress(const struct mt_view *view, uint64_t now_ms, const char *why,
		     struct mt_plan *plan)
{
	static const enum mt_method by[] = { MT_METHOD_ZSTD, MT_METHOD_COMPRESSION };

	for (size_t i = 0; i < MT_ARRAY_SIZE(by); i++) {
		if (!mt_view_begins_again(view, by[i], now_ms))
			continue;
		begin_again(view, plan, by[i], 0, why);
		return true;
	}
	return false;
}

static bool parallel_pays(const struct mt_view *view, const struct rates *r)
{
	return view->spare.cpus >= SPARE_CPUS &&
	       MARGIN * (r->speed + view->spare.link_bytes_per_s) > r->dirtied;
}

static void throttle(struct adamig *s, unsigned percent, const char *why, struct mt_plan *plan)
{
	s->tries++;
	s->waited = 0;
	s->percent = percent;
	plan->throttle_percent = percent;
	mt_plan_set(plan, MT_ACTION_THROTTLE, "%s: throttled by %u %%", why, percent);
}

/* For each vCPU, in whole MiB/s; 0: QEMU cannot hold them to so little, or not at all. */
static double vcpu_limit(const struct adamig *s, const struct mt_view *view, const struct rates *r)
{
	unsigned vcpus = view->limits->limitable_vcpus;
	double limit = vcpus ? MARGIN * r->speed / vcpus - LIMIT_SLACK : 0;

	if (mt_view_refuses(view, MT_ACTION_LIMIT_VCPUS))
		return 0;
	if (s->limit_bytes_per_s > 0)
		limit = fmin(limit, LIMIT_LOWER * s->limit_bytes_per_s);
	return limit >= MT_MIB ? floor(limit / MT_MIB) * MT_MIB : 0;
}

static void limit_vcpus(struct adamig *s, double limit, const char *why, struct mt_plan *plan)
{
	char each[MT_UNIT_STR];

	s->tries++;
	s->waited = 0;
	s->limit_bytes_per_s = limit;
	plan->vcpu_limit_bytes_per_s = (uint64_t)limit;
	mt_plan_set(plan, MT_ACTION_LIMIT_VCPUS, "%s: each vCPU may dirty %s", why,
		    mt_format_rate_bytes_per_s(each, limit));
}

static void last_resort(const struct mt_view *view, const char *why, struct mt_plan *plan)
{
	if (mt_flip_is_possible(view))
		mt_plan_set(plan, MT_ACTION_FLIP, "%s: post-copy", why);
	else
		mt_plan_set(plan, MT_ACTION_ABORT, "%s: no method is left, and post-copy %s", why,
			    view->limits->postcopy_allowed ? "cannot be had" : "is not allowed");
}

static void switch_method(struct adamig *s, const struct mt_view *view, const struct rates *r,
			  uint64_t now_ms, const char *why, struct mt_plan *plan)
{
	bool flips = mt_flip_is_possible(view);
	unsigned least = s->percent ? s->percent + THROTTLE_STEP : THROTTLE_LEAST;
	unsigned percent = (unsigned)ceil(100 * fmax(r->needed, 0));
	double limit = vcpu_limit(s, view, r);
	unsigned most = flips ? (unsigned)view->params[THROTTLE_MOST] : QEMU_THROTTLE_MAX;

	/* What throttles it already has failed, whoever asked for it. */
	if (!s->tries && r->throttle > 0)
		s->tries = 1;
	percent = percent > least ? percent : least;
	if (compression_pays(view, r) && compress(view, now_ms, why, plan))
		return;
	if (parallel_pays(view, r) && mt_view_begins_again(view, MT_METHOD_MULTIFD, now_ms))
		begin_again(view, plan, MT_METHOD_MULTIFD, 0, why);
	else if (percent > most || (flips && s->tries >= THROTTLE_TRIES))
		last_resort(view, why, plan);
	else if (limit > 0)
		limit_vcpus(s, limit, why, plan);
	else if (view->limits->auto_converge && !mt_view_refuses(view, MT_ACTION_THROTTLE))
		throttle(s, percent, why, plan);
	else if (mt_view_begins_again(view, MT_METHOD_AUTOCONVERGE, now_ms))
		begin_again(view, plan, MT_METHOD_AUTOCONVERGE, percent, why);
	else
		last_resort(view, why, plan);
}

/* QEMU ends pre-copy by its limit: that follows from what is allowed. */
static bool set_limit(const struct mt_view *view, struct mt_plan *plan)
{
	uint64_t room_ms = view->limits->max_downtime_ms;

	if (room_ms > view->limits->fixed_ms)
		room_ms -= view->limits->fixed_ms;
	return mt_plan_limit(plan, view, room_ms, "as is allowed");
}

static void adamig_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			struct mt_plan *plan)
{
	struct adamig *s = priv;
	struct rates r;
	char why[160];

	if (now_ms >= view->limits->deadline_ms) {
		last_resort(view, "the deadline has passed", plan);
		return;
	}
	if (set_limit(view, plan) || !view->boundary || !rates_of(view, &r))
		return;
	tell(why, &r);
	/* Against what the guest dirties throttled as it is. */
	if (r.throttle >= r.needed) {
		s->tends = 0;
		mt_plan_set(plan, MT_ACTION_CONTINUE, "%s: pre-copy gets on", why);
	} else if (++s->tends < TENDS_PASSES) {
		mt_plan_set(plan, MT_ACTION_CONTINUE, "%s: one more pass is waited for", why);
	} else if (s->percent + s->limit_bytes_per_s > 0 && ++s->waited < THROTTLE_PASSES) {
		mt_plan_set(plan, MT_ACTION_CONTINUE, "%s: what was asked for is waited for", why);
	} else {
		switch_method(s, view, &r, now_ms, why, plan);
	}
}

_Static_assert(sizeof(struct adamig) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_adamig = {
	.name = "adamig",
	.help = "pre-copy first; where it does not converge compression, throttling, post-copy by turns",
	.about = "AdaMig's order: pre-copy first; where the guest dirties more than the link takes compression, parallel connections, a limit to what each vCPU dirties or a throttle of just what is needed, then post-copy. A migration that was not begun with **--auto-converge** or compression is begun again with it, by **migtrace migrate** alone. QEMU makes the switch, within a downtime limit of what is allowed",
	.heeds = MT_HEEDS_MAX_DOWNTIME | MT_HEEDS_DEADLINE,
	.acts = true,
	.params = params,
	.step = adamig_step,
};
