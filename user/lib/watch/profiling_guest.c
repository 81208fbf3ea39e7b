// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * profiling_guest.c - what else a forecast has to know of a guest: its memory, and how busy it is
 */
#include <math.h>

#include "profiling.h"

void mt_profiling_guest_begin(struct mt_profiling *r)
{
	struct mt_domain_info d;

	r->begin_ns = 0;
	if (mt_domain_info(r->conn, r->domain.uuid, &d, NULL))
		return;
	r->begin_ns = mt_now_ns();
	r->begin_cpu_ns = d.cpu_time_ns;
}

/*
 * Of all that its vCPUs could have used. QEMU's own threads are in it, so it may come out above 1.
 */
static double cpu_share(const struct mt_profiling *r, uint64_t now_ns)
{
	struct mt_domain_info d;

	if (!r->begin_ns || mt_domain_info(r->conn, r->domain.uuid, &d, NULL) || !d.vcpus ||
	    now_ns <= r->begin_ns || d.cpu_time_ns < r->begin_cpu_ns)
		return NAN;
	return fmin(1, (double)(d.cpu_time_ns - r->begin_cpu_ns) /
			       ((double)(now_ns - r->begin_ns) * d.vcpus));
}

void mt_profiling_guest_end(struct mt_profiling *r)
{
	uint64_t now_ns = mt_now_ns();
	double share = cpu_share(r, now_ns);
	struct mt_domain_memory memory;
	struct mt_err ignored = { 0 };

	if (mt_domain_memory(r->conn, &r->domain, &memory, &ignored))
		memory = (struct mt_domain_memory){ 0 };
	mt_recorder_guest(r->recorder, &(struct mt_record_guest){
		.t_ns = now_ns,
		.memory_bytes = r->domain.memory_bytes,
		.vcpus = r->domain.vcpus,
		.resident_bytes = memory.resident_bytes,
		.nonzero_bytes = memory.nonzero_bytes,
		.cpu_share = share,
	});
}

void mt_profiling_work_begin(struct mt_profiling *r)
{
	struct mt_err why = { 0 };

	if (!r->probes)
		return;
	if (mt_domain_workload_open(r->conn, &r->domain, r->probes, &r->workload, &why))
		mt_profiling_say(r, "probes: none: %s", why.msg);
	else if (*mt_workload_lacks(r->workload))
		mt_profiling_say(r, "probes: without %s", mt_workload_lacks(r->workload));
}
