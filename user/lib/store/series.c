// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * series.c - a series of QMP query-migrate answers as a recording
 *
 * Either a JSON array of {"t_monotonic": seconds, "query_migrate": QEMU's answer, ...}, or what
 * went over a monitor's socket, one object after the other: {"return": QEMU's answer, "id": ...}
 * among events, commands and other answers, which are skipped. Those have no time, so it is QEMU's
 * own, total-time.
 *
 * The answer is empty while there is no migration; such elements are skipped. A figure that QEMU
 * cannot have meant is unknown in its sample, and no reason to refuse the rest.
 *
 * The text is taken element by element, so that memory is bounded by one of
 * them and a series whose writer was killed is read as far as it goes.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "source/querymigrate.h"
#include "entries.h"
#include "series.h"

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

	return at < len && (text[at] == '[' || text[at] == '{');
}

/* Where QEMU's own time stands on ours, for answers without another. */
struct series {
	struct mt_recording *rec;
	struct mt_sample last;
	uint64_t begin_ns;		/* of the migration under way */
};

/*
 * An answer without total-time is no later than the last; one with less begins another migration,
 * after that.
 */
static uint64_t time_of(struct series *series, const struct mt_sample *s)
{
	const uint64_t last_ns = series->last.t_ns, max_ns = (uint64_t)T_MAX_S * 1000000000;

	if (!mt_sample_has(s, total_ms) || s->total_ms > max_ns / 1000000)
		return last_ns;
	if (series->begin_ns + s->total_ms * 1000000 < last_ns)
		series->begin_ns = last_ns;
	if (series->begin_ns + s->total_ms * 1000000 > max_ns)
		return last_ns;
	return series->begin_ns + s->total_ms * 1000000;
}

/*
 * Other answers have a "status" too: query-status one that is no migration's, query-dump one that
 * is, and how much is done.
 */
static bool is_answer(const json_t *raw)
{
	const char *status = json_string_value(json_object_get(raw, "status"));

	if (!status || json_object_get(raw, "completed"))
		return false;
	return mt_status_of(status) != MT_STATUS_UNKNOWN || json_object_get(raw, "ram") ||
	       json_object_get(raw, "total-time");
}

static bool is_of_monitor(const json_t *element)
{
	static const char *const keys[] = {
		"return", "error", "event", "execute", "exec-oob", "QMP"
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(keys); i++)
		if (json_object_get(element, keys[i]))
			return true;
	return false;
}

/* Return: 0; 1 no migration at that time, or nothing about one; -EBADMSG. */
static int read_element(struct series *series, struct mt_sample *s, json_t *element,
			struct mt_err *err)
{
	json_t *t = json_object_get(element, "t_monotonic");
	json_t *answer = json_object_get(element, "query_migrate");
	json_t *raw = json_object_get(element, "return");
	double t_s = json_number_value(t);

	memset(s, 0, sizeof(*s));
	if (!answer && !is_of_monitor(element))
		return mt_err_set(
			err, -EBADMSG,
			"neither \"query_migrate\" nor anything of a QEMU monitor is in it");
	if (!answer && !is_answer(raw))
		return 1;
	if (!answer) {
		mt_qmp_sample(s, raw);
		s->t_ns = time_of(series, s);
		series->last = *s;
		return 0;
	}
	/* null: whoever asked got no answer. */
	if (!json_is_object(answer) && !json_is_null(answer))
		return mt_err_set(err, -EBADMSG, "\"query_migrate\" is no object");
	if (!json_is_number(t) || !isfinite(t_s) || t_s < 0 || t_s > T_MAX_S)
		return mt_err_set(err, -EBADMSG,
				  "\"t_monotonic\" is missing or no time in seconds");
	if (!json_object_size(answer))
		return 1;
	mt_qmp_sample(s, answer);
	s->t_ns = (uint64_t)(t_s * 1e9);
	return 0;
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

static int add_element(struct series *series, const char *text, size_t len, struct mt_err *err)
{
	struct mt_entry e = { .type = MT_ENTRY_SAMPLE };
	json_error_t why;
	json_t *element = mt_json_load_tamed(text, len, &why);
	int rc;

	if (!element)
		return mt_err_set(err, -EBADMSG, "no JSON: %s", why.text);
	rc = read_element(series, &e.sample, element, err);
	json_decref(element);
	if (rc < 0)
		return rc;
	return rc ? 0 : mt_recording_add(series->rec, &e, err);
}

static int ended(struct mt_recording *rec, size_t n, bool early, const char *bound,
		 struct mt_err *err)
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
	size_t at = skip_blanks(text, len, mark(text, len));
	bool array = text[at] == '[';
	struct series series = { .rec = rec };
	struct mt_err why = { 0 };

	at += array;
	for (size_t n = 0; ; n++) {
		size_t size, left;
		int rc;

		at = skip_blanks(text, len, at);
		if (array && at < len && text[at] == ']' && skip_blanks(text, len, at + 1) == len)
			return ended(rec, n, false, NULL, err);
		if (array && n && at < len && text[at] == ',')
			at = skip_blanks(text, len, at + 1);
		else if (array && n && at < len)
			return mt_err_set(err, -EBADMSG,
					  "after element %zu: neither a comma nor the array's end",
					  n);
		if (at >= len)
			return ended(rec, n, array, NULL, err);
		if (text[at] != '{')
			return mt_err_set(err, -EBADMSG, "element %zu is no object", n + 1);
		left = len - at;
		size = object_len(text + at, left < ELEMENT_MAX_BYTES ? left : ELEMENT_MAX_BYTES);
		if (!size && left >= ELEMENT_MAX_BYTES)
			return mt_err_set(err, -EBADMSG, "element %zu is longer than %u KiB", n + 1,
					  ELEMENT_MAX_BYTES >> 10);
		if (!size)
			return ended(rec, n, true, NULL, err);
		rc = add_element(&series, text + at, size, &why);
		if (rc == MT_RECORDING_FULL)
			return ended(rec, n, true, "it takes more memory than a recording may",
				     err);
		if (rc)
			return mt_err_set(err, rc, "element %zu: %s", n + 1, why.msg);
		at += size;
	}
}
