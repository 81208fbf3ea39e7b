// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virt_monitor.c - what only QEMU's own monitor tells
 *
 * Threads: any but the loop's. Nothing is kept.
 */
#include <errno.h>

#include <libvirt/libvirt-qemu.h>

#include <migtrace/domain.h>

#include "virt_lookup.h"
#include "qmp.h"

int virt_job_is_parallel(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	mt_autofree char *reply = NULL;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);

	if (ret)
		return ret;
	if (virDomainQemuMonitorCommand(dom, "{\"execute\":\"query-migrate-capabilities\"}", &reply, 0) < 0)
		return mt_virt_error(err, "cannot ask QEMU for the migration's capabilities");
	ret = mt_qmp_capability(reply, "multifd");
	if (ret < 0)
		return mt_err_set(err, ret, "QEMU's answer about the migration's capabilities makes no sense");
	return ret;
}
