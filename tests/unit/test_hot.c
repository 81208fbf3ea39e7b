// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_hot.c - hot pages by a recording that a kernel source wrote
 */
#include <errno.h>

#include "ktap.h"
#include "migtrace/hot/hot.h"
#include "scratch.h"
#include "store/recorder.h"

#define MS	1000000ULL
#define MIB	(1ULL << 20)

static char path[96];
static const struct mt_record_header header = { .domain = "guest", .mode = "profile" };

/* Three windows; their sets, tick by tick. */
static const struct {
	unsigned from_ms, to_ms;
	bool begins;
	const char *pages;
} sets[] = {
	{ 0, 100, true, "5+1 93" },		/* 5, 6, 100 */
	{ 0, 100, true, "700" },		/* the same set goes on */
	{ 100, 200, false, "300 1048275" },	/* 300, and 4 GiB: page 786432, not of this guest */
	{ 200, 300, true, "5" },
	{ 300, 400, true, "5 294" },		/* 5, 300 */
};

static int record(uint64_t memory_bytes, size_t n)
{
	struct mt_recorder *r;
	int rc;

	remove(path);
	rc = mt_recorder_open(&r, path, &header, NULL);

	if (rc)
		return rc;
	if (memory_bytes)
		rc = mt_recorder_guest(r, &(struct mt_record_guest){
			.t_ns = MS, .memory_bytes = memory_bytes, .cpu_share = NAN });
	for (size_t i = 0; i < n; i++)
		rc |= mt_recorder_pages(r, &(struct mt_record_pages){
			sets[i].to_ms * MS, sets[i].from_ms * MS, sets[i].begins, sets[i].pages });
	return rc | mt_recorder_close(r, NULL);
}

/* Windows, not entries, make a page hot. */
static void test_windows(void)
{
	struct mt_heatmap m;
	char text[256] = "";
	FILE *out;

	CHECK_INT(record(64 * MIB, MT_ARRAY_SIZE(sets)), 0);
	CHECK_INT(hot_of_recording(&m, path, NULL), 0);
	CHECK_INT(m.pages, 64 * MIB / 4096);
	out = fmemopen(text, sizeof(text), "w");
	CHECK_INT(mt_heatmap_print(&m, out), 5);
	fclose(out);
	mt_heatmap_fini(&m);
	CHECK_STR(text, "5 1 3\n6 1 1\n100 1 1\n300 1 2\n700 1 1\n");
}

/* Above 4 GiB the hole below is not counted. */
static void test_hole(void)
{
	struct mt_heatmap m;

	CHECK_INT(record(4096 * MIB, MT_ARRAY_SIZE(sets)), 0);
	CHECK_INT(hot_of_recording(&m, path, NULL), 0);
	CHECK_INT(mt_heatmap_heat(&m, 786432), 1);
	mt_heatmap_fini(&m);
}

static void test_none(void)
{
	struct mt_err err = { 0 };
	struct mt_heatmap m;

	CHECK_INT(record(64 * MIB, 0), 0);
	CHECK_INT(hot_of_recording(&m, path, &err), -ENODATA);
	CHECK(strstr(err.msg, "--pages"));
	CHECK_INT(record(0, 1), 0);
	CHECK_INT(hot_of_recording(&m, path, NULL), -ENODATA);
	CHECK_INT(hot_of_recording(&m, "/nowhere/x.mtrec", NULL), -ENOENT);
}

static const struct ktap_case cases[] = {
	{ "a page is as hot as windows have it", test_windows },
	{ "memory above 4 GiB", test_hole },
	{ "a recording without sets", test_none },
};

int main(void)
{
	snprintf(path, sizeof(path), "%s/x.mtrec", dir);
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
