// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * slowpass.c - a pass that is slowed down, so that the next one begins later (PURE)
 */
#include <math.h>

#include "policy_rows.h"
#include "slowpass.h"

/*
 * A link that carries less than a tenth of what it did counts as stuck, and no guest is stopped on
 * it (iteration.c): a pass is slowed down to twice that at the most. Inferred.
 */
#define SLOWEST_SHARE	0.2
/* One that is to be hardly slower is left as it is. Inferred. */
#define HARDLY_SHARE	0.9
/* So many passes from a slow one on what is seen of the link is not what it carries. Inferred. */
#define DOUBTED_PASSES	2
/*
 * If QEMU's speed is not to be had back within so many times the pace of commands the guest stops
 * at the speed there is. Inferred.
 */
#define STOP_PACES	2

void mt_slowpass_look(struct mt_slowpass *s, const struct mt_view *view)
{
	if (view->boundary && view->speed_bytes_per_s)
		s->doubted_passes = DOUBTED_PASSES;
	else if (view->boundary && s->doubted_passes)
		s->doubted_passes--;
	if ((!view->speed_bytes_per_s && !s->doubted_passes) || !(s->link_bytes_per_s > 0))
		s->link_bytes_per_s = view->bandwidth_bytes_per_s;
}

/* At which what is left takes until the next pass is to begin; 0: as it was. */
static uint64_t slow_speed(const struct mt_slowpass *s, const struct mt_view *view,
			   double left_bytes, double next_in_s)
{
	double wire_bytes = left_bytes / view->iterations->page_share, speed;

	if (!(next_in_s > 0) || mt_view_refuses(view, MT_ACTION_SET_BANDWIDTH))
		return 0;
	speed = fmax(wire_bytes / next_in_s, SLOWEST_SHARE * s->link_bytes_per_s);
	/* libvirt has whole MiB/s: rather too early than too late. */
	speed = fmax(1, ceil(speed / MT_MIB)) * MT_MIB;
	/* What is over before the next command may be sent could not be undone in time. */
	if (speed > HARDLY_SHARE * s->link_bytes_per_s ||
	    wire_bytes / speed * 1e3 < (double)view->limits->command_every_ms)
		return 0;
	return (uint64_t)speed;
}

/* Return: whether it is asked for; not where that is what it is. */
static bool ask(const struct mt_slowpass *s, const struct mt_view *view, struct mt_plan *plan)
{
	char speed[MT_UNIT_STR];

	if (view->speed_bytes_per_s == s->wanted_bytes_per_s ||
	    mt_view_refuses(view, MT_ACTION_SET_BANDWIDTH))
		return false;
	plan->bandwidth_bytes_per_s = s->wanted_bytes_per_s;
	if (s->wanted_bytes_per_s)
		mt_plan_set(plan, MT_ACTION_SET_BANDWIDTH,
			    "a better moment for the next pass is later: this one at %s",
			    mt_format_rate_bytes_per_s(speed, (double)s->wanted_bytes_per_s));
	else
		mt_plan_set(plan, MT_ACTION_SET_BANDWIDTH,
			    "nothing more is to be slowed down: QEMU's speed as it was");
	return true;
}

bool mt_slowpass_begin(struct mt_slowpass *s, const struct mt_view *view, double left_bytes,
		       double next_in_s, struct mt_plan *plan)
{
	s->wanted_bytes_per_s = slow_speed(s, view, left_bytes, next_in_s);
	return ask(s, view, plan);
}

bool mt_slowpass_go_on(struct mt_slowpass *s, const struct mt_view *view, struct mt_plan *plan)
{
	/* What was not done as the pass began is too late now. */
	if (s->wanted_bytes_per_s && view->speed_bytes_per_s != s->wanted_bytes_per_s)
		s->wanted_bytes_per_s = 0;
	return ask(s, view, plan);
}

bool mt_slowpass_may_stop(struct mt_slowpass *s, const struct mt_view *view, uint64_t now_ms,
			  struct mt_plan *plan)
{
	if (!s->stop_by_ms)
		s->stop_by_ms = now_ms + STOP_PACES * view->limits->command_every_ms + 1;
	s->wanted_bytes_per_s = 0;
	if (now_ms < s->stop_by_ms && ask(s, view, plan))
		return false;
	s->stop_by_ms = 0;
	return true;
}
