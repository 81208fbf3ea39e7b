// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_units.c - durations, sizes, rates, counts; errors; text that must be valid UTF-8
 */
#include <errno.h>
#include <math.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"
#include "ktap.h"

typedef int (*parse_fn)(const char *what, const char *text, uint64_t *out, struct mt_err *err);

struct good {
	const char *text;
	uint64_t value;
};

struct bad {
	const char *text;
	int code;
};

#define UNTOUCHED	0xdeadbeefULL

static void check_good(parse_fn parse, const struct good *g)
{
	for (; g->text; g++) {
		uint64_t out = UNTOUCHED;
		struct mt_err err = { 0 };

		if (parse("--x", g->text, &out, &err) || out != g->value)
			printf("# \"%s\": %" PRIu64 ", expected %" PRIu64 " (%s)\n", g->text, out,
			       g->value, err.msg);
		CHECK(out == g->value);
		CHECK(!err.code);
	}
}

static void check_bad(parse_fn parse, const struct bad *b)
{
	for (; b->text; b++) {
		uint64_t out = UNTOUCHED;
		struct mt_err err = { 0 };
		int rc = parse("--x", b->text, &out, &err);

		if (rc != b->code)
			printf("# \"%s\" gives %d\n", b->text, rc);
		CHECK_INT(rc, b->code);
		CHECK(out == UNTOUCHED);
		CHECK_INT(err.code, b->code);
		CHECK(strstr(err.msg, "--x"));
		CHECK(!strchr(err.msg, '\n'));
	}
}

static void test_duration(void)
{
	check_good(mt_parse_duration_ms,
		   (const struct good[]){ { "300ms", 300 },
					  { "0ms", 0 },
					  { "0s", 0 },
					  { "1.5s", 1500 },
					  { "0.001s", 1 },
					  { "5min", 300000 },
					  { "2h", 7200000 },
					  { "007ms", 7 },
					  { "0.0006s", 1 },
					  { "18446744073709551615ms", UINT64_MAX },
					  {} });
	check_bad(mt_parse_duration_ms, (const struct bad[]){
		{ "", -EINVAL }, { "300", -EINVAL }, { "ms", -EINVAL }, { "-1ms", -EINVAL },
		{ "+1ms", -EINVAL },
		{ " 1ms", -EINVAL }, { "1 ms", -EINVAL }, { "1ms ", -EINVAL }, { "1msx", -EINVAL },
		{ "1.s", -EINVAL },
		{ ".5s", -EINVAL }, { "1e3ms", -EINVAL }, { "0x10ms", -EINVAL },
		{ "1,5s", -EINVAL }, { "1m", -EINVAL },
		{ "nanms", -EINVAL }, { "1MS", -EINVAL }, { "1.1.1s", -EINVAL },
		{ "18446744073709551616ms", -ERANGE }, { "99999999999999999999999s", -ERANGE },
		{ "18446744073709551615s", -ERANGE }, { "0.0001s", -ERANGE }, { } });
}

static void test_size(void)
{
	check_good(mt_parse_size_bytes,
		   (const struct good[]){ { "1B", 1 },
					  { "1KiB", 1024 },
					  { "1kB", 1000 },
					  { "1.5GiB", 1610612736 },
					  { "2TB", 2000000000000ULL },
					  { "16777215TiB", 16777215ULL << 40 },
					  { "9007199254740993B", 9007199254740993ULL },
					  {} });
	check_bad(mt_parse_size_bytes, (const struct bad[]){
		{ "1", -EINVAL }, { "1K", -EINVAL }, { "1KB", -EINVAL }, { "1MiB/s", -EINVAL },
		{ "1mib", -EINVAL },
		{ "16777216TiB", -ERANGE }, { "0.1B", -ERANGE }, { } });
}

static void test_rate(void)
{
	check_good(mt_parse_rate_bytes_per_s, (const struct good[]){
		{ "100MiB/s", 104857600 }, { "1Gbit/s", 125000000 }, { "8kbit/s", 1000 },
		{ "0.5Mbit/s", 62500 },
		{ "1B/s", 1 }, { } });
	check_bad(mt_parse_rate_bytes_per_s, (const struct bad[]){ { "100MiB", -EINVAL },
								   { "100", -EINVAL },
								   { "1Gb/s", -EINVAL },
								   { "1MiB/", -EINVAL },
								   {} });
}

static void test_percent(void)
{
	static const char *const bad[] = { "", "%", "4%%", "4 %", "4%x", "4.5%", "-4%", "x",
					   "00000000000000000000000000000000000004%" };
	struct mt_err err = { 0 };
	uint64_t out = 77;

	for (size_t i = 0; i < MT_ARRAY_SIZE(bad); i++)
		CHECK_INT(mt_parse_percent("p", bad[i], 1000, &out, &err), -EINVAL);
	CHECK_INT(mt_parse_percent("p", "151%", 150, &out, NULL), -ERANGE);
	CHECK_INT(out, 77);
	CHECK_INT(mt_parse_percent("p", "150%", 150, &out, NULL), 0);
	CHECK_INT(out, 150);
	CHECK_INT(mt_parse_percent("p", "0", 150, &out, NULL), 0);
	CHECK_INT(out, 0);
}

static void test_count(void)
{
	struct mt_err err = { 0 };
	uint64_t out = UNTOUCHED;

	CHECK_INT(mt_parse_count("n", "0", 10, &out, &err), 0);
	CHECK_INT(out, 0);
	CHECK_INT(mt_parse_count("n", "10", 10, &out, &err), 0);
	CHECK_INT(out, 10);
	out = UNTOUCHED;
	CHECK_INT(mt_parse_count("n", "11", 10, &out, NULL), -ERANGE);
	CHECK_INT(mt_parse_count("n", "99999999999999999999", UINT64_MAX, &out, NULL), -ERANGE);
	CHECK_INT(mt_parse_count("n", "1.0", 10, &out, NULL), -EINVAL);
	CHECK_INT(mt_parse_count("n", "12abc", 100, &out, NULL), -EINVAL);
	CHECK_INT(mt_parse_count("n", "-1", 100, &out, NULL), -EINVAL);
	CHECK_INT(mt_parse_count("n", "", 100, &out, NULL), -EINVAL);
	CHECK(out == UNTOUCHED);
}

static void test_format(void)
{
	const struct {
		const char *(*format)(char *buf, double v);
		double v;
		const char *text;
	} rows[] = {
		{ mt_format_duration_ms, 812, "812 ms" },
		{ mt_format_duration_ms, 12345, "12.3 s" },
		{ mt_format_duration_ms, 245000, "4 min 05 s" },
		{ mt_format_duration_ms, 999.6, "1.0 s" },
		{ mt_format_duration_ms, 59970, "1 min 00 s" },
		{ mt_format_duration_ms, 0, "0 ms" },
		{ mt_format_duration_ms, 3.25, "3.2 ms" }, { mt_format_duration_ms, 5, "5 ms" },
		{ mt_format_duration_ms, 119700, "2 min 00 s" },
		{ mt_format_duration_ms, 3 * 3600e3 + 7 * 60e3, "3 h 07 min" },
		{ mt_format_duration_ms, 3599900, "1 h 00 min" },
		{ mt_format_duration_ms, -40, "-40 ms" },
		{ mt_format_duration_ms, NAN, "-" },
		{ mt_format_size_bytes, 512, "512 B" },
		{ mt_format_size_bytes, 40580000, "38.7 MiB" },
		{ mt_format_size_bytes, 1024, "1.0 KiB" },
		{ mt_format_size_bytes, 1048575, "1.0 MiB" },
		{ mt_format_size_bytes, INFINITY, "-" },
		{ mt_format_rate_bytes_per_s, 129.0 * 1048576, "129.0 MiB/s" },
		{ mt_format_rate_bytes_per_s, 0, "0 B/s" },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		char buf[MT_UNIT_STR];

		CHECK_STR(rows[i].format(buf, rows[i].v), rows[i].text);
	}
}

static void test_format_fits(void)
{
	for (int e = -330; e < 309; e++) {
		const double v[] = { pow(10, e), -pow(10, e), 9.9999 * pow(10, e) };

		for (size_t i = 0; i < MT_ARRAY_SIZE(v); i++) {
			struct { char buf[MT_UNIT_STR], guard[8]; } s = { .guard = "guarded" };

			CHECK(strlen(mt_format_duration_ms(s.buf, v[i])) < MT_UNIT_STR - 1);
			CHECK(strlen(mt_format_size_bytes(s.buf, v[i])) < MT_UNIT_STR - 1);
			CHECK(strlen(mt_format_rate_bytes_per_s(s.buf, v[i])) < MT_UNIT_STR - 1);
			CHECK_STR(s.guard, "guarded");
		}
	}
}

static void test_err(void)
{
	struct mt_err err = { 0 };

	CHECK_INT(mt_err_set(NULL, -EIO, "nobody listens"), -EIO);
	CHECK_INT(mt_err_set(&err, -EIO, "first\nline %d\n", 1), -EIO);
	CHECK_STR(err.msg, "first line 1");
	CHECK_INT(mt_err_set(&err, -EPERM, "second"), -EPERM);
	CHECK_STR(err.msg, "first line 1");
	CHECK_INT(err.code, -EIO);
	memset(&err, 0, sizeof(err));
	mt_err_set(&err, -ENOENT, "%s", "");
	CHECK(err.msg[0]);
	err = (struct mt_err){ 0 };
	mt_err_set(&err, -EIO, "guest %s", "\xc2\x9b""2J\xe2\x80\xae\x1b");
	CHECK_STR(err.msg, "guest ?2J??");
}

static void test_utf8(void)
{
	const struct {
		const char *in, *out;
	} rows[] = {
		{ "plain", "plain" }, { "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "cut \xc3", "cut ?" }, { "\xff\xfe", "??" }, { "\xc0\x80", "??" },
		{ "\xed\xa0\x80", "???" }, { "\xf4\x90\x80\x80", "????" },
		{ "\x1b[31mred", "?[31mred" }, { "a\nb\x7f\tc\r", "a?b??c?" },
		{ "\xc2\x9b""31m", "?31m" }, { "\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0" },
		{ "\xe2\x80\xae", "?" }, { "\xe2\x81\xa6x\xe2\x81\xa9", "?x?" },
		{ "\xd8\x9c", "?" },
		{ "\xe2\x80\x8e\xe2\x80\x8f", "??" }, { "a\xe2\x80\xa8""b\xe2\x80\xa9", "a?b?" },
		{ "\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7" }, { "", "" },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		mt_autofree char *out = mt_utf8_clean(rows[i].in);

		CHECK_STR(out, rows[i].out);
	}
	CHECK_INT(mt_utf8_width("gr\xc3\xbc\xc3\x9f"), 4);
}

static const struct ktap_case cases[] = {
	{ "durations are parsed whole or refused", test_duration },
	{ "sizes are parsed whole or refused", test_size },
	{ "rates are parsed whole or refused", test_rate },
	{ "counts are parsed whole, within their limit, or refused", test_count },
	{ "percentages are read with and without their sign", test_percent },
	{ "figures for people are short and have units", test_format },
	{ "no figure overruns its buffer", test_format_fits },
	{ "the first error wins and is one line", test_err },
	{ "text is made valid and printable", test_utf8 },
};
KTAP_MAIN(cases)
