// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pattern_parse.c - a pattern from words (PURE)
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "pattern.h"

#define VALUE_MAX	64

const char *const mt_pattern_names[MT_PATTERN_COUNT + 1] = {
	"uniform", "seq", "zipf", "hotcold", "phases", "readonly", "idle", NULL
};
static const char *const sub_names[] = { "uniform", "seq", NULL };
static const char *const idle_names[] = { "halt", "spin", NULL };
static const char *const fill_names[] = { "sparse", "random", NULL };
static const char *const yes_names[] = { "no", "yes", NULL };

enum kind { PAGES, RATE, SECONDS, SHARE, NUMBER, COUNT, NAME };

#define AT(field)	offsetof(struct mt_pattern, field)
#define NOWHERE		SIZE_MAX	/* says nothing about pages: checked, and that is all */

static const struct option {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *const *names;
} options[] = {
	{ "pattern", NAME, AT(kind), mt_pattern_names },
	{ "region", PAGES, AT(region_pages) },
	{ "rate", RATE, AT(rate) },
	{ "seed", COUNT, AT(seed) },
	{ "s", NUMBER, AT(s) },
	{ "hot", SHARE, AT(hot) },
	{ "hotshare", SHARE, AT(hotshare) },
	{ "period", SECONDS, AT(period_s) },
	{ "duty", SHARE, AT(duty) },
	{ "rate2", RATE, AT(rate2) },
	{ "region2", PAGES, AT(region2_pages) },
	{ "sub", NAME, AT(sub), sub_names },
	{ "keepalive", RATE, AT(keepalive) },
	{ "keepalive_pages", COUNT, AT(keepalive_pages) },
	{ "backlog", SECONDS, AT(backlog_s) },
	{ "fill", NAME, AT(random_fill), fill_names },
	{ "hb", SECONDS, NOWHERE },
	{ "tcg_flush", SECONDS, NOWHERE },
	{ "idle", NAME, NOWHERE, idle_names },
	{ "phase", SECONDS, AT(phase_s) },
	{ "at", PAGES, AT(at_pages) },
	{ "resident", PAGES, AT(resident_pages) },
	{ "top", RATE, AT(top) },
	{ "tables", NAME, AT(tables), yes_names },
};

static const struct mt_pattern defaults = {
	.region_pages = 64 << 8,
	.region2_pages = 1 << 8,
	.at_pages = 2 << 8,	/* the guest's image begins at 1 MiB */
	.rate = 1000,
	.seed = 1,
	.s = 1.1,
	.hot = 0.1,
	.hotshare = 0.9,
	.period_s = 4,
	.duty = 0.5,
	.keepalive = 50,
	.keepalive_pages = 1,
	.backlog_s = 0.01,
};

/* A number, and what stands behind it. */
static bool split(const char *text, double *value, const char **unit)
{
	const char *p = text;
	char *end;

	while (isdigit((unsigned char)*p) || *p == '.')
		p++;
	if (p == text)
		return false;
	*value = strtod(text, &end);
	*unit = p;
	return end == p && isfinite(*value);
}

static bool unit_of(const char *unit, const char *const *names, const double *factors,
		    double *factor)
{
	for (size_t i = 0; names[i]; i++)
		if (!strcmp(unit, names[i])) {
			*factor = factors[i];
			return true;
		}
	return false;
}

/* "64M" as the guest has it, "64MiB" as the rest of migtrace. */
static const char *parse_pages(const char *text, uint64_t *pages)
{
	static const char *const names[] = { "K", "M", "G", "T", "KiB", "MiB", "GiB", "TiB", NULL };
	static const double factors[] = { 0x1p10, 0x1p20, 0x1p30, 0x1p40,
					  0x1p10, 0x1p20, 0x1p30, 0x1p40 };
	const char *unit;
	double v, factor;

	if (!split(text, &v, &unit) || (v != 0 && !unit_of(unit, names, factors, &factor)))
		return "a size, as in 64MiB";
	v = v != 0 ? v * factor / MT_TRACE_PAGE_BYTES : 0;
	if (v > 0x1p32)
		return "a size of at most 16 TiB";
	*pages = (uint64_t)v;
	return NULL;
}

static const char *parse_rate(const char *text, double *rate)
{
	const char *unit;
	double v;

	if (!strcmp(text, "max")) {
		*rate = MT_PATTERN_RATE_MAX;
		return NULL;
	}
	if (!split(text, &v, &unit) || (*unit && strcmp(unit, "/s")) || v > 1e9)
		return "a rate in writes a second, as in 8000/s";
	*rate = v;
	return NULL;
}

static const char *parse_seconds(const char *text, double *seconds)
{
	static const char *const names[] = { "us", "ms", "s", NULL };
	static const double factors[] = { 1e-6, 1e-3, 1 };
	const char *unit;
	double v, factor = 1;

	if (!split(text, &v, &unit) || (v != 0 && !unit_of(unit, names, factors, &factor)) ||
	    v * factor > 86400)
		return "a duration in us, ms or s";
	*seconds = v * factor;
	return NULL;
}

static const char *parse_share(const char *text, double *share)
{
	const char *unit;
	double v;

	if (!split(text, &v, &unit) || (*unit && strcmp(unit, "%")))
		return "a share, as in 10% or 0.1";
	*share = *unit ? v / 100 : v;
	return *share <= 1 ? NULL : "a share of at most 100%";
}

static const char *parse_name(const char *text, const char *const *names, unsigned *out)
{
	for (unsigned i = 0; names[i]; i++)
		if (!strcmp(names[i], text)) {
			*out = i;
			return NULL;
		}
	return "known";
}

/* Return: NULL, or what it should be. */
static const char *parse_value(const struct option *o, const char *text, void *at)
{
	const char *unit;
	double v;

	switch (o->kind) {
	case PAGES:
		return parse_pages(text, at);
	case RATE:
		return parse_rate(text, at);
	case SECONDS:
		return parse_seconds(text, at);
	case SHARE:
		return parse_share(text, at);
	case NAME:
		return parse_name(text, o->names, at);
	case NUMBER:
		if (!split(text, &v, &unit) || *unit || v >= 16)
			return "a number below 16";
		*(double *)at = v;
		return NULL;
	case COUNT:
		if (!split(text, &v, &unit) || *unit || v != floor(v) || v > 0x1p32)
			return "a whole number";
		*(uint64_t *)at = (uint64_t)v;
		return NULL;
	}
	return NULL;
}

static int parse_option(struct mt_pattern *p, const char *word, size_t len, struct mt_err *err)
{
	const char *equals = memchr(word, '=', len), *wrong;
	char value[VALUE_MAX];
	uint64_t ignored[2];

	if (!equals || len - (size_t)(equals - word) > sizeof(value))
		return mt_err_set(err, -EINVAL, "\"%.*s\" is no OPTION=VALUE of a pattern",
				  (int)len, word);
	snprintf(value, sizeof(value), "%.*s", (int)(len - (size_t)(equals + 1 - word)),
		 equals + 1);
	for (size_t i = 0; i < MT_ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];

		if (strlen(o->name) != (size_t)(equals - word) ||
		    strncmp(o->name, word, strlen(o->name)))
			continue;
		wrong = parse_value(o, value,
				    o->offset == NOWHERE ? (void *)ignored : (char *)p + o->offset);
		return wrong ? mt_err_set(err, -EINVAL, "%s=%s is not %s", o->name, value, wrong) :
			       0;
	}
	return mt_err_set(err, -EINVAL, "a pattern has no option \"%.*s\"", (int)(equals - word),
			  word);
}

static int check(const struct mt_pattern *p, struct mt_err *err)
{
	if (!p->region_pages)
		return mt_err_set(err, -EINVAL, "a region of no page");
	if ((isinf(p->rate) || isinf(p->rate2)) && !(p->top > 0))
		return mt_err_set(err, -EINVAL,
				  "rate=max needs top=RATE: how fast the guest can write");
	if (isinf(p->top) || isinf(p->keepalive))
		return mt_err_set(err, -EINVAL, "top and keepalive are numbers");
	if (p->kind == MT_PATTERN_PHASES && !(p->period_s >= 1e-4))
		return mt_err_set(err, -EINVAL, "a period of at least 100us is needed");
	return 0;
}

/* The length of "NAME" in "NAME:...", or of the whole; 0: none that is known. */
static size_t name_len(const char *text, unsigned *kind)
{
	size_t len = strcspn(text, ":");

	for (unsigned i = 0; mt_pattern_names[i]; i++)
		if (strlen(mt_pattern_names[i]) == len &&
		    !strncmp(text, mt_pattern_names[i], len)) {
			*kind = i;
			return len;
		}
	return 0;
}

bool mt_trace_is_pattern(const char *text)
{
	unsigned kind;

	return name_len(text, &kind) > 0;
}

int mt_pattern_parse(struct mt_pattern *p, const char *text, struct mt_err *err)
{
	const char *word = text + name_len(text, (*p = defaults, &p->kind));
	int rc;

	if (word != text && *word == ':')
		word++;
	for (;;) {
		size_t len;

		word += strspn(word, ", ");
		len = strcspn(word, ", ");
		if (!len)
			break;
		rc = parse_option(p, word, len, err);
		if (rc)
			return rc;
		word += len;
	}
	return check(p, err);
}
