// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_pullorder.c - in which order hot pages are pulled, and how they are told
 */
#include <errno.h>

#include "ktap.h"
#include "pull/pullorder.h"
#include "pull/heatmap.h"

#define PAGES	100000

static int tell(struct mt_heat *heat, const char *line)
{
	return mt_heat_line(heat, line, PAGES, NULL);
}

/* Extents as text, "first+count ...". */
static const char *text_of(const struct mt_order *o)
{
	static char text[512];
	int at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < o->n; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, "%s%" PRIu64 "+%" PRIu64,
			       i ? " " : "", o->v[i].first, o->v[i].count);
	return text;
}

#define CHECK_ORDER(heat, gap, expected) do { \
	struct mt_order made; \
	CHECK_INT(mt_order_make(&made, heat, gap), 0); \
	CHECK_STR(text_of(&made), expected); \
	mt_order_fini(&made); \
} while (0)

static void test_ascending(void)
{
	struct mt_heat heat = { 0 };

	CHECK_ORDER(&heat, 0, "");
	CHECK(!tell(&heat, "700 3") && !tell(&heat, "10 2\n") && !tell(&heat, "12 5 1\r\n"));
	CHECK(!tell(&heat, "# nothing") && !tell(&heat, "") && !tell(&heat, " \t\n"));
	CHECK_INT(heat.pages, 10);
	CHECK_ORDER(&heat, 0, "10+7 700+3");
	mt_heat_fini(&heat);
}

static void test_gaps(void)
{
	struct mt_heat heat = { 0 };

	CHECK(!tell(&heat, "0 1") && !tell(&heat, "5 1") && !tell(&heat, "11 1"));
	CHECK_ORDER(&heat, 3, "0+1 5+1 11+1");
	CHECK_ORDER(&heat, 4, "0+6 11+1");
	CHECK_ORDER(&heat, 5, "0+12");
	mt_heat_fini(&heat);
}

/* Hotter ones first; a page told twice is as hot as at most was said, and is there once. */
static void test_heats(void)
{
	struct mt_heat heat = { 0 };

	CHECK(!tell(&heat, "100 10 2") && !tell(&heat, "105 10 9") && !tell(&heat, "0 1 16") &&
	      !tell(&heat, "50 1"));
	CHECK_ORDER(&heat, 0, "0+1 105+10 100+5 50+1");
	mt_heat_fini(&heat);
}

/* What a hotter heat has taken is no gap to be bridged. */
static void test_gap_taken(void)
{
	struct mt_heat heat = { 0 };
	struct mt_order o;
	bool seen[64] = { false };

	CHECK(!tell(&heat, "10 1 3") && !tell(&heat, "12 1 3"));
	CHECK(!tell(&heat, "8 1") && !tell(&heat, "14 1") && !tell(&heat, "20 1"));
	CHECK_ORDER(&heat, 8, "10+3 8+1 14+7");
	CHECK_INT(mt_order_make(&o, &heat, 8), 0);
	CHECK_INT(o.pages, 11);
	for (size_t i = 0; i < o.n; i++)
		for (uint64_t p = o.v[i].first; p < o.v[i].first + o.v[i].count; p++) {
			CHECK(!seen[p]);
			seen[p] = true;
		}
	mt_order_fini(&o);
	mt_heat_fini(&heat);
}

/* Extents that begin, end and lie within words of 64 pages. */
static void test_words(void)
{
	struct mt_heat heat = { 0 };

	CHECK(!tell(&heat, "63 2") && !tell(&heat, "128 64") && !tell(&heat, "200 200") &&
	      !tell(&heat, "99999 1"));
	CHECK_ORDER(&heat, 0, "63+2 128+64 200+200 99999+1");
	mt_heat_fini(&heat);
}

static void test_refused(void)
{
	static const struct {
		const char *line;
		int rc;
	} bad[] = {
		{ "x", -EINVAL }, { "1", -EINVAL }, { "1 2 3 4", -EINVAL }, { "-1 2", -EINVAL },
		{ "1 2x", -EINVAL }, { "0x10 2", -EINVAL }, { "1.5 2", -EINVAL },
		{ "1,2", -EINVAL },
		{ "99999999999999999999999 1", -EINVAL }, { " # 1", -EINVAL },
		{ "0 0", -ERANGE }, { "100000 1", -ERANGE }, { "99999 2", -ERANGE },
		{ "1 18446744073709551615", -ERANGE }, { "18446744073709551615 2", -ERANGE },
		{ "1 1 0", -ERANGE }, { "1 1 17", -ERANGE },
	};
	struct mt_heat heat = { 0 };

	for (size_t i = 0; i < MT_ARRAY_SIZE(bad); i++) {
		struct mt_err err = { 0 };

		CHECK_INT(mt_heat_line(&heat, bad[i].line, PAGES, &err), bad[i].rc);
		CHECK(*err.msg && !strchr(err.msg, '\n'));
	}
	CHECK_INT(heat.pages, 0);
	CHECK_ORDER(&heat, 0, "");
}

/* In how many of the last eight windows; what was printed is what is read. */
static void test_heatmap(void)
{
	struct mt_heat heat = { 0 };
	struct mt_heatmap m;
	char text[128] = "", *line;
	FILE *out;

	CHECK_INT(mt_heatmap_init(&m, PAGES), 0);
	for (unsigned window = 0; window < 9; window++) {
		mt_heatmap_begin(&m);
		CHECK_INT(mt_heatmap_mark(&m, 7, 2), 0);
		if (!window)
			CHECK_INT(mt_heatmap_mark(&m, 1000, 1), 0);
		if (window == 1 || window == 8)
			CHECK_INT(mt_heatmap_mark(&m, PAGES - 1, 1), 0);
	}
	CHECK_INT(mt_heatmap_mark(&m, PAGES, 1), -ERANGE);
	CHECK_INT(mt_heatmap_mark(&m, 5, UINT64_MAX), -ERANGE);
	CHECK_INT(mt_heatmap_heat(&m, 7), MT_HEATMAP_WINDOWS);
	CHECK_INT(mt_heatmap_heat(&m, 1000), 0);
	CHECK(MT_HEATMAP_WINDOWS <= MT_PULL_HEATS);
	out = fmemopen(text, sizeof(text), "w");
	CHECK_INT(mt_heatmap_print(&m, out), 3);
	fclose(out);
	mt_heatmap_fini(&m);
	CHECK_STR(text, "7 2 8\n99999 1 2\n");
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		CHECK_INT(tell(&heat, line), 0);
	CHECK_ORDER(&heat, 0, "7+2 99999+1");
	mt_heat_fini(&heat);
}

static const struct ktap_case cases[] = {
	{ "ascending, neighbours as one", test_ascending },
	{ "small gaps are bridged", test_gaps },
	{ "hotter first, no page twice", test_heats },
	{ "no gap is bridged over what is taken", test_gap_taken },
	{ "extents across words of a bitmap", test_words },
	{ "what is no extent of this guest", test_refused },
	{ "heat of a page, written and read", test_heatmap },
};

KTAP_MAIN(cases)
