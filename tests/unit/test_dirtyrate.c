// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_dirtyrate.c - which windows a profile takes, and which modes it refuses
 */
#include <errno.h>

#include "source/dirtyrate.h"
#include "ktap.h"

#define MAX	80

static void windows_fill_the_duration(void)
{
	unsigned w[MAX];

	for (uint64_t s = 0; s <= 3600; s++) {
		size_t n = mt_dirtyrate_windows(s, w, MAX);
		uint64_t sum = 0;

		CHECK(n < MAX);
		for (size_t i = 0; i < n; i++) {
			CHECK(w[i] >= MT_DIRTYRATE_WINDOW_MIN_S &&
			      w[i] <= MT_DIRTYRATE_WINDOW_MAX_S);
			sum += w[i];
		}
		CHECK_INT(sum, s);
	}
}

static void windows_differ_until_the_longest(void)
{
	unsigned w[MAX];

	for (uint64_t s = 3; s <= 60; s++) {
		size_t n = mt_dirtyrate_windows(s, w, MAX);

		CHECK(n >= 2);
		for (size_t i = 1; i < n; i++)
			CHECK(w[i] > w[i - 1]);
	}
}

static void windows_as_documented(void)
{
	unsigned w[MAX];

	CHECK_INT(mt_dirtyrate_windows(10, w, MAX), 3);
	CHECK_INT(w[0], 1);
	CHECK_INT(w[1], 2);
	CHECK_INT(w[2], 7);
	CHECK_INT(mt_dirtyrate_windows(1, w, MAX), 1);
	CHECK_INT(w[0], 1);
	CHECK_INT(mt_dirtyrate_windows(UINT64_MAX, w, 5), 5);
}

static void modes_have_names(void)
{
	for (int i = 0; i < MT_DIRTYRATE_MODE_COUNT; i++) {
		enum mt_dirtyrate_mode mode = MT_DIRTYRATE_MODE_COUNT;

		CHECK_INT(mt_dirtyrate_mode_parse(mt_dirtyrate_mode_name(i), &mode), 0);
		CHECK_INT(mode, i);
	}
	CHECK_INT(mt_dirtyrate_mode_parse("auto", &(enum mt_dirtyrate_mode){ 0 }), -EINVAL);
	CHECK_INT(mt_dirtyrate_mode_parse("", &(enum mt_dirtyrate_mode){ 0 }), -EINVAL);
}

static void auto_takes_the_guests_own(void)
{
	CHECK_INT(mt_dirtyrate_mode_of("kvm", 0), MT_DIRTYRATE_DIRTY_BITMAP);
	CHECK_INT(mt_dirtyrate_mode_of("kvm", 4096), MT_DIRTYRATE_DIRTY_RING);
	CHECK_INT(mt_dirtyrate_mode_of("qemu", 0), MT_DIRTYRATE_PAGE_SAMPLING);
	CHECK_INT(mt_dirtyrate_mode_of("test", 0), MT_DIRTYRATE_PAGE_SAMPLING);
}

/* Every mode against every kind of guest. */
static void what_is_refused(void)
{
	static const struct {
		const char *type;
		uint64_t ring;
		int rc[MT_DIRTYRATE_MODE_COUNT];	/* page-sampling, dirty-bitmap,
							 * dirty-ring */
	} guests[] = {
		{ "kvm", 0,	{ 0, 0, -EOPNOTSUPP } },
		{ "kvm", 4096,	{ 0, -EOPNOTSUPP, 0 } },
		{ "qemu", 0,	{ 0, -EPERM, -EOPNOTSUPP } },
		{ "qemu", 4096,	{ 0, -EPERM, -EOPNOTSUPP } },
		{ "", 0,	{ 0, -EPERM, -EOPNOTSUPP } },
	};

	for (size_t g = 0; g < MT_ARRAY_SIZE(guests); g++) {
		for (int mode = 0; mode < MT_DIRTYRATE_MODE_COUNT; mode++) {
			struct mt_err err = { 0 };

			CHECK_INT(mt_dirtyrate_check(mode, guests[g].type, guests[g].ring, &err),
				  guests[g].rc[mode]);
			CHECK_INT(err.code, guests[g].rc[mode]);
			CHECK(!err.code == !*err.msg);
		}
	}
}

static const struct ktap_case cases[] = {
	{ "windows fill the duration, each within QEMU's limits", windows_fill_the_duration },
	{ "up to a minute no two windows are of one length", windows_differ_until_the_longest },
	{ "windows are as documented", windows_as_documented },
	{ "each mode is found by its name", modes_have_names },
	{ "auto takes the guest's own mode", auto_takes_the_guests_own },
	{ "a mode that harms or is not there is refused, with a reason", what_is_refused },
};

KTAP_MAIN(cases)
