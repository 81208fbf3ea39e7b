// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lifecycle.c - libvirt's lifecycle events in words
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "lifecycle.h"

/* Order of enum virDomainEventType and of each event's detail (libvirt-domain.h, 9.0). */
static const char *const started[] = { "booted",	"migrated", "restored",
				       "from snapshot", "wakeup",   "recovered" };
static const char *const suspended[] = { "paused",    "migrated",  "I/O error",
					 "watchdog",  "restored",  "from snapshot",
					 "API error", "post-copy", "post-copy failed" };
static const char *const resumed[] = { "unpaused", "migrated", "from snapshot", "post-copy",
				       "post-copy failed" };
static const char *const stopped[] = { "shut down", "destroyed", "crashed",	 "migrated",
				       "saved",	    "failed",	 "from snapshot" };

#define DETAILS(t) { #t, t, MT_ARRAY_SIZE(t) }
static const struct {
	const char *name;
	const char *const *details;
	size_t n_details;
} events[] = {
	{ "defined" }, { "undefined" }, DETAILS(started), DETAILS(suspended), DETAILS(resumed),
	DETAILS(stopped),
	{ "shutdown" }, { "suspended by power management" }, { "crashed" },
};

void mt_lifecycle_describe(char *buf, size_t size, int event, int detail)
{
	if (event < 0 || (size_t)event >= MT_ARRAY_SIZE(events))
		snprintf(buf, size, "event %d, detail %d", event, detail);
	else if (detail < 0 || (size_t)detail >= events[event].n_details)
		snprintf(buf, size, "%s", events[event].name);
	else
		snprintf(buf, size, "%s: %s", events[event].name, events[event].details[detail]);
}
