// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trust.c - statistics that can be acted upon, and those that cannot (PURE)
 *
 * A guest is stopped by what they say, so what cannot be true, does not move, or is of another
 * migration must not be believed.
 */
#include <migtrace/units.h>

#include "trust.h"

#define STALE_MS	1000	/* QEMU's time goes on at each look */
#define BACK_MS		250	/* libvirt's clock and QEMU's are rounded differently */
#define ANOTHER_LOOKS	3	/* in a row: not one old answer that came late */

static bool is_contradictory(const struct mt_sample *s)
{
	return mt_sample_has(s, remaining_bytes) && mt_sample_has(s, memory_bytes) && s->memory_bytes &&
	       s->remaining_bytes > s->memory_bytes;
}

static bool is_backwards(const struct mt_trust *t, const struct mt_sample *s)
{
	return (mt_sample_has(s, total_ms) && s->total_ms + BACK_MS < t->total_ms) ||
	       (mt_sample_has(s, transferred_bytes) && s->transferred_bytes < t->transferred_bytes) ||
	       (mt_sample_has(s, iteration) && s->iteration < t->iteration);
}

static bool is_stale(struct mt_trust *t, const struct mt_sample *s)
{
	if (!mt_sample_has(s, total_ms))
		return false;
	if (!t->moved_ns || s->total_ms != t->last_total_ms) {
		t->last_total_ms = s->total_ms;
		t->moved_ns = s->t_ns;
		return false;
	}
	return s->t_ns - t->moved_ns > STALE_MS * MT_NS_PER_MS;
}

const char *mt_trust_sample(struct mt_trust *t, const struct mt_sample *s)
{
	bool stale = is_stale(t, s);

	if (is_backwards(t, s)) {
		t->another |= ++t->backwards >= ANOTHER_LOOKS;
		return t->another ? "they are of another migration" : "they went backwards";
	}
	t->backwards = 0;
	if (t->another)
		return "they are of another migration";
	if (is_contradictory(s))
		return "more is left than the guest has memory";
	if (mt_sample_has(s, total_ms) && s->total_ms > t->total_ms)
		t->total_ms = s->total_ms;
	if (mt_sample_has(s, transferred_bytes))
		t->transferred_bytes = s->transferred_bytes;
	if (mt_sample_has(s, iteration))
		t->iteration = s->iteration;
	return stale ? "they have not moved for a while" : NULL;
}
