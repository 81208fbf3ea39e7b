// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_ringsize.c - how large a guest's dirty rings ought to be
 */
#include "base/cleanup.h"
#include "curve/ringsize.h"
#include "ktap.h"

static void sizes(void)
{
	static const struct {
		uint64_t used, entries;
		bool full;
		uint64_t wanted;
	} rows[] = {
		{ 500, 0, false, 0 },			/* no ring */
		{ 0, 4096, false, 1024 },
		{ 358, 1024, false, 1024 },		/* 447.5 and 576 fit */
		{ 359, 1024, false, 2048 },
		{ 2816, 65536, false, 4096 },
		{ 2817, 65536, false, 8192 },
		{ 448, 1024, true, 2048 },		/* it exits at 448 with PML: nobody knows
							 * how much it wanted */
		{ 960, 1024, true, 2048 },
		{ 4000, 4096, true, 8192 },
		{ 65536, 65536, true, 65536 },		/* there are no larger ones */
		{ UINT64_MAX, UINT64_MAX, true, 65536 },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++)
		CHECK_INT(mt_ring_entries_wanted(rows[i].used, rows[i].entries, rows[i].full),
			  rows[i].wanted);
}

/* Whatever is advised is no smaller where more was seen, and would have held it. */
static void grows_and_holds(void)
{
	uint64_t last = 0;

	for (uint64_t used = 0; used <= 51000; used += 17) {
		uint64_t wanted = mt_ring_entries_wanted(used, 65536, false);

		CHECK(wanted >= last && wanted >= used + MT_RING_RESERVED);
		CHECK_INT(mt_ring_entries_wanted(used, wanted, false), wanted);
		last = wanted;
	}
	CHECK_INT(last, MT_RING_ENTRIES_MAX);
}

static const struct ktap_case cases[] = {
	{ "sizes, by what was seen", sizes },
	{ "it grows with what was seen, and holds it", grows_and_holds },
};
KTAP_MAIN(cases)
