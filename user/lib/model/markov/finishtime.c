// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * finishtime.c - FindFinishTime of Chen & Cao, by recurrence (PURE)
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "finishtime.h"

/* The input as W(i, k) needs it. */
struct dirtied {
	const struct mt_finish_input *in;
	double sum[MT_FINISH_SLOTS_MAX + 1];	/* of the increments before each slot */
};

static int dirtied_init(struct dirtied *d, const struct mt_finish_input *in)
{
	if (!in->slots || in->slots > MT_FINISH_SLOTS_MAX || !(in->bytes_per_slot > 0) ||
	    !(in->base_bytes >= 0) || (!in->increments && !in->unique))
		return -EINVAL;
	d->in = in;
	d->sum[0] = 0;
	for (unsigned k = 0; in->increments && k < in->slots; k++) {
		if (!(in->increments[k] >= 0))
			return -EINVAL;
		d->sum[k + 1] = d->sum[k] + in->increments[k];
	}
	for (unsigned k = 0; in->unique && k <= in->slots; k++)
		if (k ? !(in->unique[k] >= in->unique[k - 1]) : in->unique[0] != 0)
			return -EINVAL;
	return 0;
}

/* U at a length that is no whole number of slots. */
static double unique_at(const struct mt_finish_input *in, double slots)
{
	unsigned k = (unsigned)fmin(slots, in->slots);

	if (k >= in->slots)
		return in->unique[in->slots];
	return in->unique[k] + (slots - k) * (in->unique[k + 1] - in->unique[k]);
}

/* W(i, k) */
static double dirtied(const struct dirtied *d, unsigned i, unsigned k)
{
	const struct mt_finish_input *in = d->in;
	double sum = d->sum[k] - d->sum[i];

	if (!in->unique)
		return sum;
	if (!in->increments)
		return in->unique[k - i];
	/* U(1) = 0 says that nothing is ever dirtied. */
	return in->unique[1] > 0 ? unique_at(in, sum / in->unique[1]) : 0;
}

/* Slots that @bytes take on the wire. Even nothing takes one: a snapshot has to be taken. */
static unsigned sending(const struct mt_finish_input *in, double bytes)
{
	double slots = ceil(bytes / in->bytes_per_slot);

	return slots >= in->slots + 1.0 ? in->slots + 1 : slots < 1 ? 1 : (unsigned)slots;
}

/* What was found so far. */
struct search {
	struct dirtied d;
	struct mt_finish *best;
	bool found;
};

/*
 * A snapshot of @bytes is taken at @a and out at @e, the last of @snapshots of which the first was
 * taken at @first: is stopping there better?
 */
static void consider(struct search *s, unsigned a, unsigned e, double bytes, unsigned snapshots,
		     unsigned first)
{
	double left;

	if (e > s->d.in->slots)
		return;
	left = dirtied(&s->d, a, e);
	if (s->found && left >= s->best->left_bytes)
		return;
	s->found = true;
	*s->best = (struct mt_finish){
		.first_slot = first,
		.snapshot_slot = a,
		.finish_slot = e,
		.snapshots = snapshots,
		.snapshot_bytes = bytes,
		.left_bytes = left,
		.downtime_slots = left / s->d.in->bytes_per_slot,
	};
}

static int begin(struct search *s, const struct mt_finish_input *in, struct mt_finish *out)
{
	int rc = dirtied_init(&s->d, in);

	if (rc)
		return rc;
	memset(out, 0, sizeof(*out));
	s->best = out;
	s->found = false;
	if (in->from_base)
		consider(s, 0, sending(in, in->base_bytes), in->base_bytes, 0, 0);
	return 0;
}

int mt_finish_find(const struct mt_finish_input *in, struct mt_finish *out)
{
	/*
	 * Of the snapshots that are out at each slot the latest, + 1; 0 = none. Snapshot 0 is the
	 * base image.
	 */
	unsigned out_at[MT_FINISH_SLOTS_MAX + 1] = { 0 }, depth[MT_FINISH_SLOTS_MAX + 1] = { 0 };
	unsigned first[MT_FINISH_SLOTS_MAX + 1];
	unsigned latest = 0;
	struct search s;
	int rc = begin(&s, in, out);

	if (rc)
		return rc;
	if (sending(in, in->base_bytes) <= in->slots)
		out_at[sending(in, in->base_bytes)] = 1;
	for (unsigned a = 1; a <= in->slots; a++) {
		unsigned before, e;
		double bytes;

		/* e(q) > q: whatever is out by now was taken before now. */
		latest = out_at[a] > latest ? out_at[a] : latest;
		if (!latest)
			continue;
		before = latest - 1;
		bytes = dirtied(&s.d, before, a);
		e = a + sending(in, bytes);
		depth[a] = depth[before] + 1;
		first[a] = before ? first[before] : a;
		if (e <= in->slots)
			out_at[e] = a + 1;	/* of those that are out then this is the latest so
						 * far */
		consider(&s, a, e, bytes, depth[a], first[a]);
	}
	return s.found ? 0 : -ENODATA;
}

int mt_finish_chain(const struct mt_finish_input *in, struct mt_finish *out)
{
	unsigned before = 0, a, snapshots = 0, first;
	struct search s;
	int rc = begin(&s, in, out);

	if (rc)
		return rc;
	first = a = sending(in, in->base_bytes);
	while (a <= in->slots) {
		double bytes = dirtied(&s.d, before, a);
		unsigned e = a + sending(in, bytes);

		consider(&s, a, e, bytes, ++snapshots, first);
		before = a;
		a = e;
	}
	return s.found ? 0 : -ENODATA;
}
