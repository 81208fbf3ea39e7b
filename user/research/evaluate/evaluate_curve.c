// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_curve.c - U(T) as it is known at one moment of a migration, by where from
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "store/recorded.h"
#include "evaluate_campaign.h"

static const char *const names[EVALUATE_CURVES] = {
	[CURVE_KERNEL] = "kernel",
	[CURVE_COARSE] = "coarse",
	[CURVE_PASSES] = "passes",
};

const char *evaluate_curve_name(enum evaluate_curve curve)
{
	return curve < EVALUATE_CURVES ? names[curve] : "unknown";
}

static int know_profile(struct evaluate_case *c, const struct mt_recording *profile)
{
	bool kernel = c->curve == CURVE_KERNEL;

	if (!profile || mt_recorded_curve(&c->u, profile, kernel, c->run->memory_bytes) ||
	    (c->u.origin == MT_UCURVE_KERNEL) != kernel)
		return -ENODATA;
	if (!mt_recorded_seconds(&c->seconds, profile, kernel))
		c->learned.in.seconds = &c->seconds;
	return 0;
}

int evaluate_curve_know(struct evaluate_case *c, const struct mt_recording *profile,
			const struct evaluate_boundary *b)
{
	if (c->curve == CURVE_PASSES) {
		if (!b)
			return -ENODATA;
		mt_ucurve_init(&c->u, c->run->memory_bytes);
		mt_ucurve_clears(&c->u, !strcmp(c->run->type, "kvm") &&
							!strcmp(c->run->logging, "bitmap") ?
						MT_CLEAR_CHUNK_BYTES :
						0);
	} else if (know_profile(c, profile)) {
		return -ENODATA;
	} else if (b) {
		mt_ucurve_migrates(&c->u, 1, MT_UCURVE_SPEED_SD);
	}
	for (size_t i = 0; b && i < b->iterations.n_kept; i++)
		mt_ucurve_iteration(&c->u, &b->iterations.kept[i]);
	return c->u.origin ? 0 : -ENODATA;
}
