// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * settle.c - find out where the guest is after a migration
 *
 * libvirt's word alone is not enough: a migration has been seen to be reported
 * as done with the guest gone from both hosts (post-copy with parallel
 * connections, QEMU 7.2). So both sides are asked, and the answer is a table:
 *
 *	destination runs it			completed
 *	destination has it, paused		paused (or completed, if it was paused before)
 *	nobody to ask, libvirt said success	completed, not verified
 *	source runs it				aborted or failed
 *	source has it, paused			paused
 *	on neither side, both looked at		lost
 *	else					unknown
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <migtrace/units.h>

#include "settle.h"

#define LOOK_MS		5000	/* for the guest to get to the destination, or to run again at the source */
#define SOURCE_BACK_MS	30000	/* for a restarted libvirtd to answer */
#define POSTCOPY_MS	120000	/* for a post-copy that goes on without its libvirtd */
#define LOOK_EVERY_MS	100

enum side {
	SIDE_RUNS,
	SIDE_PAUSED,
	SIDE_ABSENT,
	SIDE_UNKNOWN,
};

static enum side look_at_destination(const struct mt_settle_input *in, const char **where,
				     uint64_t timeout_ms, struct mt_err *err)
{
	enum side seen = SIDE_UNKNOWN;

	for (const char *const *uri = in->destinations; uri && *uri; uri++) {
		struct mt_conn *c;
		int rc;

		rc = mt_conn_peer(in->source, *uri, &c, err);
		if (rc)
			continue;
		rc = mt_domain_verify(c, in->uuid, timeout_ms, err);
		mt_conn_close(c);
		*where = *uri;
		if (!rc)
			return SIDE_RUNS;
		if (rc == -EAGAIN)
			return SIDE_PAUSED;
		if (rc == -ENOENT && seen == SIDE_UNKNOWN)
			seen = SIDE_ABSENT;
	}
	return seen;
}

static enum side source_once(const struct mt_settle_input *in, int *reason)
{
	struct mt_domain_info info;
	struct mt_err err = { 0 };
	int rc = mt_domain_info(in->source, in->uuid, &info, &err);

	*reason = 0;
	if (rc == -ENOENT)
		return SIDE_ABSENT;
	if (rc)
		return SIDE_UNKNOWN;
	*reason = info.reason;
	switch (info.state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
		return SIDE_RUNS;
	case VIR_DOMAIN_PAUSED:
	case VIR_DOMAIN_PMSUSPENDED:
		return SIDE_PAUSED;
	default:
		return SIDE_ABSENT;
	}
}

/*
 * libvirt resumes a guest that was paused for a migration a moment after the
 * migration failed, and a post-copy goes on without its libvirtd: give both
 * their time before calling the guest paused.
 */
static enum side look_at_source(const struct mt_settle_input *in)
{
	uint64_t begin = mt_now_ns(), waited_ms = 0;
	enum side seen;
	int reason;

	if (mt_conn_wait(in->source, SOURCE_BACK_MS))
		return SIDE_UNKNOWN;
	for (;;) {
		bool flipped;

		seen = source_once(in, &reason);
		flipped = seen == SIDE_PAUSED && reason == VIR_DOMAIN_PAUSED_POSTCOPY;
		if (seen == SIDE_RUNS || seen == SIDE_ABSENT || (seen == SIDE_PAUSED && in->was_paused && !flipped))
			return seen;
		waited_ms = (mt_now_ns() - begin) / MT_NS_PER_MS;
		if (waited_ms >= (flipped ? POSTCOPY_MS : LOOK_MS))
			return seen;
		mt_sleep_ms(LOOK_EVERY_MS);
	}
}

static const char *because(const struct mt_settle_input *in)
{
	return in->text && *in->text ? in->text : "libvirt gave no reason";
}

static enum mt_outcome at_source(const struct mt_settle_input *in, char *detail, size_t size)
{
	if (in->cancelled) {
		snprintf(detail, size, "the migration was cancelled; the guest goes on at the source");
		return MT_OUTCOME_ABORTED;
	}
	snprintf(detail, size, "the migration failed: %s; the guest goes on at the source", because(in));
	return MT_OUTCOME_FAILED;
}

static enum mt_outcome at_destination(const struct mt_settle_input *in, enum side seen,
				      const char *where, char *detail, size_t size)
{
	if (seen == SIDE_RUNS) {
		snprintf(detail, size, "the guest runs at %s", where);
		return MT_OUTCOME_COMPLETED;
	}
	if (in->was_paused) {
		snprintf(detail, size, "the guest is at %s, paused as it was before", where);
		return MT_OUTCOME_COMPLETED;
	}
	snprintf(detail, size, "the guest is at %s but does not run: look there, then virsh resume", where);
	return MT_OUTCOME_PAUSED;
}

enum mt_outcome mt_settle(const struct mt_settle_input *in, char *detail, size_t size)
{
	enum side source, destination = SIDE_UNKNOWN;
	const char *where = "the destination";
	struct mt_err err = { 0 };

	if (in->claimed) {
		destination = look_at_destination(in, &where, LOOK_MS, &err);
		if (destination == SIDE_RUNS || destination == SIDE_PAUSED)
			return at_destination(in, destination, where, detail, size);
	}
	source = look_at_source(in);
	if (source == SIDE_RUNS)
		return at_source(in, detail, size);
	if (!in->claimed) {
		destination = look_at_destination(in, &where, source == SIDE_PAUSED ? 0 : LOOK_MS, &err);
		/* An incoming guest is paused until its migration is done: where the source still has one, that is ours. */
		if (destination == SIDE_RUNS || (destination == SIDE_PAUSED && source == SIDE_ABSENT))
			return at_destination(in, destination, where, detail, size);
	}
	if (source == SIDE_PAUSED && in->was_paused)
		return at_source(in, detail, size);
	if (source == SIDE_PAUSED) {
		snprintf(detail, size, "the guest is paused at the source and does not run elsewhere: %s", because(in));
		return MT_OUTCOME_PAUSED;
	}
	if (destination == SIDE_UNKNOWN && in->claimed) {
		snprintf(detail, size, "libvirt reports success; the destination was not looked at: %s",
			 in->destinations && *in->destinations ? err.msg : "none was named");
		return MT_OUTCOME_COMPLETED_UNVERIFIED;
	}
	if (source == SIDE_ABSENT && destination == SIDE_ABSENT) {
		snprintf(detail, size, "the guest is on neither side: %s", because(in));
		return MT_OUTCOME_LOST;
	}
	snprintf(detail, size, "where the guest is cannot be told (source %s, destination %s): %s",
		 source == SIDE_ABSENT ? "has it no more" : "does not answer",
		 destination == SIDE_ABSENT ? "does not have it" : "was not or could not be looked at",
		 *err.msg ? err.msg : because(in));
	return MT_OUTCOME_UNKNOWN;
}
