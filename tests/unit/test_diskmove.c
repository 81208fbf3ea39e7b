// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_diskmove.c - disks that move with their guests, against what arithmetic says of them
 */
#include "sim/diskmove.h"
#include "ktap.h"

#define MIB	1048576.0

static struct mt_diskmove disk(bool ordered)
{
	return (struct mt_diskmove){
		.extents = 1000, .link_bytes_per_s = 20 * MIB, .rtt_ms = 50,
		.memory_bytes = 200 * MIB, .stop_ms = 100, .request_bytes = 65536,
		.read_set_share = 0.05, .read_set_reads = 1, .write_set_share = 0.1,
		.watched_s = 60, .cap_s = 600, .seed = 1, .ordered = ordered,
	};
}

/* 1200 MiB at 20 MiB/s. */
static void idle_disk_goes_once(void)
{
	for (int ordered = 0; ordered < 2; ordered++) {
		struct mt_diskmove p = disk(ordered);
		struct mt_diskmove_result r;

		CHECK_INT(mt_diskmove(&p, &r), 0);
		CHECK(r.ended);
		CHECK_NEAR(r.sent_bytes, 1200 * MIB, 1);
		CHECK_NEAR(r.total_ms, 60e3, 1500);
		CHECK_INT(r.waits, 0);
	}
}

/* All reads are of 50 extents: these are there before the guest is. */
static void read_set_is_there_first(void)
{
	struct mt_diskmove p = disk(true);
	struct mt_diskmove_result r;

	p.reads_per_s = 40;
	CHECK_INT(mt_diskmove(&p, &r), 0);
	CHECK(r.read_set >= 45 && r.read_set <= 50);
	CHECK_NEAR(r.switch_ms, (double)(r.read_set + 200) * 1e3 / 20 + 150, 250);
	CHECK_NEAR(r.downtime_ms, 150, 1e-9);
	CHECK_NEAR(r.sent_bytes, 1200 * MIB, 1);
	/* at most the few that were left out of it, once each: 50 ms and 50 there and back */
	CHECK(r.waits <= 50 - r.read_set);
	CHECK(!r.waits || r.longest_wait_ms >= 100 - 1e-9);

	/* without a watch nothing is known, and nothing goes first */
	p.watched_s = 0;
	CHECK_INT(mt_diskmove(&p, &r), 0);
	CHECK_INT(r.read_set, 0);
	CHECK(r.waits >= 20);
}

/*
 * Half of the link is written: plain copying sends that again, at most so much as was written. By
 * working sets only what had gone first is.
 */
static void written_extents_go_once(void)
{
	struct mt_diskmove p = disk(false);
	struct mt_diskmove_result plain, ordered;

	p.writes_per_s = 160;
	CHECK_INT(mt_diskmove(&p, &plain), 0);
	p.ordered = true;
	CHECK_INT(mt_diskmove(&p, &ordered), 0);
	CHECK(plain.ended && ordered.ended);
	CHECK_NEAR(ordered.sent_bytes, 1200 * MIB, 1);
	CHECK(plain.sent_bytes > 1250 * MIB);
	CHECK(plain.sent_bytes <= (1200 + 10 * plain.total_ms / 1e3) * MIB);
	CHECK(plain.total_ms > ordered.total_ms);
	CHECK_INT(ordered.waits, 0);
}

/* More than the link carries: no end by plain copying, one by working sets. */
static void too_many_writes(void)
{
	struct mt_diskmove p = disk(false);
	struct mt_diskmove_result r;

	p.writes_per_s = 640;		/* 40 MiB/s */
	p.write_set_share = 0.9;
	CHECK_INT(mt_diskmove(&p, &r), 0);
	CHECK(!r.ended);
	p.ordered = true;
	CHECK_INT(mt_diskmove(&p, &r), 0);
	CHECK(r.ended);
	CHECK_NEAR(r.sent_bytes, 1200 * MIB, 1);
}

static void what_makes_no_sense(void)
{
	struct mt_diskmove p = disk(false);
	struct mt_diskmove_result r;

	p.link_bytes_per_s = 0;
	CHECK_INT(mt_diskmove(&p, &r), -22);
	p = disk(true);
	p.extents = 0;
	CHECK_INT(mt_diskmove(&p, &r), -22);
}

static const struct ktap_case cases[] = {
	{ "an idle disk goes once, either way", idle_disk_goes_once },
	{ "what is read is there first", read_set_is_there_first },
	{ "what is written goes once", written_extents_go_once },
	{ "more writes than the link carries", too_many_writes },
	{ "disks that make no sense are refused", what_makes_no_sense },
};

KTAP_MAIN(cases)
