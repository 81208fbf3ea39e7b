// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * querymigrate.c - QEMU's answer to query-migrate as a sample
 *
 * QEMU, qapi/migration.json, MigrationInfo and MigrationStats (7.2 to 11.0):
 * times in ms, sizes in bytes, "mbps" in 10^6 bits a second.
 */
#include <math.h>

#include "base/cleanup.h"
#include "querymigrate.h"

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

static const char *const beside_ram[] = { "disk", "vfio" };

/*
 * A whole number, as integer or, from readers that have no large ones, as real. Return: false for
 * what is neither.
 */
static bool read_whole(const json_t *v, uint64_t *value, bool *negative)
{
	double d = json_number_value(v);

	if (json_is_integer(v)) {
		*negative = json_integer_value(v) < 0;
		*value = (uint64_t)json_integer_value(v);
		return true;
	}
	if (!json_is_real(v) || !isfinite(d) || d != floor(d))
		return false;
	*negative = d < 0;
	*value = d < 0 ? 0 : d < 0x1p63 ? (uint64_t)d : UINT64_MAX;
	return true;
}

void mt_qmp_sample(struct mt_sample *s, const json_t *answer)
{
	const json_t *ram = json_object_get(answer, "ram");
	const json_t *mbps = json_object_get(ram, "mbps");
	uint64_t value, other = 0;
	bool negative, others = false;

	s->status = mt_status_of(json_string_value(json_object_get(answer, "status")));
	for (size_t i = 0; i < MT_ARRAY_SIZE(keys); i++)
		if (read_whole(json_object_get(keys[i].in_ram ? ram : answer, keys[i].key), &value,
			       &negative))
			mt_sample_told(s, keys[i].field, value, negative);
	for (size_t i = 0; i < MT_ARRAY_SIZE(beside_ram); i++) {
		const json_t *section = json_object_get(answer, beside_ram[i]);

		if (read_whole(json_object_get(section, "transferred"), &value, &negative) &&
		    !negative && value <= INT64_MAX) {
			other += value;
			others = true;
		}
	}
	if (others)
		mt_sample_told(s, MT_FIELD_other_bytes, other, false);
	/* -1 before the first 100 ms are over. */
	if (json_is_number(mbps) && json_number_value(mbps) >= 0 &&
	    json_number_value(mbps) <= MBPS_MAX)
		mt_sample_set(s, bandwidth_bytes_per_s,
			      (uint64_t)(json_number_value(mbps) * BYTES_PER_S_PER_MBPS + 0.5));
}
