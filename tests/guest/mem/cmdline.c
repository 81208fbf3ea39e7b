// SPDX-License-Identifier: GPL-2.0-or-later
/* One table of options; a word that is not in it is an error. */
#include "cmdline.h"
#include "cpu.h"

#include <stddef.h>

enum type { TYPE_COUNT, TYPE_PAGES, TYPE_RATE, TYPE_TIME, TYPE_FRACTION, TYPE_NAME };

const char *const pattern_names[] = {
	[PATTERN_SEQ] = "seq",
	[PATTERN_UNIFORM] = "uniform",
	[PATTERN_ZIPF] = "zipf",
	[PATTERN_HOTCOLD] = "hotcold",
	[PATTERN_PHASES] = "phases",
	[PATTERN_READONLY] = "readonly",
	NULL
};

/* Those that need no ranking of the region; numbered as in pattern_names */
static const char *const sub_names[] = { "seq", "uniform", NULL };
static const char *const idle_names[] = { "halt", "spin", NULL };
static const char *const fill_names[] = { "sparse", "random", NULL };

#define AT(field)	offsetof(struct config, field)

static const struct option {
	const char *name;
	enum type type;
	uint32_t offset;
	const char *const *names;
} options[] = {
	{ "region",		TYPE_PAGES,	AT(region_pages), NULL },
	{ "region2",		TYPE_PAGES,	AT(region2_pages), NULL },
	{ "rate",		TYPE_RATE,	AT(rate), NULL },
	{ "rate2",		TYPE_RATE,	AT(rate2), NULL },
	{ "pattern",		TYPE_NAME,	AT(pattern), pattern_names },
	{ "sub",		TYPE_NAME,	AT(sub), sub_names },
	{ "seed",		TYPE_COUNT,	AT(seed), NULL },
	{ "s",			TYPE_FRACTION,	AT(s_q16), NULL },
	{ "hot",		TYPE_FRACTION,	AT(hot_q16), NULL },
	{ "hotshare",		TYPE_FRACTION,	AT(hotshare_q16), NULL },
	{ "period",		TYPE_TIME,	AT(period_us), NULL },
	{ "duty",		TYPE_FRACTION,	AT(duty_q16), NULL },
	{ "keepalive",		TYPE_RATE,	AT(keepalive), NULL },
	{ "keepalive_pages",	TYPE_COUNT,	AT(keepalive_pages), NULL },
	{ "hb",			TYPE_TIME,	AT(heartbeat_us), NULL },
	{ "tcg_flush",		TYPE_TIME,	AT(tcg_flush_us), NULL },
	{ "backlog",		TYPE_TIME,	AT(backlog_us), NULL },
	{ "idle",		TYPE_NAME,	AT(idle), idle_names },
	{ "fill",		TYPE_NAME,	AT(fill), fill_names },
};

static const struct config defaults = {
	.region_pages = 64 << 8,
	.region2_pages = 1 << 8,
	.rate = 1000,
	.pattern = PATTERN_UNIFORM,
	.sub = PATTERN_UNIFORM,
	.seed = 1,
	.s_q16 = 72090,			/* 1.1 */
	.hot_q16 = 6554,		/* 10 % */
	.hotshare_q16 = 58982,		/* 90 % */
	.period_us = 4000000,
	.duty_q16 = 32768,
	.keepalive = 50,
	.keepalive_pages = 1,
	.heartbeat_us = 5000,
	.backlog_us = 10000,
	.tcg_flush_us = 1000,
};

/* True if *s begins with word; *s is then moved past it. */
static bool skip(const char **s, const char *word)
{
	const char *p = *s;

	while (*word)
		if (*p++ != *word++)
			return false;
	*s = p;
	return true;
}

static bool at_end(const char *s)
{
	return *s == 0 || *s == ' ';
}

/* Digits with up to four decimals, in units of 1/10000 */
#define DECIMALS	10000

static bool parse_decimal(const char **s, uint64_t *value)
{
	const char *start = *s;
	int decimals = -1;

	*value = 0;
	for (; (**s >= '0' && **s <= '9') || (**s == '.' && decimals < 0); (*s)++) {
		if (**s == '.') {
			decimals = 0;
			continue;
		}
		if (decimals == 4 || *value > UINT32_MAX)
			return false;
		*value = *value * 10 + (**s - '0');
		if (decimals >= 0)
			decimals++;
	}
	if (*s == start)
		return false;
	for (decimals = decimals < 0 ? 0 : decimals; decimals < 4; decimals++)
		*value *= 10;
	return true;
}

/* A number whose unit is looked up in a list; value in the base unit */
struct unit {
	const char *name;
	uint32_t factor;
};

static const struct unit page_units[] = {
	{ "K", 0 }, { "M", 256 }, { "G", 256 << 10 }, { NULL, 0 }
};
static const struct unit time_units[] = {
	{ "us", 1 }, { "ms", 1000 }, { "s", 1000000 }, { NULL, 0 }
};
static const struct unit rate_units[] = { { "/s", 1 }, { "", 1 }, { NULL, 0 } };
static const struct unit count_units[] = { { "", 1 }, { NULL, 0 } };

static bool parse_scaled(const char **s, const struct unit *unit, uint32_t *result)
{
	uint64_t value;

	if (!parse_decimal(s, &value))
		return false;
	if (!value && at_end(*s)) {		/* nothing needs no unit */
		*result = 0;
		return true;
	}
	for (; unit->name; unit++) {
		if (!skip(s, unit->name))
			continue;
		value = unit->factor ? value * unit->factor : value / 4;	/* KiB */
		value = div_u64(value, DECIMALS, 0);
		*result = value;
		return at_end(*s) && value <= UINT32_MAX;
	}
	return false;
}

/* "90%", "0.9" or "1.1" as Q16, below 16 */
static bool parse_fraction(const char **s, uint32_t *result)
{
	uint64_t value;

	if (!parse_decimal(s, &value))
		return false;
	if (skip(s, "%"))
		value = div_u64(value, 100, 0);
	if (value >= 16 * DECIMALS)
		return false;
	*result = muldiv(value, 65536, DECIMALS);
	return at_end(*s);
}

static bool parse_name(const char **s, const char *const *names, uint32_t *result)
{
	for (uint32_t i = 0; names[i]; i++) {
		const char *p = *s;

		if (skip(&p, names[i]) && at_end(p)) {
			*s = p;
			*result = i;
			return true;
		}
	}
	return false;
}

static bool parse_value(const char **s, const struct option *opt, uint32_t *result)
{
	switch (opt->type) {
	case TYPE_COUNT:
		return parse_scaled(s, count_units, result);
	case TYPE_PAGES:
		return parse_scaled(s, page_units, result);
	case TYPE_RATE:
		if (skip(s, "max")) {
			*result = RATE_MAX;
			return at_end(*s);
		}
		return parse_scaled(s, rate_units, result);
	case TYPE_TIME:
		return parse_scaled(s, time_units, result);
	case TYPE_FRACTION:
		return parse_fraction(s, result);
	case TYPE_NAME:
		return parse_name(s, opt->names, result);
	}
	return false;
}

static bool parse_word(const char **s, struct config *config)
{
	for (uint32_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		const char *p = *s;

		if (!skip(&p, options[i].name) || !skip(&p, "="))
			continue;
		if (!parse_value(&p, &options[i], (void *)config + options[i].offset))
			return false;
		*s = p;
		return true;
	}
	return false;
}

bool cmdline_parse(const char *line, struct config *config, const char **bad)
{
	*config = defaults;
	for (;;) {
		while (*line == ' ')
			line++;
		if (!*line)
			return true;
		*bad = line;
		if (!parse_word(&line, config))
			return false;
	}
}
