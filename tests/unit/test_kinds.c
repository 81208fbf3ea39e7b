// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_kinds.c - the recorded guests of the paper's kinds: what is in them, and how often FM and AM
 * are right there, as Documentation/evaluation/markov.md says it
 */
#include <glob.h>
#include <string.h>

#include "cli/recording_load.h"
#include "model/markov/epr.h"
#include "research/evaluate/epr_series.h"
#include "ktap.h"
#include "migration.h"

#define SLOTS_MIN	600	/* horizons of 150 slots fit into half of it */
#define SLOTS_MAX	810	/* 80 s */

/* Of horizon 150, in percent: what is documented, rounded. */
static const struct {
	const char *kind;
	size_t recordings;
	double fm_slot, am_slot, fm_curve, am_curve, mean_curve;
} kinds[] = {
	{ "idle", 3, 28.58, 28.58, 82.35, 82.35, 80.39 },
	{ "cpu", 3, 12.43, 12.63, 87.58, 59.48, 86.93 },
	{ "io", 3, 7.66, 7.79, 50.98, 50.33, 57.52 },
	{ "network", 3, 7.40, 7.60, 32.03, 24.18, 22.88 },
};

static void load(struct epr_series *s, const char *path)
{
	struct mt_recording *rec = NULL;
	struct mt_err err = { 0 };

	if (recording_load(&rec, path, &err) || epr_series_load(s, rec, false)) {
		printf("# %s: %s\n", path, err.msg);
		abort();
	}
	CHECK(!rec->truncated);
	mt_recording_free(rec);
}

static void evaluate(const char *path, const char *kind, struct mt_epr *all)
{
	struct mt_epr_params p = MT_EPR_DEFAULTS;
	struct epr_series s;
	double sum = 0;

	memset(p.horizons, 0, sizeof(p.horizons));
	p.horizons[0] = 150;
	load(&s, path);
	CHECK_STR(s.source, EPR_TICKS);
	CHECK_STR(s.folder, kind);
	CHECK_INT(s.slot_ms, 100);
	CHECK(s.n >= SLOTS_MIN && s.n <= SLOTS_MAX);
	for (size_t i = 0; i < s.n; i++)
		sum += s.slots[i];
	CHECK(sum > 0);
	CHECK_INT(mt_epr_evaluate(s.slots, s.n, &p, all), 0);
	epr_series_fini(&s);
}

static double percent(const struct mt_epr *epr, int by, enum mt_epr_kind kind)
{
	return 100 * mt_epr_ratio(&epr->by[0][by], kind);
}

static void test_kinds(void)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(kinds); i++) {
		struct mt_epr epr = { 0 };
		char pattern[64];
		glob_t files;

		snprintf(pattern, sizeof(pattern), "tests/data/series/%s/*.mtrec", kinds[i].kind);
		CHECK_INT(glob(pattern, 0, NULL, &files), 0);
		CHECK_INT(files.gl_pathc, kinds[i].recordings);
		for (size_t k = 0; k < files.gl_pathc; k++)
			evaluate(files.gl_pathv[k], kinds[i].kind, &epr);
		globfree(&files);
		CHECK_NEAR(percent(&epr, MT_EPR_FM, MT_EPR_SLOT), kinds[i].fm_slot, 0.06);
		CHECK_NEAR(percent(&epr, MT_EPR_AM, MT_EPR_SLOT), kinds[i].am_slot, 0.06);
		CHECK_NEAR(percent(&epr, MT_EPR_FM, MT_EPR_CURVE), kinds[i].fm_curve, 0.06);
		CHECK_NEAR(percent(&epr, MT_EPR_AM, MT_EPR_CURVE), kinds[i].am_curve, 0.06);
		CHECK_NEAR(percent(&epr, MT_EPR_MEAN, MT_EPR_CURVE), kinds[i].mean_curve, 0.06);
	}
}

static const struct ktap_case cases[] = {
	{ "recordings of the paper's kinds of guests, and how well they are foretold", test_kinds },
};
KTAP_MAIN(cases)
