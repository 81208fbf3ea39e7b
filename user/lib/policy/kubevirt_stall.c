// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kubevirt_stall.c - when pre-copy has stalled, and which pass is a good one then (PURE)
 */
#include <math.h>
#include <string.h>

#include "kubevirt_stall.h"

/* Passes that are as old as the window leave it. */
static void grow_old(struct kubevirt_stall *s, uint64_t window_ms, uint64_t now_ms)
{
	unsigned n = 0;

	while (n < s->n_falling && now_ms - s->falling[n].at_ms >= window_ms) {
		s->least_before = s->old ? fmin(s->least_before, s->falling[n].left_bytes) :
					   s->falling[n].left_bytes;
		s->old = true;
		n++;
	}
	s->n_falling -= n;
	memmove(s->falling, s->falling + n, s->n_falling * sizeof(s->falling[0]));
}

/* One that left no less than an older one never matters: that leaves the window before it. */
static void fall(struct kubevirt_stall *s, uint64_t now_ms, double left)
{
	unsigned n = s->n_falling;

	if ((n && left >= s->falling[n - 1].left_bytes) || (s->old && left > s->least_before))
		return;
	if (n == KUBEVIRT_FALLING)
		n--;
	s->falling[n].at_ms = now_ms;
	s->falling[n].left_bytes = left;
	s->n_falling = n + 1;
}

static void see(struct kubevirt_stall *s, double left)
{
	unsigned i;

	if (s->n_seen == KUBEVIRT_SEEN) {
		if (left >= s->seen[0])
			return;
		memmove(s->seen, s->seen + 1, --s->n_seen * sizeof(s->seen[0]));
	}
	for (i = s->n_seen++; i && s->seen[i - 1] < left; i--)
		s->seen[i] = s->seen[i - 1];
	s->seen[i] = left;
}

static bool is_good(const struct kubevirt_stall *s, const struct kubevirt_rule *rule, double left)
{
	return rule->anywhere || left <= s->target_bytes * (1 + rule->margin);
}

/* The target has not come for too long: the next lowest that was seen is one, and sooner. */
static void relax(struct kubevirt_stall *s, const struct kubevirt_rule *rule, uint64_t now_ms)
{
	if ((double)now_ms < s->until_ms || !s->n_seen)
		return;
	s->target_bytes = s->seen[--s->n_seen];
	s->patience_ms *= rule->decay;
	s->until_ms = (double)now_ms + s->patience_ms;
}

enum kubevirt_verdict kubevirt_stall_pass(struct kubevirt_stall *s,
					  const struct kubevirt_rule *rule, uint64_t now_ms,
					  double left)
{
	grow_old(s, rule->window_ms, now_ms);
	fall(s, now_ms, left);
	if (s->stalled) {
		see(s, left);
		if (!is_good(s, rule, left))
			relax(s, rule, now_ms);
	} else if (s->old && left >= s->least_before * (1 - rule->margin)) {
		s->stalled = true;
		s->target_bytes = s->least_before;
		if (s->n_falling)
			s->target_bytes =
				fmin(s->target_bytes, s->falling[s->n_falling - 1].left_bytes);
		s->patience_ms = (double)rule->window_ms;
		s->until_ms = (double)now_ms + s->patience_ms;
	}
	if (!s->stalled)
		return KUBEVIRT_PROGRESS;
	return is_good(s, rule, left) ? KUBEVIRT_SWITCH : KUBEVIRT_WAIT;
}
