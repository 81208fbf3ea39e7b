/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domainwork.h - the workload of a guest of libvirt's, into a recording
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

#endif
