// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * profiling.c - a profile: U(T) of a guest that does not migrate
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "hypervisor/virt_lookup.h"
#include "profiling.h"

#define WINDOWS_MAX	3600	/* an hour of seconds */
#define COARSE_MAX_S	4	/* longest measurement of a coarse profile that begins a kernel's */

/* Return: false when the source that was asked for by name cannot be had. */
static bool open_profiler(struct mt_profiling *r, struct mt_err *err)
{
	struct mt_err why = { 0 };

	if (mt_source_is_libvirt(r->source_name))
		mt_err_set(&why, -ENODEV, "not wanted");
	else if (r->mode == MT_DIRTYRATE_PAGE_SAMPLING)
		mt_err_set(&why, -EOPNOTSUPP,
			   strcmp(r->domain.type, "kvm") ?
				   "%s is not a KVM guest: its dirty pages are not logged" :
				   "while QEMU samples pages of %s KVM logs nothing",
			   r->domain.name);
	else if (!mt_profiler_open(&r->profiler, r->conn, &r->domain, r->source_name,
				   r->tick_ms * MT_NS_PER_MS, 0, r->pages, &why)) {
		snprintf(r->source, sizeof(r->source), "%s", mt_profiler_describe(r->profiler));
		return true;
	}
	if (r->source_name && !mt_source_is_libvirt(r->source_name)) {
		mt_err_set(err, why.code, "source %s: %s", r->source_name, why.msg);
		return false;
	}
	if (r->pages) {
		mt_err_set(err, why.code, "--pages needs a kernel source: %s", why.msg);
		return false;
	}
	snprintf(r->source, sizeof(r->source), "none: %.500s", why.msg);
	mt_recorder_source(r->recorder, &(struct mt_record_source){ .t_ns = mt_now_ns(),
								    .source = "libvirt",
								    .detail = why.msg });
	return true;
}

/*
 * How long QEMU is to measure, one after the other. For itself: different lengths. For a kernel
 * source: all at once with rings, which QEMU resets every second, so that a window begins;
 * second by second with bitmaps, which it clears only as a measurement begins. Before that,
 * where both are wanted, what a coarse profile consists of.
 */
static size_t plan(const struct mt_profiling *r, unsigned *windows_s, size_t max)
{
	uint64_t left_s = r->duration_ms / MT_MS_PER_S;
	unsigned most_s;
	size_t n = 0;

	if (!r->profiler)
		return mt_dirtyrate_windows(left_s, windows_s, max);
	for (unsigned s = 1; r->coarse && s <= COARSE_MAX_S && s <= left_s && n < max;
	     left_s -= s, s *= 2)
		windows_s[n++] = s;
	most_s = mt_profiler_is_ring(r->profiler) ? MT_DIRTYRATE_WINDOW_MAX_S :
						    MT_DIRTYRATE_WINDOW_MIN_S;
	for (; left_s && n < max; left_s -= windows_s[n++])
		windows_s[n] = left_s < most_s ? (unsigned)left_s : most_s;
	return n;
}

static const char *pages(char *buf, double n)
{
	return isfinite(n) ? mt_format_size_bytes(buf, n * 4096) : "-";
}

/* @told: the kernel source had something to tell. Return: false after a line in @err. */
static bool end_profiler(struct mt_profiling *r, bool *told, struct mt_err *err)
{
	char s[MT_UNIT_STR], s_new[MT_UNIT_STR], mw[MT_UNIT_STR];
	struct mt_profile curve;
	int rc;

	*told = false;
	if (!r->profiler)
		return true;
	rc = mt_profiler_end(r->profiler, r->recorder, &curve);
	r->profiler = NULL;
	if (!rc)
		mt_profiling_say(r, "  %u windows: S %s, S_new %s, M_w %s", curve.windows,
				 pages(s, curve.s_pages), pages(s_new, curve.s_new_pages),
				 pages(mw, curve.mw_pages));
	else if (rc == -ENODATA)
		mt_profiling_say(r, "the kernel source saw no window that began clean: QEMU's own measurements are used instead");
	else
		mt_err_set(err, rc, "the profile is incomplete: %s", strerror(-rc));
	if (!rc)
		r->measured = curve.windows;
	*told = !rc;
	mt_profile_fini(&curve);
	return !rc || rc == -ENODATA;
}

static void tell_coarse(struct mt_profiling *r)
{
	if (!r->measured)
		return;
	mt_profiling_say(r,
			 "without kernel sources the curve is coarse: %u window%s, none below 1 s",
			 r->measured, r->measured == 1 ? "" : "s");
	mt_recorder_event(r->recorder, mt_now_ns(), "coarse profile",
			  "measured by QEMU, whole seconds only: no kernel source");
}

enum mt_ending mt_profiling_run(struct mt_profiling *r, struct mt_err *err)
{
	unsigned windows_s[WINDOWS_MAX];
	enum mt_ending ending = MT_ENDING_DONE;
	mt_autodomain virDomainPtr dom = NULL;
	bool kernel;
	size_t n;

	if (!open_profiler(r, err))
		return MT_ENDING_FAILED;
	if (mt_lookup_uuid(r->conn, r->domain.uuid, &dom, err))
		ending = MT_ENDING_FAILED;
	mt_profiling_guest_begin(r);
	n = plan(r, windows_s, MT_ARRAY_SIZE(windows_s));
	for (size_t i = 0; i < n && ending == MT_ENDING_DONE; i++)
		ending = mt_profiling_measure(r, dom, windows_s[i], err);
	if (!end_profiler(r, &kernel, err))
		ending = MT_ENDING_FAILED;
	if (!kernel)
		tell_coarse(r);
	mt_profiling_guest_end(r);
	if (ending == MT_ENDING_MIGRATION)
		mt_recorder_event(r->recorder, mt_now_ns(), "profile ended", "a migration began");
	return ending;
}
