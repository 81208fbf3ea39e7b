// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virt_host.c - the host behind a connection of libvirt's
 *
 * Threads: any but the loop's. Nothing is kept.
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "host_link.h"
#include "versions.h"
#include "virt_lookup.h"

#define STATS_MAX	16	/* libvirt has four of memory, six of the CPUs */

/*
 * Free, buffers and the page cache: no less than what a guest can have. The cache also counts
 * tmpfs, where guests with shared memory have theirs, and libvirt does not tell it apart: what is
 * not there by this is not there, but not the other way round.
 */
static bool from_stats(virConnectPtr virt, uint64_t *bytes)
{
	static const char *const counted[] = {
		VIR_NODE_MEMORY_STATS_FREE, VIR_NODE_MEMORY_STATS_BUFFERS,
		VIR_NODE_MEMORY_STATS_CACHED,
	};
	virNodeMemoryStats stats[STATS_MAX];
	int n = 0, all = VIR_NODE_MEMORY_STATS_ALL_CELLS;

	if (virNodeGetMemoryStats(virt, all, NULL, &n, 0) < 0 || n <= 0 || n > STATS_MAX ||
	    virNodeGetMemoryStats(virt, all, stats, &n, 0) < 0)
		return false;
	*bytes = 0;
	for (int i = 0; i < n; i++)
		for (size_t k = 0; k < MT_ARRAY_SIZE(counted); k++)
			if (!strcmp(stats[i].field, counted[k]))
				*bytes += stats[i].value * 1024;
	return true;
}

int virt_host_free_memory(struct mt_conn *c, uint64_t *bytes, struct mt_err *err)
{
	mt_autovirt virConnectPtr virt = NULL;
	int ret = mt_lookup_conn(c, &virt, err);

	if (ret || from_stats(virt, bytes))
		return ret;
	*bytes = virNodeGetFreeMemory(virt);
	return *bytes ? 0 : mt_virt_error(err, "cannot ask for the host's memory");
}

/*
 * Of all its CPUs, by /proc/stat. A CPU that waits for a disk is not idle there: what it waited for
 * may go down again, and a thread that compresses would wait with it.
 */
int virt_host_work(struct mt_conn *c, struct mt_work *total, struct mt_err *err)
{
	mt_autovirt virConnectPtr virt = NULL;
	virNodeCPUStats stats[STATS_MAX];
	int n = 0, all = VIR_NODE_CPU_STATS_ALL_CPUS, ret = mt_lookup_conn(c, &virt, err);

	if (ret)
		return ret;
	if (virNodeGetCPUStats(virt, all, NULL, &n, 0) < 0 || n <= 0 || n > STATS_MAX ||
	    virNodeGetCPUStats(virt, all, stats, &n, 0) < 0)
		return mt_virt_error(err, "cannot ask for the time of the host's CPUs");
	for (int i = 0; i < n; i++)
		if (!strcmp(stats[i].field, VIR_NODE_CPU_STATS_IDLE))
			mt_work_put(total, MT_WORK_host_idle_ns, stats[i].value);
	if (mt_versions_uri_is_local(mt_conn_uri(c)))
		mt_host_link(MT_HOST_LINK_DIRECTORY, total);
	total->t_ns = mt_now_ns();
	return 0;
}
