// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * record_profile.c - a profile: U(T) of a guest that does not migrate
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/sources.h"
#include "cmd_record.h"

#define WINDOWS_MAX	3600	/* an hour of seconds */
#define COARSE_MAX_S	4	/* longest measurement of a coarse profile that begins a kernel's */

static virDomainPtr look_up(struct record *r, struct mt_err *err)
{
	virConnectPtr virt = mt_conn_get(r->conn);
	virDomainPtr dom;

	if (!virt) {
		mt_err_set(err, -ECONNRESET, "the connection to %s is lost", mt_conn_uri(r->conn));
		return NULL;
	}
	dom = virDomainLookupByUUIDString(virt, r->domain.uuid);
	if (!dom)
		mt_virt_error(err, "cannot look up the domain");
	virConnectClose(virt);
	return dom;
}

/* Return: false when the source that was asked for by name cannot be had. */
static bool open_profiler(struct record *r, struct mt_err *err)
{
	struct mt_err why = { 0 };

	if (source_is_libvirt(r->source_name))
		mt_err_set(&why, -ENODEV, "not wanted");
	else if (r->mode == MT_DIRTYRATE_PAGE_SAMPLING)
		mt_err_set(&why, -EOPNOTSUPP, strcmp(r->domain.type, "kvm") ? "%s is no KVM guest: nobody logs its pages" :
			   "while QEMU samples pages of %s KVM logs nothing", r->domain.name);
	else if (!mt_profiler_open(&r->profiler, r->conn, &r->domain, r->source_name, r->tick_ms * MT_NS_PER_MS, 0, r->pages,
				   &why)) {
		snprintf(r->source, sizeof(r->source), "%s", mt_profiler_tell(r->profiler));
		return true;
	}
	if (r->source_name && !source_is_libvirt(r->source_name)) {
		mt_err_set(err, why.code, "source %s: %s", r->source_name, why.msg);
		return false;
	}
	if (r->pages) {
		mt_err_set(err, why.code, "--pages needs a kernel source: %s", why.msg);
		return false;
	}
	snprintf(r->source, sizeof(r->source), "none: %.500s", why.msg);
	mt_recorder_source(r->recorder, &(struct mt_record_source){ .t_ns = mt_now_ns(), .source = "libvirt", .detail = why.msg });
	return true;
}

/*
 * How long QEMU is to measure, one after the other. For itself: different lengths. For a kernel
 * source: all at once with rings, which QEMU resets every second, so that a window begins;
 * second by second with bitmaps, which it clears only as a measurement begins. Before that,
 * where both are wanted, what a coarse profile consists of.
 */
static size_t plan(const struct record *r, unsigned *windows_s, size_t max)
{
	uint64_t left_s = r->duration_ms / MT_MS_PER_S;
	unsigned most_s;
	size_t n = 0;

	if (!r->profiler)
		return mt_dirtyrate_windows(left_s, windows_s, max);
	for (unsigned s = 1; r->coarse && s <= COARSE_MAX_S && s <= left_s && n < max; left_s -= s, s *= 2)
		windows_s[n++] = s;
	most_s = mt_profiler_is_ring(r->profiler) ? MT_DIRTYRATE_WINDOW_MAX_S : MT_DIRTYRATE_WINDOW_MIN_S;
	for (; left_s && n < max; left_s -= windows_s[n++])
		windows_s[n] = left_s < most_s ? (unsigned)left_s : most_s;
	return n;
}

static const char *pages(char *buf, double n)
{
	return isfinite(n) ? mt_format_size_bytes(buf, n * 4096) : "-";
}

/* @told: the kernel source had something to tell. Return: false after a line in @err. */
static bool end_profiler(struct record *r, bool *told, struct mt_err *err)
{
	char s[MT_UNIT_STR], s_new[MT_UNIT_STR], mw[MT_UNIT_STR];
	struct mt_profile p;
	int rc;

	*told = false;
	if (!r->profiler)
		return true;
	rc = mt_profiler_end(r->profiler, r->recorder, &p);
	r->profiler = NULL;
	if (!rc)
		record_say(r, "  %u windows: S %s, S_new %s, M_w %s\n", p.windows, pages(s, p.s_pages),
			pages(s_new, p.s_new_pages), pages(mw, p.mw_pages));
	else if (rc == -ENODATA)
		record_say(r, "the kernel source saw no window that began clean: QEMU's own measurements have to do\n");
	else
		mt_err_set(err, rc, "the profile is incomplete: %s", strerror(-rc));
	if (!rc)
		r->measured = p.windows;
	*told = !rc;
	mt_profile_fini(&p);
	return !rc || rc == -ENODATA;
}

static void tell_coarse(struct record *r)
{
	if (!r->measured)
		return;
	record_say(r, "without kernel sources the curve is coarse: %u window%s, none below 1 s\n", r->measured,
		r->measured == 1 ? "" : "s");
	mt_recorder_event(r->recorder, mt_now_ns(), "coarse profile",
			  "measured by QEMU, whole seconds only: no kernel source");
}

enum ending record_profile(struct record *r, struct mt_err *err)
{
	static unsigned windows_s[WINDOWS_MAX];
	enum ending ending = ENDING_DONE;
	virDomainPtr dom;
	bool kernel;
	size_t n;

	if (!open_profiler(r, err))
		return ENDING_FAILED;
	dom = look_up(r, err);
	if (!dom)
		ending = ENDING_FAILED;
	record_guest_begin(r);
	n = plan(r, windows_s, MT_ARRAY_SIZE(windows_s));
	for (size_t i = 0; i < n && ending == ENDING_DONE; i++)
		ending = record_measure(r, dom, windows_s[i], err);
	if (dom)
		virDomainFree(dom);
	if (!end_profiler(r, &kernel, err))
		ending = ENDING_FAILED;
	if (!kernel)
		tell_coarse(r);
	record_guest_end(r);
	if (ending == ENDING_MIGRATION)
		mt_recorder_event(r->recorder, mt_now_ns(), "profile ended", "a migration began");
	return ending;
}
