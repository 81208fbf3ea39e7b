// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * price.c - what each way to end a migration costs, in one currency (PURE)
 */
#include <math.h>

#include "base/cleanup.h"
#include "price.h"

enum { MAX_STALL, MAX_THROTTLE, WEIGHT_DOWNTIME, WEIGHT_STALL, WEIGHT_POSTCOPY };

/*
 * All three weights are inferred: what a guest's pause is worth only its owner knows. Of the pause
 * its owner has said how long it may be; of the stall after a flip mostly nothing: it weighs more.
 */
#define WEIGHT_MAX	1000

const struct mt_param mt_price_params[] = {
	[MAX_STALL] = {
		.name = "max_stall", .kind = MT_PARAM_DURATION_OR_NONE, .initial = MT_LIMIT_NONE,
		.min = 1, .max = MT_LIMIT_MAX_MS,
		.help = "how long the guest may be felt to stall after a flip",
		.about = "how long the guest may be felt to stall after a flip: it is flipped only where no more than this is expected",
	},
	[MAX_THROTTLE] = {
		.name = "max_throttle", .kind = MT_PARAM_COUNT, .max = 99,
		.help = "percent by which the guest may be throttled before it is given up; 0: not at all",
		.about = "by how many percent the guest may be throttled, with auto-converge, before the migration is given up; a migration that was not begun with **--auto-converge** is begun again with it, by **migtrace migrate** alone. 0: not at all, and less than 20, QEMU's first step, is as 0",
	},
	[WEIGHT_DOWNTIME] = {
		.name = "weight_downtime", .kind = MT_PARAM_COUNT, .initial = 1, .max = WEIGHT_MAX,
		.help = "seconds of migration that a second of the pause is worth",
		.about = "how many seconds of migration it is worth to shorten the guest's pause by one, within what is allowed. 0 takes the first moment that is allowed",
	},
	[WEIGHT_STALL] = {
		.name = "weight_stall", .kind = MT_PARAM_COUNT, .initial = 5, .max = WEIGHT_MAX,
		.help = "the same for a second that the guest is felt to stall after a flip",
		.about = "the same for a second that the guest is felt to stall after a flip",
	},
	[WEIGHT_POSTCOPY] = {
		.name = "weight_postcopy", .kind = MT_PARAM_COUNT, .initial = 1, .max = WEIGHT_MAX,
		.help = "the same for a second in post-copy",
		.about = "the same for a second in post-copy, in which the guest is slow and would be lost with the link. With 1, a flip waits for a pass that is expected to leave less than half",
	},
	{ .name = NULL }
};

static double value(const struct mt_limits *limits, int which)
{
	return (double)mt_param_value(&limits->params, &mt_price_params[which]);
}

unsigned mt_price_max_throttle_percent(const struct mt_limits *limits)
{
	return (unsigned)mt_param_value(&limits->params, &mt_price_params[MAX_THROTTLE]);
}

struct mt_prices mt_prices_of(const struct mt_limits *limits)
{
	return (struct mt_prices){
		.downtime = value(limits, WEIGHT_DOWNTIME),
		.stall = value(limits, WEIGHT_STALL),
		.postcopy = value(limits, WEIGHT_POSTCOPY),
		.max_pause_ms = (double)limits->max_downtime_ms,
		.max_stall_ms = value(limits, MAX_STALL),
		.max_total_ms = (double)limits->deadline_ms,
		.fixed_ms = (double)limits->fixed_ms,
	};
}

/*
 * Where nothing is to be had at the last boundary that is foreseen the migration has been in vain:
 * it has to be made again, and in the end something like what can be had now is taken. Inferred.
 */
static double in_vain_s(const struct mt_prices *p)
{
	return p->now_s + 2 * p->elapsed_ms / 1e3;
}

/*
 * Passes that are foreseen: those of the course, and the last of them again and again: a guest that
 * has settled. Inferred.
 */
#define PASSES		64

/* What a boundary leaves, by parts of equal probability: middles of tenths of a normal one. */
static const double tenths_z[] = { -1.645, -1.036, -0.674, -0.385, -0.126,
				   0.126,  0.385,  0.674,  1.036,  1.645 };
#define TENTHS	MT_ARRAY_SIZE(tenths_z)

double mt_price_stop_s(const struct mt_prices *p, double pause_ms)
{
	if (!p->may_stop || !(pause_ms <= p->max_pause_ms))
		return INFINITY;
	return pause_ms / 1e3 * (1 + p->downtime);
}

/*
 * Of a flip with that much left. The stall grows with it, see stall_ms() of model/recurrence.c; one
 * that is not known may be as long as post-copy.
 */
static double flip_s(const struct mt_prices *p, double left_bytes)
{
	double rest_ms = left_bytes / p->course->rate_bytes_per_s * 1e3;
	double stall_ms = p->course->flip_stall_ms.p50 * left_bytes / p->left_bytes;

	if (!(stall_ms > 0))
		stall_ms = rest_ms;
	if (!p->may_flip || !(stall_ms <= p->max_stall_ms))
		return INFINITY;
	return rest_ms / 1e3 * (1 + p->postcopy) + stall_ms / 1e3 * p->stall;
}

double mt_price_flip_s(const struct mt_prices *p)
{
	return p->course->rate_bytes_per_s > 0 ? flip_s(p, p->left_bytes) : INFINITY;
}

/* The cheaper of the two at a boundary that is yet to come. */
static double end_s(const struct mt_prices *p, double in_s, double left_bytes)
{
	double pause_ms = left_bytes / p->course->rate_bytes_per_s * 1e3 + p->fixed_ms;

	if (p->elapsed_ms + in_s * 1e3 > p->max_total_ms)
		return INFINITY;
	return fmin(mt_price_stop_s(p, pause_ms), flip_s(p, left_bytes));
}

double mt_price_wait_s(const struct mt_prices *p, size_t from)
{
	double on_s = in_vain_s(p), last_s;
	size_t n = p->n_ahead;

	if (!(p->course->rate_bytes_per_s > 0) || !n)
		return INFINITY;
	last_s = p->ahead[n - 1].in_s - (n > 1 ? p->ahead[n - 2].in_s : 0);
	for (size_t i = from + PASSES; i-- > from;) {
		size_t at = i < n ? i : n - 1;
		const struct mt_boundary *b = &p->ahead[at];
		double in_s = b->in_s + (double)(i - at) * last_s;
		double pass_s = i >= n ? last_s : b->in_s - (at ? p->ahead[at - 1].in_s : 0);
		double here_s = 0;

		for (size_t k = 0; k < TENTHS; k++) {
			double left = fmax(0, b->left_bytes + tenths_z[k] * b->sd_bytes);

			here_s += fmin(end_s(p, in_s, left), on_s) / TENTHS;
		}
		on_s = fmin(pass_s + here_s, in_vain_s(p));
	}
	return on_s;
}

double mt_price_longest_pause_ms(const struct mt_prices *p)
{
	double settled_s = mt_price_wait_s(p, p->n_ahead);

	return fmin(p->max_pause_ms, settled_s / (1 + p->downtime) * 1e3);
}
