// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_classifier.c - kinds of work, from series that are made by hand: a link of 100 MB/s
 */
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "source/classifier.h"
#include "ktap.h"

#define LINK	100e6

static struct mt_class_load second(double dirty, double in, double out, double cpu)
{
	return (struct mt_class_load){ dirty, in, out, cpu, LINK };
}

static enum mt_class class_of(const struct mt_class_load *load, unsigned seconds)
{
	struct mt_classifier c;

	mt_classifier_init(&c, NULL);
	for (unsigned i = 0; i < seconds; i++)
		mt_classifier_feed(&c, load);
	return c.class;
}

static void each_class(void)
{
	static const struct {
		struct mt_class_load load;
		enum mt_class class;
	} rows[] = {
		{ { 1e6, 1e3, 1e3, 0.02, LINK }, MT_CLASS_IDLE },
		{ { 50e6, 1e6, 1e6, 0.3, LINK }, MT_CLASS_MEMORY },
		{ { 49e6, 1e6, 1e6, 0.3, LINK }, MT_CLASS_MIXED },
		{ { 1e6, 40e6, 10e6, 0.3, LINK }, MT_CLASS_NETWORK_IN },
		{ { 1e6, 25e6, 25e6, 0.3, LINK }, MT_CLASS_NETWORK_OUT },
		{ { 1e6, 10e6, 45e6, 0.3, LINK }, MT_CLASS_NETWORK_OUT },
		{ { 1e6, 10e6, 39e6, 0.3, LINK }, MT_CLASS_MIXED },
		{ { 1e6, 1e6, 1e6, 0.75, LINK }, MT_CLASS_CPU },
		{ { 1e6, 1e6, 1e6, 0.74, LINK }, MT_CLASS_MIXED },
		{ { 60e6, 1e6, 1e6, 0.9, LINK }, MT_CLASS_MIXED },
		{ { 90e6, NAN, NAN, NAN, LINK }, MT_CLASS_MEMORY },
		{ { 10e6, NAN, NAN, NAN, LINK }, MT_CLASS_UNKNOWN },
		{ { NAN, 80e6, 1e6, NAN, LINK }, MT_CLASS_NETWORK_IN },
		{ { NAN, 1e3, 1e3, NAN, LINK }, MT_CLASS_UNKNOWN },
		{ { NAN, NAN, NAN, 0.9, LINK }, MT_CLASS_CPU },
		{ { NAN, NAN, NAN, 0.01, LINK }, MT_CLASS_IDLE },
		/* Without a link no share of it is known, however much it is. */
		{ { 9e9, 9e9, 0, 0.9, NAN }, MT_CLASS_CPU },
		{ { 9e9, 9e9, 0, NAN, NAN }, MT_CLASS_UNKNOWN },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		CHECK_STR(mt_class_name(class_of(&rows[i].load, 1)), mt_class_name(rows[i].class));
		CHECK_STR(mt_class_name(class_of(&rows[i].load, 9)), mt_class_name(rows[i].class));
	}
}

static void three_of_five(void)
{
	struct mt_class_load quiet = second(1e6, 1e6, 1e6, 0.2), full = second(1e6, 60e6, 0, 0.2);
	struct mt_classifier c;

	mt_classifier_init(&c, NULL);
	for (int i = 0; i < 5; i++)
		CHECK(mt_classifier_feed(&c, &quiet) == (i == 0));
	CHECK(!mt_classifier_feed(&c, &full));
	CHECK(!mt_classifier_feed(&c, &full));
	CHECK_INT(c.class, MT_CLASS_MIXED);
	CHECK(mt_classifier_feed(&c, &full));
	CHECK_INT(c.class, MT_CLASS_NETWORK_IN);
	/* and back, once four of the latest five are clearly below */
	for (int i = 0; i < 3; i++)
		CHECK(!mt_classifier_feed(&c, &quiet));
	CHECK(mt_classifier_feed(&c, &quiet));
	CHECK_INT(c.class, MT_CLASS_MIXED);
}

static unsigned changes_of(double low, double high, unsigned period)
{
	struct mt_classifier c;
	unsigned changes = 0;

	mt_classifier_init(&c, NULL);
	for (unsigned i = 0; i < 200; i++) {
		struct mt_class_load load =
			second(i / period % 2 ? high : low, 1e6, 1e6, 0.2);

		changes += mt_classifier_feed(&c, &load);
	}
	return changes;
}

static void does_not_flap(void)
{
	/* About the threshold, and not clearly below it: first mixed, then memory for good. */
	CHECK_INT(changes_of(45e6, 55e6, 1), 2);
	CHECK_INT(changes_of(41e6, 55e6, 8), 2);
	/* Below it, however near, is one class. */
	CHECK_INT(changes_of(41e6, 49e6, 1), 1);
	/* Every other second, as far as can be: three of five are over it, never four below. */
	CHECK_INT(changes_of(0, 90e6, 1), 2);
	/* Long phases are followed: 200 s in phases of 20, and the first is no change of phase. */
	CHECK_INT(changes_of(10e6, 90e6, 20), 10);
}

static void unknown_seconds_do_not_count(void)
{
	struct mt_class_load full = second(80e6, 1e6, 1e6, 0.2), dark = second(NAN, NAN, NAN, NAN);
	struct mt_classifier c;

	mt_classifier_init(&c, NULL);
	mt_classifier_feed(&c, &full);
	for (int i = 0; i < 4; i++)
		mt_classifier_feed(&c, &dark);
	CHECK_INT(c.class, MT_CLASS_MEMORY);
	CHECK(mt_classifier_feed(&c, &dark));	/* none is left that is known */
	CHECK_INT(c.class, MT_CLASS_UNKNOWN);
}

static void limits_are_the_callers(void)
{
	static const struct mt_class_limits limits = { .memory_share = 0.2, .network_share = 0.1,
						       .cpu_share = 0.5, .idle_share = 0.3 };
	struct mt_class_load load = second(20e6, 1e6, 1e6, 0.2);
	struct mt_classifier c;

	mt_classifier_init(&c, &limits);
	mt_classifier_feed(&c, &load);
	CHECK_INT(c.class, MT_CLASS_MEMORY);
	mt_classifier_init(&c, &limits);
	load = second(19e6, 1e6, 1e6, 0.29);
	mt_classifier_feed(&c, &load);
	CHECK_INT(c.class, MT_CLASS_IDLE);
}

static void settles_in_three_seconds(void)
{
	struct mt_class_load load = second(80e6, 1e6, 1e6, 0.2);
	struct mt_classifier c;

	mt_classifier_init(&c, NULL);
	for (int i = 0; i < 3; i++) {
		CHECK(!mt_classifier_is_settled(&c));
		mt_classifier_feed(&c, &load);
	}
	CHECK(mt_classifier_is_settled(&c));
}

static void tells_its_numbers(void)
{
	struct mt_class_load load = second(64 << 20, 2 << 20, 1 << 20, 0.42);
	char text[MT_CLASS_TEXT];
	struct mt_classifier c;

	load.link_bytes_per_s = 100 << 20;
	mt_classifier_init(&c, NULL);
	mt_classifier_feed(&c, &load);
	CHECK_STR(mt_classifier_tell(&c, text),
		  "memory-intensive: dirties 64.0 MiB/s, 64 % of a link of 100.0 MiB/s; receives 2.0 MiB/s, sends 1.0 MiB/s, 3 %; CPU 42 %; over 1 s");
	mt_classifier_init(&c, NULL);
	load = second(NAN, NAN, NAN, NAN);
	load.link_bytes_per_s = NAN;
	mt_classifier_feed(&c, &load);
	CHECK_STR(mt_classifier_tell(&c, text),
		  "unknown: dirty rate not known; network not known; CPU not known; over 1 s");
	load = second(1e300, 1e300, 1e300, 1);
	mt_classifier_feed(&c, &load);
	CHECK(strlen(mt_classifier_tell(&c, text)) < MT_CLASS_TEXT);
}

/* --- what was counted ------------------------------------------------------------- */
static struct mt_work counted(uint64_t seconds)
{
	return (struct mt_work){ .start_ns = 5 * MT_NS_PER_S, .t_ns = (5 + seconds) * MT_NS_PER_S };
}

static void counts_become_rates(void)
{
	struct mt_work w = counted(2);
	struct mt_class_load load = MT_CLASS_LOAD_UNKNOWN;

	mt_work_put(&w, MT_WORK_cpu_ns, 3000000000);
	mt_work_put(&w, MT_WORK_vcpus, 2);
	mt_work_put(&w, MT_WORK_net_received_bytes, 8000);
	mt_work_put(&w, MT_WORK_net_sent_bytes, 2000);
	mt_class_load_work(&load, &w);
	CHECK_NEAR(load.cpu_share, 0.75, 1e-9);
	CHECK_NEAR(load.received_bytes_per_s, 4000, 1e-9);
	CHECK_NEAR(load.sent_bytes_per_s, 1000, 1e-9);
	/* The probe's time in the guest is without the host's work for it. */
	mt_work_put(&w, MT_WORK_run_ns, 2000000000);
	mt_class_load_work(&load, &w);
	CHECK_NEAR(load.cpu_share, 0.5, 1e-9);
}

static void what_cannot_be_is_not_believed(void)
{
	struct mt_work w = counted(1);
	struct mt_class_load load = MT_CLASS_LOAD_UNKNOWN;

	mt_work_put(&w, MT_WORK_vcpus, 1);
	mt_work_put(&w, MT_WORK_cpu_ns, 1300000000);
	mt_class_load_work(&load, &w);
	CHECK(isnan(load.cpu_share));
	mt_work_put(&w, MT_WORK_net_received_bytes, 5);
	mt_work_put(&w, MT_WORK_net_sent_bytes, 5);
	mt_class_load_work(&load, &w);
	CHECK(isnan(load.cpu_share) && isnan(load.received_bytes_per_s));
	/* libvirt counts by 10 ms: a guest at rest may use none in a second */
	mt_work_put(&w, MT_WORK_cpu_ns, 0);
	mt_class_load_work(&load, &w);
	CHECK(!load.cpu_share && load.received_bytes_per_s == 5);
	load = (struct mt_class_load)MT_CLASS_LOAD_UNKNOWN;
	w = counted(0);
	mt_work_put(&w, MT_WORK_cpu_ns, 1);
	mt_class_load_work(&load, &w);
	CHECK(isnan(load.cpu_share));
}

static void differences_of_counters(void)
{
	struct mt_work before = { .t_ns = 10 }, now = { .t_ns = 30 }, work;
	uint64_t v;

	mt_work_put(&before, MT_WORK_vcpus, 4);
	mt_work_put(&before, MT_WORK_cpu_ns, 100);
	mt_work_put(&before, MT_WORK_net_sent_bytes, 50);
	mt_work_put(&now, MT_WORK_vcpus, 2);
	mt_work_put(&now, MT_WORK_cpu_ns, 99);
	mt_work_put(&now, MT_WORK_net_sent_bytes, 57);
	mt_work_put(&now, MT_WORK_net_received_bytes, 9);
	CHECK(!mt_work_between(&work, &before, &now));
	CHECK_INT(work.start_ns, 10);
	CHECK_INT(work.t_ns, 30);
	CHECK(mt_work_get(&work, MT_WORK_vcpus, &v) && v == 2);
	CHECK(mt_work_get(&work, MT_WORK_net_sent_bytes, &v) && v == 7);
	CHECK(!mt_work_get(&work, MT_WORK_cpu_ns, &v));
	CHECK(!mt_work_get(&work, MT_WORK_net_received_bytes, &v));
	mt_work_put(&now, MT_WORK_cpu_ns, 100);
	CHECK(!mt_work_between(&work, &before, &now));	/* other vCPUs */
	mt_work_put(&now, MT_WORK_vcpus, 4);
	CHECK(mt_work_between(&work, &before, &now));
	CHECK(mt_work_get(&work, MT_WORK_cpu_ns, &v) && !v);
	work.valid &= ~(1ULL << MT_WORK_cpu_ns);
	mt_work_fill(&work, &now);
	CHECK(mt_work_get(&work, MT_WORK_cpu_ns, &v) && v == 100);
	CHECK(mt_work_get(&work, MT_WORK_net_sent_bytes, &v) && v == 7);
}

static const struct ktap_case cases[] = {
	{ "each class at its thresholds", each_class },
	{ "a class takes three of five seconds, and leaving it four", three_of_five },
	{ "a guest about a threshold does not change its class again and again", does_not_flap },
	{ "seconds of which nothing is known do not count", unknown_seconds_do_not_count },
	{ "thresholds are the caller's", limits_are_the_callers },
	{ "a class is settled after three seconds", settles_in_three_seconds },
	{ "a class comes with its numbers", tells_its_numbers },
	{ "what was counted becomes rates", counts_become_rates },
	{ "counters that say more than can be are not believed",
	  what_cannot_be_is_not_believed },
	{ "counters that go backwards tell nothing", differences_of_counters },
};
KTAP_MAIN(cases)
