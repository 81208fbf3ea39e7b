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
 *	it was powered off at the source	failed
 *	on neither side, both looked at		lost
 *	else					unknown
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "settle.h"
#include "settle_ask.h"

/* for the guest to get to the destination, or to run again at the source */
#define LOOK_MS		5000
#define SOURCE_BACK_MS	30000	/* for a restarted libvirtd to answer */
#define POSTCOPY_MS	120000	/* for a post-copy that goes on without its libvirtd */
#define LOOK_EVERY_MS	100
#define GLANCE_MS	500	/* to tell whether a guest runs takes two looks */

static bool is_off_by_itself(int reason)
{
	return reason == VIR_DOMAIN_SHUTOFF_SHUTDOWN || reason == VIR_DOMAIN_SHUTOFF_DESTROYED ||
	       reason == VIR_DOMAIN_SHUTOFF_CRASHED;
}

static enum mt_side source_once(const struct mt_settle_input *in, int *reason)
{
	struct mt_domain_state now;
	struct mt_err err = { 0 };
	int rc = mt_domain_state(in->source, in->uuid, &now, &err);

	*reason = 0;
	if (rc == -ENOENT)
		return MT_SIDE_ABSENT;
	if (rc)
		return MT_SIDE_UNKNOWN;
	*reason = now.reason;
	switch (now.state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
		return MT_SIDE_RUNS;
	case VIR_DOMAIN_PAUSED:
	case VIR_DOMAIN_PMSUSPENDED:
		return MT_SIDE_PAUSED;
	case VIR_DOMAIN_SHUTOFF:
		return is_off_by_itself(now.reason) ? MT_SIDE_OFF : MT_SIDE_ABSENT;
	default:
		return MT_SIDE_ABSENT;
	}
}

/*
 * libvirt resumes a guest that was paused for a migration a moment after the
 * migration failed, and a post-copy goes on without its libvirtd: give both
 * their time before calling the guest paused.
 */
static enum mt_side look_at_source(const struct mt_settle_input *in)
{
	uint64_t begin = mt_now_ns(), waited_ms = 0;
	enum mt_side seen;
	int reason;

	if (mt_conn_wait(in->source, SOURCE_BACK_MS))
		return MT_SIDE_UNKNOWN;
	for (;;) {
		bool flipped;

		seen = source_once(in, &reason);
		flipped = seen == MT_SIDE_PAUSED && reason == VIR_DOMAIN_PAUSED_POSTCOPY;
		if (seen == MT_SIDE_RUNS || seen == MT_SIDE_ABSENT || seen == MT_SIDE_OFF ||
		    (seen == MT_SIDE_PAUSED && in->was_paused && !flipped))
			return seen;
		waited_ms = (mt_now_ns() - begin) / MT_NS_PER_MS;
		if (waited_ms >= (flipped ? POSTCOPY_MS : LOOK_MS))
			return seen;
		mt_sleep_ms(LOOK_EVERY_MS);
	}
}

static const char *because(const struct mt_settle_input *in)
{
	static const char said[] = "migration failed: ";	/* already, by us */

	if (!in->text || !*in->text)
		return "libvirt gave no reason";
	return strncmp(in->text, said, sizeof(said) - 1) ? in->text : in->text + sizeof(said) - 1;
}

static enum mt_outcome at_source(const struct mt_settle_input *in, char *detail, size_t size)
{
	if (in->cancelled) {
		snprintf(detail, size,
			 "the migration was cancelled; the guest goes on at the source");
		return MT_OUTCOME_ABORTED;
	}
	snprintf(detail, size, "the migration failed: %s; the guest goes on at the source",
		 because(in));
	return MT_OUTCOME_FAILED;
}

static enum mt_outcome at_destination(const struct mt_settle_input *in, enum mt_side seen,
				      const char *where, char *detail, size_t size)
{
	if (seen == MT_SIDE_RUNS) {
		snprintf(detail, size, "the guest runs at %s", where);
		return MT_OUTCOME_COMPLETED;
	}
	if (in->was_paused) {
		snprintf(detail, size, "the guest is at %s, paused as it was before", where);
		return MT_OUTCOME_COMPLETED;
	}
	snprintf(detail, size, "the guest is at %s but does not run: look there, then virsh resume",
		 where);
	return MT_OUTCOME_PAUSED;
}

static enum mt_outcome off_at_source(const struct mt_settle_input *in, char *detail, size_t size)
{
	snprintf(detail, size, "the guest %s while it migrated; it is off, at the source",
		 in->off && *in->off ? in->off : "was shut down");
	return MT_OUTCOME_FAILED;
}

/* Whoever resumes it here while it runs elsewhere makes two of it. */
static void paused_at_source(const struct mt_settle_input *in, enum mt_side destination,
			     const struct mt_err *err, char *detail, size_t size)
{
	if (destination == MT_SIDE_ABSENT || destination == MT_SIDE_OFF ||
	    destination == MT_SIDE_PAUSED)
		snprintf(detail, size,
			 "the guest is paused at the source and does not run elsewhere: %s",
			 because(in));
	else if (in->destinations && *in->destinations)
		snprintf(detail, size, "the guest is paused at the source; whether it runs at the destination could not be checked, "
			 "so check before you resume it: %s", err->msg);
	else
		snprintf(detail, size, "the guest is paused at the source (%s); no destination was named to check, so check there before you resume it",
			 because(in));
}

/* Nobody has it, as far as they answered. */
static enum mt_outcome nowhere(const struct mt_settle_input *in, enum mt_side source,
			       enum mt_side destination, const struct mt_err *err, char *detail,
			       size_t size)
{
	if (destination == MT_SIDE_UNKNOWN && in->claimed) {
		snprintf(detail, size, "libvirt reports success; the destination was not checked: %s",
			 in->destinations && *in->destinations ? err->msg : "none was named");
		return MT_OUTCOME_COMPLETED_UNVERIFIED;
	}
	if (source == MT_SIDE_ABSENT && destination == MT_SIDE_ABSENT) {
		snprintf(detail, size, "the guest is on neither side: %s", because(in));
		return MT_OUTCOME_LOST;
	}
	snprintf(detail, size,
		 "where the guest is could not be determined (source %s, destination %s): %s",
		 source == MT_SIDE_ABSENT ? "no longer has it" : "does not answer",
		 destination == MT_SIDE_ABSENT ? "does not have it" :
						 "was not or could not be checked",
		 *err->msg ? err->msg : because(in));
	return MT_OUTCOME_UNKNOWN;
}

enum mt_outcome mt_settle(const struct mt_settle_input *in, char *detail, size_t size,
			  const char **found)
{
	enum mt_side source, destination = MT_SIDE_UNKNOWN;
	const char *where = "the destination";
	struct mt_err err = { 0 };

	*found = NULL;
	if (in->claimed) {
		destination = mt_settle_ask(in->destinations, in->uuid, LOOK_MS, &where, &err);
		if (destination == MT_SIDE_RUNS || destination == MT_SIDE_PAUSED) {
			*found = where;
			return at_destination(in, destination, where, detail, size);
		}
	}
	source = look_at_source(in);
	if (source == MT_SIDE_RUNS)
		return at_source(in, detail, size);
	if (!in->claimed) {
		/* One that was powered off at the source has not got to anywhere. */
		bool quick =
			source == MT_SIDE_PAUSED || source == MT_SIDE_OFF || (in->off && *in->off);

		destination = mt_settle_ask(in->destinations, in->uuid, quick ? GLANCE_MS : LOOK_MS,
					    &where, &err);
		/*
		 * An incoming guest is paused until its migration is done: where the source still
		 * has one, that is ours.
		 */
		if (destination == MT_SIDE_RUNS ||
		    (destination == MT_SIDE_PAUSED && source == MT_SIDE_ABSENT && !quick)) {
			*found = where;
			return at_destination(in, destination, where, detail, size);
		}
	}
	if (source == MT_SIDE_OFF || (source == MT_SIDE_ABSENT && in->off && *in->off))
		return off_at_source(in, detail, size);
	if (source == MT_SIDE_PAUSED && in->was_paused)
		return at_source(in, detail, size);
	if (source == MT_SIDE_PAUSED) {
		paused_at_source(in, destination, &err, detail, size);
		return MT_OUTCOME_PAUSED;
	}
	return nowhere(in, source, destination, &err, detail, size);
}
