// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * record_measure.c - one measurement of a guest's dirty rate by QEMU
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "cmd_record.h"

#define READ_MS		50	/* between questions for a result that is due */
#define LATE_MS		10000	/* a result this late is none: QEMU hashes and sorts on a busy host */

static int start(struct record *r, virDomainPtr dom, unsigned window_s, struct mt_err *err)
{
	struct mt_err why = { 0 };
	int rc = mt_dirtyrate_start(dom, window_s, r->mode, &why);

	/* What nobody asked for by name may be replaced. */
	if (rc == -EOPNOTSUPP && r->automatic && r->mode != MT_DIRTYRATE_PAGE_SAMPLING) {
		record_say(r, "%s is not possible here (%s): page-sampling instead\n",
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

static void announce(struct record *r)
{
	if (!r->announced)
		record_say(r, "kernel source: %s\nprofiling %s by %s for %llu s\n", r->source, r->domain.name,
			mt_dirtyrate_mode_name(r->mode), (unsigned long long)(r->duration_ms / MT_MS_PER_S));
	r->announced = true;
}

enum ending record_measure(struct record *r, virDomainPtr dom, unsigned window_s, struct mt_err *err)
{
	enum ending ending = ENDING_FAILED;
	char shown[MT_UNIT_STR], dirty[MT_UNIT_STR];
	struct mt_dirtyrate rate = { 0 };
	uint64_t due_ns;
	int rc;

	if (start(r, dom, window_s, err))
		return ENDING_FAILED;
	announce(r);
	due_ns = mt_now_ns() + window_s * MT_NS_PER_S;
	if (record_wait(r, due_ns, &ending, err))
		return ending;
	for (;;) {
		rc = mt_dirtyrate_read(dom, &rate, err);
		if (rc != -EAGAIN)
			break;
		if (mt_now_ns() > due_ns + LATE_MS * MT_NS_PER_MS) {
			mt_err_set(err, -ETIMEDOUT, "the measurement of %u s gave no result within %u s", window_s,
				   window_s + LATE_MS / 1000);
			return ENDING_FAILED;
		}
		if (record_wait(r, mt_now_ns() + READ_MS * MT_NS_PER_MS, &ending, err))
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
		return ENDING_FAILED;
	r->measured++;
	if (r->profiler)
		return ENDING_DONE;	/* it has better to tell */
	record_say(r, "  %3u s  %12s  (%s dirty at its end)\n", window_s,
		mt_format_rate_bytes_per_s(shown, rate.bytes_per_s),
		mt_format_size_bytes(dirty, rate.bytes_per_s * (rate.window_ms / 1e3)));
	return ENDING_DONE;
}
