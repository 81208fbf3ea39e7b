// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * actuator.c - the few things migtrace does to a migration
 *
 * Threads: any but the loop's, also while another thread sits in the migration
 * call on the same connection. Nothing is kept.
 */
#include <errno.h>

#include "hypervisor/domain.h"
#include "actuator.h"

/* --- for real --------------------------------------------------------- */
int mt_suspend_check(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	struct mt_domain_state now;
	int ret = mt_domain_state(c, uuid, &now, err);

	if (!ret && now.state != VIR_DOMAIN_RUNNING)
		ret = mt_err_set(err, -EBUSY, "the guest is %s already",
				 mt_domain_state_name(now.state));
	return ret;
}

int mt_suspend_settle(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	struct mt_domain_state now;
	int ret;

	/*
	 * Nobody but us would resume a guest whose migration ended just before: libvirt says by the
	 * reason whether it paused it within one.
	 */
	if (mt_domain_state(c, uuid, &now, NULL))
		return 0;
	if (now.state == VIR_DOMAIN_RUNNING)
		return mt_err_set(err, -EBUSY, "libvirt stopped the guest, but it runs");
	if (now.state != VIR_DOMAIN_PAUSED || now.reason != VIR_DOMAIN_PAUSED_USER)
		return 0;
	ret = mt_domain_resume(c, uuid, err);
	if (ret)
		return ret;
	return mt_err_set(err, -EBUSY, "the migration had ended already; the guest goes on here");
}

int mt_flip_check(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	struct mt_err why = { 0 };
	int ret = mt_domain_is_parallel(c, uuid, &why);

	if (ret == 1)
		return mt_err_set(err, -EPERM,
				  "this migration uses parallel connections, and QEMU loses the guest when it then flips to post-copy");
	/* Not to flip costs downtime, to flip wrongly costs the guest: when in doubt, don't. */
	if (ret == -EACCES || ret == -EOPNOTSUPP || ret == -EBADMSG || ret == -EIO)
		return mt_err_set(err, -EPERM,
				  "cannot tell whether this migration uses parallel connections, with which post-copy loses the guest: %s",
				  why.msg);
	return ret < 0 ? mt_err_set(err, ret, "%s", why.msg) : 0;
}

const struct mt_actuators mt_actuators_libvirt = {
	.name = "libvirt",
	.done = "done",
	.set_downtime = mt_domain_set_downtime_limit,
	.set_bandwidth = mt_domain_set_max_bandwidth,
	.set_throttle = mt_domain_set_throttle,
	.limit_vcpus = mt_domain_limit_vcpus,
	.suspend = mt_domain_suspend,
	.start_postcopy = mt_domain_start_postcopy,
	.abort = mt_domain_abort,
};

/* --- dry run ---------------------------------------------------------- */
static int dry(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	return 0;
}

static int dry_value(struct mt_conn *c, const char *uuid, uint64_t value, struct mt_err *err)
{
	return 0;
}

static int dry_percent(struct mt_conn *c, const char *uuid, unsigned percent, struct mt_err *err)
{
	return 0;
}

const struct mt_actuators mt_actuators_dry = {
	.name = "dry-run",
	.done = "dry-run",
	.set_downtime = dry_value,
	.set_bandwidth = dry_value,
	.set_throttle = dry_percent,
	.limit_vcpus = dry_value,
	.suspend = dry,
	.start_postcopy = dry,
	.abort = dry,
};

/* --- both ------------------------------------------------------------- */
int mt_actuate(const struct mt_actuators *a, struct mt_conn *c, const char *uuid,
	       const struct mt_plan *plan, struct mt_err *err)
{
	switch (plan->action) {
	case MT_ACTION_CONTINUE:
		return 0;
	case MT_ACTION_SET_DOWNTIME:
		return a->set_downtime(c, uuid, plan->downtime_limit_ms, err);
	case MT_ACTION_SET_BANDWIDTH:
		return a->set_bandwidth(c, uuid, plan->bandwidth_bytes_per_s, err);
	case MT_ACTION_STOP:
		/*
		 * And no more than that: with a raised limit QEMU would send the rest in one go,
		 * some 100 ms sooner, but deaf to everything, a cancellation too, until the last
		 * byte is out.
		 */
		return a->suspend(c, uuid, err);
	case MT_ACTION_FLIP:
		return a->start_postcopy(c, uuid, err);
	case MT_ACTION_ABORT:
	case MT_ACTION_RESTART:
		return a->abort(c, uuid, err);
	case MT_ACTION_THROTTLE:
		return a->set_throttle(c, uuid, plan->throttle_percent, err);
	case MT_ACTION_LIMIT_VCPUS:
		return a->limit_vcpus(c, uuid, plan->vcpu_limit_bytes_per_s, err);
	case MT_ACTION_COUNT:
		break;
	}
	return mt_err_set(err, -EINVAL, "no action has the number %d", plan->action);
}
