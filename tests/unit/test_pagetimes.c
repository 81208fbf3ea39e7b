// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_pagetimes.c - what each page's last time tells, against flags; and sets as words
 */
#include <errno.h>

#include "curve/pagetimes.h"

#include "chance.h"
#include "ktap.h"

/* --- paths and seconds, for longer than there are numbers for stretches --- */
#define PAGES	700

static struct {
	bool in_path[MT_PAGETIMES_PATHS][PAGES], now[PAGES], ever[PAGES];
	bool open[MT_PAGETIMES_PATHS];
	unsigned in_seconds[PAGES];
} flags;

static uint64_t count(const bool *in)
{
	uint64_t n = 0;

	for (size_t i = 0; i < PAGES; i++)
		n += in[i];
	return n;
}

static void end_stretch(struct mt_pagetimes *t, bool second)
{
	for (size_t i = 0; second && i < PAGES; i++)
		flags.in_seconds[i] += flags.now[i];
	memset(flags.now, 0, sizeof(flags.now));
	if (t)
		mt_pagetimes_turn(t, second);
}

static void begin_or_end_path(struct mt_pagetimes *t)
{
	unsigned k = below(MT_PAGETIMES_PATHS);

	flags.open[k] = !flags.open[k];
	if (!flags.open[k]) {
		mt_pagetimes_end_path(t, k);
		return;
	}
	end_stretch(NULL, false);
	mt_pagetimes_begin_path(t, k);
	memset(flags.in_path[k], 0, sizeof(flags.in_path[k]));
}

static void dirty(struct mt_pagetimes *t, struct mt_pageset *s)
{
	unsigned n = below(20), first = chance() < 0.1 ? below(PAGES - 200) : PAGES;

	mt_pageset_clear(s);
	for (unsigned i = 0; i < n + (first < PAGES ? 200 : 0); i++) {
		unsigned page = i < n ? below(PAGES) : first + i - n;

		mt_pageset_add(s, 65536 - PAGES / 2 + page);
		flags.now[page] = flags.ever[page] = true;
		for (size_t k = 0; k < MT_PAGETIMES_PATHS; k++)
			flags.in_path[k][page] |= flags.open[k];
	}
	mt_pagetimes_add(t, s);
}

static void check_flags(const struct mt_pagetimes *t)
{
	CHECK_INT(t->now_pages, count(flags.now));
	CHECK_INT(t->all_pages, count(flags.ever));
	for (size_t k = 0; k < MT_PAGETIMES_PATHS; k++)
		if (flags.open[k])
			CHECK_INT(t->paths[k].pages, count(flags.in_path[k]));
}

static void many_stretches(void)
{
	struct mt_pageset *s = mt_pageset_new();
	struct mt_pagetimes t;
	unsigned seconds = 0;

	rng.state = 5;
	memset(&flags, 0, sizeof(flags));
	mt_pagetimes_init(&t);
	for (unsigned i = 0; i < 3 * MT_PAGETIMES_STRETCHES; i++) {
		bool second = chance() < 0.5;

		dirty(&t, s);
		if (chance() < 0.3)
			dirty(&t, s);
		check_flags(&t);
		if (ktap_failed)
			break;
		end_stretch(&t, second);
		seconds += second;
		if (chance() < 0.2)
			begin_or_end_path(&t);
	}
	mt_pageset_free(s);
	CHECK_INT(t.seconds, seconds);
	for (unsigned times = 1; times < 3000; times += 1 + below(40)) {
		uint64_t want = 0;

		for (size_t i = 0; i < PAGES; i++)
			want += flags.in_seconds[i] >= times;
		CHECK_INT(mt_pagetimes_in_seconds(&t, times), want);
	}
	CHECK_INT(mt_pagetimes_in_seconds(&t, UINT32_MAX), 0);
	mt_pagetimes_fini(&t);
}

/* --- sets as words --------------------------------------------------------- */
static void collect(void *opaque, const struct mt_pageword *words, size_t n)
{
	struct mt_pageset *into = opaque;

	for (size_t i = 0; i < n; i++)
		for (unsigned bit = 0; bit < 64; bit++)
			if (words[i].bits >> bit & 1)
				mt_pageset_add(into, words[i].index * 64ULL + bit);
}

static int collect_run(void *opaque, uint64_t first, uint64_t n)
{
	for (uint64_t page = first; page < first + n; page++)
		mt_pageset_add(opaque, page);
	return 0;
}

static void check_walk(const struct mt_pageset *s, const struct mt_pageset *want)
{
	struct mt_pageset *got = mt_pageset_new();

	mt_pageset_walk(s, collect, got);
	mt_pageset_xor(got, want);
	CHECK_INT(mt_pageset_count(got), 0);
	mt_pageset_free(got);
}

static void check_runs(const struct mt_pageset *s, const struct mt_pageset *want)
{
	struct mt_pageset *got = mt_pageset_new();

	CHECK_INT(mt_pageset_runs(s, collect_run, got), 0);
	mt_pageset_xor(got, want);
	CHECK_INT(mt_pageset_count(got), 0);
	mt_pageset_free(got);
}

static void sets_are_walked(void)
{
	static uint64_t words[600];
	struct mt_pageset *s = mt_pageset_new(), *want = mt_pageset_new();

	rng.state = 6;
	for (unsigned round = 0; round < 40 && !ktap_failed; round++) {
		mt_pageset_clear(s);
		mt_pageset_clear(want);
		/* Overlapping bitmaps, in any order, and single pages. */
		for (unsigned k = 0; k < 3; k++) {
			uint64_t first = k == 2 ? UINT32_MAX - 64 * 600ULL - below(200) :
						  below(3) * 65536 + below(3) * 40;
			unsigned n = below(600);

			for (unsigned i = 0; i < n; i++) {
				words[i] = chance() < 0.9 ? 0 :
					   chance() < 0.5 ? UINT64_MAX :
							    1ULL << below(64) | 1ULL << below(64);
				for (unsigned bit = 0; bit < 64; bit++)
					if (words[i] >> bit & 1)
						mt_pageset_add(want, first + 64 * i + bit);
			}
			CHECK_INT(mt_pageset_add_words(s, first, words, n), 0);
			mt_pageset_add(s, 17 * k);
			mt_pageset_add(want, 17 * k);
			if (k == below(6))
				mt_pageset_count(s);
		}
		check_walk(s, want);
		/* Whatever is asked first has all of it. */
		if (round & 1)
			CHECK_INT(mt_pageset_count(s), mt_pageset_count(want));
		check_runs(s, want);
		check_walk(s, want);
	}
	/* The last page there is, and one more, of a bitmap that lies across two words. */
	mt_pageset_clear(s);
	words[0] = 3ULL << 62;
	CHECK_INT(mt_pageset_add_words(s, UINT32_MAX - 62, words, 1), -ERANGE);
	CHECK_INT(mt_pageset_count(s), 1);
	CHECK(mt_pageset_has(s, UINT32_MAX));
	mt_pageset_free(s);
	mt_pageset_free(want);
}

static const struct ktap_case cases[] = {
	{ "paths and seconds over many stretches", many_stretches },
	{ "sets are walked by words", sets_are_walked },
};

KTAP_MAIN(cases)
