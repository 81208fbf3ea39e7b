// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * domain_memory.c - how much of a guest's memory is there
 */
#include <errno.h>

#include "base/units.h"
#include "domain.h"
#include "versions.h"
#include "virt_lookup.h"
#include "vmm.h"

static int process_of(struct mt_conn *c, const struct mt_domain_info *info, pid_t *pid)
{
	struct mt_err ignored = { 0 };

	if (!mt_versions_uri_is_local(mt_conn_uri(c)))
		return -EREMOTE;
	return mt_vmm_pid(NULL, info->name, info->uuid, pid, &ignored);
}

uint64_t mt_domain_nonzero(struct mt_conn *c, const struct mt_domain_info *info)
{
	struct mt_err ignored = { 0 };
	uint64_t bytes;
	pid_t pid;

	if (process_of(c, info, &pid) ||
	    mt_vmm_nonzero(NULL, pid, info->memory_bytes, &bytes, &ignored))
		return 0;
	return bytes;
}

static int from_process(struct mt_conn *c, const struct mt_domain_info *info,
			struct mt_domain_memory *memory)
{
	struct mt_err ignored = { 0 };
	struct mt_vmm_memory m;
	pid_t pid;
	int rc = process_of(c, info, &pid);

	if (!rc)
		rc = mt_vmm_memory(NULL, pid, info->memory_bytes, &m, &ignored);
	if (!rc)
		*memory = (struct mt_domain_memory){ m.resident_bytes,
						     m.nonzero_known ? m.nonzero_bytes : 0 };
	return rc;
}

int mt_domain_memory(struct mt_conn *c, const struct mt_domain_info *info,
		     struct mt_domain_memory *memory, struct mt_err *err)
{
	virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
	mt_autodomain virDomainPtr dom = NULL;
	int rc, n;

	*memory = (struct mt_domain_memory){ 0 };
	if (!from_process(c, info, memory))
		return 0;
	rc = mt_lookup_uuid(c, info->uuid, &dom, err);
	if (rc)
		return rc;
	n = virDomainMemoryStats(dom, stats, MT_ARRAY_SIZE(stats), 0);
	if (n < 0)
		return mt_virt_error(err, "cannot ask how much of its memory is resident");
	for (int i = 0; i < n; i++)
		if (stats[i].tag == VIR_DOMAIN_MEMORY_STAT_RSS && stats[i].val) {
			uint64_t bytes = stats[i].val * 1024;

			memory->resident_bytes =
				bytes < info->memory_bytes ? bytes : info->memory_bytes;
			return 0;
		}
	return mt_err_set(err, -ENODATA, "libvirt does not say how much of %s is resident",
			  info->name);
}
