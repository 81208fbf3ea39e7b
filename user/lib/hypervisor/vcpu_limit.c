// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vcpu_limit.c - a limit to what each vCPU of a guest may dirty
 *
 * Threads: any but the loop's. Nothing is kept.
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "ops.h"
#include "versions.h"

unsigned mt_domain_limitable_vcpus(struct mt_conn *c, const struct mt_domain_info *info)
{
	unsigned long libvirt, qemu;

	if (!c->ops->limit_vcpus || strcmp(info->type, "kvm") || !info->dirty_ring_entries)
		return 0;
	mt_conn_versions(c, &libvirt, &qemu);
	return qemu >= MT_QEMU_LIMITS_VCPUS ? info->vcpus : 0;
}

int mt_domain_limit_vcpus(struct mt_conn *c, const char *uuid, uint64_t bytes_per_s,
			  struct mt_err *err)
{
	if (!c->ops->limit_vcpus)
		return mt_err_set(err, -EOPNOTSUPP, "%s cannot limit what vCPUs dirty",
				  c->ops->name);
	return c->ops->limit_vcpus(c, uuid, mt_bandwidth_mib_per_s(bytes_per_s), err);
}

int mt_domain_vcpu_limit(struct mt_conn *c, const char *uuid, uint64_t *bytes_per_s,
			 struct mt_err *err)
{
	uint64_t mib_per_s = 0;
	int ret;

	if (!c->ops->vcpu_limit)
		return mt_err_set(err, -EOPNOTSUPP, "%s does not tell what vCPUs may dirty",
				  c->ops->name);
	ret = c->ops->vcpu_limit(c, uuid, &mib_per_s, err);
	*bytes_per_s = mib_per_s * MT_MIB;
	return ret;
}

int mt_domain_lift_vcpu_limit(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	struct mt_err ignored = { 0 };
	uint64_t is_bytes_per_s;
	int ret;

	/* With its QEMU the limit is gone. */
	if (!c->ops->limit_vcpus || mt_domain_is_gone(c, uuid))
		return 0;
	ret = c->ops->limit_vcpus(c, uuid, 0, err);
	if (!ret && !mt_domain_vcpu_limit(c, uuid, &is_bytes_per_s, &ignored) && is_bytes_per_s)
		ret = mt_err_set(err, -EIO,
				 "libvirt took it, but QEMU still limits what vCPUs dirty");
	return ret && mt_domain_is_gone(c, uuid) ? 0 : ret;
}
