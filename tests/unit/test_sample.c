// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sample.c - the schema of a sample, status names, QEMU's answer as a sample
 */
#include <errno.h>

#include "base/cleanup.h"
#include "source/querymigrate.h"
#include "source/sample.h"
#include "ktap.h"

static void test_schema(void)
{
	for (int f = 0; f < MT_FIELD_COUNT; f++) {
		const struct mt_field_info *i = &mt_sample_schema[f];
		struct mt_sample s = { 0 };
		uint64_t v = 0;

		CHECK(i->name && i->name[0] && i->unit && i->help && i->help[0]);
		CHECK(i->offset % sizeof(uint64_t) == 0 &&
		      i->offset + sizeof(uint64_t) <= sizeof(s));
		for (int g = 0; g < f; g++)
			CHECK(strcmp(i->name, mt_sample_schema[g].name) &&
			      i->offset != mt_sample_schema[g].offset);
		CHECK(!mt_sample_get(&s, f, &v));
		mt_sample_put(&s, f, 42);
		CHECK(mt_sample_get(&s, f, &v) && v == 42);
		CHECK_INT(s.valid, 1ULL << f);
	}
}

static void test_follow(void)
{
	struct mt_sample known = { .t_ns = 1, .status = MT_STATUS_ACTIVE },
			 newer = { .t_ns = 2, .status = MT_STATUS_COMPLETED };

	mt_sample_set(&known, remaining_bytes, 7);
	mt_sample_set(&known, total_ms, 100);
	mt_sample_set(&newer, total_ms, 0);
	newer.remaining_bytes = 3;	/* without its bit: nobody told it */
	mt_sample_follow(&known, &newer);
	CHECK_INT(known.t_ns, 2);
	CHECK_INT(known.status, MT_STATUS_COMPLETED);
	CHECK(mt_sample_has(&known, remaining_bytes) && known.remaining_bytes == 7);
	CHECK(mt_sample_has(&known, total_ms) && known.total_ms == 0);
	CHECK(!mt_sample_has(&known, downtime_ms));
}

static void test_fields_by_name(void)
{
	struct mt_sample s = { 0 };
	uint64_t v;

	mt_sample_set(&s, remaining_bytes, 7);
	CHECK(mt_sample_get(&s, MT_FIELD_remaining_bytes, &v) && v == 7);
	mt_sample_put(&s, MT_FIELD_downtime_ms, 9);
	CHECK(mt_sample_has(&s, downtime_ms) && s.downtime_ms == 9);
	CHECK(!mt_sample_has(&s, total_ms));
	CHECK(!mt_sample_get(&s, MT_FIELD_COUNT, &v));
	mt_sample_put(&s, MT_FIELD_COUNT, 1);
	CHECK_STR(mt_sample_schema[MT_FIELD_bandwidth_bytes_per_s].unit, "bytes/s");
}

/* MigrationStatus in QEMU's qapi/migration.json as of 11.0, all of it, and what else may come. */
static const struct {
	const char *word;
	enum mt_status status;
} words[] = {
	{ "none", MT_STATUS_NONE }, { "setup", MT_STATUS_SETUP },
	{ "cancelling", MT_STATUS_CANCELLING },
	{ "cancelled", MT_STATUS_CANCELLED }, { "active", MT_STATUS_ACTIVE },
	{ "postcopy-device", MT_STATUS_POSTCOPY },
	{ "postcopy-active", MT_STATUS_POSTCOPY }, { "postcopy-paused", MT_STATUS_POSTCOPY_PAUSED },
	{ "postcopy-recover-setup", MT_STATUS_POSTCOPY },
	{ "postcopy-recover", MT_STATUS_POSTCOPY },
	{ "completed", MT_STATUS_COMPLETED }, { "failing", MT_STATUS_FAILED },
	{ "failed", MT_STATUS_FAILED },
	{ "colo", MT_STATUS_UNKNOWN }, { "pre-switchover", MT_STATUS_SWITCHOVER },
	{ "device", MT_STATUS_SWITCHOVER },
	{ "wait-unplug", MT_STATUS_SETUP },
	{ "actives", MT_STATUS_UNKNOWN }, { "", MT_STATUS_UNKNOWN },
	{ "Active", MT_STATUS_UNKNOWN },
	{ "warp-drive", MT_STATUS_UNKNOWN }, { NULL, MT_STATUS_UNKNOWN },
};

static void test_status(void)
{
	for (int i = 0; i < MT_STATUS_COUNT; i++) {
		CHECK_INT(mt_status_of(mt_status_name(i)), i);
		CHECK(!mt_status_why(i)[0] == (i == MT_STATUS_ACTIVE));
	}
	for (size_t i = 0; i < MT_ARRAY_SIZE(words); i++)
		CHECK_INT(mt_status_of(words[i].word), words[i].status);
	CHECK_STR(mt_status_name(MT_STATUS_COUNT), "unknown");
	CHECK(strstr(mt_status_why(MT_STATUS_SWITCHOVER), "switchover is under way"));
	CHECK(strstr(mt_status_why(MT_STATUS_POSTCOPY_PAUSED), "--postcopy-resume"));
}

static void test_status_kinds(void)
{
	static const struct {
		enum mt_status status;
		bool over, postcopy, under_way;
	} rows[] = {
		{ MT_STATUS_NONE, true, false, false }, { MT_STATUS_SETUP, false, false, true },
		{ MT_STATUS_ACTIVE, false, false, true },
		{ MT_STATUS_SWITCHOVER, false, false, true },
		{ MT_STATUS_POSTCOPY, false, true, true },
		{ MT_STATUS_POSTCOPY_PAUSED, false, true, true },
		{ MT_STATUS_COMPLETED, true, false, false },
		{ MT_STATUS_FAILED, true, false, false },
		{ MT_STATUS_CANCELLING, false, false, false },
		{ MT_STATUS_CANCELLED, true, false, false },
		{ MT_STATUS_UNKNOWN, false, false, false },
	};

	CHECK_INT(MT_ARRAY_SIZE(rows), MT_STATUS_COUNT);
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		CHECK_INT(rows[i].status, i);
		CHECK_INT(mt_status_is_over(i), rows[i].over);
		CHECK_INT(mt_status_is_postcopy(i), rows[i].postcopy);
		CHECK_INT(mt_status_is_under_way(i), rows[i].under_way);
	}
}

/* What QEMU's events told last, what libvirt's figures look like, and what it is. */
static void test_combine(void)
{
	static const struct {
		enum mt_status told, seen, is;
	} rows[] = {
		/* no event yet, or no right to them */
		{ MT_STATUS_NONE, MT_STATUS_ACTIVE, MT_STATUS_ACTIVE },
		{ MT_STATUS_SETUP, MT_STATUS_SETUP, MT_STATUS_SETUP },
		/* no figures yet */
		{ MT_STATUS_ACTIVE, MT_STATUS_SETUP, MT_STATUS_SETUP },
		/* the event was lost, the figures are there */
		{ MT_STATUS_SETUP, MT_STATUS_ACTIVE, MT_STATUS_ACTIVE },
		{ MT_STATUS_ACTIVE, MT_STATUS_ACTIVE, MT_STATUS_ACTIVE },
		/* libvirt cannot tell the two */
		{ MT_STATUS_SWITCHOVER, MT_STATUS_ACTIVE, MT_STATUS_SWITCHOVER },
		{ MT_STATUS_CANCELLING, MT_STATUS_ACTIVE, MT_STATUS_CANCELLING },
		{ MT_STATUS_UNKNOWN, MT_STATUS_ACTIVE, MT_STATUS_UNKNOWN },
		{ MT_STATUS_ACTIVE, MT_STATUS_UNKNOWN, MT_STATUS_UNKNOWN },
		{ MT_STATUS_POSTCOPY, MT_STATUS_ACTIVE, MT_STATUS_POSTCOPY },
		{ MT_STATUS_POSTCOPY_PAUSED, MT_STATUS_POSTCOPY, MT_STATUS_POSTCOPY_PAUSED },
		/* recovered */
		{ MT_STATUS_POSTCOPY, MT_STATUS_POSTCOPY, MT_STATUS_POSTCOPY },
		/* the event was lost */
		{ MT_STATUS_ACTIVE, MT_STATUS_POSTCOPY, MT_STATUS_POSTCOPY },
		/* likewise: a flip passes through it */
		{ MT_STATUS_SWITCHOVER, MT_STATUS_POSTCOPY, MT_STATUS_POSTCOPY },
		/* the figures are old */
		{ MT_STATUS_CANCELLED, MT_STATUS_ACTIVE, MT_STATUS_CANCELLED },
		{ MT_STATUS_FAILED, MT_STATUS_ACTIVE, MT_STATUS_FAILED },
		{ MT_STATUS_COMPLETED, MT_STATUS_ACTIVE, MT_STATUS_COMPLETED },
		/* the job is gone */
		{ MT_STATUS_SWITCHOVER, MT_STATUS_NONE, MT_STATUS_NONE },
		{ MT_STATUS_SWITCHOVER, MT_STATUS_COMPLETED, MT_STATUS_COMPLETED },
		{ MT_STATUS_ACTIVE, MT_STATUS_FAILED, MT_STATUS_FAILED },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++)
		CHECK_INT(mt_status_combine(rows[i].told, rows[i].seen), rows[i].is);
	/*
	 * Whatever the two: only what both take for pre-copy, or what only one knows of, may be
	 * acted on.
	 */
	for (int told = 0; told < MT_STATUS_COUNT; told++)
		for (int seen = 0; seen < MT_STATUS_COUNT; seen++)
			if (mt_status_combine(told, seen) == MT_STATUS_ACTIVE)
				CHECK(seen == MT_STATUS_ACTIVE &&
				      (told == MT_STATUS_ACTIVE || told == MT_STATUS_SETUP ||
				       told == MT_STATUS_NONE));
}

static void test_begins(void)
{
	struct mt_sample last = { .t_ns = 1000, .status = MT_STATUS_ACTIVE }, next = last;

	mt_sample_set(&last, total_ms, 5000);
	mt_sample_set(&last, transferred_bytes, 1000000);
	mt_sample_set(&last, iteration, 4);
	next = last;
	next.t_ns = 2000;
	CHECK(!mt_sample_begins(&last, &next));
	mt_sample_set(&next, total_ms, 100);
	CHECK(!mt_sample_begins(&last, &next));		/* a clock that was set, say */
	mt_sample_set(&next, transferred_bytes, 0);
	mt_sample_set(&next, iteration, 1);
	CHECK(mt_sample_begins(&last, &next));
	next.t_ns = 999;				/* a look that came late */
	CHECK(!mt_sample_begins(&last, &next));
	next.t_ns = 2000;
	next.status = MT_STATUS_CANCELLED;
	CHECK(!mt_sample_begins(&last, &next));

	/* After an end anything under way is another one, with figures or without. */
	next = (struct mt_sample){ .t_ns = 2000, .status = MT_STATUS_SETUP };
	CHECK(!mt_sample_begins(&last, &next));
	last.status = MT_STATUS_FAILED;
	CHECK(mt_sample_begins(&last, &next));
	next.status = MT_STATUS_FAILED;
	CHECK(!mt_sample_begins(&last, &next));
	next.status = MT_STATUS_UNKNOWN;
	CHECK(!mt_sample_begins(&last, &next));
	last.status = MT_STATUS_POSTCOPY_PAUSED;
	next.status = MT_STATUS_POSTCOPY;		/* recovered */
	CHECK(!mt_sample_begins(&last, &next));
}

static int from_text(struct mt_sample *s, const char *text)
{
	json_error_t why;
	json_t *o = mt_json_load_tamed(text, strlen(text), &why);

	memset(s, 0, sizeof(*s));
	if (!o)
		return -ENOTSUP;
	mt_qmp_sample(s, o);
	json_decref(o);
	return 0;
}

/* An answer of QEMU 9, in its own words. */
static void test_qmp(void)
{
	struct mt_sample s;

	CHECK_INT(from_text(&s,
		"{\"expected-downtime\":300,\"status\":\"active\",\"setup-time\":2,\"total-time\":2008,"
		"\"cpu-throttle-percentage\":20,\"ram\":{\"total\":8607571968,\"postcopy-requests\":3,"
		"\"dirty-sync-count\":1,\"multifd-bytes\":0,\"pages-per-second\":35060,\"downtime-bytes\":0,"
		"\"page-size\":4096,\"remaining\":5184892928,\"mbps\":1082.29536,\"transferred\":283819042,"
		"\"duplicate\":768143,\"dirty-pages-rate\":17,\"normal-bytes\":276365312,\"normal\":67472}}"), 0);
	CHECK_INT(s.status, MT_STATUS_ACTIVE);
	CHECK(mt_sample_has(&s, total_ms) && s.total_ms == 2008);
	CHECK(mt_sample_has(&s, setup_ms) && s.setup_ms == 2);
	CHECK(mt_sample_has(&s, iteration) && s.iteration == 1);
	CHECK(mt_sample_has(&s, memory_bytes) && s.memory_bytes == 8607571968);
	CHECK(mt_sample_has(&s, remaining_bytes) && s.remaining_bytes == 5184892928);
	CHECK(mt_sample_has(&s, transferred_bytes) && s.transferred_bytes == 283819042);
	CHECK(mt_sample_has(&s, normal_pages) && s.normal_pages == 67472);
	CHECK(mt_sample_has(&s, zero_pages) && s.zero_pages == 768143);
	CHECK(mt_sample_has(&s, page_size_bytes) && s.page_size_bytes == 4096);
	CHECK(mt_sample_has(&s, dirty_pages_per_s) && s.dirty_pages_per_s == 17);
	CHECK(mt_sample_has(&s, bandwidth_bytes_per_s) && s.bandwidth_bytes_per_s == 135286920);
	CHECK(mt_sample_has(&s, expected_downtime_ms) && s.expected_downtime_ms == 300);
	CHECK(mt_sample_has(&s, throttle_percent) && s.throttle_percent == 20);
	CHECK(mt_sample_has(&s, postcopy_requests) && s.postcopy_requests == 3);
	CHECK(!mt_sample_has(&s, downtime_ms));

	CHECK_INT(from_text(&s, "{\"status\":\"completed\"}"), 0);
	CHECK_INT(s.status, MT_STATUS_COMPLETED);
	CHECK_INT(s.valid, 0);
}

/* Each of these is one figure that cannot be meant, in an answer that is read all the same. */
static void test_qmp_impossible(void)
{
	static const struct {
		const char *member;		/* of the answer, or with "ram." before it of
						 * "ram" */
		const char *value;
		bool miscounted;
	} rows[] = {
		{ "total-time", "-1" }, { "total-time", "1.5" }, { "total-time", "\"1\"" },
		{ "total-time", "null" },
		{ "total-time", "{}" }, { "total-time", "1e300" }, { "total-time", "NaN" },
		{ "total-time", "18446744073709551615" },
		{ "expected-downtime", "-9223372036854775808" },
		{ "cpu-throttle-percentage", "101" }, { "setup-time", "true" },
		{ "ram.mbps", "-1" }, { "ram.mbps", "-1.0" }, { "ram.mbps", "NaN" },
		{ "ram.mbps", "-Infinity" },
		{ "ram.mbps", "1e300" }, { "ram.mbps", "1e999" }, { "ram.mbps", "\"fast\"" },
		{ "ram.page-size", "0" }, { "ram.page-size", "4097" },
		{ "ram.normal", "99999999999999999999999999" },
		{ "ram.transferred", "18446744073709547520" },
		{ "ram.remaining", "null" }, { "ram.remaining", "\"many\"" },
		{ "ram.remaining", "0.5" },
		{ "ram.remaining", "18446744073709547520", true },
		{ "ram.remaining", "9223372036854775808", true },
		{ "ram.remaining", "-4096", true },
		{ "ram.remaining", "1.8446744073709548e19", true },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		bool in_ram = !strncmp(rows[i].member, "ram.", 4);
		struct mt_sample s;
		char text[512];

		if (in_ram)
			snprintf(
				text, sizeof(text),
				"{\"status\":\"active\",\"downtime\":77,\"ram\":{\"duplicate\":7,\"%s\":%s}}",
				rows[i].member + 4, rows[i].value);
		else
			snprintf(
				text, sizeof(text),
				"{\"status\":\"active\",\"downtime\":77,\"%s\":%s,\"ram\":{\"duplicate\":7}}",
				rows[i].member, rows[i].value);
		CHECK_INT(from_text(&s, text), 0);
		if (s.valid != (1ULL << MT_FIELD_downtime_ms | 1ULL << MT_FIELD_zero_pages) ||
		    s.miscounted != rows[i].miscounted)
			printf("# %s\n", text);
		CHECK_INT(s.status, MT_STATUS_ACTIVE);
		CHECK_INT(s.valid, 1ULL << MT_FIELD_downtime_ms | 1ULL << MT_FIELD_zero_pages);
		CHECK_INT(s.miscounted, rows[i].miscounted);
	}
}

/* No status, or none of QEMU's that we know: a sample all the same, and one that nobody acts on. */
static void test_qmp_status_unknown(void)
{
	static const char *const texts[] = {
		"{\"total-time\":1}",
		"{\"status\":7,\"total-time\":1}",
		"{\"status\":\"x\",\"total-time\":1}",
		"{\"status\":\"colo\",\"total-time\":1}",
		"{\"status\":null,\"total-time\":1,\"ram\":[]}",
		"{\"status\":[],\"total-time\":1,\"ram\":\"none\"}",
	};
	struct mt_sample s;

	for (size_t i = 0; i < MT_ARRAY_SIZE(texts); i++) {
		CHECK_INT(from_text(&s, texts[i]), 0);
		CHECK_INT(s.status, MT_STATUS_UNKNOWN);
		CHECK_INT(s.valid, 1ULL << MT_FIELD_total_ms);
	}
	CHECK_INT(from_text(&s, "[]"), 0);
	CHECK_INT(s.status, MT_STATUS_UNKNOWN);
	CHECK_INT(s.valid, 0);
}

/* What moves beside the memory is told, so that nobody takes it for standing still. */
static void test_qmp_beside(void)
{
	struct mt_sample s;

	CHECK_INT(
		from_text(
			&s,
			"{\"status\":\"active\",\"disk\":{\"transferred\":100,\"total\":1000},\"vfio\":{\"transferred\":11}}"),
		0);
	CHECK(mt_sample_has(&s, other_bytes) && s.other_bytes == 111);
	CHECK_INT(
		from_text(&s, "{\"status\":\"active\",\"disk\":{\"transferred\":-100},\"vfio\":7}"),
		0);
	CHECK(!mt_sample_has(&s, other_bytes));
}

static const struct ktap_case cases[] = {
	{ "each column has its own place", test_schema },
	{ "fields by name and by index are the same", test_fields_by_name },
	{ "a figure that the newer sample does not tell is as before", test_follow },
	{ "status names, ours and QMP's", test_status },
	{ "QEMU's answer becomes a sample", test_qmp },
	{ "what each status is", test_status_kinds },
	{ "QEMU's events and libvirt's figures together", test_combine },
	{ "where another migration begins", test_begins },
	{ "a figure that cannot be meant is unknown", test_qmp_impossible },
	{ "a status that is not known is a sample", test_qmp_status_unknown },
	{ "what disks and devices move is told beside the memory", test_qmp_beside },
};
KTAP_MAIN(cases)
