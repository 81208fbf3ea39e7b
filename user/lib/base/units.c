// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * units.c - durations, sizes and rates to and from text
 *
 * Values are scaled in integers: "1.5s" is exactly 1500 ms, and no size loses
 * its last bytes to a double.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "units.h"

struct unit {
	const char *name;
	uint64_t factor;
};

#define DURATION_UNITS	"ms, s, min, h"
static const struct unit duration_units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "min", 60 * 1000 }, { "h", 3600 * 1000 }, { }
};

#define SIZE_UNITS	"B, KiB, MiB, GiB, TiB, kB, MB, GB, TB"
static const struct unit size_units[] = {
	{ "B", 1 }, { "KiB", 1ULL << 10 }, { "MiB", 1ULL << 20 }, { "GiB", 1ULL << 30 },
	{ "TiB", 1ULL << 40 },
	{ "kB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 }, { "TB", 1000000000000ULL }, { }
};

#define RATE_UNITS	"B/s, KiB/s, MiB/s, GiB/s, kB/s, MB/s, GB/s, kbit/s, Mbit/s, Gbit/s"
static const struct unit rate_units[] = {
	{ "B/s", 1 }, { "KiB/s", 1ULL << 10 }, { "MiB/s", 1ULL << 20 }, { "GiB/s", 1ULL << 30 },
	{ "TiB/s", 1ULL << 40 },
	{ "kB/s", 1000 }, { "MB/s", 1000000 }, { "GB/s", 1000000000 }, { "TB/s", 1000000000000ULL },
	{ "kbit/s", 1000 / 8 }, { "Mbit/s", 1000000 / 8 }, { "Gbit/s", 1000000000 / 8 }, { }
};

#define FRACTION_DIGITS	18	/* 10^18 fits uint64_t; nobody needs more behind the point */

struct decimal {
	uint64_t whole;
	uint64_t fraction, scale;	/* fraction / scale is the part behind the point */
};

/*
 * Digits, perhaps a point and digits. Return: what follows, NULL if there are no digits or far too
 * many.
 */
static const char *scan_decimal(const char *p, struct decimal *d, bool *overflow)
{
	*d = (struct decimal){ .scale = 1 };
	if (!isdigit((unsigned char)*p))
		return NULL;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(d->whole, 10, &d->whole) ||
		    __builtin_add_overflow(d->whole, (uint64_t)(*p - '0'), &d->whole))
			*overflow = true;
	if (*p != '.')
		return p;
	p++;
	if (!isdigit((unsigned char)*p))
		return NULL;
	for (int n = 0; isdigit((unsigned char)*p); p++, n++) {
		if (n >= FRACTION_DIGITS)
			return NULL;
		d->fraction = d->fraction * 10 + (uint64_t)(*p - '0');
		d->scale *= 10;
	}
	return p;
}

static int parse_scaled(const char *what, const char *text, const struct unit *units,
			const char *accepted, uint64_t *out, struct mt_err *err)
{
	bool overflow = false;
	struct decimal d;
	const char *name = scan_decimal(text, &d, &overflow);

	if (!name)
		return mt_err_set(err, -EINVAL, "%s: \"%s\" is not a number with a unit (%s)", what,
				  text, accepted);
	if (!*name)
		return mt_err_set(err, -EINVAL, "%s: \"%s\" lacks its unit (%s)", what, text,
				  accepted);
	for (const struct unit *u = units; u->name; u++) {
		unsigned __int128 v;

		if (strcmp(u->name, name))
			continue;
		v = (unsigned __int128)d.whole * u->factor +
		    ((unsigned __int128)d.fraction * u->factor + d.scale / 2) / d.scale;
		if (overflow || v > UINT64_MAX)
			return mt_err_set(err, -ERANGE, "%s: \"%s\" is too large", what, text);
		/*
		 * 0 is a value of its own, often "never": what is only nearly 0 must not become it.
		 */
		if (!v && d.fraction)
			return mt_err_set(err, -ERANGE, "%s: \"%s\" is less than 1 %s", what, text,
					  units[0].name);
		*out = (uint64_t)v;
		return 0;
	}
	return mt_err_set(err, -EINVAL, "%s: \"%s\" has an unknown unit; use one of %s", what, text,
			  accepted);
}

int mt_parse_duration_ms(const char *what, const char *text, uint64_t *out, struct mt_err *err)
{
	return parse_scaled(what, text, duration_units, DURATION_UNITS, out, err);
}

int mt_parse_size_bytes(const char *what, const char *text, uint64_t *out, struct mt_err *err)
{
	return parse_scaled(what, text, size_units, SIZE_UNITS, out, err);
}

int mt_parse_rate_bytes_per_s(const char *what, const char *text, uint64_t *out, struct mt_err *err)
{
	return parse_scaled(what, text, rate_units, RATE_UNITS, out, err);
}

int mt_parse_count(const char *what, const char *text, uint64_t max, uint64_t *out,
		   struct mt_err *err)
{
	bool overflow = false;
	struct decimal d;
	const char *rest = scan_decimal(text, &d, &overflow);

	if (!rest || *rest || strchr(text, '.'))
		return mt_err_set(err, -EINVAL, "%s: \"%s\" is not a plain number", what, text);
	if (overflow || d.whole > max)
		return mt_err_set(err, -ERANGE, "%s: \"%s\" is more than %" PRIu64, what, text,
				  max);
	*out = d.whole;
	return 0;
}

int mt_parse_percent(const char *what, const char *text, uint64_t max, uint64_t *out,
		     struct mt_err *err)
{
	size_t len = strcspn(text, "%");
	char number[32];

	if (len >= sizeof(number) || (text[len] && text[len + 1]))
		return mt_err_set(err, -EINVAL, "%s: \"%s\" is not a percentage such as 150%%",
				  what, text);
	memcpy(number, text, len);
	number[len] = '\0';
	return mt_parse_count(what, number, max, out, err);
}

const char *mt_format_duration_ms(char *buf, double ms)
{
	const char *sign = ms <= -0.05 ? "-" : "";
	double v = fabs(ms), s = v / 1000;

	if (!isfinite(ms))
		snprintf(buf, MT_UNIT_STR, "-");
	else if (v < 9.95 && fabs(v - round(v)) >= 0.05)
		snprintf(buf, MT_UNIT_STR, "%s%.1f ms", sign, v);
	else if (v < 999.5)
		snprintf(buf, MT_UNIT_STR, "%s%.0f ms", sign, v);
	else if (s < 59.95)
		snprintf(buf, MT_UNIT_STR, "%s%.1f s", sign, s);
	else if (s < 3599.5)
		snprintf(buf, MT_UNIT_STR, "%s%.0f min %02.0f s", sign, floor(round(s) / 60),
			 fmod(round(s), 60));
	else if (s < 3600 * 1e6)
		snprintf(buf, MT_UNIT_STR, "%s%.0f h %02.0f min", sign, floor(round(s / 60) / 60),
			 fmod(round(s / 60), 60));
	else
		snprintf(buf, MT_UNIT_STR, "%s%.3g h", sign, s / 3600);
	return buf;
}

static void format_binary(char *buf, double v, const char *suffix)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t i = 0;

	if (!isfinite(v)) {
		snprintf(buf, MT_UNIT_STR, "-");
		return;
	}
	if (fabs(v) < 1023.5) {
		snprintf(buf, MT_UNIT_STR, "%.0f B%s", v, suffix);
		return;
	}
	/* 1023.95 would be shown as 1024.0 of the smaller unit. */
	while (fabs(v) >= 1023.95 && i + 1 < MT_ARRAY_SIZE(units)) {
		v /= 1024;
		i++;
	}
	snprintf(buf, MT_UNIT_STR, fabs(v) < 1e6 ? "%.1f %s%s" : "%.3g %s%s", v, units[i], suffix);
}

const char *mt_format_size_bytes(char *buf, double bytes)
{
	format_binary(buf, bytes, "");
	return buf;
}

const char *mt_format_rate_bytes_per_s(char *buf, double bytes_per_s)
{
	format_binary(buf, bytes_per_s, "/s");
	return buf;
}
