// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * profiling_wait.c - waiting in a profile: for time to pass, a migration to begin, or the end
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "profiling.h"

#define LOOK_MS		500	/* for a migration that no event announced */

/* Return: true when the profile ends here. */
static bool heed(struct mt_profiling *r, const struct mt_event *ev, enum mt_ending *ending,
		 struct mt_err *err)
{
	switch (ev->kind) {
	case MT_EVENT_MIGRATION:
		*ending = MT_ENDING_MIGRATION;
		return mt_status_is_under_way(ev->status);
	case MT_EVENT_LIFECYCLE:
		*ending = MT_ENDING_FAILED;
		if (ev->lifecycle != VIR_DOMAIN_EVENT_STOPPED &&
		    ev->lifecycle != VIR_DOMAIN_EVENT_CRASHED)
			return false;
		mt_err_set(err, -ENOENT, "%s stopped while it was measured", r->domain.name);
		return true;
	case MT_EVENT_CONN_DOWN:
		*ending = MT_ENDING_FAILED;
		mt_err_set(err, -ECONNRESET, "the connection to %s was lost while %s was measured",
			   mt_conn_uri(r->conn), r->domain.name);
		return true;
	default:
		return false;
	}
}

/* The recorder's first error is told when the recording is closed. */
static void keep_ticks(struct mt_profiling *r)
{
	if (r->profiler)
		mt_profiler_record(r->profiler, r->recorder);
	mt_workload_record(r->workload, &r->work_next_ns, r->recorder);
}

bool mt_profiling_wait(struct mt_profiling *r, uint64_t until_ns, enum mt_ending *ending,
		       struct mt_err *err)
{
	for (;;) {
		uint64_t now = mt_now_ns(), wait_ms = LOOK_MS;
		struct mt_sample s;
		struct mt_event ev;

		if (r->leave) {
			*ending = MT_ENDING_INTERRUPTED;
			return true;
		}
		if (now >= until_ns)
			return false;
		keep_ticks(r);
		if ((until_ns - now) / MT_NS_PER_MS < wait_ms)
			wait_ms = (until_ns - now) / MT_NS_PER_MS + 1;
		if (!mt_inbox_take(r->inbox, &ev, wait_ms)) {
			if (heed(r, &ev, ending, err))
				return true;
			continue;
		}
		/* Without the right to QEMU's events a migration is only seen by looking. */
		if (wait_ms == LOOK_MS && !mt_domain_sample(r->conn, r->domain.uuid, &s, NULL) &&
		    mt_status_is_under_way(s.status)) {
			*ending = MT_ENDING_MIGRATION;
			return true;
		}
	}
}
