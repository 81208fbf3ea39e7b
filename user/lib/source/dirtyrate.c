// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dirtyrate.c - QEMU's own dirty-rate measurement, through libvirt
 *
 * Threads: any; keeps nothing. QEMU runs one measurement a guest at a time,
 * whoever asked for it.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <libvirt/virterror.h>

#include <migtrace/dirtyrate.h>
#include <migtrace/units.h>

static const struct {
	const char *name;
	unsigned flags;		/* of virDomainStartDirtyRateCalc() */
} modes[MT_DIRTYRATE_MODE_COUNT] = {
	[MT_DIRTYRATE_PAGE_SAMPLING] = { "page-sampling", VIR_DOMAIN_DIRTYRATE_MODE_PAGE_SAMPLING },
	[MT_DIRTYRATE_DIRTY_BITMAP] = { "dirty-bitmap", VIR_DOMAIN_DIRTYRATE_MODE_DIRTY_BITMAP },
	[MT_DIRTYRATE_DIRTY_RING] = { "dirty-ring", VIR_DOMAIN_DIRTYRATE_MODE_DIRTY_RING },
};

/* --- modes -------------------------------------------------------------- */
const char *mt_dirtyrate_mode_name(enum mt_dirtyrate_mode mode)
{
	return mode < MT_DIRTYRATE_MODE_COUNT ? modes[mode].name : "unknown";
}

int mt_dirtyrate_mode_parse(const char *name, enum mt_dirtyrate_mode *mode)
{
	for (size_t i = 0; i < MT_DIRTYRATE_MODE_COUNT; i++) {
		if (!strcmp(modes[i].name, name)) {
			*mode = i;
			return 0;
		}
	}
	return -EINVAL;
}

enum mt_dirtyrate_mode mt_dirtyrate_mode_of(const char *type, uint64_t ring_entries)
{
	if (strcmp(type, "kvm"))
		return MT_DIRTYRATE_PAGE_SAMPLING;
	return ring_entries ? MT_DIRTYRATE_DIRTY_RING : MT_DIRTYRATE_DIRTY_BITMAP;
}

int mt_dirtyrate_check(enum mt_dirtyrate_mode mode, const char *type, uint64_t ring_entries, struct mt_err *err)
{
	bool kvm = !strcmp(type, "kvm");

	switch (mode) {
	case MT_DIRTYRATE_DIRTY_BITMAP:
		if (!kvm)
			return mt_err_set(err, -EPERM,
					  "dirty-bitmap is refused for a TCG guest: it kills QEMU 7.2; use page-sampling");
		if (ring_entries)
			return mt_err_set(err, -EOPNOTSUPP,
					  "this guest tracks dirty pages by ring, so it has no dirty-bitmap; use dirty-ring or page-sampling");
		return 0;
	case MT_DIRTYRATE_DIRTY_RING:
		if (!kvm || !ring_entries)
			return mt_err_set(err, -EOPNOTSUPP, "this guest has no dirty ring; use %s",
					  kvm ? "dirty-bitmap or page-sampling" : "page-sampling");
		return 0;
	default:
		return 0;
	}
}

/* --- windows ------------------------------------------------------------ */
size_t mt_dirtyrate_windows(uint64_t duration_s, unsigned *windows_s, size_t max)
{
	uint64_t window = MT_DIRTYRATE_WINDOW_MIN_S;
	size_t n = 0;

	while (duration_s && n < max) {
		/* What is left must hold one more that is longer: else it is the last. */
		if (duration_s < 3 * window)
			window = duration_s;
		if (window > MT_DIRTYRATE_WINDOW_MAX_S)
			window = MT_DIRTYRATE_WINDOW_MAX_S;
		windows_s[n++] = (unsigned)window;
		duration_s -= window;
		window *= 2;
	}
	return n;
}

/* --- measuring ---------------------------------------------------------- */
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
	return mt_err_set(err, code, "%s: %s", what, e && e->message ? e->message : "libvirt does not say why");
}

int mt_dirtyrate_start(virDomainPtr dom, unsigned window_s, enum mt_dirtyrate_mode mode, struct mt_err *err)
{
	if (mode >= MT_DIRTYRATE_MODE_COUNT || window_s < MT_DIRTYRATE_WINDOW_MIN_S ||
	    window_s > MT_DIRTYRATE_WINDOW_MAX_S)
		return mt_err_set(err, -EINVAL, "a dirty-rate measurement takes %d to %d s", MT_DIRTYRATE_WINDOW_MIN_S,
				  MT_DIRTYRATE_WINDOW_MAX_S);
	if (virDomainStartDirtyRateCalc(dom, (int)window_s, modes[mode].flags) < 0)
		return failed(err, "cannot start a dirty-rate measurement");
	return 0;
}

/* Literal keys: libvirt has had macros for them only since 11.2. */
static int parse(const virDomainStatsRecordPtr record, struct mt_dirtyrate *rate, struct mt_err *err)
{
	int status = VIR_DOMAIN_DIRTYRATE_UNSTARTED, period_s = 0;
	long long mib_per_s = -1;

	virTypedParamsGetInt(record->params, record->nparams, "dirtyrate.calc_status", &status);
	if (status != VIR_DOMAIN_DIRTYRATE_MEASURED)
		return -EAGAIN;		/* just started is "not started" for a moment */
	virTypedParamsGetInt(record->params, record->nparams, "dirtyrate.calc_period", &period_s);
	virTypedParamsGetLLong(record->params, record->nparams, "dirtyrate.megabytes_per_second", &mib_per_s);
	if (period_s <= 0 || mib_per_s < 0 || mib_per_s > (long long)(INT64_MAX / MT_MIB))
		return mt_err_set(err, -EIO, "QEMU's dirty-rate measurement failed, and it does not say why");
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
