// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * loads.c - the loads that a guest goes to and fro between, and when a low one is near (PURE)
 */
#include <math.h>
#include <string.h>

#include "base/quantile.h"
#include "base/units.h"
#include "loads.h"

#define PAGE_BYTES	4096.0
/* Low and high differ at least by this factor. Inferred. */
#define FACTOR		2.0
/* A rate below 64 pages a second is as good as none. Inferred. */
#define LEAST_BYTES_PER_S	(64 * PAGE_BYTES)
/* A stay that was so short is where one load goes over into the next. Inferred. */
#define SHORTEST_S	0.3
/* A stay is taken to last up to so many times the longest like it. Inferred. */
#define LONGER		1.5
/* The same where only one is known, or none was seen from begin to end. Inferred. */
#define LONGER_ONE	2.0

/* The stay that begins now; @seen: something told of the change. */
static void begin(struct mt_loads *l, bool seen)
{
	if (l->n && l->stay[l->n - 1].seconds < SHORTEST_S)
		l->n--;
	else if (l->n == MT_LOADS_STAYS)
		memmove(l->stay, l->stay + 1, --l->n * sizeof(*l->stay));
	l->stay[l->n++] = (struct mt_stay){ .begun = seen };
}

static void go_on(struct mt_loads *l, double seconds, double bytes)
{
	l->stay[l->n - 1].seconds += seconds;
	l->stay[l->n - 1].bytes += bytes;
}

/* It takes a second tick to tell a change: the one before was of the new load already. */
static void was_of_this(struct mt_loads *l)
{
	struct mt_stay *before = l->n > 1 ? &l->stay[l->n - 2] : NULL;

	if (!before || before->seconds <= l->newest.seconds)
		return;
	before->seconds -= l->newest.seconds;
	before->bytes -= l->newest.bytes;
	go_on(l, l->newest.seconds, l->newest.bytes);
}

double mt_loads_tick_bytes(const struct mt_tick *t, double seconds)
{
	double own_s = (double)(t->t_ns - t->start_ns) / MT_NS_PER_S;

	return (double)t->pages * PAGE_BYTES * (own_s > 0 ? fmax(1, seconds / own_s) : 1);
}

void mt_loads_tick(struct mt_loads *l, const struct mt_tick *t, bool changed)
{
	uint64_t from_ns = l->last_ns ? l->last_ns : t->start_ns;

	if (t->t_ns <= from_ns || !mt_tick_has(t, pages))
		return;
	if (!l->last_ns || changed)
		begin(l, changed);
	if (changed)
		was_of_this(l);
	l->changes += changed;
	l->newest.seconds = (double)(t->t_ns - from_ns) / MT_NS_PER_S;
	l->newest.bytes = mt_loads_tick_bytes(t, l->newest.seconds);
	go_on(l, l->newest.seconds, l->newest.bytes);
	l->last_ns = t->t_ns;
}

static double log_rate(double bytes, double seconds)
{
	return log(fmax(bytes / seconds, LEAST_BYTES_PER_S));
}

/*
 * The threshold that leaves least variance within both classes (N. Otsu, A threshold selection
 * method from gray-level histograms, IEEE Trans. SMC 9, 1979), over the sorted @v. NaN: the means
 * of the classes are too much alike.
 */
static double otsu(const double *v, size_t n)
{
	double sum = 0, below = 0, best = 0, at = NAN;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	for (size_t i = 1; i < n; i++) {
		double apart, between;

		below += v[i - 1];
		apart = (sum - below) / (double)(n - i) - below / (double)i;
		between = (double)i * (double)(n - i) * apart * apart;
		if (between <= best || v[i] <= v[i - 1])
			continue;
		best = between;
		at = apart >= log(FACTOR) ? (v[i] + v[i - 1]) / 2 : NAN;
	}
	return at;
}

void mt_loads_history(struct mt_loads *l, const struct mt_history *h)
{
	double sorted[MT_LOADS_SLOTS], threshold;
	size_t n = h->n < MT_LOADS_SLOTS ? h->n : MT_LOADS_SLOTS;
	const double *bytes = h->bytes + (h->n - n);
	int was = -1;

	for (size_t i = 0; i < n; i++)
		sorted[i] = log_rate(bytes[i], h->slot_s);
	mt_sort(sorted, n);
	threshold = otsu(sorted, n);
	for (size_t i = 0; i < n; i++) {
		int low = log_rate(bytes[i], h->slot_s) < threshold;

		if (low != was)
			begin(l, was >= 0);
		go_on(l, h->slot_s, bytes[i]);
		was = low;
	}
}

static double rate_of(const struct mt_stay *s)
{
	return log_rate(s->bytes, s->seconds);
}

/* Logarithm of the rate in the middle of the widest gap; NaN: they are too much alike. */
static double boundary_of(const struct mt_loads *l)
{
	double rate[MT_LOADS_STAYS], widest = log(FACTOR), at = NAN;

	for (unsigned i = 0; i < l->n; i++)
		rate[i] = rate_of(&l->stay[i]);
	mt_sort(rate, l->n);
	for (unsigned i = 1; i < l->n; i++) {
		if (rate[i] - rate[i - 1] < widest)
			continue;
		widest = rate[i] - rate[i - 1];
		at = (rate[i] + rate[i - 1]) / 2;
	}
	return at;
}

/* Stays on one side of the boundary; those that are over, by whether both ends were seen. */
struct side {
	double whole_s[MT_LOADS_STAYS], part_s[MT_LOADS_STAYS], rate[MT_LOADS_STAYS];
	unsigned n_whole, n_parts, n_rates;
};

/* Of the stay that is under way, with what went before it on the same side. */
struct age {
	double seconds;
	bool begun;
};

static void put(struct side *s, const struct age *age, bool ended)
{
	if (age->begun && ended)
		s->whole_s[s->n_whole++] = age->seconds;
	else
		s->part_s[s->n_parts++] = age->seconds;
}

/* Stays that follow on each other on one side are one. */
static struct age gather(const struct mt_loads *l, double boundary, struct side *low,
			 struct side *high)
{
	struct age age = { 0 };

	*low = *high = (struct side){ 0 };
	for (unsigned i = 0; i < l->n; i++) {
		const struct mt_stay *stay = &l->stay[i];
		bool is_low = rate_of(stay) < boundary;
		struct side *s = is_low ? low : high;

		if (!(age.seconds > 0))
			age.begun = stay->begun;
		age.seconds += stay->seconds;
		s->rate[s->n_rates++] = stay->bytes / stay->seconds;
		/* Nobody saw what was between a history and the migration. */
		if (i + 1 == l->n ||
		    (stay[1].begun && (rate_of(stay + 1) < boundary) == is_low))
			continue;
		put(s, &age, stay[1].begun);
		age.seconds = 0;
	}
	return age;
}

static struct mt_interval length_of(struct side *s)
{
	double *v = s->n_whole ? s->whole_s : s->part_s;
	unsigned n = s->n_whole ? s->n_whole : s->n_parts;

	mt_sort(v, n);
	return (struct mt_interval){
		.p10 = v[0],
		.p50 = mt_quantile(v, n, 0.5),
		.p90 = v[n - 1] * (s->n_whole > 1 ? LONGER : LONGER_ONE),
	};
}

/*
 * What is left of a stay of that age. Where none like it has ended nothing is known of its scale:
 * it goes on for another t with probability age / (age + t). One that nobody saw begin may be
 * anywhere in its course. Return: false if it should be over.
 */
static bool rest_of(struct side *s, const struct age *age, struct mt_interval *rest)
{
	if (!s->n_whole && !s->n_parts) {
		*rest = (struct mt_interval){ age->seconds / 9, age->seconds, age->seconds * 9 };
		return true;
	}
	*rest = length_of(s);
	rest->p10 = age->begun ? fmax(0, rest->p10 - age->seconds) : 0;
	rest->p50 = fmax(0, rest->p50 - age->seconds) / (age->begun ? 1 : 2);
	rest->p90 -= age->seconds;
	return rest->p90 > 0;
}

static double median_rate(struct side *s)
{
	return mt_median(s->rate, s->n_rates);
}

bool mt_loads_look(const struct mt_loads *l, uint64_t t_ns, struct mt_loads_ahead *ahead)
{
	double boundary = l->n > 1 && l->last_ns ? boundary_of(l) : NAN;
	struct side low, high;
	struct age age;

	if (!isfinite(boundary) || t_ns > l->last_ns + MT_LOADS_SILENT_NS)
		return false;
	age = gather(l, boundary, &low, &high);
	*ahead = (struct mt_loads_ahead){
		.low = rate_of(&l->stay[l->n - 1]) < boundary,
		.low_bytes_per_s = median_rate(&low),
		.high_bytes_per_s = median_rate(&high),
		.changes = l->changes,
	};
	if (ahead->low)
		return rest_of(&low, &age, &ahead->low_for_s);
	if (!low.n_whole && !low.n_parts)
		return false;
	ahead->low_for_s = length_of(&low);
	return rest_of(&high, &age, &ahead->low_in_s);
}
