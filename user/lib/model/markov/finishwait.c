// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * finishwait.c - compare, forecast, search, wait, send (PURE)
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "finishtime.h"
#include "finishwait.h"
#include "platform.h"

struct sender {
	const struct mt_finish_play *play;
	enum mt_finish_search search;
	double per_slot;		/* what the link carries */
	struct mt_markov chain;
	/* Dirtied in each slot from ->taken on: what is known up to ->now, then the curve. */
	double curve[MT_FINISH_SLOTS_MAX];
	size_t made, end;		/* the slots that the curve is of */
	size_t taken, now;		/* the last snapshot was taken, is out */
	bool last;			/* the guest is to stop when it is out */
	struct mt_finish_played *out;
};

/* What to do when a snapshot is out. */
struct decision {
	bool stop, last;
	size_t next;			/* when to take the next one */
};

static double sum_of(const double *amounts, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += amounts[i];
	return sum;
}

static size_t sending(const struct sender *s, double bytes)
{
	double slots = fmax(1, ceil(bytes / s->per_slot));

	return slots > (double)s->play->n ? s->play->n + 1 : (size_t)slots;
}

static int forecast(struct sender *s)
{
	size_t slots = s->end - s->now;

	s->made = s->now;
	s->out->curves++;
	return mt_markov_forecast(&s->chain, (unsigned)slots, s->curve, NULL);
}

/* Dirtied from the slot @from up to @to, of which those up to ->now are over. */
static double expect(const struct sender *s, size_t from, size_t to)
{
	double sum = 0;

	for (size_t i = from; i < to; i++)
		sum += i < s->now ? s->play->increments[i] : s->curve[i - s->made];
	return sum;
}

static void find(const struct sender *s, struct decision *d)
{
	double increments[MT_FINISH_SLOTS_MAX];
	struct mt_finish_input in = {
		.slots = (unsigned)(s->end - s->taken),
		.increments = increments,
		/* The snapshot that is out takes until now, whatever the rounding. */
		.base_bytes = ((double)(s->now - s->taken) - 0.5) * s->per_slot,
		.bytes_per_slot = s->per_slot,
		.from_base = true,
	};
	struct mt_finish best;

	if (in.slots > MT_FINISH_SLOTS_MAX)
		in.slots = MT_FINISH_SLOTS_MAX;
	for (size_t i = 0; i < in.slots; i++)
		increments[i] = expect(s, s->taken + i, s->taken + i + 1);
	d->stop = mt_finish_find(&in, &best) || !best.snapshots;
	d->next = s->taken + best.first_slot;
}

static void find_platform(const struct sender *s, struct decision *d)
{
	size_t passed = s->now - s->made, begin;
	double left = expect(s, s->taken, s->now);
	struct mt_platform platform;

	d->stop = mt_growth_platform(s->curve + passed, (unsigned)(s->end - s->now),
				     s->play->platform_slots, &platform) ||
		  left <= platform.level * (double)sending(s, left);
	if (d->stop)
		return;
	begin = s->now + platform.begin;
	d->last = s->now + sending(s, left) > begin;
	d->next = d->last ? begin : s->now;
}

static int feed_until(struct sender *s, size_t slot)
{
	if (slot > s->play->n)
		return -ENODATA;
	for (; s->now < slot; s->now++)
		mt_markov_feed(&s->chain, s->play->increments[s->now]);
	return 0;
}

/* The next snapshot is taken and sent. */
static int send_next(struct sender *s, const struct decision *d)
{
	int rc = feed_until(s, d->next);
	double bytes;

	if (rc)
		return rc;
	bytes = sum_of(s->play->increments + s->taken, d->next - s->taken);
	s->taken = d->next;
	s->last = d->last;
	s->out->sent_bytes += bytes;
	s->out->passes++;
	return feed_until(s, s->taken + sending(s, bytes));
}

/* @compared: the slot that was compared up to. */
static int decide(struct sender *s, size_t compared, struct decision *d)
{
	double expected, real = sum_of(s->play->increments + compared, s->now - compared);
	bool matched;

	*d = (struct decision){ .stop = s->now >= s->end };
	if (d->stop)
		return 0;
	expected = sum_of(s->curve + (compared - s->made), s->now - compared);
	matched = mt_markov_match(&s->play->markov, expected, real);
	d->stop = matched && s->last;
	if (d->stop)
		return 0;
	if (!matched && forecast(s))
		return -ENODATA;
	if (s->search == MT_SEARCH_FIND)
		find(s, d);
	else
		find_platform(s, d);
	return 0;
}

static int run(struct sender *s)
{
	const struct mt_finish_play *play = s->play;
	size_t compared = 0;
	struct decision d;
	double left;
	int rc = forecast(s);

	if (!rc)
		rc = feed_until(s, sending(s, play->base_bytes));
	s->out->sent_bytes = play->base_bytes;
	s->out->passes = 1;
	while (!rc) {
		rc = decide(s, compared, &d);
		if (rc || d.stop)
			break;
		compared = s->now;
		rc = send_next(s, &d);
	}
	if (rc)
		return rc;
	left = sum_of(play->increments + s->taken, s->now - s->taken);
	s->out->sent_bytes += left;
	s->out->downtime_s = left / play->link_bytes_per_s;
	s->out->total_s = (double)s->now * play->slot_s + s->out->downtime_s;
	return 0;
}

int mt_finish_wait(const struct mt_finish_play *play, const struct mt_markov *chain,
		   enum mt_finish_search search, struct mt_finish_played *out)
{
	double slots = floor(play->horizon_s / play->slot_s + 1e-6);
	struct sender s = {
		.play = play,
		.search = search,
		.per_slot = play->link_bytes_per_s * play->slot_s,
		.chain = *chain,
		.end = slots > MT_FINISH_SLOTS_MAX ? MT_FINISH_SLOTS_MAX :
		       slots < 1		   ? 1 :
						     (size_t)slots,
		.out = out,
	};

	return run(&s);
}
