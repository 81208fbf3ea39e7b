// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * series.c - a series of QMP query-migrate answers as a recording
 *
 * A JSON array of {"t_monotonic": seconds, "query_migrate": QEMU's answer, ...}.
 * The answer is empty while there is no migration; such elements are skipped.
 * The array is taken element by element, so that memory is bounded by one of
 * them and a series whose writer was killed is read as far as it goes.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "source/qmp.h"
#include "store/recording.h"

#define ELEMENT_MAX_BYTES	(1U << 20)	/* QEMU's longest answers have 3 KiB */
#define T_MAX_S			1e9		/* 30 years of uptime; their nanoseconds fit */

/* Bytes of a UTF-8 byte order mark, which some tools write. */
static size_t mark(const char *text, size_t len)
{
	return len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
}

static size_t skip_blanks(const char *text, size_t len, size_t at)
{
	while (at < len && text[at] && strchr(" \t\r\n", text[at]))
		at++;
	return at;
}

bool mt_series_recognise(const char *text, size_t len)
{
	size_t at = skip_blanks(text, len, mark(text, len));

	return at < len && text[at] == '[';
}

/* Return: 0; 1 no migration at that time; -EBADMSG. */
static int read_element(struct mt_sample *s, json_t *element, struct mt_err *err)
{
	json_t *t = json_object_get(element, "t_monotonic");
	json_t *answer = json_object_get(element, "query_migrate");
	double t_s = json_number_value(t);
	int rc;

	if (!json_is_object(answer))
		return mt_err_set(err, -EBADMSG, "\"query_migrate\" is missing or no object");
	if (!json_is_number(t) || !isfinite(t_s) || t_s < 0 || t_s > T_MAX_S)
		return mt_err_set(err, -EBADMSG, "\"t_monotonic\" is missing or no time in seconds");
	if (!json_object_size(answer))
		return 1;
	memset(s, 0, sizeof(*s));
	rc = mt_qmp_sample(s, answer, err);
	s->t_ns = (uint64_t)(t_s * 1e9);
	return rc;
}

/* Bytes of the object at the beginning of @text, 0 if it does not end within @len. */
static size_t object_len(const char *text, size_t len)
{
	bool quoted = false;
	size_t depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{') {
			depth++;
		} else if (c == '}' && !--depth) {
			return i + 1;
		}
	}
	return 0;
}

static int add_element(struct mt_recording *rec, const char *text, size_t len, struct mt_err *err)
{
	struct mt_entry e = { .type = MT_ENTRY_SAMPLE };
	json_error_t why;
	json_t *element = json_loadb(text, len, MT_JSON_STRICT, &why);
	int rc;

	if (!element)
		return mt_err_set(err, -EBADMSG, "no JSON: %s", why.text);
	rc = read_element(&e.sample, element, err);
	json_decref(element);
	if (rc < 0)
		return rc;
	return rc ? 0 : mt_recording_add(rec, &e, err);
}

static int ended(struct mt_recording *rec, size_t n, bool early, const char *bound, struct mt_err *err)
{
	if (early)
		mt_recording_cut(rec, bound);
	rec->truncated_after = n;
	if (!rec->n_entries)
		return mt_err_set(err, -ENODATA, "no answer of query-migrate in it");
	return 0;
}

int mt_series_parse(struct mt_recording *rec, const char *text, size_t len, struct mt_err *err)
{
	size_t at = skip_blanks(text, len, mark(text, len)) + 1;	/* behind the '[' */
	struct mt_err why = { 0 };

	for (size_t n = 0; ; n++) {
		size_t size, left;
		int rc;

		at = skip_blanks(text, len, at);
		if (at < len && text[at] == ']' && skip_blanks(text, len, at + 1) == len)
			return ended(rec, n, false, NULL, err);
		if (n && at < len && text[at] == ',')
			at = skip_blanks(text, len, at + 1);
		else if (n && at < len)
			return mt_err_set(err, -EBADMSG, "after element %zu: neither a comma nor the array's end", n);
		if (at >= len)
			return ended(rec, n, true, NULL, err);
		if (text[at] != '{')
			return mt_err_set(err, -EBADMSG, "element %zu is no object", n + 1);
		left = len - at;
		size = object_len(text + at, left < ELEMENT_MAX_BYTES ? left : ELEMENT_MAX_BYTES);
		if (!size && left >= ELEMENT_MAX_BYTES)
			return mt_err_set(err, -EBADMSG, "element %zu is longer than %u KiB", n + 1,
					  ELEMENT_MAX_BYTES >> 10);
		if (!size)
			return ended(rec, n, true, NULL, err);
		rc = add_element(rec, text + at, size, &why);
		if (rc == MT_RECORDING_FULL)
			return ended(rec, n, true, "it takes more memory than a recording may", err);
		if (rc)
			return mt_err_set(err, rc, "element %zu: %s", n + 1, why.msg);
		at += size;
	}
}
