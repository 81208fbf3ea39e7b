// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_iteration.c - samples cut into iterations, against migrations played page by page
 */
#include "source/iteration.h"
#include "ktap.h"
#include "migration.h"

/* A sample as a good source gives it. */
static struct mt_sample sample(uint64_t ms, uint64_t iteration, uint64_t remaining_pages,
			       uint64_t sent_pages)
{
	struct mt_sample s = { .t_ns = MIGRATION_START_NS + ms * MT_NS_PER_MS,
			       .status = MT_STATUS_ACTIVE };

	mt_sample_set(&s, total_ms, ms);
	mt_sample_set(&s, iteration, iteration);
	mt_sample_set(&s, remaining_bytes, remaining_pages * MIGRATION_PAGE);
	mt_sample_set(&s, transferred_bytes, sent_pages * (MIGRATION_PAGE + MIGRATION_HEADER));
	mt_sample_set(&s, normal_pages, sent_pages);
	mt_sample_set(&s, zero_pages, 0);
	mt_sample_set(&s, page_size_bytes, MIGRATION_PAGE);
	return s;
}

static bool feed(struct mt_iterations *it, uint64_t ms, uint64_t iteration,
		 uint64_t remaining_pages, uint64_t sent_pages)
{
	struct mt_sample s = sample(ms, iteration, remaining_pages, sent_pages);

	return mt_iterations_feed(it, &s);
}

#define SEEN_FOR_MS	20000

static void follow(const struct migration_guest *guest)
{
	struct migration m;
	struct mt_iterations it;
	struct mt_sample s, begin = { 0 };
	const struct mt_iteration *i;
	uint64_t boundaries = 0;

	migration_init(&m, guest, MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
	mt_iterations_init(&it);
	while (migration_next(&m, &s) && migration_ms(&m) < SEEN_FOR_MS) {
		bool ended = mt_iterations_feed(&it, &s);

		if (!s.boundary) {
			CHECK(!ended);
			continue;
		}
		CHECK(ended == (s.iteration > 1));
		if (ended) {
			boundaries++;
			i = mt_iterations_last(&it);
			CHECK_INT(it.total, boundaries);
			CHECK_INT(i->n, s.iteration - 1);
			CHECK_INT(i->first, i->n == 1);
			CHECK_NEAR(i->start_s, begin.total_ms / 1e3, 1e-9);
			CHECK_NEAR(i->duration_s, (s.total_ms - begin.total_ms) / 1e3, 1e-9);
			CHECK_INT(i->start_bytes, begin.remaining_bytes);
			CHECK_INT(i->remaining_bytes, (uint64_t)m.due_pages * MIGRATION_PAGE);
			CHECK_INT(i->dirtied_bytes, (uint64_t)m.synced_pages * MIGRATION_PAGE);
			CHECK_INT(i->unsent_bytes, (uint64_t)m.unsent_pages * MIGRATION_PAGE);
			CHECK_INT(i->sent_bytes, s.transferred_bytes - begin.transferred_bytes);
		}
		begin = s;
	}
	CHECK(boundaries > 0);
}

static void test_every_guest(void)
{
	for (size_t i = 0; i < MIGRATION_GUESTS && !ktap_failed; i++) {
		follow(&migration_guests[i]);
		if (ktap_failed)
			printf("# guest: %s\n", migration_guests[i].name);
	}
}

/* Looked at twice a second only: whatever was missed, no page is lost or counted twice. */
static void test_missed_syncs(void)
{
	struct migration m;
	struct mt_iterations it;
	struct mt_sample s;
	uint64_t seen_ms = 0, dirtied_pages = 0, missed = 0, syncs = 0;
	double duration_s = 0;

	/* syncs every 100 ms */
	migration_init(&m, &migration_guests[12], MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
	mt_iterations_init(&it);
	while (migration_next(&m, &s) && migration_ms(&m) < SEEN_FOR_MS) {
		if (s.boundary && s.iteration > 1) {
			dirtied_pages += m.synced_pages;
			syncs++;
		}
		if (s.total_ms && s.total_ms - seen_ms < 500)
			continue;
		seen_ms = s.total_ms;
		if (!mt_iterations_feed(&it, &s))
			continue;
		CHECK_INT(mt_iterations_last(&it)->dirtied_bytes, dirtied_pages * MIGRATION_PAGE);
		duration_s += mt_iterations_last(&it)->duration_s;
		missed += syncs - 1;
		dirtied_pages = syncs = 0;
		CHECK_NEAR(duration_s, s.total_ms / 1e3, 1e-9);
	}
	CHECK(it.total > 10);
	CHECK(missed > 10);
}

/*
 * The truth about windows is when the oracle synced. Where each sync is seen they
 * are exact; polled each 210 ms and more, they are nearer to it than the polls are.
 */
static void window_errors(const struct migration_guest *guest, bool polled, double *window_s,
			  double *duration_s, unsigned *n)
{
	double synced_s = 0;
	uint64_t seen_ms = 0;
	struct migration m;
	struct mt_iterations it;
	struct mt_sample s;

	migration_init(&m, guest, MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
	mt_iterations_init(&it);
	while (migration_next(&m, &s) && migration_ms(&m) < SEEN_FOR_MS) {
		double now_s = m.synced_ms / 1e3;
		const struct mt_iteration *last;

		if (polled && s.total_ms && s.total_ms < seen_ms + 210) {
			m.polled_ms = seen_ms + 210 - MIGRATION_POLL_MS;
			continue;
		}
		seen_ms = s.total_ms;
		s.boundary &= !polled;
		if (!mt_iterations_feed(&it, &s))
			continue;
		last = mt_iterations_last(&it);
		if (last->syncs == 1) {
			*window_s += fabs(last->window_s - (now_s - synced_s));
			*duration_s += fabs(last->duration_s - (now_s - synced_s));
			++*n;
		}
		synced_s = now_s;
	}
}

static void test_windows(void)
{
	double window_s = 0, duration_s = 0;
	unsigned n = 0;

	for (size_t i = 0; i < MIGRATION_GUESTS; i++)
		window_errors(&migration_guests[i], false, &window_s, &duration_s, &n);
	CHECK(n > 100);
	CHECK_NEAR(window_s, 0, 1e-6);
	window_s = duration_s = n = 0;
	for (size_t i = 0; i < MIGRATION_GUESTS; i++)
		window_errors(&migration_guests[i], true, &window_s, &duration_s, &n);
	CHECK(n > 50);
	printf("# %u polled windows: %.3f s off, by their polls %.3f s\n", n, window_s / n,
	       duration_s / n);
	CHECK(window_s < 0.6 * duration_s);
}

/*
 * Neither later than the look that saw it nor before the one that did not; without a limit, the
 * look.
 */
static void test_window_bounds(void)
{
	struct mt_iterations it;
	struct mt_sample s;

	for (int limit = 0; limit < 2; limit++) {
		mt_iterations_init(&it);
		for (int ms = 0; ms <= 900; ms += 100) {
			s = sample(ms, 1, 1000 - ms, ms);
			mt_sample_set(&s, expected_downtime_ms, 300);
			if (!limit)
				s.valid &= ~(1ULL << MT_FIELD_expected_downtime_ms);
			mt_iterations_feed(&it, &s);
		}
		CHECK(feed(&it, 1100, 2, 500, 1100));
		CHECK_NEAR(mt_iterations_last(&it)->duration_s, 1.1, 1e-9);
		/*
		 * Far below the threshold of 300 pages by then: synced as soon as the next budget
		 * began.
		 */
		CHECK_NEAR(mt_iterations_last(&it)->window_s, limit ? 0.95 : 1.1, 1e-9);
		CHECK_INT(mt_iterations_last(&it)->syncs, 1);
		/* Still far above: it was just before this look at the latest. */
		CHECK(feed(&it, 1200, 3, 600, 1200));
		CHECK_NEAR(mt_iterations_last(&it)->window_s, limit ? 0.25 : 0.1, 1e-9);
		/* Two at once: the newer in the last budget. */
		CHECK(feed(&it, 1600, 5, 600, 1600));
		CHECK_INT(mt_iterations_last(&it)->syncs, 2);
		CHECK_NEAR(mt_iterations_last(&it)->window_s, limit ? 0.35 : 0.4, 1e-9);
	}
}

static void test_unsent(void)
{
	struct mt_iterations it;
	const struct mt_iteration *i;

	mt_iterations_init(&it);
	CHECK(!mt_iterations_last(&it));
	CHECK(!feed(&it, 0, 1, 1000, 0));
	CHECK(feed(&it, 1000, 2, 300, 900));
	i = mt_iterations_last(&it);
	CHECK(i->first);
	CHECK_INT(i->unsent_bytes, 100 * MIGRATION_PAGE);
	CHECK_INT(i->dirtied_bytes, 200 * MIGRATION_PAGE);
	CHECK_INT(i->sent_bytes, 900 * (MIGRATION_PAGE + MIGRATION_HEADER));
	CHECK_NEAR(i->bandwidth_bytes_per_s, i->sent_bytes, 1e-6);
	/* More sent than was due: seen late, so pages of the next pass are among them. */
	CHECK(feed(&it, 2000, 3, 250, 1250));
	i = mt_iterations_last(&it);
	CHECK_INT(i->unsent_bytes, 0);
	CHECK_INT(i->dirtied_bytes, 300 * MIGRATION_PAGE);
}

static void test_duplicates(void)
{
	struct mt_iterations it;

	mt_iterations_init(&it);
	for (int i = 0; i < 3; i++)
		CHECK(!feed(&it, 0, 1, 1000, 0));
	CHECK(feed(&it, 1000, 2, 300, 1000));
	for (int i = 0; i < 3; i++)
		CHECK(!feed(&it, 1000, 2, 300, 1000));
	CHECK_INT(it.total, 1);
	CHECK_INT(it.n_kept, 1);
	CHECK(feed(&it, 1200, 3, 200, 1300));
	CHECK_NEAR(mt_iterations_last(&it)->duration_s, 0.2, 1e-9);
}

/* Two boundaries at one moment: a duration of 0, and no rate out of it. */
static void test_same_moment(void)
{
	struct mt_iterations it;

	mt_iterations_init(&it);
	feed(&it, 0, 1, 1000, 0);
	CHECK(feed(&it, 1000, 2, 300, 1000));
	CHECK(feed(&it, 1000, 3, 300, 1000));
	CHECK_NEAR(mt_iterations_last(&it)->duration_s, 0, 0);
	CHECK_NEAR(mt_iterations_last(&it)->bandwidth_bytes_per_s, it.bandwidth_bytes_per_s, 0);
}

static void test_going_back(void)
{
	struct mt_iterations it;

	mt_iterations_init(&it);
	feed(&it, 0, 1, 1000, 0);
	CHECK(feed(&it, 1000, 2, 300, 1000));
	CHECK(!feed(&it, 900, 3, 200, 1200));	/* in time */
	CHECK(!feed(&it, 1100, 1, 100, 1250));	/* in iterations */
	CHECK_INT(it.last.t_ns, MIGRATION_START_NS + 1000 * MT_NS_PER_MS);
	CHECK_INT(it.total, 1);
	CHECK(feed(&it, 1200, 3, 200, 1300));
	CHECK_INT(mt_iterations_last(&it)->dirtied_bytes, 200 * MIGRATION_PAGE);
}

static void test_missing_fields(void)
{
	struct mt_iterations it;
	struct mt_sample s;
	const struct mt_iteration *i;

	/* Nothing without these two. */
	mt_iterations_init(&it);
	s = sample(0, 1, 1000, 0);
	s.valid &= ~(1ULL << MT_FIELD_iteration);
	CHECK(!mt_iterations_feed(&it, &s));
	s = sample(0, 1, 1000, 0);
	s.valid &= ~(1ULL << MT_FIELD_remaining_bytes);
	CHECK(!mt_iterations_feed(&it, &s));
	CHECK(!it.started);

	/* Without page counts all that was due is taken as sent. */
	s = sample(0, 1, 1000, 0);
	mt_iterations_feed(&it, &s);
	s = sample(1000, 2, 300, 900);
	s.valid &= ~(1ULL << MT_FIELD_normal_pages);
	CHECK(mt_iterations_feed(&it, &s));
	i = mt_iterations_last(&it);
	CHECK_INT(i->unsent_bytes, 0);
	CHECK_INT(i->dirtied_bytes, 300 * MIGRATION_PAGE);

	/* A count of zero pages that only one of two samples has tells no difference. */
	mt_iterations_init(&it);
	s = sample(0, 1, 1000, 0);
	mt_sample_set(&s, zero_pages, 5000);
	mt_iterations_feed(&it, &s);
	s = sample(1000, 2, 300, 900);
	s.valid &= ~(1ULL << MT_FIELD_zero_pages);
	s.zero_pages = 0;
	CHECK(mt_iterations_feed(&it, &s));
	CHECK_INT(mt_iterations_last(&it)->unsent_bytes, 100 * MIGRATION_PAGE);
	CHECK_INT(mt_iterations_last(&it)->dirtied_bytes, 200 * MIGRATION_PAGE);

	/*
	 * Nor does a count of bytes: the rate is unknown, not the whole migration's within one
	 * iteration.
	 */
	mt_iterations_init(&it);
	s = sample(1000, 2, 1000, 5000);
	s.valid &= ~(1ULL << MT_FIELD_transferred_bytes);
	s.transferred_bytes = 0;
	mt_iterations_feed(&it, &s);
	CHECK(feed(&it, 2000, 3, 300, 6000));
	CHECK_NEAR(mt_iterations_last(&it)->sent_bytes, 0, 0);
	CHECK_NEAR(mt_iterations_last(&it)->bandwidth_bytes_per_s, 0, 0);
}

static void test_joined_late(void)
{
	struct mt_iterations it;
	const struct mt_iteration *i;

	mt_iterations_init(&it);
	CHECK(!feed(&it, 60000, 7, 500, 90000));
	CHECK(!feed(&it, 60100, 7, 400, 90100));
	CHECK(feed(&it, 60400, 8, 300, 90500));
	i = mt_iterations_last(&it);
	CHECK_INT(i->n, 7);
	CHECK(!i->first);
	CHECK_NEAR(i->duration_s, 0.4, 1e-9);	/* what was seen of it */
	CHECK_NEAR(i->start_s, 60, 1e-9);
	CHECK_INT(i->dirtied_bytes, 300 * MIGRATION_PAGE);
	CHECK_INT(it.total, 1);
}

/* Before the first sync there is no iteration, however long the setup takes. */
static void test_setup(void)
{
	struct mt_iterations it;

	mt_iterations_init(&it);
	CHECK(!feed(&it, 0, 0, 0, 0));
	CHECK(!feed(&it, 500, 0, 0, 0));
	CHECK(!feed(&it, 700, 1, 1000, 0));
	CHECK(feed(&it, 1700, 2, 100, 1000));
	CHECK(mt_iterations_last(&it)->first);
	CHECK_NEAR(mt_iterations_last(&it)->duration_s, 1, 1e-9);
}

static void test_not_active(void)
{
	struct mt_iterations it;
	struct mt_sample s;

	mt_iterations_init(&it);
	feed(&it, 0, 1, 1000, 0);
	for (enum mt_status status = 0; status < MT_STATUS_COUNT; status++) {
		if (status == MT_STATUS_ACTIVE)
			continue;
		s = sample(1000, 2, 300, 1000);
		s.status = status;
		CHECK(!mt_iterations_feed(&it, &s));
	}
	CHECK_INT(it.total, 0);
}

static void test_many(void)
{
	struct mt_iterations it;

	mt_iterations_init(&it);
	feed(&it, 0, 1, 1000, 0);
	for (uint64_t n = 2; n <= 201; n++)
		CHECK(feed(&it, n * 100, n, 1000 + n, n * 1000));
	CHECK_INT(it.total, 200);
	CHECK_INT(it.n_kept, MT_ITERATIONS_KEPT);
	for (size_t i = 0; i < it.n_kept; i++) {
		CHECK_INT(it.kept[i].n, 200 - MT_ITERATIONS_KEPT + 1 + i);
		CHECK_INT(it.kept[i].remaining_bytes, (1000 + it.kept[i].n + 1) * MIGRATION_PAGE);
	}
}

/* The rate is the last second's, and follows a link that changes. */
static void test_bandwidth(void)
{
	struct mt_iterations it;
	uint64_t pages = 0;

	mt_iterations_init(&it);
	for (int ms = 0; ms <= 3000; ms += 100, pages += 100)
		feed(&it, ms, 1, 100000 - pages, pages);
	CHECK_NEAR(it.bandwidth_bytes_per_s, 1000 * 4104, 1);
	for (int ms = 3100; ms <= 3500; ms += 100, pages += 50)
		feed(&it, ms, 1, 100000 - pages, pages);
	CHECK(it.bandwidth_bytes_per_s < 0.95 * 1000 * 4104 &&
	      it.bandwidth_bytes_per_s > 500 * 4104);
	for (int ms = 3600; ms <= 4800; ms += 100, pages += 50)
		feed(&it, ms, 1, 100000 - pages, pages);
	CHECK_NEAR(it.bandwidth_bytes_per_s, 500 * 4104, 1);
	/* Looks that come too close together neither tell a rate nor push older ones out. */
	for (int us = 0; us < 100; us++)
		feed(&it, 4801, 1, 100000 - pages, pages);
	CHECK_NEAR(it.bandwidth_bytes_per_s, 500 * 4104, 0.1 * 500 * 4104);
}

/* QEMU's own figures jump: their middle counts, and what we saw only where they stand still. */
static void test_bandwidth_told(void)
{
	static const uint64_t told[] = { 10, 12, 90, 11, 1 };
	struct mt_iterations it;
	struct mt_sample s;

	mt_iterations_init(&it);
	for (size_t i = 0; i < 5; i++) {
		s = sample(100 * i, 1, 10000, 0);
		s.valid &= ~(1ULL << MT_FIELD_transferred_bytes);
		mt_sample_set(&s, bandwidth_bytes_per_s, told[i] * 1000000);
		mt_iterations_feed(&it, &s);
	}
	CHECK_NEAR(it.bandwidth_bytes_per_s, 11e6, 1);
	for (size_t i = 0; i < 100; i++) {	/* a new link speed becomes the middle soon */
		s.t_ns += 100 * MT_NS_PER_MS;
		mt_sample_set(&s, bandwidth_bytes_per_s, 40000000);
		mt_iterations_feed(&it, &s);
		CHECK(i < 5 || it.bandwidth_bytes_per_s > 39e6);
	}

	mt_iterations_init(&it);
	for (int ms = 0; ms <= 3000; ms += 200) {	/* 41 MB/s told, 0.4 MB/s gone out */
		s = sample(ms, 1, 100000, ms / 10);
		mt_sample_set(&s, bandwidth_bytes_per_s, 41040000);
		mt_iterations_feed(&it, &s);
	}
	CHECK_NEAR(it.bandwidth_bytes_per_s, 100 * 4104, 10);
}

static void test_bandwidth_unknown(void)
{
	struct mt_iterations it;

	mt_iterations_init(&it);
	feed(&it, 0, 1, 1000, 0);
	CHECK_NEAR(it.bandwidth_bytes_per_s, 0, 0);
	feed(&it, 1000, 1, 500, 500);
	CHECK_NEAR(it.bandwidth_bytes_per_s, 500 * 4104, 1);
	/* A counter that goes back says nothing: the last known rate stays. */
	feed(&it, 2000, 1, 500, 100);
	CHECK_NEAR(it.bandwidth_bytes_per_s, 500 * 4104, 1);
}

/* A link that goes dead: QEMU's own figure stays as it was, what goes out tells. */
static void test_bandwidth_stuck(void)
{
	struct mt_iterations it;

	mt_iterations_init(&it);
	for (int i = 0; i <= 8; i++) {
		struct mt_sample s = sample(250 * i, 1, 1000, 100 * i);

		mt_sample_set(&s, bandwidth_bytes_per_s, 400 * 4104);
		mt_iterations_feed(&it, &s);
		CHECK(!it.stuck);
	}
	CHECK_NEAR(it.bandwidth_bytes_per_s, 400 * 4104, 1);
	for (int i = 9; i <= 24; i++) {
		struct mt_sample s = sample(250 * i, 1, 1000, 800);

		mt_sample_set(&s, bandwidth_bytes_per_s, 400 * 4104);
		mt_iterations_feed(&it, &s);
		CHECK(i < 14 || it.stuck);
	}
	CHECK_NEAR(it.bandwidth_bytes_per_s, 0, 0);
}

/* Looked at late, a boundary is still when QEMU says it was. */
static void test_sync_stamps(void)
{
	struct mt_iterations it;
	struct mt_sample s;
	const struct mt_iteration *i;

	mt_iterations_init(&it);
	feed(&it, 0, 1, 1000, 0);
	s = sample(1030, 2, 300, 1000);
	s.sync_t_ns = MIGRATION_START_NS + 1000 * MT_NS_PER_MS;
	CHECK(mt_iterations_feed(&it, &s));
	CHECK_NEAR(mt_iterations_last(&it)->duration_s, 1, 1e-9);
	s = sample(1450, 3, 200, 1300);
	s.sync_t_ns = MIGRATION_START_NS + 1400 * MT_NS_PER_MS;
	CHECK(mt_iterations_feed(&it, &s));
	i = mt_iterations_last(&it);
	CHECK_NEAR(i->duration_s, 0.4, 1e-9);
	CHECK_INT(i->dirtied_bytes, 200 * MIGRATION_PAGE);
	/* A stamp from the future is none. */
	s = sample(1900, 4, 200, 1500);
	s.sync_t_ns = MIGRATION_START_NS + 2900 * MT_NS_PER_MS;
	CHECK(mt_iterations_feed(&it, &s));
	CHECK_NEAR(mt_iterations_last(&it)->duration_s, 0.5, 1e-9);
}

/* How long nothing at all has gone out; anything that QEMU counts as it sends ends it. */
static void test_still(void)
{
	static const enum mt_field counters[] = {
		MT_FIELD_transferred_bytes, MT_FIELD_other_bytes, MT_FIELD_normal_pages,
		MT_FIELD_zero_pages,	    MT_FIELD_iteration,
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(counters); i++) {
		struct mt_iterations it;
		struct mt_sample s;
		uint64_t v = 0;

		mt_iterations_init(&it);
		s = sample(0, 1, 1000, 50);
		mt_sample_set(&s, other_bytes, 7);
		for (uint64_t ms = 0; ms <= 9000; ms += 1000) {
			s.t_ns = MIGRATION_START_NS + ms * MT_NS_PER_MS;
			mt_sample_set(&s, remaining_bytes, 1000000 - ms);	/* a balloon, say */
			mt_iterations_feed(&it, &s);
			CHECK_NEAR(it.still_s, ms / 1e3, 1e-9);
		}
		s.t_ns += MT_NS_PER_S;
		CHECK(mt_sample_get(&s, counters[i], &v));
		mt_sample_put(&s, counters[i], v + 1);
		mt_iterations_feed(&it, &s);
		CHECK_NEAR(it.still_s, 0, 0);
	}
}

static void test_still_unknown(void)
{
	struct mt_iterations it;
	struct mt_sample s, late;

	/* A sample without what is left tells it as well: QEMU may have lost count of just that. */
	mt_iterations_init(&it);
	s = sample(0, 1, 1000, 50);
	mt_iterations_feed(&it, &s);
	s.valid &= ~(1ULL << MT_FIELD_remaining_bytes);
	s.t_ns += 5 * MT_NS_PER_S;
	CHECK(!mt_iterations_feed(&it, &s));
	CHECK_NEAR(it.still_s, 5, 1e-9);
	/* One without what was sent does not, nor one from the past. */
	s.valid &= ~(1ULL << MT_FIELD_transferred_bytes);
	s.t_ns += 5 * MT_NS_PER_S;
	mt_iterations_feed(&it, &s);
	CHECK_NEAR(it.still_s, 5, 1e-9);
	late = sample(0, 1, 1000, 49);
	late.t_ns -= MT_NS_PER_S;
	mt_iterations_feed(&it, &late);
	CHECK_NEAR(it.still_s, 5, 1e-9);
	/* In post-copy and at switchover it is not asked. */
	for (enum mt_status status = 0; status < MT_STATUS_COUNT; status++) {
		if (status == MT_STATUS_ACTIVE)
			continue;
		mt_iterations_init(&it);
		s = sample(0, 1, 1000, 50);
		mt_iterations_feed(&it, &s);
		s.t_ns += 60 * MT_NS_PER_S;
		mt_iterations_feed(&it, &s);
		CHECK_NEAR(it.still_s, 60, 1e-9);
		s.status = status;
		s.t_ns += 60 * MT_NS_PER_S;
		mt_iterations_feed(&it, &s);
		CHECK_NEAR(it.still_s, 0, 0);
		s.status = MT_STATUS_ACTIVE;
		mt_iterations_feed(&it, &s);
		CHECK_NEAR(it.still_s, 0, 0);
	}
}

/*
 * A guest of 512 MiB, most of it empty, over 110 MiB/s (run 124 of the campaign "machine"): after
 * its 106281 empty pages the destination takes a second to catch up. The link is as fast as before
 * all the while.
 */
static void test_empty_pages(void)
{
	static const struct {
		uint64_t ms, iteration, sent_pages, empty_pages, told_mib;
	} looks[] = {
		{ 0, 1, 0, 0, 0 },
		{ 58, 1, 1900, 0, 110 },
		{ 574, 1, 16295, 0, 110 },
		{ 931, 2, 25556, 106281, 82 },
		{ 1078, 2, 26773, 106281, 82 },
		{ 1583, 2, 26773, 106281, 82 },
		{ 2088, 2, 26773, 106281, 82 },
		{ 2461, 3, 30033, 106281, 82 },
		{ 2592, 3, 33932, 106281, 110 },
	};
	struct mt_iterations it;

	mt_iterations_init(&it);
	for (size_t i = 0; i < MT_ARRAY_SIZE(looks); i++) {
		struct mt_sample s =
			sample(looks[i].ms, looks[i].iteration, 5000, looks[i].sent_pages);

		s.zero_pages = looks[i].empty_pages;
		mt_sample_set(&s, bandwidth_bytes_per_s, looks[i].told_mib << 20);
		mt_iterations_feed(&it, &s);
		printf("# %llu ms: %.0f MiB/s\n", (unsigned long long)looks[i].ms,
		       it.bandwidth_bytes_per_s / (1 << 20));
		CHECK(!looks[i].ms || fabs(it.bandwidth_bytes_per_s / (110 << 20) - 1) < 0.01);
		CHECK(!it.stuck);
	}
	/* What is slow when it can have caught up is the link. */
	for (uint64_t ms = 3000; ms <= 6000; ms += 250) {
		struct mt_sample s = sample(ms, 3, 5000, 33932 + (ms - 2592) * 20 * 256 / 1000);

		s.zero_pages = 106281;
		mt_sample_set(&s, bandwidth_bytes_per_s, 20 << 20);
		mt_iterations_feed(&it, &s);
	}
	CHECK_NEAR(it.bandwidth_bytes_per_s / (20 << 20), 1, 0.05);
}

/*
 * A link that dies just behind empty pages is known to be stuck once the destination can have
 * caught up, however many there were.
 */
static void test_dead_behind_empty_pages(void)
{
	struct mt_iterations it;
	uint64_t ms;

	mt_iterations_init(&it);
	for (ms = 0; ms < 2000; ms += 100) {
		struct mt_sample s = sample(ms, 1, 50000000, ms * 110 * 256 / 1000);

		mt_sample_set(&s, bandwidth_bytes_per_s, 110 << 20);
		mt_iterations_feed(&it, &s);
	}
	for (; ms < 2000 + 6000; ms += 100) {
		struct mt_sample s = sample(ms, 1, 50000000, 2000 * 110 * 256 / 1000);

		s.zero_pages = 40000000;
		mt_sample_set(&s, bandwidth_bytes_per_s, 110 << 20);
		mt_iterations_feed(&it, &s);
	}
	CHECK(it.stuck);
}

static const struct ktap_case cases[] = {
	{ "behind empty pages the link is as fast as before", test_empty_pages },
	{ "a link that dies behind them is stuck", test_dead_behind_empty_pages },
	{ "iterations of every guest are exact", test_every_guest },
	{ "missed syncs make one longer iteration", test_missed_syncs },
		{ "windows from sync to sync", test_windows },
		{ "windows stay between the looks", test_window_bounds },
	{ "what was left unsent is known at each boundary", test_unsent },
	{ "a sample that comes twice counts once", test_duplicates },
	{ "two boundaries at one moment make no rate", test_same_moment },
	{ "time and iterations going back", test_going_back },
	{ "samples with missing fields make no iteration", test_missing_fields },
	{ "a migration joined late counts from the next boundary on", test_joined_late },
	{ "before the first sync there is no iteration", test_setup },
	{ "only pre-copy has iterations", test_not_active },
	{ "more iterations than are kept", test_many },
	{ "bandwidth of the last second", test_bandwidth },
	{ "bandwidth as QEMU tells it", test_bandwidth_told },
	{ "where it cannot be told, the last known bandwidth stays", test_bandwidth_unknown },
	{ "bandwidth of a link that goes dead", test_bandwidth_stuck },
	{ "QEMU's stamps of its syncs", test_sync_stamps },
	{ "how long nothing has gone out is counted", test_still },
	{ "nothing is stuck where it is not known whether anything goes out", test_still_unknown },
};

KTAP_MAIN(cases)
