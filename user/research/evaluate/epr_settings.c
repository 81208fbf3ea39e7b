// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * epr_settings.c - departures from the default parameters, one at a time
 */
#include <string.h>

#include "base/cleanup.h"
#include "epr_settings.h"

/* Slots, for the default setting; others have the first and the fourth. */
static const unsigned horizons[] = { 30, 60, 120, 150, 250, 256 };
static const unsigned horizons_of_settings[] = { 30, 150 };

/* Departures from the defaults, 0 = none. */
static const struct setting {
	const char *name;
	unsigned window, step, coarse, rep_max, fuse;
	double join, match, link, fluctuation;
	enum mt_markov_adjust adjust;	/* and the rest: of AM alone */
	enum mt_markov_count count;
	bool seen, chain;
} settings[] = {
	[EPR_DEFAULT] = { "default" },
	[EPR_SECONDS] = { "slots x10, n = 10", .coarse = 10, .window = 10 },
	{ "n = 5", .window = 5 },
	{ "n = 10", .window = 10 },
	{ "n = 20", .window = 20 },
	{ "n = 30", .window = 30 },
	{ "n = 60", .window = 60 },
	{ "slots x2", .coarse = 2 },
	{ "slots x5", .coarse = 5 },
	{ "match within 10 %", .match = 0.1 },
	{ "match within 30 %", .match = 0.3 },
	{ "join within 0.5", .join = 0.5 },
	{ "join within 1", .join = 1 },
	{ "step 5", .step = 5 },
	{ "link x2", .link = 2 },
	{ "link x4", .link = 4 },
	{ "fusion of 4", .fuse = 4 },
	{ "fusion of 4, with fluctuations", .fuse = 4, .fluctuation = 1 },
	{ "m = 2", .rep_max = 2 },
	{ "m = 10", .rep_max = 10 },
	{ "m = 20", .rep_max = 20 },
	{ "m = 50", .rep_max = 50 },
	{ "count ended by steps", .count = MT_COUNT_STEP },
	{ "m = 4, count ended by steps", .rep_max = 4, .count = MT_COUNT_STEP },
	{ "count never ended", .count = MT_COUNT_NEVER },
	{ "pattern gives way, count ended", .adjust = MT_ADJUST_PATTERN },
	{ "gives way to the second nearest", .adjust = MT_ADJUST_NEAREST },
	{ "gives way to the second nearest, never ended", .adjust = MT_ADJUST_NEAREST,
	  .count = MT_COUNT_NEVER },
	{ "count what was seen", .seen = true },
	{ "stay in the chain", .chain = true },
	{ "stay in the chain, join within 0.5", .chain = true, .join = 0.5 },
};

static void take_uint(unsigned *to, unsigned v)
{
	*to = v ? v : *to;
}

static void take_double(double *to, double v)
{
	*to = v > 0 ? v : *to;
}

const char *epr_setting_name(size_t i)
{
	return i < MT_ARRAY_SIZE(settings) ? settings[i].name : NULL;
}

unsigned epr_setting_coarse(size_t i)
{
	return settings[i].coarse;
}

struct mt_epr_params epr_setting_params(size_t i)
{
	const struct setting *s = &settings[i];
	struct mt_epr_params p = MT_EPR_DEFAULTS;

	memset(p.horizons, 0, sizeof(p.horizons));
	if (i == EPR_DEFAULT)
		memcpy(p.horizons, horizons, sizeof(horizons));
	else
		memcpy(p.horizons, horizons_of_settings, sizeof(horizons_of_settings));
	take_uint(&p.markov.window, s->window);
	take_uint(&p.markov.step, s->step);
	take_uint(&p.markov.rep_max, s->rep_max);
	take_uint(&p.markov.fuse, s->fuse);
	take_double(&p.markov.join_share, s->join);
	take_double(&p.markov.match_share, s->match);
	take_double(&p.markov.fluctuation_share, s->fluctuation);
	take_double(&p.link_share, s->link);
	p.markov.adjust = s->adjust;
	p.markov.count = s->count;
	p.markov.count_seen = s->seen;
	p.markov.stay_in_chain = s->chain;
	return p;
}
