/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * health.h - which threads make progress, and what the others wait for
 *
 * Each thread that must get on says what it does: at work of its own, which takes moments; waiting
 * for something to do; or in a call that somebody else answers, libvirt, QEMU or a disk. Only the
 * first has a limit. A thread that is beyond it is stuck and that is our own fault, and the
 * watchdog is no longer fed, so that systemd restarts us. A call that does not come back is
 * somebody else's: to be killed for it would take the supervisor from every other guest, and help
 * nobody, so it is named in `migtrace status`, and that is all.
 *
 *	health_begin("manager", 5000);
 *	while (...) {
 *		health_waiting("events");
 *		mt_inbox_take(...);
 *		health_call("listing the domains");
 *		mt_domain_names(...);
 *		health_busy();
 *		...
 *	}
 *	health_end();
 *
 * All but the last three functions are about the calling thread, and do nothing in one that has not
 * begun. Thread-safe; nothing here waits for long. The main thread needs none of it: it is the one
 * that feeds the watchdog.
 */
#ifndef MIGTRACED_HEALTH_H
#define MIGTRACED_HEALTH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"

/*
 * In a call for longer than this is told as stuck. libvirt answers late by up to 1.4 s when a
 * migration completes.
 */
#define HEALTH_STUCK_MS	5000

/*
 * @name: of the thread, such as "manager" or a guest's UUID; copied. @limit_ms: how long it may be
 * busy without a word. Without memory it is as if it had not begun.
 */
void health_begin(const char *name, uint64_t limit_ms);
void health_end(void);

void health_busy(void);			/* and once more at work that goes on: "still here" */
/* @what: a literal. */
void health_waiting(const char *what);	/* for something to do, for as long as it likes */
void health_call(const char *what);	/* from here on somebody else has to answer */

/* Whether a thread is busy beyond its limit; @who names one, with how long. */
bool health_late(uint64_t now_ns, char *who, size_t size);

/*
 * For status: [{thread, does: "works", "waits" or "calls", what, for_ms, stuck}]. NULL: no memory.
 */
json_t *health_status(uint64_t now_ns);

/*
 * Feeds systemd's watchdog from @event, if there is one, as long as no thread is late. Return: 0 or
 * -errno.
 */
MT_MUST_CHECK int health_watchdog(sd_event *event);

#endif
