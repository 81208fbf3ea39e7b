/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.h - looks at guests, none of which can make the others wait
 *
 * Whether a guest migrates is asked of its QEMU, which may never answer. So a few short-lived
 * threads ask, each over a connection of its own. One that does not come back is counted as stuck
 * and replaced, up to a bound; it is of use again when it does come back.
 */
#ifndef MIGTRACED_PROBE_H
#define MIGTRACED_PROBE_H

#include <jansson.h>

#include "hypervisor/domain.h"

#define PROBES_AT_ONCE		4
#define PROBES_MAX		32	/* with those that are stuck */
/* a guest whose QEMU works answers in milliseconds, in the worst moments in 1.5 s */
#define PROBE_STUCK_MS		5000

struct probes;

struct probes_options {
	/*
	 * It migrates away from here. @domain: its whole name; NULL: not known. On a probe's
	 * thread.
	 */
	void (*found)(const char *uuid, const char *domain, void *opaque);
	/* An answer came in, whatever it is. On a probe's thread. */
	void (*answered)(void *opaque);
	void *opaque;
};

MT_MUST_CHECK int probes_new(struct probes **p, const struct probes_options *options);

/*
 * Has them looked at, but for those that are being looked at already. Never blocks. Return: 0, or
 * -ENOMEM.
 */
MT_MUST_CHECK int probes_look(struct probes *p, const char *uri,
			      const struct mt_domain_name *guests, size_t n);

/* Now and then while there is work: replaces what is stuck. Return: whether there is work. */
bool probes_check(struct probes *p);

/*
 * Return: whether some could not be asked at all since the last call, and should be listed again.
 */
bool probes_failed(struct probes *p);

/* Adds an object for each that is stuck; see status.c. */
void probes_stuck_json(struct probes *p, json_t *array);

/* No more looks. Return: whether all came back by @until_ns; else they call nobody any more. */
bool probes_stop(struct probes *p, uint64_t until_ns);
/* After that, and by whoever uses them last: those that still hang are left to themselves. */
void probes_let_go(struct probes *p);

#endif
