// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * domainwork.c - the workload of a guest of libvirt's, into a recording
 */
#include <errno.h>

#include "base/units.h"
#include "hypervisor/versions.h"
#include "hypervisor/vmm.h"
#include "domainwork.h"

/* a recording's resolution: a line of some 250 bytes before it is packed */
#define EVERY_NS	MT_NS_PER_S

int mt_domain_workload_open(struct mt_conn *c, const struct mt_domain_info *d, unsigned probes,
			    struct mt_workload **w, struct mt_err *err)
{
	pid_t pid;
	int rc;

	*w = NULL;
	if (!mt_versions_uri_is_local(mt_conn_uri(c)))
		return mt_err_set(err, -EREMOTE,
				  "%s is on another host: probes see the guests of their own",
				  d->name);
	rc = mt_vmm_pid(NULL, d->name, d->uuid, &pid, err);
	return rc ? rc : mt_workload_open(pid, probes, w, err);
}

void mt_workload_record(struct mt_workload *w, uint64_t *next_ns, struct mt_recorder *r)
{
	uint64_t now_ns = mt_now_ns();
	struct mt_work work;

	if (!w || now_ns < *next_ns)
		return;
	*next_ns = now_ns + EVERY_NS;
	mt_workload_read(w, &work);
	mt_recorder_work(r, &work);
}
