// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trust.c - statistics that can be acted upon, and those that cannot (PURE)
 *
 * A guest is stopped by what they say, so what cannot be true, does not move, or is of another
 * migration must not be believed. Their time tells most of it: it goes on as ours does, so that by
 * each of them the migration began at the same moment.
 *
 * libvirt counts that time by the wall clock, which somebody may set: then all that comes agrees on
 * another beginning, or, set back behind the beginning, stands still for ever while bytes go on
 * (qemuDomainJobDataUpdateTime(), libvirt 9.0). After a while of that they are believed again, with
 * our clock in place of theirs.
 */
#include <stdlib.h>

#include "base/units.h"
#include "trust.h"

#define STILL_MS	100	/* between two looks, for something to move */
#define TIME_OFF_MS	1000	/* an answer that is older than this is too old anyway */
/* a wall clock that is being adjusted runs as much too fast or slow: at most 500 ppm */
#define SLEW		1000
#define AGREE_MS	250
#define AGREE_LOOKS	4	/* in a row, */
#define AGREE_FOR_MS	2000	/* and for so long */

static bool is_contradictory(const struct mt_sample *s)
{
	return mt_sample_has(s, remaining_bytes) && mt_sample_has(s, memory_bytes) &&
	       s->memory_bytes && s->remaining_bytes > s->memory_bytes;
}

static bool is_backwards(const struct mt_trust *t, const struct mt_sample *s)
{
	return (mt_sample_has(s, transferred_bytes) &&
		s->transferred_bytes < t->transferred_bytes) ||
	       (mt_sample_has(s, iteration) && s->iteration < t->iteration);
}

/* Nothing at all: figures of something that has ended, or that nobody brings up to date. */
static bool stands_still(struct mt_trust *t, const struct mt_sample *s)
{
	if (t->last.t_ns && s->t_ns - t->last.t_ns < STILL_MS * MT_NS_PER_MS)
		return t->still;
	t->still = t->last.t_ns && s->total_ms == t->last.total_ms &&
		   s->transferred_bytes == t->last.transferred_bytes &&
		   s->remaining_bytes == t->last.remaining_bytes;
	return t->still;
}

/* Whether they agree with each other, though not with what we know. */
static bool agree(struct mt_trust *t, const struct mt_sample *s, int64_t begin_ms)
{
	bool stopped_clock = s->total_ms == t->last.total_ms &&
			     s->transferred_bytes != t->last.transferred_bytes;

	if (!t->other_looks || (llabs(begin_ms - t->other_begin_ms) > AGREE_MS && !stopped_clock)) {
		t->other_since_ns = s->t_ns;
		t->other_looks = 0;
	}
	t->other_begin_ms = begin_ms;
	return ++t->other_looks >= AGREE_LOOKS &&
	       s->t_ns - t->other_since_ns >= AGREE_FOR_MS * MT_NS_PER_MS;
}

static const char *judge_time(struct mt_trust *t, const struct mt_sample *s, bool backwards)
{
	int64_t begin_ms = (int64_t)(s->t_ns / MT_NS_PER_MS) - (int64_t)s->total_ms;
	bool known, agreed;

	if (!t->has_begin && !backwards) {
		t->begin_ms = begin_ms;
		t->has_begin = true;
	}
	known = t->stepped ||
		llabs(begin_ms - t->begin_ms) <= TIME_OFF_MS + (int64_t)(s->total_ms / SLEW);
	if (known && !backwards) {
		t->other_looks = 0;
		return NULL;
	}
	agreed = agree(t, s, begin_ms);
	if (backwards) {
		t->another |= agreed;
		return "they went backwards";
	}
	t->stepped = agreed;
	return agreed ? NULL : "their time has jumped or stands still";
}

static const char *judge(struct mt_trust *t, const struct mt_sample *s)
{
	bool backwards = is_backwards(t, s), still = stands_still(t, s);
	const char *why = NULL;

	if (t->another)
		return "they are of another migration";
	if (still)
		return "they stand still";
	if (mt_sample_has(s, total_ms))
		why = judge_time(t, s, backwards);
	else if (backwards)
		why = "they went backwards";
	if (!why && is_contradictory(s))
		why = "more is left than the guest has memory";
	return why;
}

const char *mt_trust_sample(struct mt_trust *t, struct mt_sample *s)
{
	const char *why = judge(t, s);

	if (!t->last.t_ns || s->t_ns - t->last.t_ns >= STILL_MS * MT_NS_PER_MS)
		t->last = *s;
	if (why)
		return why;
	if (mt_sample_has(s, transferred_bytes))
		t->transferred_bytes = s->transferred_bytes;
	if (mt_sample_has(s, iteration))
		t->iteration = s->iteration;
	if (t->stepped && mt_sample_has(s, total_ms))
		s->total_ms = (uint64_t)((int64_t)(s->t_ns / MT_NS_PER_MS) - t->begin_ms);
	return NULL;
}
