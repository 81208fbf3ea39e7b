// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virt_stats.c - what a guest does, as libvirt counts it: its vCPUs' time and its network
 *
 * Both are asked for in a way that libvirtd answers from /proc and its own memory, not by a monitor
 * command: a QEMU that hangs makes nobody wait (its "vcpu" statistics would ask QEMU, and its
 * "cpu.time" has the time of the migration's own thread in it). Threads: any but the loop's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "virt_lookup.h"

#define VCPUS_MAX	512	/* more are not looked at: the share is that of these */

static int put_vcpus(struct mt_work *total, virDomainPtr dom, struct mt_err *err)
{
	virVcpuInfo vcpus[VCPUS_MAX];
	int n = virDomainGetVcpus(dom, vcpus, VCPUS_MAX, NULL, 0);
	uint64_t sum = 0;

	if (n < 0)
		return mt_virt_error(err, "cannot ask for the time of its vCPUs");
	for (int i = 0; i < n; i++)
		sum += vcpus[i].cpuTime;
	mt_work_put(total, MT_WORK_vcpus, (uint64_t)n);
	mt_work_put(total, MT_WORK_cpu_ns, sum);
	return 0;
}

/* Of all its interfaces; unknown if libvirt does not count one (a user-mode network, for one). */
static void sum_of(struct mt_work *total, enum mt_work_field field, const char *way,
		   const virDomainStatsRecord *record)
{
	unsigned n = 0;
	uint64_t sum = 0;

	if (virTypedParamsGetUInt(record->params, record->nparams, "net.count", &n) != 1)
		return;
	for (unsigned i = 0; i < n; i++) {
		unsigned long long bytes;
		char key[64];

		snprintf(key, sizeof(key), "net.%u.%s.bytes", i, way);
		if (virTypedParamsGetULLong(record->params, record->nparams, key, &bytes) != 1)
			return;
		sum += bytes;
	}
	mt_work_put(total, field, sum);
}

static int put_net(struct mt_work *total, virDomainPtr dom, struct mt_err *err)
{
	virDomainPtr doms[] = { dom, NULL };
	virDomainStatsRecordPtr *records = NULL;
	int n = virDomainListGetStats(doms, VIR_DOMAIN_STATS_INTERFACE, &records, 0);

	if (n < 0)
		return mt_virt_error(err, "cannot ask for the counters of its network");
	if (n > 0) {
		/* "rx" is what the guest received: libvirt turns a tap's view round. */
		sum_of(total, MT_WORK_net_received_bytes, "rx", records[0]);
		sum_of(total, MT_WORK_net_sent_bytes, "tx", records[0]);
	}
	virDomainStatsRecordListFree(records);
	return 0;
}

int virt_domain_work(struct mt_conn *c, const char *uuid, struct mt_work *total,
		     struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int net, cpu, ret = mt_lookup_uuid(c, uuid, &dom, err);

	*total = (struct mt_work){ 0 };
	if (ret)
		return ret;
	cpu = put_vcpus(total, dom, err);
	net = put_net(total, dom, cpu ? NULL : err);
	total->t_ns = mt_now_ns();
	/* One of them is something. */
	return cpu && net ? cpu : 0;
}
