// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * finishtime.c - FindFinishTime of Chen & Cao, by recurrence (PURE)
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <migtrace/finishtime.h>

/* The input as W(i, k) needs it. */
struct dirtied {
	const struct mt_finish_input *in;
	double sum[MT_FINISH_SLOTS_MAX + 1];	/* of the increments before each slot */
};

static int dirtied_init(struct dirtied *d, const struct mt_finish_input *in)
{
	if (!in->slots || in->slots > MT_FINISH_SLOTS_MAX || !(in->bytes_per_slot > 0) || !(in->base_bytes >= 0) ||
	    (!in->increments && !in->unique))
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

/* A snapshot taken at @a on top of one taken at @before: is stopping after it better than @out? */
static void consider(const struct dirtied *d, unsigned before, unsigned a, unsigned e, unsigned snapshots,
		     struct mt_finish *out, bool *found)
{
	double left = dirtied(d, a, e);

	if (*found && left >= out->left_bytes)
		return;
	*found = true;
	*out = (struct mt_finish){
		.snapshot_slot = a,
		.finish_slot = e,
		.snapshots = snapshots,
		.snapshot_bytes = dirtied(d, before, a),
		.left_bytes = left,
		.downtime_slots = left / d->in->bytes_per_slot,
	};
}

int mt_finish_find(const struct mt_finish_input *in, struct mt_finish *out)
{
	/* Of the snapshots that are out at each slot the latest, + 1; 0 = none. Snapshot 0 is the base image. */
	unsigned out_at[MT_FINISH_SLOTS_MAX + 1] = { 0 }, depth[MT_FINISH_SLOTS_MAX + 1] = { 0 };
	unsigned latest = 0;
	bool found = false;
	struct dirtied d;
	int rc = dirtied_init(&d, in);

	if (rc)
		return rc;
	memset(out, 0, sizeof(*out));
	if (sending(in, in->base_bytes) <= in->slots)
		out_at[sending(in, in->base_bytes)] = 1;
	for (unsigned a = 1; a <= in->slots; a++) {
		unsigned before, e;

		/* e(q) > q: whatever is out by now was taken before now. */
		latest = out_at[a] > latest ? out_at[a] : latest;
		if (!latest)
			continue;
		before = latest - 1;
		e = a + sending(in, dirtied(&d, before, a));
		if (e > in->slots)
			continue;
		depth[a] = depth[before] + 1;
		out_at[e] = a + 1;	/* later ones come later in this loop */
		consider(&d, before, a, e, depth[a], out, &found);
	}
	return found ? 0 : -ENODATA;
}

/* Follows the chain up to link @last and tells of the best one, or of @last only. */
static int chain(const struct mt_finish_input *in, unsigned last, bool only_last, struct mt_finish *out)
{
	unsigned before = 0, a, links = 0;
	bool found = false;
	struct dirtied d;
	int rc = dirtied_init(&d, in);

	if (rc)
		return rc;
	memset(out, 0, sizeof(*out));
	a = sending(in, in->base_bytes);
	for (; a <= in->slots && links <= last; links++) {
		unsigned e = a + sending(in, dirtied(&d, before, a));

		if (e > in->slots)
			break;
		if (!only_last || links == last)
			consider(&d, before, a, e, links + 1, out, &found);
		before = a;
		a = e;
	}
	return found ? 0 : -ENODATA;
}

int mt_finish_chain(const struct mt_finish_input *in, struct mt_finish *out)
{
	return chain(in, MT_FINISH_SLOTS_MAX, false, out);
}

int mt_finish_link(const struct mt_finish_input *in, unsigned link, struct mt_finish *out)
{
	return chain(in, link, true, out);
}
