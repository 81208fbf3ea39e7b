// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trust.c - statistics that can be acted upon, and those that cannot (PURE)
 *
 * A guest is stopped by what they say, so what cannot be true, does not move, or is of another
 * migration must not be believed. Their time tells most of it: it goes on as ours does, so that by
 * each of them the migration began at the same moment. libvirt counts it by the wall clock, which
 * somebody may set; then they agree on another moment, and are believed again after a while.
 */
#include <stdlib.h>

#include <migtrace/units.h>

#include "trust.h"

#define TIME_OFF_MS	1000	/* an answer that is older than this is too old anyway */
#define STILL_MS	100	/* between two looks, for it to be seen */
#define AGREE_MS	250
#define AGREE_LOOKS	4	/* in a row, */
#define AGREE_FOR_MS	2000	/* and for so long */

static bool is_contradictory(const struct mt_sample *s)
{
	return mt_sample_has(s, remaining_bytes) && mt_sample_has(s, memory_bytes) && s->memory_bytes &&
	       s->remaining_bytes > s->memory_bytes;
}

static bool is_backwards(const struct mt_trust *t, const struct mt_sample *s)
{
	return (mt_sample_has(s, transferred_bytes) && s->transferred_bytes < t->transferred_bytes) ||
	       (mt_sample_has(s, iteration) && s->iteration < t->iteration);
}

/* Between two looks their time goes on about as much as ours. */
static bool stands_still(struct mt_trust *t, const struct mt_sample *s)
{
	uint64_t ours_ms = (s->t_ns - t->last_t_ns) / MT_NS_PER_MS;

	if (t->last_t_ns && ours_ms < STILL_MS)
		return t->still;
	t->still = t->last_t_ns && s->total_ms < t->last_total_ms + ours_ms / 2 && s->total_ms >= t->last_total_ms;
	t->last_t_ns = s->t_ns;
	t->last_total_ms = s->total_ms;
	return t->still;
}

/* Whether their time goes on, by a beginning that is not the one we know. */
static bool agree(struct mt_trust *t, int64_t begin_ms, uint64_t t_ns)
{
	if (!t->other_looks || llabs(begin_ms - t->other_begin_ms) > AGREE_MS) {
		t->other_begin_ms = begin_ms;
		t->other_since_ns = t_ns;
		t->other_looks = 0;
	}
	return ++t->other_looks >= AGREE_LOOKS && t_ns - t->other_since_ns >= AGREE_FOR_MS * MT_NS_PER_MS;
}

static const char *judge_time(struct mt_trust *t, const struct mt_sample *s)
{
	bool backwards = is_backwards(t, s), still, agreed;
	int64_t begin_ms;

	if (!mt_sample_has(s, total_ms))
		return backwards ? "they went backwards" : NULL;
	still = stands_still(t, s);
	begin_ms = (int64_t)(s->t_ns / MT_NS_PER_MS) - (int64_t)s->total_ms;
	if (still)
		return "their time stands still";
	if (!backwards && (!t->has_begin || llabs(begin_ms - t->begin_ms) <= TIME_OFF_MS)) {
		t->has_begin = true;
		t->begin_ms = begin_ms;
		t->other_looks = 0;
		return NULL;
	}
	agreed = agree(t, begin_ms, s->t_ns);
	if (backwards) {
		t->another |= agreed;
		return "they went backwards";
	}
	if (!agreed)
		return "their time has jumped";
	t->begin_ms = begin_ms;
	return NULL;
}

const char *mt_trust_sample(struct mt_trust *t, const struct mt_sample *s)
{
	const char *why = t->another ? NULL : judge_time(t, s);

	if (t->another)
		return "they are of another migration";
	if (why)
		return why;
	if (is_contradictory(s))
		return "more is left than the guest has memory";
	if (mt_sample_has(s, transferred_bytes))
		t->transferred_bytes = s->transferred_bytes;
	if (mt_sample_has(s, iteration))
		t->iteration = s->iteration;
	return NULL;
}
