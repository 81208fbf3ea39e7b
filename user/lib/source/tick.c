// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tick.c - the columns of a tick, and how ticks are merged (PURE)
 */
#include <string.h>

#include "tick.h"

const struct mt_tick_info mt_tick_schema[MT_TICK_COUNT] = {
#define X(field, unit_, needs_, merge_, help_) \
	[MT_TICK_##field] = { .name = #field, .unit = unit_, .help = help_, \
			      .needs = needs_, .merge = MT_TICK_##merge_, \
			      .offset = offsetof(struct mt_tick, field) },
	MT_TICK_FIELDS(X)
#undef X
};

_Static_assert(MT_TICK_COUNT <= 64, "struct mt_tick.valid has a bit per field");

bool mt_tick_get(const struct mt_tick *t, enum mt_tick_field f, uint64_t *value)
{
	if ((unsigned)f >= MT_TICK_COUNT || !((t->valid >> f) & 1))
		return false;
	memcpy(value, (const char *)t + mt_tick_schema[f].offset, sizeof(*value));
	return true;
}

void mt_tick_put(struct mt_tick *t, enum mt_tick_field f, uint64_t value)
{
	if ((unsigned)f >= MT_TICK_COUNT)
		return;
	memcpy((char *)t + mt_tick_schema[f].offset, &value, sizeof(value));
	t->valid |= 1ULL << f;
}

void mt_tick_from_record(struct mt_tick *t, const struct migtrace_record *r)
{
	*t = (struct mt_tick){
		.t_ns = r->end_ns,
		.start_ns = r->start_ns,
		.last = r->tick,
		.state = r->state,
		.ticks = 1,
		.pages = r->pages,
		.events = r->events,
		.overruns = r->overruns,
		.resets = r->resets,
		.cleared_pages = r->cleared_pages,
		.ring_full_exits = r->ring_full_exits,
		.window = r->window,
		.window_ns = r->end_ns > r->window_start_ns ? r->end_ns - r->window_start_ns : 0,
		.window_stale_pages = r->window_stale_pages,
		.window_pages = r->window_pages,
		.logged_pages = r->logged_pages,
		.ring_used = r->ring_used,
		.ring_entries = r->ring_entries,
	};
	for (int f = 0; f < MT_TICK_COUNT; f++)
		if ((r->valid & mt_tick_schema[f].needs) == mt_tick_schema[f].needs)
			t->valid |= 1ULL << f;
}

static void merge_field(struct mt_tick *t, const struct mt_tick *newer, enum mt_tick_field f)
{
	uint64_t sum = 0, more = 0;
	bool had = mt_tick_get(t, f, &sum), has = mt_tick_get(newer, f, &more);

	if (mt_tick_schema[f].merge == MT_TICK_LAST)
		had = true, sum = more;
	else if (mt_tick_schema[f].merge == MT_TICK_MOST)
		sum = sum > more ? sum : more;
	else if (__builtin_add_overflow(sum, more, &sum))
		sum = UINT64_MAX;
	t->valid &= ~(1ULL << f);
	if (had && has)
		mt_tick_put(t, f, sum);
}

void mt_tick_merge(struct mt_tick *t, const struct mt_tick *newer)
{
	uint64_t last = t->last;

	if (!t->valid && !t->t_ns) {
		*t = *newer;
		return;
	}
	for (int f = 0; f < MT_TICK_COUNT; f++)
		merge_field(t, newer, f);
	if (newer->last > last + 1 && mt_tick_has(t, lost_ticks))
		t->lost_ticks += newer->last - last - 1;
	t->last = newer->last;
	t->t_ns = newer->t_ns;
	t->state |= newer->state;
}
