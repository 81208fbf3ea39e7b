// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * profile.c - U(T) and what follows from it, from the ticks of a kernel source (PURE)
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "joined.h"
#include "windows.h"

#define MISSING_SHARE	0.01

struct mt_profile_builder {
	double hot_share;
	struct mt_windows windows;
	struct mt_joined joined;
	bool sets;			/* any were offered */
	uint64_t duration_ns;
	uint64_t newest;		/* tick, logged or not */
	struct mt_tick total;
	struct mt_profile_vcpu *vcpu;
	unsigned vcpus;
	bool vcpus_unknown, failed;
};

struct mt_profile_builder *mt_profile_begin(double hot_share)
{
	struct mt_profile_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->hot_share = hot_share > 0 && hot_share <= 1 ? hot_share : MT_PROFILE_HOT_SHARE;
	mt_joined_init(&b->joined);
	return b;
}

void mt_profile_abandon(struct mt_profile_builder *b)
{
	if (!b)
		return;
	mt_windows_fini(&b->windows);
	mt_joined_fini(&b->joined);
	free(b->vcpu);
	free(b);
}

static void add_vcpus(struct mt_profile_builder *b, const struct migtrace_record *r)
{
	if (!(r->valid & MIGTRACE_VALID_VCPUS)) {
		b->vcpus_unknown = true;
		return;
	}
	if (r->vcpus > b->vcpus) {
		struct mt_profile_vcpu *more = realloc(b->vcpu, r->vcpus * sizeof(*more));

		if (!more) {
			b->failed = true;
			return;
		}
		memset(more + b->vcpus, 0, (r->vcpus - b->vcpus) * sizeof(*more));
		b->vcpu = more;
		b->vcpus = r->vcpus;
	}
	for (unsigned i = 0; i < r->vcpus; i++) {
		b->vcpu[i].events += r->vcpu[i].events;
		if (r->vcpu[i].ring_used > b->vcpu[i].ring_used)
			b->vcpu[i].ring_used = r->vcpu[i].ring_used;
	}
}

void mt_profile_tick(struct mt_profile_builder *b, const struct migtrace_record *r)
{
	uint64_t before = b->newest;
	struct mt_tick tick;

	b->newest = r->tick;
	mt_windows_tick(&b->windows, r);
	/* What is harvested as logging ends was logged before. */
	if (!(r->state & MIGTRACE_STATE_LOGGING) && !r->events)
		return;
	if (r->state & MIGTRACE_STATE_LOGGING && r->end_ns > r->start_ns)
		b->duration_ns += r->end_ns - r->start_ns;
	mt_tick_from_record(&tick, r);
	/* Ticks without logging were left out above, and are not lost ones. */
	b->total.last = before;
	mt_tick_merge(&b->total, &tick);
	add_vcpus(b, r);
}

void mt_profile_pages(struct mt_profile_builder *b, const struct migtrace_record *r,
		      const struct mt_tick_pages *pages)
{
	b->sets |= pages->logged != NULL;
	mt_joined_tick(&b->joined, r, pages);
}

/* The windows themselves where they are long enough; joined ones where those are twice as many. */
static void fill_points(struct mt_profile_builder *b, struct mt_profile *p)
{
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++) {
		struct mt_profile_point joined;

		mt_samples_point(&b->windows.samples, i, &p->points[i]);
		mt_samples_point(&b->joined.samples, i, &joined);
		if (joined.windows > 2 * p->points[i].windows && mt_profile_grid_s[i] >= 1)
			p->points[i] = joined;
	}
}

static void derive(struct mt_profile_builder *b, struct mt_profile *p)
{
	p->s_pages = NAN;
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++)
		if (p->points[i].windows && p->points[i].window_s == 1)
			p->s_pages = p->points[i].mean_pages;
	/*
	 * Of the same windows before and after: guests are not even enough to compare different
	 * ones.
	 */
	p->s_new_pages = b->joined.later_s > 0 ? b->joined.later_pages / b->joined.later_s : NAN;
}

static void fill_hot(struct mt_profile_builder *b, struct mt_profile *p)
{
	const struct mt_pagetimes *times = &b->joined.times;

	p->hot_seconds = times->seconds;
	if (p->hot_seconds < MT_PROFILE_HOT_SECONDS || !(p->mw_pages > 0))
		return;
	p->hot_pages = (double)mt_pagetimes_in_seconds(
		times, (unsigned)ceil(b->hot_share * times->seconds - 1e-9));
	p->hot_share = p->hot_pages / p->mw_pages;
}

int mt_profile_end(struct mt_profile_builder *b, struct mt_profile *p)
{
	int rc = 0;

	mt_windows_end(&b->windows);
	mt_joined_end(&b->joined);
	*p = (struct mt_profile){
		.duration_ns = b->duration_ns,
		.windows = b->windows.clean,
		.windows_left_out = b->windows.left_out,
		.hot_pages = NAN,
		.hot_share = NAN,
		.pages_per_s = b->duration_ns && mt_tick_has(&b->total, pages) ?
				       b->total.pages / (b->duration_ns / 1e9) :
				       NAN,
		.total = b->total,
	};
	fill_points(b, p);
	derive(b, p);
	p->mw_pages = b->sets ? (double)b->joined.times.all_pages : b->windows.most_pages;
	if (p->mw_pages < b->windows.most_pages)
		p->mw_pages = b->windows.most_pages;
	p->mw_lower_bound =
		!b->sets || b->joined.gaps || (double)b->joined.lost > MISSING_SHARE * p->mw_pages;
	fill_hot(b, p);
	if (b->failed || b->windows.samples.failed || b->joined.samples.failed ||
	    b->joined.times.failed)
		rc = -ENOMEM;
	else if (!b->windows.clean)
		rc = -ENODATA;
	if (!b->vcpus_unknown) {
		p->vcpu = b->vcpu;
		p->vcpus = b->vcpus;
		b->vcpu = NULL;
	}
	mt_profile_abandon(b);
	return rc;
}

void mt_profile_fini(struct mt_profile *p)
{
	free(p->vcpu);
	p->vcpu = NULL;
	p->vcpus = 0;
}
