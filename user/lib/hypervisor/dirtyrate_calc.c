// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dirtyrate_calc.c - QEMU's own dirty-rate measurement, asked for through libvirt
 *
 * Threads: any; keeps nothing. QEMU runs one measurement a guest at a time,
 * whoever asked for it.
 */
#include <errno.h>

#include <libvirt/virterror.h>

#include "base/units.h"
#include "dirtyrate_calc.h"

/* Of virDomainStartDirtyRateCalc(). */
static const unsigned flags[MT_DIRTYRATE_MODE_COUNT] = {
	[MT_DIRTYRATE_PAGE_SAMPLING] = VIR_DOMAIN_DIRTYRATE_MODE_PAGE_SAMPLING,
	[MT_DIRTYRATE_DIRTY_BITMAP] = VIR_DOMAIN_DIRTYRATE_MODE_DIRTY_BITMAP,
	[MT_DIRTYRATE_DIRTY_RING] = VIR_DOMAIN_DIRTYRATE_MODE_DIRTY_RING,
};

static int failed(struct mt_err *err, const char *what)
{
	const virError *e = virGetLastError();
	int code = -EIO;

	switch (e ? e->code : VIR_ERR_OK) {
	case VIR_ERR_NO_SUPPORT:
	case VIR_ERR_OPERATION_UNSUPPORTED:
	case VIR_ERR_ARGUMENT_UNSUPPORTED:
	case VIR_ERR_CONFIG_UNSUPPORTED:
	case VIR_ERR_INVALID_ARG:	/* a flag that an older libvirtd does not know */
		code = -EOPNOTSUPP;
		break;
	case VIR_ERR_OPERATION_INVALID:
	case VIR_ERR_OPERATION_TIMEOUT:
		code = -EBUSY;
		break;
	case VIR_ERR_NO_DOMAIN:
		code = -ENOENT;
		break;
	case VIR_ERR_OPERATION_DENIED:
	case VIR_ERR_ACCESS_DENIED:
		code = -EACCES;
		break;
	case VIR_ERR_RPC:
	case VIR_ERR_NO_CONNECT:
	case VIR_ERR_INVALID_CONN:
		code = -ECONNRESET;
		break;
	default:
		if (e && e->domain == VIR_FROM_RPC)
			code = -ECONNRESET;
	}
	return mt_err_set(err, code, "%s: %s", what,
			  e && e->message ? e->message : "libvirt does not say why");
}

int mt_dirtyrate_start(virDomainPtr dom, unsigned window_s, enum mt_dirtyrate_mode mode,
		       struct mt_err *err)
{
	if (mode >= MT_DIRTYRATE_MODE_COUNT || window_s < MT_DIRTYRATE_WINDOW_MIN_S ||
	    window_s > MT_DIRTYRATE_WINDOW_MAX_S)
		return mt_err_set(err, -EINVAL, "a dirty-rate measurement takes %d to %d s",
				  MT_DIRTYRATE_WINDOW_MIN_S, MT_DIRTYRATE_WINDOW_MAX_S);
	if (virDomainStartDirtyRateCalc(dom, (int)window_s, flags[mode]) < 0)
		return failed(err, "cannot start a dirty-rate measurement");
	return 0;
}

/* Literal keys: libvirt has had macros for them only since 11.2. */
static int parse(const virDomainStatsRecordPtr record, struct mt_dirtyrate *rate,
		 struct mt_err *err)
{
	int status = VIR_DOMAIN_DIRTYRATE_UNSTARTED, period_s = 0;
	long long mib_per_s = -1;

	virTypedParamsGetInt(record->params, record->nparams, "dirtyrate.calc_status", &status);
	if (status != VIR_DOMAIN_DIRTYRATE_MEASURED)
		return -EAGAIN;		/* just started is "not started" for a moment */
	virTypedParamsGetInt(record->params, record->nparams, "dirtyrate.calc_period", &period_s);
	virTypedParamsGetLLong(record->params, record->nparams, "dirtyrate.megabytes_per_second",
			       &mib_per_s);
	if (period_s <= 0 || mib_per_s < 0 || mib_per_s > (long long)(INT64_MAX / MT_MIB))
		return mt_err_set(err, -EIO,
				  "QEMU's dirty-rate measurement failed, and it does not say why");
	rate->window_ms = (uint64_t)period_s * MT_MS_PER_S;
	rate->bytes_per_s = (uint64_t)mib_per_s * MT_MIB;
	return 0;
}

int mt_dirtyrate_read(virDomainPtr dom, struct mt_dirtyrate *rate, struct mt_err *err)
{
	virDomainPtr doms[] = { dom, NULL };
	virDomainStatsRecordPtr *records = NULL;
	int ret, n;

	/* NOWAIT: behind a migration's job the answer would come after the migration. */
	n = virDomainListGetStats(doms, VIR_DOMAIN_STATS_DIRTYRATE, &records,
				  VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);
	if (n < 0)
		return failed(err, "cannot read the dirty rate");
	ret = n ? parse(records[0], rate, err) : mt_err_set(err, -ENOENT, "the domain is gone");
	virDomainStatsRecordListFree(records);
	return ret;
}
