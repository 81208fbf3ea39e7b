// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * profiling_measure.c - one measurement of a guest's dirty rate by QEMU
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "profiling.h"

#define READ_MS		50	/* between questions for a result that is due */
/* a result this late is none: QEMU hashes and sorts on a busy host */
#define LATE_MS		10000

static int start(struct mt_profiling *r, virDomainPtr dom, unsigned window_s, struct mt_err *err)
{
	struct mt_err why = { 0 };
	int rc = mt_dirtyrate_start(dom, window_s, r->mode, &why);

	/* What nobody asked for by name may be replaced. */
	if (rc == -EOPNOTSUPP && r->automatic && r->mode != MT_DIRTYRATE_PAGE_SAMPLING) {
		mt_profiling_say(r, "%s is not possible here (%s): page-sampling instead",
				 mt_dirtyrate_mode_name(r->mode), why.msg);
		r->mode = MT_DIRTYRATE_PAGE_SAMPLING;
		memset(&why, 0, sizeof(why));
		rc = mt_dirtyrate_start(dom, window_s, r->mode, &why);
	}
	if (rc == -EOPNOTSUPP)
		return mt_err_set(err, rc, "%s cannot be measured by %s: %s", r->domain.name,
				  mt_dirtyrate_mode_name(r->mode), why.msg);
	return rc ? mt_err_set(err, rc, "%s", why.msg) : 0;
}

static void announce(struct mt_profiling *r)
{
	if (r->announced)
		return;
	mt_profiling_say(r, "kernel source: %s", r->source);
	mt_profiling_say(r, "profiling %s by %s for %llu s", r->domain.name,
			 mt_dirtyrate_mode_name(r->mode),
			 (unsigned long long)(r->duration_ms / MT_MS_PER_S));
	r->announced = true;
}

enum mt_ending mt_profiling_measure(struct mt_profiling *r, virDomainPtr dom, unsigned window_s,
				    struct mt_err *err)
{
	enum mt_ending ending = MT_ENDING_FAILED;
	char shown[MT_UNIT_STR], dirty[MT_UNIT_STR];
	struct mt_dirtyrate rate = { 0 };
	uint64_t due_ns;
	int rc;

	if (start(r, dom, window_s, err))
		return MT_ENDING_FAILED;
	announce(r);
	due_ns = mt_now_ns() + window_s * MT_NS_PER_S;
	if (mt_profiling_wait(r, due_ns, &ending, err))
		return ending;
	for (;;) {
		rc = mt_dirtyrate_read(dom, &rate, err);
		if (rc != -EAGAIN)
			break;
		if (mt_now_ns() > due_ns + LATE_MS * MT_NS_PER_MS) {
			mt_err_set(err, -ETIMEDOUT,
				   "the measurement of %u s gave no result within %u s", window_s,
				   window_s + LATE_MS / 1000);
			return MT_ENDING_FAILED;
		}
		if (mt_profiling_wait(r, mt_now_ns() + READ_MS * MT_NS_PER_MS, &ending, err))
			return ending;
	}
	if (!rc) {
		const struct mt_record_dirtyrate entry = {
			.t_ns = mt_now_ns(),
			.window_ms = rate.window_ms,
			.bytes_per_s = rate.bytes_per_s,
			.mode = mt_dirtyrate_mode_name(r->mode),
		};

		rc = mt_recorder_dirtyrate(r->recorder, &entry);
		if (rc)
			mt_err_set(err, rc, "cannot write %s: %s", r->path, strerror(-rc));
	}
	if (rc)
		return MT_ENDING_FAILED;
	r->measured++;
	if (r->profiler)
		return MT_ENDING_DONE;	/* it has better to tell */
	mt_profiling_say(r, "  %3u s  %12s  (%s dirty at its end)", window_s,
			 mt_format_rate_bytes_per_s(shown, rate.bytes_per_s),
			 mt_format_size_bytes(dirty, rate.bytes_per_s * (rate.window_ms / 1e3)));
	return MT_ENDING_DONE;
}
