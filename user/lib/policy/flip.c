// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * flip.c - what must hold for a flip to post-copy, whichever policy asks for it (PURE)
 *
 * From the flip on the guest waits for each page that it touches, and is lost if the link or a host
 * fails. So: no device that post-copy cannot move, a link that has been steady, room for what is
 * left, and not more of that than an operator lets the guest wait for.
 */
#include <math.h>
#include <stdio.h>

#include "policy_rows.h"

enum { FLIP_LIMIT, FLIP_SPREAD };

const struct mt_param mt_flip_params[] = {
	[FLIP_LIMIT] = { .name = "flip_limit", .kind = MT_PARAM_DURATION_OR_NONE,
			 .initial = MT_LIMIT_NONE, .min = 1, .max = MT_LIMIT_MAX_MS,
			 .help = "no flip when the link would need longer than this for what is left",
			 .about = "no flip to post-copy as long as what is left takes the link longer than this, which is how long the guest may wait for a page at worst" },
	[FLIP_SPREAD] = { .name = "flip_spread", .kind = MT_PARAM_COUNT,
			  .initial = 50 /* inferred */, .min = 0, .max = 100,
			  .help = "no flip over a link that varied by more percent lately",
			  .about = "no flip to post-copy while the slowest of the last three passes was slower than the fastest by more than this share, in percent; 100: however steady the link is" },
	{ .name = NULL }
};

/* As many passes are compared. Inferred. */
#define STEADY_PASSES	3
/* Of a shorter one the rate is mostly chance: QEMU sends in slices of 100 ms. Inferred. */
#define STEADY_LEAST_S	0.5

static uint64_t param(const struct mt_view *view, int which)
{
	return mt_param_value(&view->limits->params, &mt_flip_params[which]);
}

static bool device_forbids(const struct mt_view *view, char *why, size_t size)
{
	if (!view->flip || !view->flip->device)
		return false;
	snprintf(why, size,
		 "the guest has a device of its host (VFIO), which post-copy cannot move");
	return true;
}

/* The first pass is left out: it is of empty pages, for the most part. */
static bool link_is_unsteady(const struct mt_view *view, char *why, size_t size)
{
	const struct mt_iterations *its = view->iterations;
	double slowest = INFINITY, fastest = 0;
	char slow[MT_UNIT_STR], fast[MT_UNIT_STR];
	uint64_t limit = param(view, FLIP_SPREAD);
	unsigned n = 0;

	for (size_t i = its->n_kept; i-- && its->n_kept - i <= STEADY_PASSES;) {
		const struct mt_iteration *it = &its->kept[i];

		if (it->first || it->duration_s < STEADY_LEAST_S ||
		    !(it->bandwidth_bytes_per_s > 0))
			continue;
		slowest = fmin(slowest, it->bandwidth_bytes_per_s);
		fastest = fmax(fastest, it->bandwidth_bytes_per_s);
		n++;
	}
	if (n < 2 || fastest - slowest <= fastest * (double)limit / 100)
		return false;
	snprintf(why, size,
		 "the link is not steady enough for post-copy: the last %u passes went at %s to %s, and %llu %% apart are the limit",
		 n, mt_format_rate_bytes_per_s(slow, slowest),
		 mt_format_rate_bytes_per_s(fast, fastest), (unsigned long long)limit);
	return true;
}

static bool room_is_short(const struct mt_view *view, char *why, size_t size)
{
	char room[MT_UNIT_STR], left[MT_UNIT_STR];
	double left_bytes = (double)view->sample->remaining_bytes;

	if (!view->flip || isnan(view->flip->room_bytes) ||
	    !mt_sample_has(view->sample, remaining_bytes) || view->flip->room_bytes >= left_bytes)
		return false;
	snprintf(why, size,
		 "the destination has %s of memory free, and post-copy has %s to bring there",
		 mt_format_size_bytes(room, view->flip->room_bytes),
		 mt_format_size_bytes(left, left_bytes));
	return true;
}

static bool stall_is_long(const struct mt_view *view, char *why, size_t size)
{
	uint64_t limit_ms = param(view, FLIP_LIMIT);
	char stall[MT_UNIT_STR], limit[MT_UNIT_STR];
	double stall_ms;

	if (limit_ms == MT_LIMIT_NONE)
		return false;
	mt_format_duration_ms(limit, (double)limit_ms);
	if (!(view->bandwidth_bytes_per_s > 0) || !mt_sample_has(view->sample, remaining_bytes)) {
		snprintf(why, size,
			 "how long the guest would wait after a flip is not known, and %s is the limit",
			 limit);
		return true;
	}
	stall_ms = (double)view->sample->remaining_bytes / view->bandwidth_bytes_per_s * 1e3;
	if (stall_ms <= (double)limit_ms)
		return false;
	snprintf(why, size,
		 "after a flip the guest would wait for up to %s for what is left, and %s is the limit",
		 mt_format_duration_ms(stall, stall_ms), limit);
	return true;
}

bool mt_flip_is_possible(const struct mt_view *view)
{
	return view->limits->postcopy_allowed && !mt_view_refuses(view, MT_ACTION_FLIP) &&
	       !(view->flip && view->flip->device);
}

bool mt_flip_is_unwise(const struct mt_view *view, char *why, size_t size)
{
	static bool (*const guards[])(const struct mt_view *view, char *why, size_t size) = {
		device_forbids, link_is_unsteady, room_is_short, stall_is_long,
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(guards); i++)
		if (guards[i](view, why, size))
			return true;
	return false;
}
