// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * finishplay.c - a migration played over increments, slot by slot (PURE)
 */
#include <errno.h>
#include <math.h>

#include "finishplay.h"
#include "finishwait.h"

static const struct {
	const char *name, *method;
} rules[MT_FINISH_RULES] = {
	[MT_FINISH_STOP] = { "stop-and-copy", "fm" },
	[MT_FINISH_PASSES] = { "fixed-passes", "fm" },
	[MT_FINISH_FM] = { "fm", "fm" },
	[MT_FINISH_AM] = { "am", "am" },
	[MT_FINISH_KNOWN] = { "known", "fm" },
	[MT_FINISH_KNOWN_WAITING] = { "known-waiting", "fm" },
	[MT_FINISH_AM_LISTING] = { "am-listing", "am-listing" },
	[MT_FINISH_FM_WAITING] = { "fm-waiting", "fm" },
	[MT_FINISH_AM_WAITING] = { "am-waiting", "am" },
	[MT_FINISH_FM_PLATFORM] = { "fm-platform", "fm" },
	[MT_FINISH_AM_PLATFORM] = { "am-platform", "am" },
};

static double sum_of(const double *amounts, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += amounts[i];
	return sum;
}

static void ended(const struct mt_finish_play *play, size_t slots, double left, double sent,
		  unsigned passes, struct mt_finish_played *out)
{
	out->downtime_s = left / play->link_bytes_per_s;
	out->total_s = (double)slots * play->slot_s + out->downtime_s;
	out->sent_bytes = sent + left;
	out->passes = passes;
}

/* Does the guest stop after this pass? */
struct rule_state {
	enum mt_finish_rule rule;
	const struct mt_finish_play *play;
	struct mt_pilot pilot;
};

static bool stops(struct rule_state *s, size_t begin, size_t end, unsigned passes, double left)
{
	const struct mt_finish_play *play = s->play;
	struct mt_pilot_advice advice;

	if (s->rule == MT_FINISH_STOP || s->rule == MT_FINISH_PASSES)
		return passes >= (s->rule == MT_FINISH_STOP ? 0 : play->passes);
	for (size_t i = begin; i < end; i++)
		mt_pilot_feed(&s->pilot, play->slot_s, play->increments[i]);
	mt_pilot_pass(&s->pilot, (double)end * play->slot_s,
		      sum_of(play->increments + begin, end - begin), left, play->link_bytes_per_s,
		      &advice);
	return passes && advice.finish;
}

static int play_passes(struct rule_state *s, struct mt_finish_played *out)
{
	const struct mt_finish_play *play = s->play;
	double per_slot = play->link_bytes_per_s * play->slot_s, left = play->base_bytes, sent = 0;
	size_t begin = 0, end = 0;

	for (unsigned passes = 0; ; passes++) {
		double slots = fmax(1, ceil(left / per_slot));

		if (stops(s, begin, end, passes, left)) {
			ended(play, end, left, sent, passes, out);
			out->curves = s->pilot.curves;
			return 0;
		}
		if (slots > (double)(play->n - end))
			return -ENODATA;
		sent += left;
		begin = end;
		end += (size_t)slots;
		left = sum_of(play->increments + begin, end - begin);
	}
}

/* The future is known: no loop is needed. */
static int play_known(const struct mt_finish_play *play, bool waits, struct mt_finish_played *out)
{
	struct mt_finish_input in = {
		.increments = play->increments,
		.base_bytes = play->base_bytes,
		.bytes_per_slot = play->link_bytes_per_s * play->slot_s,
		.from_base = true,
	};
	double slots =
		fmin(fmin(play->horizon_s / play->slot_s, (double)play->n), MT_FINISH_SLOTS_MAX);
	struct mt_finish best;
	int rc;

	in.slots = (unsigned)slots;
	rc = waits ? mt_finish_find(&in, &best) : mt_finish_chain(&in, &best);
	if (rc)
		return rc;
	/* All that was dirtied until the last snapshot was sent in one of them. */
	ended(play, best.finish_slot, best.left_bytes,
	      play->base_bytes + sum_of(play->increments, best.snapshot_slot), best.snapshots + 1,
	      out);
	return 0;
}

/* The chain as it is when the migration begins. */
static void train(const struct mt_finish_play *play, const struct mt_markov_params *params,
		  struct mt_markov *chain)
{
	if (!play->trained) {
		mt_markov_train(chain, play->history, play->n_history);
		return;
	}
	*chain = *play->trained;
	chain->params = *params;
}

static int play_rule(struct rule_state *s, struct mt_finish_played *out)
{
	const struct mt_markov *chain = &s->pilot.markov;

	switch (s->rule) {
	case MT_FINISH_KNOWN:
	case MT_FINISH_KNOWN_WAITING:
		return play_known(s->play, s->rule == MT_FINISH_KNOWN_WAITING, out);
	case MT_FINISH_FM_WAITING:
	case MT_FINISH_AM_WAITING:
		return mt_finish_wait(s->play, chain, MT_SEARCH_FIND, out);
	case MT_FINISH_FM_PLATFORM:
	case MT_FINISH_AM_PLATFORM:
		return mt_finish_wait(s->play, chain, MT_SEARCH_PLATFORM, out);
	default:
		return play_passes(s, out);
	}
}

int mt_finish_play(const struct mt_finish_play *play, enum mt_finish_rule rule,
		   struct mt_finish_played *out)
{
	struct rule_state s = { .rule = rule, .play = play };
	struct mt_pilot_params params = { .markov = play->markov,
					  .slot_s = play->slot_s,
					  .horizon_s = play->horizon_s };
	int rc;

	if (!(play->slot_s > 0) || !(play->base_bytes >= 0) || !(play->link_bytes_per_s > 0) ||
	    (unsigned)rule >= MT_FINISH_RULES)
		return -EINVAL;
	*out = (struct mt_finish_played){ 0 };
	mt_markov_use(&params.markov, mt_markov_method(rules[rule].method));
	rc = mt_pilot_init(&s.pilot, &params);
	if (rc)
		return rc;
	train(play, &params.markov, &s.pilot.markov);
	return play_rule(&s, out);
}

const char *mt_finish_rule_name(enum mt_finish_rule rule)
{
	return (unsigned)rule < MT_FINISH_RULES ? rules[rule].name : "unknown";
}
