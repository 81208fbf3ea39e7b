/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_trust.c - statistics that can be acted upon, and those that cannot
 */
#include "base/cleanup.h"
#include "base/units.h"
#include "steer/trust.h"
#include "ktap.h"

#define MIB	(1ULL << 20)

/* A migration that began at 100 s of our clock, sends 10 MiB/s and is looked at after @ms. */
static struct mt_sample at(uint64_t ms)
{
	struct mt_sample s = { .t_ns = (100000 + ms) * MT_NS_PER_MS, .status = MT_STATUS_ACTIVE };

	mt_sample_set(&s, total_ms, ms);
	mt_sample_set(&s, transferred_bytes, ms * MIB / 100);
	mt_sample_set(&s, remaining_bytes, 50 * MIB);
	mt_sample_set(&s, memory_bytes, 128 * MIB);
	mt_sample_set(&s, iteration, 1 + ms / 3000);
	return s;
}

static const char *look(struct mt_trust *t, struct mt_sample s)
{
	return mt_trust_sample(t, &s);
}

static void test_good(void)
{
	struct mt_trust t = { 0 };

	/* Also the slowest: hours, with a clock that is being adjusted. */
	for (uint64_t ms = 10; ms < 7200000; ms += 250) {
		struct mt_sample s = at(ms);

		s.total_ms += ms / 2000;
		CHECK(!mt_trust_sample(&t, &s));
		CHECK_INT(s.total_ms, ms + ms / 2000);
	}
	/* Two looks at almost the same moment. */
	CHECK(!look(&t, at(7200000)));
	CHECK(!look(&t, at(7200001)));
}

static void test_still(void)
{
	struct mt_sample old = at(5000), now;
	struct mt_trust t = { 0 };

	CHECK(!look(&t, at(4750)));
	CHECK(!look(&t, old));
	for (uint64_t ms = 5250; ms < 60000; ms += 250) {
		now = old;
		now.t_ns = at(ms).t_ns;
		CHECK(look(&t, now));
		now.t_ns += 20 * MT_NS_PER_MS;
		CHECK(look(&t, now));
	}
	CHECK(!look(&t, at(60250)));
}

/*
 * An earlier migration's, which has ended: at no moment, not at that when ours is as old as it was.
 */
static void test_another_ended(void)
{
	struct mt_trust t = { 0 };

	for (uint64_t ms = 250; ms <= 2000; ms += 250)
		CHECK(!look(&t, at(ms)));
	for (uint64_t ms = 2250; ms <= 20000; ms += 250) {
		struct mt_sample s = at(8000);

		s.t_ns = at(ms).t_ns;
		CHECK(look(&t, s));
		s.t_ns += 30 * MT_NS_PER_MS;
		CHECK(look(&t, s));
	}
	CHECK(!look(&t, at(20250)));
	CHECK(!look(&t, at(20500)));
}

static void test_another_begun(void)
{
	struct mt_trust t = { 0 };
	struct mt_sample s;

	for (uint64_t ms = 250; ms <= 60000; ms += 250)
		CHECK(!look(&t, at(ms)));
	for (uint64_t ms = 250; ms <= 120000; ms += 250) {
		s = at(ms);
		s.t_ns = at(60000 + ms).t_ns;
		CHECK(look(&t, s));
	}
	CHECK(t.another);
}

static void test_one_late(void)
{
	struct mt_trust t = { 0 };
	struct mt_sample s;

	CHECK(!look(&t, at(1000)));
	CHECK(!look(&t, at(9000)));
	s = at(4000);
	s.t_ns = at(9250).t_ns;
	CHECK(look(&t, s));
	CHECK(!look(&t, at(9500)));
}

static void test_contradictory(void)
{
	struct mt_trust t = { 0 };
	struct mt_sample s = at(1000);

	s.remaining_bytes = 129 * MIB;
	CHECK(look(&t, s));
	CHECK(!look(&t, at(1250)));
}

/* Seen for two seconds, then our clock stands in for theirs. */
static void test_clock_set(void)
{
	static const int64_t steps_ms[] = { 2000, 7200000, -3000 };

	for (size_t i = 0; i < MT_ARRAY_SIZE(steps_ms); i++) {
		struct mt_trust t = { 0 };
		uint64_t believed_ms = 0;

		for (uint64_t ms = 250; ms <= 4000; ms += 250)
			CHECK(!look(&t, at(ms)));
		for (uint64_t ms = 4250; ms <= 20000; ms += 250) {
			struct mt_sample s = at(ms);

			s.total_ms = (uint64_t)((int64_t)s.total_ms + steps_ms[i]);
			if (mt_trust_sample(&t, &s))
				continue;
			believed_ms = believed_ms ? believed_ms : ms;
			CHECK_INT(s.total_ms, ms);
		}
		CHECK(believed_ms >= 6000 && believed_ms <= 7000);
	}
}

/* Set back behind the beginning: libvirt's stands still from then on. */
static void test_clock_stops(void)
{
	struct mt_trust t = { 0 };
	uint64_t believed_ms = 0;

	for (uint64_t ms = 250; ms <= 4000; ms += 250)
		CHECK(!look(&t, at(ms)));
	for (uint64_t ms = 4250; ms <= 20000; ms += 250) {
		struct mt_sample s = at(ms);

		s.total_ms = 4000;
		if (mt_trust_sample(&t, &s))
			continue;
		if (ms > 5250 && !believed_ms)
			believed_ms = ms;
		CHECK(ms <= 5250 || s.total_ms == ms);
	}
	CHECK(believed_ms >= 6000 && believed_ms <= 8000);
}

static void test_without_time(void)
{
	struct mt_trust t = { 0 };
	struct mt_sample s = at(1000);

	s.valid &= ~(1ULL << MT_FIELD_total_ms);
	CHECK(!look(&t, s));
	s = at(500);
	s.valid &= ~(1ULL << MT_FIELD_total_ms);
	CHECK(look(&t, s));
}

static const struct ktap_case cases[] = {
	{ "good ones are believed", test_good },
	{ "figures that do not move are not believed, the next that do are", test_still },
	{ "of another migration that has ended", test_another_ended },
	{ "of another migration that goes on", test_another_begun },
	{ "one old answer is not believed", test_one_late },
	{ "more left than there is", test_contradictory },
	{ "the wall clock is set", test_clock_set },
	{ "the wall clock is set back behind the beginning", test_clock_stops },
	{ "no time at all", test_without_time },
};

KTAP_MAIN(cases)
