// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * iteration.c - cuts a series of samples into finished pre-copy iterations (PURE)
 */
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "iteration.h"

/* Our own look at the wire rate covers this long. Inferred. */
#define BANDWIDTH_WINDOW_S	1.0
/* Less seen than this share of what QEMU tells: believe what was seen. Inferred. */
#define SLOWER_SHARE		0.5
/* Less than this: the link is stuck. Inferred. */
#define STUCK_SHARE		0.1
/*
 * QEMU spends its bandwidth in budgets of so long (BUFFER_DELAY, migration/migration.c), and looks
 * at what is left before each.
 */
#define BUDGET_S		0.1
/* Bytes on the wire that tell a rate. Inferred. */
#define RATE_LEAST_BYTES	65536
/* Two looks closer together than this say nothing about a rate. */
#define BANDWIDTH_MIN_S		0.05
/*
 * What an empty page costs a destination: 8 to 11 us measured, of emulated ones. The bound holds
 * where they are quick.
 */
#define ZERO_PAGE_LAG_S		10e-6
#define LAG_MOST_S		3.0
/* Of the rate before, that shows it has caught up. Inferred. */
#define CAUGHT_UP_SHARE		0.9

void mt_iterations_init(struct mt_iterations *it)
{
	memset(it, 0, sizeof(*it));
	it->page_share = 1;
}

const struct mt_iteration *mt_iterations_last(const struct mt_iterations *it)
{
	return it->n_kept ? &it->kept[it->n_kept - 1] : NULL;
}

static double sample_s(const struct mt_sample *s)
{
	return (double)s->t_ns / MT_NS_PER_S;
}

/* The middle of QEMU's last few figures. */
static double told_bandwidth(const struct mt_iterations *it)
{
	double sorted[MT_ARRAY_SIZE(it->told)];
	size_t n = it->n_told;

	for (size_t i = 0; i < n; i++) {
		size_t j = i;

		for (; j > 0 && sorted[j - 1] > it->told[i]; j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = it->told[i];
	}
	return n ? (sorted[(n - 1) / 2] + sorted[n / 2]) / 2 : 0;
}

static void told_push(struct mt_iterations *it, const struct mt_sample *s)
{
	if (!mt_sample_has(s, bandwidth_bytes_per_s) || !s->bandwidth_bytes_per_s ||
	    s->bandwidth_bytes_per_s == it->stale_bytes_per_s)
		return;
	it->stale_bytes_per_s = 0;
	if (it->n_told == MT_ARRAY_SIZE(it->told))
		memmove(it->told, it->told + 1, --it->n_told * sizeof(*it->told));
	it->told[it->n_told++] = s->bandwidth_bytes_per_s;
}

static double zero_sent_pages(const struct mt_sample *from, const struct mt_sample *to)
{
	return mt_sample_has(from, zero_pages) && mt_sample_has(to, zero_pages) ?
		       (double)to->zero_pages - (double)from->zero_pages :
		       0;
}

static void window_push(struct mt_iterations *it, const struct mt_sample *s)
{
	if (!mt_sample_has(s, transferred_bytes))
		return;
	if (it->window_n && sample_s(s) - it->window_s[it->window_n - 1] < BANDWIDTH_MIN_S)
		return;
	if (it->window_n == MT_ARRAY_SIZE(it->window_s)) {
		it->window_n--;
		memmove(it->window_s, it->window_s + 1, it->window_n * sizeof(*it->window_s));
		memmove(it->window_bytes, it->window_bytes + 1,
			it->window_n * sizeof(*it->window_bytes));
	}
	it->window_s[it->window_n] = sample_s(s);
	it->window_bytes[it->window_n] = s->transferred_bytes;
	it->window_n++;
}

/* As if the time since the last look had not been, nor what was sent in it. */
static void window_skip(struct mt_iterations *it, const struct mt_sample *s)
{
	double took_s = sample_s(s) - sample_s(&it->last), sent = 0;

	if (mt_sample_has(s, transferred_bytes) && mt_sample_has(&it->last, transferred_bytes))
		sent = (double)s->transferred_bytes - (double)it->last.transferred_bytes;
	for (size_t i = 0; i < it->window_n; i++) {
		it->window_s[i] += took_s;
		it->window_bytes[i] += sent;
	}
	it->stale_bytes_per_s =
		mt_sample_has(s, bandwidth_bytes_per_s) ? s->bandwidth_bytes_per_s : 0;
}

/*
 * What we saw go out, from the newest point that is at least a window old, or else the oldest there
 * is; < 0 = not known.
 */
static double seen_bandwidth(const struct mt_iterations *it, const struct mt_sample *s)
{
	double now = sample_s(s);
	size_t i = it->window_n;

	if (!mt_sample_has(s, transferred_bytes) || !i)
		return -1;
	while (i > 1 && now - it->window_s[i - 1] < BANDWIDTH_WINDOW_S)
		i--;
	/* Too short a time tells nothing, nor does a counter that goes back. */
	if (now - it->window_s[i - 1] < BANDWIDTH_MIN_S ||
	    s->transferred_bytes < it->window_bytes[i - 1])
		return -1;
	return (s->transferred_bytes - it->window_bytes[i - 1]) / (now - it->window_s[i - 1]);
}

/* What was seen of the link since the last look; < 0 = not known, or too short a time. */
static double rate_since(const struct mt_iterations *it, const struct mt_sample *s)
{
	double took_s = sample_s(s) - sample_s(&it->last);

	if (took_s < BANDWIDTH_MIN_S || !mt_sample_has(s, transferred_bytes) ||
	    !mt_sample_has(&it->last, transferred_bytes) ||
	    s->transferred_bytes < it->last.transferred_bytes)
		return -1;
	return (double)(s->transferred_bytes - it->last.transferred_bytes) / took_s;
}

/*
 * Empty pages take nine bytes each, and are sent as fast as they are found; the destination looks
 * at its own memory for each and lags behind, and what follows waits for it. Until it has caught up
 * the rate is not the link's. Return: whether this look falls into such a time.
 */
static bool lags(struct mt_iterations *it, const struct mt_sample *s)
{
	double zero = zero_sent_pages(&it->last, s), whole;

	if (!(it->bandwidth_bytes_per_s > 0) || !mt_sample_has(&it->last, normal_pages) ||
	    !mt_sample_has(s, normal_pages))
		return false;
	whole = (double)s->normal_pages - (double)it->last.normal_pages;
	if (zero > 0)
		it->lag_s = fmin(it->lag_s + zero * ZERO_PAGE_LAG_S, LAG_MOST_S);
	if (zero > whole)
		return true;
	if (!(it->lag_s > 0) || zero > 0)
		return false;
	if (rate_since(it, s) > CAUGHT_UP_SHARE * it->bandwidth_bytes_per_s) {
		it->lag_s = 0;
		return false;
	}
	it->lag_s -= sample_s(s) - sample_s(&it->last);
	return true;
}

/*
 * QEMU's figures are made of its own clock and counters, and each covers 100 ms
 * only: their middle is the better estimate. But QEMU does not renew them while
 * the link is stuck, and then only what we saw go out tells.
 */
static void bandwidth_update(struct mt_iterations *it, const struct mt_sample *s)
{
	double told, seen = seen_bandwidth(it, s);

	if (lags(it, s)) {
		it->stuck = false;
		window_skip(it, s);
		return;
	}
	told_push(it, s);
	told = told_bandwidth(it);
	if (told > 0 && !(seen >= 0 && seen < SLOWER_SHARE * told))
		it->bandwidth_bytes_per_s = told;
	else if (seen >= 0)
		it->bandwidth_bytes_per_s = seen;
	it->stuck = told > 0 && seen >= 0 && seen < STUCK_SHARE * told;
	window_push(it, s);
}

/*
 * An iteration begins and ends with a sync: QEMU's own stamp of it, where there is one, or else the
 * look.
 */
static double sync_s(const struct mt_sample *s)
{
	return s->sync_t_ns && s->sync_t_ns <= s->t_ns ? (double)s->sync_t_ns / MT_NS_PER_S :
							 sample_s(s);
}

/*
 * In the first pass QEMU's expected downtime is still the limit itself
 * (migrate_fd_connect()): it has seen no dirty pages to expect anything of.
 */
static void limit_learn(struct mt_iterations *it, const struct mt_sample *s)
{
	if (s->iteration == 1 && mt_sample_has(s, expected_downtime_ms) &&
	    s->status == MT_STATUS_ACTIVE)
		it->limit_ms = s->expected_downtime_ms;
}

/*
 * When the newest of the syncs between the last look and this was. Each look
 * falls somewhere in a budget, on average in its middle.
 */
static double sync_guess_s(const struct mt_iterations *it, const struct mt_sample *s)
{
	double threshold = it->bandwidth_bytes_per_s * it->limit_ms / 1e3;
	double budget = it->bandwidth_bytes_per_s * BUDGET_S;
	double left = it->last.remaining_bytes, guess;

	if (s->boundary || s->sync_t_ns || !(threshold > 0))
		return sync_s(s);
	if (s->iteration > it->last.iteration + 1)
		guess = sample_s(s) - BUDGET_S / 2;
	else if (left < threshold)
		guess = sample_s(&it->last) + BUDGET_S / 2;
	else
		guess = sample_s(&it->last) + (floor((left - threshold) / budget) + 1.5) * BUDGET_S;
	return fmax(sample_s(&it->last), fmin(guess, sample_s(s)));
}

static double page_bytes(const struct mt_sample *s)
{
	return mt_sample_has(s, page_size_bytes) ? (double)s->page_size_bytes : 4096;
}

/*
 * Pages that were sent whole, and those that are zero. Encoded ones (xbzrle, compression) QEMU
 * counts apart, and libvirt in part.
 */
static double pages_sent_bytes(const struct mt_sample *from, const struct mt_sample *to)
{
	if (!mt_sample_has(from, normal_pages) || !mt_sample_has(to, normal_pages))
		return NAN;
	return page_bytes(to) *
	       ((double)to->normal_pages - (double)from->normal_pages + zero_sent_pages(from, to));
}

/*
 * What is left of what was due as the sync came: the balance of two looks, below 0 if the later one
 * was late enough for some of the next pass to have gone. Without page counts all that was due is
 * taken as sent. But no more is left than the last look before the sync found, whatever was
 * counted.
 */
static double unsent_bytes(const struct mt_iterations *it, double sent_bytes)
{
	const struct mt_sample *look = &it->last;
	double unsent = isnan(sent_bytes) ? 0 : (double)it->start.remaining_bytes - sent_bytes;

	if (look->iteration == it->start.iteration && look->t_ns > it->start.t_ns &&
	    !look->miscounted)
		unsent = fmin(unsent, (double)look->remaining_bytes);
	return unsent;
}

/* save_zero_page_to_file(), migration/ram.c: a header of 8 bytes and a byte. */
#define ZERO_PAGE_WIRE_BYTES	9.0
/* Of what a pass tells of encoding, so much is left when the next has ended. Inferred. */
#define SHARE_FADES	0.5
/* Less tells nothing. */
#define SHARE_LEAST_BYTES	(1 << 20)

static void share_update(struct mt_iterations *it, const struct mt_iteration *i, double zero_pages)
{
	double wire = i->sent_bytes - zero_pages * ZERO_PAGE_WIRE_BYTES;

	if (!(i->page_bytes > SHARE_LEAST_BYTES) || !(wire > 0))
		return;
	/* The first pass is encoded in another way than the others, or not at all. */
	if (i->n == 2)
		it->pages_sent_bytes = it->wire_sent_bytes = 0;
	it->pages_sent_bytes = SHARE_FADES * it->pages_sent_bytes + i->page_bytes;
	it->wire_sent_bytes = SHARE_FADES * it->wire_sent_bytes + wire;
	it->page_share = it->pages_sent_bytes / it->wire_sent_bytes;
}

static void finish(struct mt_iterations *it, const struct mt_sample *end, double end_sync_s)
{
	const struct mt_sample *start = &it->start;
	struct mt_iteration *i;
	double unsent, zero_pages;

	if (it->n_kept == MT_ITERATIONS_KEPT) {
		it->n_kept--;
		memmove(it->kept, it->kept + 1, it->n_kept * sizeof(*it->kept));
	}
	i = &it->kept[it->n_kept++];
	memset(i, 0, sizeof(*i));
	i->n = start->iteration;
	i->first = start->iteration <= 1;
	i->syncs = end->iteration - start->iteration;
	i->duration_s = fmax(0, sync_s(end) - sync_s(start));
	i->window_s = fmax(0, end_sync_s - it->start_sync_s);
	i->start_s = mt_sample_has(end, total_ms) ? end->total_ms / 1e3 - i->duration_s : 0;
	if (i->start_s < 0)
		i->start_s = 0;
	i->start_bytes = start->remaining_bytes;
	i->remaining_bytes = end->remaining_bytes;
	if (mt_sample_has(start, transferred_bytes) && mt_sample_has(end, transferred_bytes))
		i->sent_bytes =
			fmax(0, (double)end->transferred_bytes - (double)start->transferred_bytes);
	unsent = unsent_bytes(it, pages_sent_bytes(start, end));
	i->unsent_bytes = fmax(0, unsent);
	i->dirtied_bytes = fmax(0, i->remaining_bytes - unsent);
	zero_pages = fmax(0, zero_sent_pages(start, end));
	if (i->syncs == 1)
		i->page_bytes = fmax(0, i->start_bytes - unsent - zero_pages * page_bytes(end));
	i->throttle_percent =
		mt_sample_has(start, throttle_percent) ? (double)start->throttle_percent : 0;
	share_update(it, i, zero_pages);
	/* A pass that sent next to nothing says nothing of the link. */
	if (i->sent_bytes >= RATE_LEAST_BYTES && i->duration_s > 0)
		i->bandwidth_bytes_per_s = i->sent_bytes / i->duration_s;
	else
		i->bandwidth_bytes_per_s = it->bandwidth_bytes_per_s;
	it->total++;
}

/*
 * Any of what QEMU counts as it sends. Not what remains: a balloon makes that less on a link that
 * is dead.
 */
static bool moves(const struct mt_sample *from, const struct mt_sample *to)
{
	static const enum mt_field counters[] = {
		MT_FIELD_transferred_bytes, MT_FIELD_other_bytes, MT_FIELD_normal_pages,
		MT_FIELD_zero_pages,	    MT_FIELD_iteration,
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(counters); i++) {
		uint64_t before, now;

		if (mt_sample_get(from, counters[i], &before) &&
		    mt_sample_get(to, counters[i], &now) && before != now)
			return true;
	}
	return false;
}

static void still_update(struct mt_iterations *it, const struct mt_sample *s)
{
	if (s->status != MT_STATUS_ACTIVE) {
		it->still_s = it->moved.valid = 0;
		return;
	}
	/* What was sent is not known, or the look is an old one: neither says that nothing was. */
	if (!mt_sample_has(s, transferred_bytes) || (it->moved.valid && s->t_ns < it->moved.t_ns))
		return;
	if (!it->moved.valid || moves(&it->moved, s))
		it->moved = *s;
	it->still_s = (double)(s->t_ns - it->moved.t_ns) / MT_NS_PER_S;
}

bool mt_iterations_feed(struct mt_iterations *it, const struct mt_sample *s)
{
	bool ended = false;
	double sync;

	if (s->anew)
		mt_iterations_init(it);
	still_update(it, s);
	if (!mt_sample_has(s, iteration) || !mt_sample_has(s, remaining_bytes))
		return false;
	if (it->started && (s->t_ns < it->last.t_ns || s->iteration < it->start.iteration))
		return false;
	bandwidth_update(it, s);
	limit_learn(it, s);
	if (!it->started || it->start.iteration == 0) {
		/*
		 * Joined late, the iteration under way began before us: it is measured from here
		 * on.
		 */
		it->start = *s;
		it->start_sync_s = sync_s(s);
		/* Unless it is the first pass, whose begin QEMU tells. */
		if (s->iteration == 1 && !s->boundary && mt_sample_has(s, total_ms))
			it->start_sync_s = sample_s(s) - (double)s->total_ms / 1e3;
		it->started = true;
	} else if (s->iteration > it->start.iteration && s->status == MT_STATUS_ACTIVE) {
		sync = sync_guess_s(it, s);
		finish(it, s, sync);
		it->start = *s;
		it->start_sync_s = sync;
		ended = true;
	}
	it->last = *s;
	return ended;
}
