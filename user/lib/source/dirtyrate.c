// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dirtyrate.c - QEMU's own dirty-rate measurement: its modes, and which may be asked for (PURE)
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/units.h"
#include "dirtyrate.h"

static const char *const modes[MT_DIRTYRATE_MODE_COUNT] = {
	[MT_DIRTYRATE_PAGE_SAMPLING] = "page-sampling",
	[MT_DIRTYRATE_DIRTY_BITMAP] = "dirty-bitmap",
	[MT_DIRTYRATE_DIRTY_RING] = "dirty-ring",
};

/* --- modes -------------------------------------------------------------- */
const char *mt_dirtyrate_mode_name(enum mt_dirtyrate_mode mode)
{
	return mode < MT_DIRTYRATE_MODE_COUNT ? modes[mode] : "unknown";
}

int mt_dirtyrate_mode_parse(const char *name, enum mt_dirtyrate_mode *mode)
{
	for (size_t i = 0; i < MT_DIRTYRATE_MODE_COUNT; i++) {
		if (!strcmp(modes[i], name)) {
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

int mt_dirtyrate_check(enum mt_dirtyrate_mode mode, const char *type, uint64_t ring_entries,
		       struct mt_err *err)
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
