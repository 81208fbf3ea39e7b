/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sample.h - one look at a migration, whatever source it came from
 *
 * A sample is what QEMU (through libvirt, or in a recording) said of a running
 * migration job at one moment. A field that the source did not give is not
 * valid: unknown is never 0. One schema table names each column, its unit and
 * its meaning; the recording, JSON, CSV and text writers walk it.
 */
#ifndef MIGTRACE_SAMPLE_H
#define MIGTRACE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mt_status {
	MT_STATUS_NONE,		/* no migration job */
	MT_STATUS_SETUP,
	MT_STATUS_ACTIVE,	/* pre-copy */
	MT_STATUS_POSTCOPY,
	MT_STATUS_COMPLETED,
	MT_STATUS_FAILED,
	MT_STATUS_CANCELLED,
	MT_STATUS_COUNT
};

/*
 * Every column of a sample: C name and JSON key, unit, meaning. All are
 * uint64_t. Sources: libvirt's virDomainGetJobStats() keys, QMP query-migrate.
 */
#define MT_SAMPLE_FIELDS(X) \
	X(total_ms,		"ms",		"time since the migration began, by QEMU or libvirt") \
	X(setup_ms,		"ms",		"time the setup took") \
	X(iteration,		"",		"dirty bitmap syncs so far; n while pass n is under way") \
	X(memory_bytes,		"bytes",	"guest memory that takes part") \
	X(remaining_bytes,	"bytes",	"memory still to be sent") \
	X(transferred_bytes,	"bytes",	"sent on the wire so far") \
	X(normal_pages,		"pages",	"pages sent whole so far") \
	X(zero_pages,		"pages",	"pages sent as a mark, all of one byte, so far") \
	X(page_size_bytes,	"bytes",	"size of the pages counted here") \
	X(dirty_pages_per_s,	"pages/s",	"QEMU's own dirty rate: refreshed at syncs at least 1 s apart") \
	X(bandwidth_bytes_per_s, "bytes/s",	"QEMU's throughput over its last 100 ms") \
	X(expected_downtime_ms,	"ms",		"QEMU's own expectation, as of the last sync") \
	X(downtime_ms,		"ms",		"downtime as QEMU or libvirt report it after completion") \
	X(throttle_percent,	"%",		"auto-converge throttle") \
	X(postcopy_requests,	"pages",	"pages the destination asked for in post-copy")

enum mt_field {
#define X(name, unit, help) MT_FIELD_##name,
	MT_SAMPLE_FIELDS(X)
#undef X
	MT_FIELD_COUNT
};

struct mt_sample {
	uint64_t t_ns;		/* when it was taken, on a monotonic clock */
	uint64_t sync_t_ns;	/* boundary: when QEMU finished that sync, by its own stamp, on the same clock; 0 = not known */
	enum mt_status status;
	bool boundary;		/* taken because an iteration ended */
	uint64_t valid;		/* bit per enum mt_field */
#define X(name, unit, help) uint64_t name;
	MT_SAMPLE_FIELDS(X)
#undef X
};

struct mt_field_info {
	const char *name;	/* C name, JSON key and CSV column */
	const char *unit;	/* "" = a plain count */
	const char *help;
	size_t offset;		/* of the uint64_t in struct mt_sample */
};

extern const struct mt_field_info mt_sample_schema[MT_FIELD_COUNT];

#define mt_sample_has(s, field)	(((s)->valid >> MT_FIELD_##field) & 1)
#define mt_sample_set(s, field, value) \
	((s)->field = (value), (s)->valid |= 1ULL << MT_FIELD_##field)

/* By index, for code that walks the schema. */
bool mt_sample_get(const struct mt_sample *s, enum mt_field f, uint64_t *value);
void mt_sample_put(struct mt_sample *s, enum mt_field f, uint64_t value);

const char *mt_status_name(enum mt_status status);		/* "active" ... */
int mt_status_parse(const char *name, enum mt_status *status);	/* -EINVAL if unknown; QMP's names too */

#endif
