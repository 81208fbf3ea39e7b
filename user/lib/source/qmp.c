// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * qmp.c - QEMU's answer to query-migrate as a sample
 *
 * QEMU, qapi/migration.json, MigrationInfo and MigrationStats (7.2 to 10.0):
 * times in ms, sizes in bytes, "mbps" in 10^6 bits a second.
 */
#include <errno.h>
#include <math.h>

#include <migtrace/cleanup.h>

#include "source/qmp.h"

#define BYTES_PER_S_PER_MBPS	(1e6 / 8)
#define MBPS_MAX		1e9	/* a petabit: more is no measurement */

static const struct {
	const char *key;
	enum mt_field field;
	bool in_ram;			/* inside "ram" */
} keys[] = {
	{ "total-time",		MT_FIELD_total_ms, false },
	{ "setup-time",		MT_FIELD_setup_ms, false },
	{ "expected-downtime",	MT_FIELD_expected_downtime_ms, false },
	{ "downtime",		MT_FIELD_downtime_ms, false },
	{ "cpu-throttle-percentage", MT_FIELD_throttle_percent, false },
	{ "total",		MT_FIELD_memory_bytes, true },
	{ "remaining",		MT_FIELD_remaining_bytes, true },
	{ "transferred",	MT_FIELD_transferred_bytes, true },
	{ "normal",		MT_FIELD_normal_pages, true },
	{ "duplicate",		MT_FIELD_zero_pages, true },
	{ "page-size",		MT_FIELD_page_size_bytes, true },
	{ "dirty-pages-rate",	MT_FIELD_dirty_pages_per_s, true },
	{ "dirty-sync-count",	MT_FIELD_iteration, true },
	{ "postcopy-requests",	MT_FIELD_postcopy_requests, true },
};

static int read_status(struct mt_sample *s, const json_t *answer, struct mt_err *err)
{
	const char *name = json_string_value(json_object_get(answer, "status"));

	if (!name)
		return mt_err_set(err, -EBADMSG, "\"status\" is missing or no string");
	if (mt_status_parse(name, &s->status))
		return mt_err_set(err, -EBADMSG, "\"status\" has the unknown value \"%.40s\"", name);
	return 0;
}

int mt_qmp_sample(struct mt_sample *s, const json_t *answer, struct mt_err *err)
{
	const json_t *ram = json_object_get(answer, "ram");
	const json_t *mbps = json_object_get(ram, "mbps");

	if (read_status(s, answer, err))
		return -EBADMSG;
	if (ram && !json_is_object(ram))
		return mt_err_set(err, -EBADMSG, "\"ram\" is no object");
	for (size_t i = 0; i < MT_ARRAY_SIZE(keys); i++) {
		const json_t *v = json_object_get(keys[i].in_ram ? ram : answer, keys[i].key);

		if (!v)
			continue;
		if (!json_is_integer(v) || json_integer_value(v) < 0)
			return mt_err_set(err, -EBADMSG, "\"%s\" is not a whole number that is 0 or more", keys[i].key);
		mt_sample_put(s, keys[i].field, (uint64_t)json_integer_value(v));
	}
	if (mbps) {
		double v = json_number_value(mbps);

		if (!json_is_number(mbps) || !isfinite(v) || v < 0 || v > MBPS_MAX)
			return mt_err_set(err, -EBADMSG, "\"mbps\" is not a rate");
		mt_sample_set(s, bandwidth_bytes_per_s, (uint64_t)(v * BYTES_PER_S_PER_MBPS + 0.5));
	}
	return 0;
}
