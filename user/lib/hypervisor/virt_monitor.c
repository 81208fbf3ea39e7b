// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virt_monitor.c - what only QEMU's own monitor tells
 *
 * Threads: any but the loop's. Nothing is kept.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <libvirt/libvirt-qemu.h>

#include "domain.h"
#include "qmp.h"
#include "virt_lookup.h"

static int ask(struct mt_conn *c, const char *uuid, const char *command, char **reply,
	       struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);

	if (!ret && virDomainQemuMonitorCommand(dom, command, reply, 0) < 0)
		ret = mt_virt_error(err, "cannot ask QEMU for the migration");
	return ret;
}

int virt_job_migrate_status(struct mt_conn *c, const char *uuid, enum mt_status *status,
			    struct mt_err *err)
{
	mt_autofree char *reply = NULL;
	int ret = ask(c, uuid, "{\"execute\":\"query-migrate\"}", &reply, err);

	if (!ret && mt_qmp_query_migrate(reply, status))
		ret = mt_err_set(err, -EBADMSG, "QEMU's answer about its migration makes no sense");
	return ret;
}

int virt_job_is_parallel(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	mt_autofree char *reply = NULL;
	int ret = ask(c, uuid, "{\"execute\":\"query-migrate-capabilities\"}", &reply, err);

	if (ret)
		return ret;
	ret = mt_qmp_capability(reply, "multifd");
	if (ret < 0)
		return mt_err_set(
			err, ret,
			"QEMU's answer about the migration's capabilities makes no sense");
	return ret;
}

static int set_parameters(struct mt_conn *c, const char *uuid, const char *parameters,
			  struct mt_err *err)
{
	mt_autofree char *reply = NULL;
	char command[256], why[160];
	int ret;

	snprintf(command, sizeof(command),
		 "{\"execute\":\"migrate-set-parameters\",\"arguments\":{%s}}", parameters);
	ret = ask(c, uuid, command, &reply, err);
	if (!ret && mt_qmp_done(reply, why, sizeof(why)))
		ret = mt_err_set(err, -EIO, "QEMU does not take %s: %s", parameters, why);
	return ret;
}

static unsigned most(unsigned percent)
{
	return percent < MT_THROTTLE_MAX_PERCENT ? percent : MT_THROTTLE_MAX_PERCENT;
}

/*
 * mig_throttle_guest_down() (migration/ram.c) begins at cpu-throttle-initial, and goes on by
 * cpu-throttle-increment, no further than max-cpu-throttle: by these it is there in one step,
 * whether it throttles already or not. libvirt puts back the first two when a migration has ended,
 * but does not know the third.
 */
int virt_job_set_throttle(struct mt_conn *c, const char *uuid, unsigned percent,
			  struct mt_err *err)
{
	char parameters[128];

	snprintf(parameters, sizeof(parameters),
		 "\"cpu-throttle-initial\":%u,\"cpu-throttle-increment\":%d,\"max-cpu-throttle\":%u",
		 most(percent), MT_THROTTLE_MAX_PERCENT, most(percent));
	return set_parameters(c, uuid, parameters, err);
}

int virt_job_limit_throttle(struct mt_conn *c, const char *uuid, unsigned percent,
			    struct mt_err *err)
{
	char parameters[64];

	snprintf(parameters, sizeof(parameters), "\"max-cpu-throttle\":%u", most(percent));
	return set_parameters(c, uuid, parameters, err);
}

/*
 * qmp_set_vcpu_dirty_limit() (softmmu/dirtylimit.c), of all vCPUs at once, in what qapi calls MB/s
 * and are MiB/s (vcpu_calculate_dirtyrate() shifts by 20). From 8.1 on QEMU refuses it during a
 * migration with the capability dirty-limit, which limits them itself.
 */
int virt_job_limit_vcpus(struct mt_conn *c, const char *uuid, uint64_t mib_per_s,
			 struct mt_err *err)
{
	mt_autofree char *reply = NULL;
	char command[128], why[160];
	int ret;

	if (mib_per_s)
		snprintf(command, sizeof(command),
			 "{\"execute\":\"set-vcpu-dirty-limit\",\"arguments\":{\"dirty-rate\":%" PRIu64
			 "}}",
			 mib_per_s);
	else
		snprintf(command, sizeof(command), "{\"execute\":\"cancel-vcpu-dirty-limit\"}");
	ret = ask(c, uuid, command, &reply, err);
	if (!ret && mt_qmp_done(reply, why, sizeof(why)))
		ret = mt_err_set(err, -EIO, "QEMU does not %s what vCPUs dirty: %s",
				 mib_per_s ? "limit" : "cease to limit", why);
	return ret;
}

int virt_job_vcpu_limit(struct mt_conn *c, const char *uuid, uint64_t *mib_per_s,
			struct mt_err *err)
{
	mt_autofree char *reply = NULL;
	int ret = ask(c, uuid, "{\"execute\":\"query-vcpu-dirty-limit\"}", &reply, err);

	if (!ret && mt_qmp_vcpu_limit(reply, mib_per_s))
		ret = mt_err_set(err, -EBADMSG,
				 "QEMU's answer about what its vCPUs may dirty makes no sense");
	return ret;
}
