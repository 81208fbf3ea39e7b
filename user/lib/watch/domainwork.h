/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domainwork.h - the workload of a guest of libvirt's: by probes, and by statistics where there are
 * none
 */
#ifndef MT_DOMAINWORK_H
#define MT_DOMAINWORK_H

#include "hypervisor/domain.h"
#include "source/workload.h"
#include "store/record.h"

/* Asks libvirt nothing. Return: as mt_workload_open(); -EREMOTE the guest is on another host. */
MT_MUST_CHECK int mt_domain_workload_open(struct mt_conn *c, const struct mt_domain_info *d,
					  unsigned probes, struct mt_workload **w,
					  struct mt_err *err);

/*
 * An entry a second: does nothing before *@next_ns, which begins as 0. @w NULL: nothing. The
 * recorder's thread.
 */
void mt_workload_record(struct mt_workload *w, uint64_t *next_ns, struct mt_recorder *r);

/*
 * What a guest does, second by second. Begins as zeros but for the first five. What its probes do
 * not count of its CPU and network libvirt's statistics tell, by a call that may block for as long
 * as any other of the connection.
 */
struct mt_domainwork {
	struct mt_conn *conn;
	const char *uuid;
	struct mt_workload *probes;	/* NULL: none; the caller's to close */
	unsigned vcpus;			/* 0: libvirt tells */
	bool host;			/* what its host has to spare is wanted, too */
	struct mt_work counters, host_counters;	/* libvirt's, as last read */
	uint64_t next_ns;
	bool refused, host_refused;	/* libvirt never tells */
	unsigned doubts;		/* so many readings are not believed yet */
};

/*
 * Return: 1 and what it did since the last time, when a second has passed since; or, where the last
 * call took long, so much more that calls take no more than a twentieth of the time. 0: not yet, or
 * nothing is known. -errno: the call failed; it is tried again.
 */
MT_MUST_CHECK int mt_domainwork_read(struct mt_domainwork *w, struct mt_work *work,
				     struct mt_err *err);

#endif
