// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_sample.c - the schema of a sample, status names, QEMU's answer as a sample
 */
#include <errno.h>

#include <migtrace/cleanup.h>
#include <migtrace/sample.h>

#include "ktap.h"
#include "source/qmp.h"

static void test_schema(void)
{
	for (int f = 0; f < MT_FIELD_COUNT; f++) {
		const struct mt_field_info *i = &mt_sample_schema[f];
		struct mt_sample s = { 0 };
		uint64_t v = 0;

		CHECK(i->name && i->name[0] && i->unit && i->help && i->help[0]);
		CHECK(i->offset % sizeof(uint64_t) == 0 && i->offset + sizeof(uint64_t) <= sizeof(s));
		for (int g = 0; g < f; g++)
			CHECK(strcmp(i->name, mt_sample_schema[g].name) && i->offset != mt_sample_schema[g].offset);
		CHECK(!mt_sample_get(&s, f, &v));
		mt_sample_put(&s, f, 42);
		CHECK(mt_sample_get(&s, f, &v) && v == 42);
		CHECK_INT(s.valid, 1ULL << f);
	}
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

static void test_status(void)
{
	static const struct {
		const char *name;
		enum mt_status status;
	} qmp[] = {
		{ "none", MT_STATUS_NONE }, { "setup", MT_STATUS_SETUP }, { "wait-unplug", MT_STATUS_SETUP },
		{ "active", MT_STATUS_ACTIVE }, { "pre-switchover", MT_STATUS_ACTIVE }, { "device", MT_STATUS_ACTIVE },
		{ "postcopy-active", MT_STATUS_POSTCOPY }, { "postcopy-paused", MT_STATUS_POSTCOPY },
		{ "postcopy-recover", MT_STATUS_POSTCOPY }, { "completed", MT_STATUS_COMPLETED },
		{ "failed", MT_STATUS_FAILED }, { "cancelling", MT_STATUS_CANCELLED }, { "cancelled", MT_STATUS_CANCELLED },
	};
	enum mt_status status;

	for (int i = 0; i < MT_STATUS_COUNT; i++) {
		CHECK_INT(mt_status_parse(mt_status_name(i), &status), 0);
		CHECK_INT(status, i);
	}
	for (size_t i = 0; i < MT_ARRAY_SIZE(qmp); i++) {
		CHECK_INT(mt_status_parse(qmp[i].name, &status), 0);
		CHECK_INT(status, qmp[i].status);
	}
	status = MT_STATUS_FAILED;
	CHECK_INT(mt_status_parse("actives", &status), -EINVAL);
	CHECK_INT(mt_status_parse("", &status), -EINVAL);
	CHECK_INT(status, MT_STATUS_FAILED);
	CHECK(mt_status_name(MT_STATUS_COUNT));
}

static int from_text(struct mt_sample *s, const char *text, struct mt_err *err)
{
	json_t *o = json_loads(text, 0, NULL);
	int rc;

	memset(s, 0, sizeof(*s));
	if (!o)
		return -ENOTSUP;
	rc = mt_qmp_sample(s, o, err);
	json_decref(o);
	return rc;
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
		"\"duplicate\":768143,\"dirty-pages-rate\":17,\"normal-bytes\":276365312,\"normal\":67472}}", NULL), 0);
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

	CHECK_INT(from_text(&s, "{\"status\":\"completed\"}", NULL), 0);
	CHECK_INT(s.status, MT_STATUS_COMPLETED);
	CHECK_INT(s.valid, 0);
}

static void test_qmp_hostile(void)
{
	static const struct {
		const char *text, *key;
	} rows[] = {
		{ "{\"total-time\":1}", "status" }, { "{\"status\":7}", "status" }, { "{\"status\":\"x\"}", "status" },
		{ "{\"status\":\"active\",\"ram\":[]}", "ram" },
		{ "{\"status\":\"active\",\"total-time\":-1}", "total-time" },
		{ "{\"status\":\"active\",\"total-time\":1.5}", "total-time" },
		{ "{\"status\":\"active\",\"total-time\":\"1\"}", "total-time" },
		{ "{\"status\":\"active\",\"ram\":{\"remaining\":null}}", "remaining" },
		{ "{\"status\":\"active\",\"ram\":{\"mbps\":-1}}", "mbps" },
		{ "{\"status\":\"active\",\"ram\":{\"mbps\":1e300}}", "mbps" },
		{ "{\"status\":\"active\",\"ram\":{\"mbps\":\"fast\"}}", "mbps" },
		{ "[]", "status" },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		struct mt_err err = { 0 };
		struct mt_sample s;

		CHECK_INT(from_text(&s, rows[i].text, &err), -EBADMSG);
		CHECK(strstr(err.msg, rows[i].key));
	}
}

static const struct ktap_case cases[] = {
	{ "each column has its own place", test_schema },
	{ "fields by name and by index are the same", test_fields_by_name },
	{ "status names, ours and QMP's", test_status },
	{ "QEMU's answer", test_qmp },
	{ "what is no answer names its key", test_qmp_hostile },
};
KTAP_MAIN(cases)
