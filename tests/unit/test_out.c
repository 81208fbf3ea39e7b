// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_out.c - tables in text, JSON and CSV
 *
 * JSON is read back by jansson, CSV by a reader of RFC 4180 written for this.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>

#include "base/cleanup.h"
#include "out/table.h"
#include "ktap.h"

static const struct mt_column columns[] = {
	{ "name", "guest", MT_SHOW_PLAIN },
	{ "total_ms", "total", MT_SHOW_DURATION_MS },
	{ "transferred_bytes", "sent", MT_SHOW_SIZE_BYTES },
	{ "ratio", NULL, MT_SHOW_PLAIN },
	{ "live", "live", MT_SHOW_PLAIN },
	{ "reason", "reason", MT_SHOW_PLAIN },
};
#define N	MT_ARRAY_SIZE(columns)

/*
 * With C0, C1 (CSI), a change of writing direction, and a byte that is no UTF-8; and as all formats
 * show it.
 */
#define NASTY	"comma, \"quote\"\r\nline\ttab \xc3\xbc \xff\xc2\x9b\xe2\x80\xae"
#define SHOWN	"comma, \"quote\"??line?tab \xc3\xbc ???"
static const char *const nasty = NASTY;

/* The same rows in each format. */
static char *render(enum mt_format format, int *rc)
{
	mt_autofree char *name = strdup("borrowed");
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct mt_table *t = mt_table_new(out, format, columns, N);

	mt_table_row(t, (struct mt_cell[N]){ MT_STR(name), MT_UINT(1500), MT_UINT(1048576),
					     MT_DOUBLE(0.1), MT_BOOL(true), MT_STR("fine") });
	strcpy(name, "CHANGED!");	/* the table has copies */
	mt_table_row(t, (struct mt_cell[N]){ MT_STR(nasty), MT_NONE, MT_UINT(1ULL << 62),
					     MT_DOUBLE(NAN), MT_BOOL(false), MT_STR("") });
	mt_table_row(t, (struct mt_cell[N]){ MT_STR("g\xc3\xbc"), MT_DOUBLE(12.25), MT_UINT(0),
					     MT_DOUBLE(INFINITY), MT_NONE,
					     MT_STR((const char *)NULL) });
	*rc = mt_table_finish(t);
	fclose(out);
	return text;
}

static void test_json(void)
{
	int rc;
	mt_autofree char *text = render(MT_FORMAT_JSON, &rc);
	json_t *a = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *o;

	CHECK_INT(rc, 0);
	CHECK(json_is_array(a) && json_array_size(a) == 3);
	o = json_array_get(a, 0);
	CHECK_INT(json_object_size(o), N);
	CHECK_STR(json_string_value(json_object_get(o, "name")), "borrowed");
	CHECK_INT(json_integer_value(json_object_get(o, "total_ms")), 1500);
	CHECK(json_real_value(json_object_get(o, "ratio")) == 0.1);
	CHECK(strstr(text, "\"ratio\":0.1,"));
	CHECK(json_is_true(json_object_get(o, "live")));
	o = json_array_get(a, 1);
	CHECK_INT(json_object_size(o), N);
	CHECK_STR(json_string_value(json_object_get(o, "name")), SHOWN);
	CHECK(json_is_null(json_object_get(o, "total_ms")));
	CHECK(json_integer_value(json_object_get(o, "transferred_bytes")) == 1LL << 62);
	CHECK(json_is_null(json_object_get(o, "ratio")));
	CHECK(json_is_false(json_object_get(o, "live")));
	CHECK_STR(json_string_value(json_object_get(o, "reason")), "");
	o = json_array_get(a, 2);
	CHECK(json_is_null(json_object_get(o, "reason")));
	CHECK(json_is_null(json_object_get(o, "ratio")));
	json_decref(a);
}

static void test_json_empty(void)
{
	mt_autofree char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct mt_table *t = mt_table_new(out, MT_FORMAT_JSON, columns, N);

	CHECK_INT(mt_table_finish(t), 0);
	fclose(out);
	CHECK_STR(text, "[]\n");
}

/* One field of RFC 4180 into @field; *quoted tells "" from nothing. Return: the delimiter. */
static char csv_field(const char **p, char *field, bool *quoted)
{
	*quoted = **p == '"';
	if (*quoted) {
		for ((*p)++; **p; (*p)++) {
			if (**p == '"' && *++*p != '"')
				break;
			*field++ = **p;
		}
	} else {
		while (**p && **p != ',' && **p != '\n')
			*field++ = *(*p)++;
	}
	*field = '\0';
	return **p ? *(*p)++ : '\0';
}

static void test_csv(void)
{
	static const struct {
		const char *text;
		bool quoted;
	} expected[4][N] = {
		{ { "name", 0 }, { "total_ms", 0 }, { "transferred_bytes", 0 }, { "ratio", 0 },
		  { "live", 0 }, { "reason", 0 } },
		{ { "borrowed", 0 }, { "1500", 0 }, { "1048576", 0 }, { "0.1", 0 }, { "true", 0 },
		  { "fine", 0 } },
		{ { SHOWN, 1 }, { "", 0 }, { "4611686018427387904", 0 }, { "", 0 }, { "false", 0 },
		  { "", 1 } },
		{ { "g\xc3\xbc", 0 }, { "12.25", 0 }, { "0", 0 }, { "", 0 }, { "", 0 }, { "", 0 } },
	};
	int rc;
	mt_autofree char *text = render(MT_FORMAT_CSV, &rc);
	const char *p = text;

	CHECK_INT(rc, 0);
	for (size_t row = 0; row < 4; row++) {
		for (size_t i = 0; i < N; i++) {
			char field[256];
			bool quoted;
			char end = csv_field(&p, field, &quoted);

			CHECK_STR(field, expected[row][i].text);
			CHECK_INT(quoted, expected[row][i].quoted);
			CHECK_INT(end, i + 1 < N ? ',' : '\n');
		}
	}
	CHECK(!*p);
}

static void test_text(void)
{
	int rc;
	mt_autofree char *text = render(MT_FORMAT_TEXT, &rc);

	CHECK_INT(rc, 0);
	/*
	 * Numbers at the right, text at the left; "ratio" is not shown; umlauts are one column
	 * wide.
	 */
	CHECK_STR(text,
		  "guest                           total     sent  live  reason\n"
		  "borrowed                        1.5 s  1.0 MiB  yes   fine\n"
		  SHOWN "      -  4.0 EiB  no\n"
		  "g\xc3\xbc                              12 ms      0 B  -     -\n");
}

static void test_failing_stream(void)
{
	FILE *full = fopen("/dev/full", "w");
	struct mt_table *t;

	if (!full)
		SKIP("no /dev/full");
	for (int format = MT_FORMAT_TEXT; format <= MT_FORMAT_HTML; format++) {
		t = mt_table_new(full, format, columns, 1);
		CHECK(t);
		mt_table_row(t, (struct mt_cell[]){ MT_STR("x") });
		CHECK_INT(mt_table_finish(t), -EIO);
	}
	fclose(full);
}

static void test_format_names(void)
{
	enum mt_format f = MT_FORMAT_TEXT;
	struct mt_err err = { 0 };

	CHECK(!mt_format_parse("csv", MT_FORMAT_CSV, &f, NULL) && f == MT_FORMAT_CSV);
	CHECK(!mt_format_parse("json", MT_FORMAT_CSV, &f, NULL) && f == MT_FORMAT_JSON);
	CHECK(!mt_format_parse("text", MT_FORMAT_CSV, &f, NULL) && f == MT_FORMAT_TEXT);
	CHECK_INT(mt_format_parse("JSON", MT_FORMAT_CSV, &f, &err), -EINVAL);
	CHECK(strstr(err.msg, "use text, json or csv"));
	CHECK_INT(mt_format_parse("html", MT_FORMAT_CSV, &f, &err), -EINVAL);
	CHECK(!mt_format_parse("html", MT_FORMAT_SVG, &f, NULL) && f == MT_FORMAT_HTML);
	CHECK(!mt_table_new(stdout, 99, columns, N));
	CHECK(!mt_table_new(stdout, MT_FORMAT_SVG, columns, N));
}

static const struct ktap_case cases[] = {
	{ "JSON reads back", test_json },
	{ "no rows are an empty array", test_json_empty },
	{ "CSV reads back by RFC 4180", test_csv },
	{ "text is aligned and printable", test_text },
	{ "a full disk is an error in each format", test_failing_stream },
	{ "each format is found by its name", test_format_names },
};
KTAP_MAIN(cases)
