// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virt_job.c - the migration of a guest: its figures, its limits, and what can be done to it
 *
 * Threads: any but the loop's, also while another thread sits in the migration
 * call on the same connection. Nothing is kept.
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "virt_lookup.h"

/*
 * libvirt's driver for QEMU takes up to 2^63 bytes/s, and says that where nobody has set a limit.
 */
#define NO_LIMIT_MIB	(INT64_MAX / MT_MIB)

static int job_stats(virDomainPtr dom, unsigned flags, struct mt_sample *s, struct mt_err *err)
{
	virTypedParameterPtr params = NULL;
	int type = VIR_DOMAIN_JOB_NONE, n = 0;

	memset(s, 0, sizeof(*s));
	if (virDomainGetJobStats(dom, &type, &params, &n, flags) < 0)
		return mt_virt_error(err, "cannot ask for the job's figures");
	mt_sample_from_params(s, type, params, n);
	s->t_ns = mt_now_ns();
	virTypedParamsFree(params, n);
	return 0;
}

int virt_job_sample(struct mt_conn *c, const char *uuid, struct mt_sample *s, struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int state, reason, ret = mt_lookup_uuid(c, uuid, &dom, err);

	if (ret)
		return ret;
	ret = job_stats(dom, 0, s, err);
	if (ret || s->status != MT_STATUS_ACTIVE)
		return ret;
	/*
	 * The job does not say that post-copy has begun; the paused source does. Answered from
	 * libvirtd's memory.
	 */
	if (!virDomainGetState(dom, &state, &reason, 0) && state == VIR_DOMAIN_PAUSED &&
	    (reason == VIR_DOMAIN_PAUSED_POSTCOPY || reason == VIR_DOMAIN_PAUSED_POSTCOPY_FAILED)) {
		s->status = MT_STATUS_POSTCOPY;
		s->valid &= ~(1ULL << MT_FIELD_expected_downtime_ms);
	}
	return 0;
}

int virt_job_completed(struct mt_conn *c, const char *uuid, struct mt_sample *s, struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);

	if (!ret)
		ret = job_stats(
			dom, VIR_DOMAIN_JOB_STATS_COMPLETED | VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED,
			s, err);
	if (!ret && s->status == MT_STATUS_NONE)
		ret = mt_err_set(err, -ENODATA, "libvirt has no figures of a completed migration");
	return ret;
}

int virt_job_downtime_limit(struct mt_conn *c, const char *uuid, uint64_t *ms, struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	unsigned long long limit;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);

	if (ret)
		return ret;
	if (virDomainMigrateGetMaxDowntime(dom, &limit, 0) < 0)
		return mt_virt_error(err, "cannot ask for the downtime limit");
	*ms = limit;
	return 0;
}

int virt_job_set_downtime_limit(struct mt_conn *c, const char *uuid, uint64_t ms,
				struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);

	if (!ret && virDomainMigrateSetMaxDowntime(dom, mt_downtime_clamp(ms), 0) < 0)
		ret = mt_virt_error(err, "cannot set the downtime limit");
	return ret;
}

int virt_job_max_bandwidth(struct mt_conn *c, const char *uuid, uint64_t *bytes_per_s,
			   struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	unsigned long mib;
	int rc = mt_lookup_uuid(c, uuid, &dom, err);

	if (rc)
		return rc;
	if (virDomainMigrateGetMaxSpeed(dom, &mib, 0) < 0)
		return mt_virt_error(err, "cannot ask for the bandwidth limit of migrations");
	if (!mib || mib >= NO_LIMIT_MIB)
		return mt_err_set(err, -ENODATA, "migrations have no bandwidth limit");
	*bytes_per_s = (uint64_t)mib * MT_MIB;
	return 0;
}

int virt_job_set_max_bandwidth(struct mt_conn *c, const char *uuid, uint64_t bytes_per_s,
			       struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);

	if (!ret && virDomainMigrateSetMaxSpeed(
			    dom, (unsigned long)mt_bandwidth_mib_per_s(bytes_per_s), 0) < 0)
		ret = mt_virt_error(err, "cannot set the bandwidth limit");
	return ret;
}

int virt_job_start_postcopy(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);

	if (!ret && virDomainMigrateStartPostCopy(dom, 0) < 0)
		ret = mt_virt_error(err, "cannot flip to post-copy");
	return ret;
}

int virt_job_abort(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	mt_autodomain virDomainPtr dom = NULL;
	int ret = mt_lookup_uuid(c, uuid, &dom, err);

	if (!ret && virDomainAbortJob(dom) < 0)
		ret = mt_virt_error(err, "cannot abort the migration");
	return ret;
}
