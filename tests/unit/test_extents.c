// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_extents.c - working sets of disks, against counters of every extent
 */
#include "base/rng.h"
#include "wss/extents.h"
#include "ktap.h"

#define EXTENTS	400
#define FILES	2

static double bytes_of[FILES][EXTENTS][2];

/* A minute of requests, each counted here, too. */
static struct mt_extents *drawn(unsigned slots_log2, double kept)
{
	struct mt_extents *e = mt_extents_new(slots_log2, kept);
	struct mt_rng rng = { 1 };

	memset(bytes_of, 0, sizeof(bytes_of));
	for (int second = 0; e && second < 60; second++) {
		for (int i = 0; i < 50; i++) {
			uint64_t file = mt_rng_below(&rng, FILES),
				 offset = mt_rng_below(&rng, (EXTENTS / 2 - 2) << 20),
				 bytes = 4096 * (1 + mt_rng_below(&rng, 400));
			bool write = mt_rng_below(&rng, 3) == 0;

			mt_extents_request(e, file, offset, bytes, write);
			for (uint64_t x = offset >> 20; x <= (offset + bytes - 1) >> 20; x++) {
				uint64_t from = x << 20 > offset ? x << 20 : offset,
					 to = (x + 1) << 20 < offset + bytes ? (x + 1) << 20 :
									       offset + bytes;

				bytes_of[file][x][write] += (double)(to - from);
			}
		}
		mt_extents_pass(e, 1);
		for (int f = 0; f < FILES; f++)
			for (int x = 0; x < EXTENTS; x++)
				for (int w = 0; w < 2; w++)
					bytes_of[f][x][w] *= kept;
	}
	return e;
}

static void counts_what_was_read_and_written(void)
{
	struct mt_extents *e = drawn(16, 0.9);
	unsigned met = 0;

	for (uint64_t f = 0; f < FILES; f++) {
		for (uint64_t x = 0; x < EXTENTS; x++) {
			struct mt_extent_heat h = mt_extents_heat(e, f, x);
			double *want = bytes_of[f][x];

			/* never less, and rarely more: extents that meet others in both halves */
			CHECK(h.read_bytes >= want[0] * (1 - 1e-4));
			CHECK(h.written_bytes >= want[1] * (1 - 1e-4));
			met += h.read_bytes > want[0] * (1 + 1e-4) ||
			       h.written_bytes > want[1] * (1 + 1e-4);
		}
	}
	CHECK(met <= 2);
	mt_extents_free(e);
}

static void a_small_table_only_looks_hotter(void)
{
	struct mt_extents *e = drawn(6, 0.9);

	for (uint64_t f = 0; f < FILES; f++)
		for (uint64_t x = 0; x < EXTENTS; x++)
			CHECK(mt_extents_heat(e, f, x).read_bytes >=
			      bytes_of[f][x][0] * (1 - 1e-4));
	mt_extents_free(e);
}

static void read_first_written_last(void)
{
	static const uint32_t want[] = { 7, 2, 5, 0, 1, 4, 6, 9, 3, 8 };
	struct mt_extents *e = mt_extents_new(12, MT_EXTENTS_KEPT);
	uint32_t order[10];

	mt_extents_request(e, 1, 7 << 20, 900000, false);
	mt_extents_request(e, 1, 2 << 20, 80000, false);
	mt_extents_request(e, 1, 5 << 20, 20000, false);
	mt_extents_request(e, 1, 5 << 20, 10000, true);		/* read more than written */
	mt_extents_request(e, 1, 3 << 20, 50000, true);
	mt_extents_request(e, 1, 8 << 20, 90000, true);
	mt_extents_request(e, 1, 8 << 20, 70000, false);	/* and the other way round */
	CHECK_INT(mt_extents_order(e, 1, order, 10), 3);
	for (size_t i = 0; i < 10; i++)
		CHECK_INT(order[i], want[i]);
	CHECK_INT(mt_extents_read_set(e, 1, order, 3, 0.5), 1);
	CHECK_INT(mt_extents_read_set(e, 1, order, 3, 0.95), 2);
	CHECK_INT(mt_extents_read_set(e, 1, order, 3, 1), 3);
	/* and of all, with the one that is written, too */
	CHECK_INT(mt_extents_read_set_bytes(e, 0.8), 1 << 20);
	CHECK_INT(mt_extents_read_set_bytes(e, 0.95), 3 << 20);
	CHECK_INT(mt_extents_read_set_bytes(e, 1), 4 << 20);
	/* of another file nothing is known */
	CHECK_INT(mt_extents_order(e, 2, order, 10), 0);
	mt_extents_free(e);
}

static void what_is_long_ago_is_forgotten(void)
{
	struct mt_extents *e = mt_extents_new(12, 0.5);
	uint32_t order[4];

	CHECK_INT(mt_extents_read_set_bytes(e, 0.95), 0);
	mt_extents_request(e, 1, 0, 1 << 20, false);
	for (int i = 0; i < 10; i++)
		mt_extents_pass(e, 1);
	CHECK_INT(mt_extents_order(e, 1, order, 4), 1);
	mt_extents_pass(e, 10);
	CHECK_INT(mt_extents_order(e, 1, order, 4), 0);
	CHECK_INT(mt_extents_read_set_bytes(e, 0.95), 0);
	mt_extents_free(e);
}

static const struct ktap_case cases[] = {
	{ "what was read and written, decayed", counts_what_was_read_and_written },
	{ "a table that is too small makes nothing colder", a_small_table_only_looks_hotter },
	{ "read first, written last", read_first_written_last },
	{ "what is long ago is forgotten", what_is_long_ago_is_forgotten },
};

KTAP_MAIN(cases)
