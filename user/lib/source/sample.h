/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sample.h - one look at a migration, whatever source it came from
 *
 * A sample is what QEMU (through libvirt, or in a recording) said of a running
 * migration job at one moment. A field that the source did not give is not
 * valid: unknown is never 0. One schema table names each column, its unit and
 * its meaning; the recording, JSON, CSV and text writers walk it.
 */
#ifndef MT_SAMPLE_H
#define MT_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What state a migration is in: our name, what a policy may do in it, and the sentence that says
 * why. QEMU's words are those of MigrationStatus in its qapi/migration.json, 7.2 to 11.0, which
 * sample.c maps to these; a word that is not among them, of a QEMU from the future, is "unknown":
 * it may mean anything, so nothing is done.
 *
 *	ours		QEMU's words			for acting
 *	none		none				over, or never begun
 *	setup		setup, wait-unplug		not yet: nothing has been sent
 *	active		active				may act; no other may
 *	switchover	pre-switchover, device		the guest has stopped already (from 10.0
 *							on QEMU passes through "device" whether
 *							or not it was told to pause there)
 *	postcopy	postcopy-device (10.2),		post-copy: the guest's memory is on both
 *			postcopy-active,		sides, only the end saves it
 *			postcopy-recover-setup (9.1),
 *			postcopy-recover
 *	postcopy-paused	postcopy-paused			likewise, and it stands still
 *	completed	completed			over
 *	failed		failing (11.0), failed		over
 *	cancelling	cancelling			being given up
 *	cancelled	cancelled			over
 *	unknown		colo (the guest goes on		not known what it would do
 *			on both sides), any other
 */
#define MT_STATUSES(X) \
	X(NONE,		"none",			"there is no migration") \
	X(SETUP,	"setup", \
	  "the migration is being set up: nothing has been sent yet") \
	X(ACTIVE,	"active",		"") \
	X(SWITCHOVER,	"switchover", \
	  "switchover is under way: QEMU has stopped the guest, and all that is left is to wait for the end") \
	X(POSTCOPY,	"postcopy", \
	  "post-copy is under way: all that is left is to wait for the end") \
	X(POSTCOPY_PAUSED, "postcopy-paused", \
	  "post-copy has stalled and the guest waits for its memory: " \
	  "recover it by virsh migrate --postcopy --postcopy-resume") \
	X(COMPLETED,	"completed",		"the migration has completed") \
	X(FAILED,	"failed",		"the migration has failed") \
	X(CANCELLING,	"cancelling",		"the migration is being cancelled") \
	X(CANCELLED,	"cancelled",		"the migration has been cancelled") \
	X(UNKNOWN,	"unknown", \
	  "the migration is in a state that is not known here: nothing is done to it")

enum mt_status {
#define X(id, name, why) MT_STATUS_##id,
	MT_STATUSES(X)
#undef X
	MT_STATUS_COUNT
};

/*
 * Every column of a sample: C name and JSON key, unit, meaning. All are
 * uint64_t. Sources: libvirt's virDomainGetJobStats() keys, QMP query-migrate.
 */
#define MT_SAMPLE_FIELDS(X) \
	X(total_ms,		"ms", \
	  "time since the migration began, by QEMU or libvirt") \
	X(setup_ms,		"ms",		"time the setup took") \
	X(iteration,		"", \
	  "dirty bitmap syncs so far; n while pass n is under way") \
	X(memory_bytes,		"bytes",	"guest memory that is migrated") \
	X(remaining_bytes,	"bytes",	"memory still to be sent") \
	X(transferred_bytes,	"bytes",	"sent on the wire so far") \
	X(other_bytes,		"bytes", \
	  "sent so far of disks and devices, as far as QEMU counts them apart") \
	X(normal_pages,		"pages",	"pages sent whole so far") \
	X(zero_pages,		"pages", \
	  "pages of one repeated byte, sent as a marker, so far") \
	X(page_size_bytes,	"bytes",	"size of the pages counted here") \
	X(dirty_pages_per_s,	"pages/s", \
	  "QEMU's own dirty rate: refreshed at syncs at least 1 s apart") \
	X(bandwidth_bytes_per_s, "bytes/s",	"QEMU's throughput over its last 100 ms") \
	X(expected_downtime_ms,	"ms",		"QEMU's own expectation, as of the last sync") \
	X(downtime_ms,		"ms", \
	  "downtime as QEMU or libvirt report it after completion") \
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
	uint64_t sync_t_ns;	/* boundary: when QEMU finished that sync, by its own stamp, on the
				 * same clock; 0 = not known */
	enum mt_status status;
	bool boundary;		/* taken because an iteration ended */
	bool anew;		/* the first after the migration was begun again: its counters begin
				 * again, too */
	bool miscounted;	/* what QEMU says is left cannot be true: it has lost count */
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

/*
 * What @newer does not tell is as before: the last answers about a migration often have no figures.
 */
void mt_sample_follow(struct mt_sample *known, const struct mt_sample *newer);

/*
 * A figure as QEMU or libvirt told it. One that cannot be true stays unknown: counters that fell
 * below 0 come as nearly 2^64 (or as negative: @negative), pages of 0 bytes, throttles of more than
 * 100 %. Of what is left, that says more: ->miscounted.
 */
void mt_sample_told(struct mt_sample *s, enum mt_field f, uint64_t value, bool negative);

/*
 * Does @s begin another migration than the one that @last was of? Either @last was over and @s is
 * not, or time, bytes and passes all begin anew. For recordings, which may have several; a live
 * source may tell old figures late.
 */
bool mt_sample_begins(const struct mt_sample *last, const struct mt_sample *s);

const char *mt_status_name(enum mt_status status);	/* "active" ... */
enum mt_status mt_status_of(const char *word);		/* ours or QEMU's; MT_STATUS_UNKNOWN for any
							 * other, and for NULL */
const char *mt_status_why(enum mt_status status);	/* no policy acts in it, as a sentence; ""
							 * for active */
bool mt_status_is_over(enum mt_status status);		/* nothing more comes of it: completed,
							 * failed, cancelled, none */
bool mt_status_is_postcopy(enum mt_status status);	/* going on or standing still */
bool mt_status_is_under_way(enum mt_status status);	/* neither over, nor being cancelled, nor
							 * unknown */

/*
 * libvirt's job statistics do not tell a switchover from pre-copy, nor post-copy that stands still
 * from one that goes on; QEMU's MIGRATION events do. @told: the status of this migration's newest
 * event, MT_STATUS_NONE before the first (and after events may have been missed); @seen: the
 * sample's. Of two that differ, the one that lets less be done.
 */
enum mt_status mt_status_combine(enum mt_status told, enum mt_status seen);

#endif
