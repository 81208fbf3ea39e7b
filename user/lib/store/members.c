// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * members.c - a struct to and from a JSON object, by a table of its members
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "members.h"

/* --- writing ---------------------------------------------------------- */
static json_t *value_of(const struct mt_member *m, const void *at);

static void write_columns(json_t *object, const struct mt_columns *columns, const void *base,
			  int *failed)
{
	uint64_t v;

	for (int f = 0; f < columns->count && columns->name(f); f++)
		if (columns->get(base, f, &v))
			mt_json_set(object, columns->name(f), mt_json_uint(v), failed);
}

void mt_members_write(json_t *object, const struct mt_member *members, const void *base,
		      int *failed)
{
	for (const struct mt_member *m = members; m->key; m++) {
		const void *at = (const char *)base + m->offset;
		json_t *value;

		if (m->kind == MEMBER_COLUMNS) {
			write_columns(object, m->columns, base, failed);
			continue;
		}
		if (m->unset && *(const uint64_t *)at == UINT64_MAX)
			continue;
		if (m->omit_zero && m->kind == MEMBER_NAME && !*(const int *)at)
			continue;
		value = value_of(m, at);
		if (json_is_null(value) ||
		    (m->omit_zero && (json_is_false(value) ||
				      (json_is_integer(value) && !json_integer_value(value)))))
			json_decref(value);
		else
			mt_json_set(object, m->key, value, failed);
	}
}

static json_t *value_of(const struct mt_member *m, const void *at)
{
	json_t *object;
	int failed = 0;
	double d;

	switch (m->kind) {
	case MEMBER_U64:
		return mt_json_uint(*(const uint64_t *)at);
	case MEMBER_UNSIGNED:
		return mt_json_uint(*(const unsigned *)at);
	case MEMBER_BOOL:
		return json_boolean(*(const bool *)at);
	case MEMBER_DOUBLE:
		d = *(const double *)at;
		return mt_json_double(d < 0 ? NAN : d);
	case MEMBER_STRING:
		return mt_json_string(*(const char *const *)at);
	case MEMBER_BUFFER:
		return mt_json_string(at);
	case MEMBER_NAME:
		return mt_json_string(m->words->name(*(const int *)at));
	case MEMBER_OBJECT:
		object = json_object();
		if (object)
			mt_members_write(object, m->inside, at, &failed);
		if (!failed)
			return object;
		json_decref(object);
		return NULL;
	case MEMBER_COLUMNS:
		break;
	}
	return NULL;
}

/* --- reading ---------------------------------------------------------- */
static int wrong(const char *key, const char *expected, struct mt_err *err)
{
	return mt_err_set(err, -EBADMSG, "\"%s\" is not %s", key, expected);
}

static int read_uint(const char *key, const json_t *v, uint64_t max, uint64_t *out,
		     struct mt_err *err)
{
	json_int_t i = json_integer_value(v);

	if (!json_is_integer(v) || i < 0 || (uint64_t)i > max)
		return wrong(key, "a whole number that is 0 or more", err);
	*out = (uint64_t)i;
	return 0;
}

static int read_columns(void *base, const struct mt_columns *columns, const json_t *object,
			struct mt_err *err)
{
	for (int f = 0; f < columns->count; f++) {
		const char *name = columns->name(f);
		const json_t *v = name ? json_object_get(object, name) : NULL;
		uint64_t u = 0;

		if (!v && columns->unset)
			columns->put(base, f, UINT64_MAX);
		if (!v)
			continue;
		if (read_uint(name, v, INT64_MAX, &u, err))
			return -EBADMSG;
		columns->put(base, f, u);
	}
	return 0;
}

static void read_word(const struct mt_member *m, const char *name, int *out, unsigned *strange)
{
	int unknown = 0;

	for (int i = 0; i < m->words->count; i++) {
		if (!strcmp(m->words->name(i), name)) {
			*out = i;
			return;
		}
		if (!strcmp(m->words->name(i), "unknown"))
			unknown = i;
	}
	*out = unknown;
	(*strange)++;
}

static int read_member(const struct mt_member *m, void *at, const json_t *v,
		       struct mt_strings *strings, unsigned *strange, struct mt_err *err)
{
	const char *text = json_string_value(v);
	uint64_t u = 0;
	double d;

	switch (m->kind) {
	case MEMBER_U64:
		return read_uint(m->key, v, INT64_MAX, at, err);
	case MEMBER_UNSIGNED:
		if (read_uint(m->key, v, INT32_MAX, &u, err))
			return -EBADMSG;
		*(unsigned *)at = (unsigned)u;
		return 0;
	case MEMBER_BOOL:
		if (!json_is_boolean(v))
			return wrong(m->key, "true or false", err);
		*(bool *)at = json_is_true(v);
		return 0;
	case MEMBER_DOUBLE:
		d = json_number_value(v);
		if (!json_is_number(v) || !isfinite(d) || d < 0)
			return wrong(m->key, "a number that is 0 or more", err);
		*(double *)at = d;
		return 0;
	case MEMBER_STRING:
		if (!text)
			return wrong(m->key, "a string", err);
		*(const char **)at = mt_strings_add(strings, text);
		return *(const char **)at ? 0 : mt_err_set(err, -ENOMEM, "out of memory");
	case MEMBER_BUFFER:
		if (!text)
			return wrong(m->key, "a string", err);
		strncpy(at, text, m->size - 1);		/* the struct came zeroed */
		return 0;
	case MEMBER_NAME:
		if (!text)
			return wrong(m->key, "a string", err);
		read_word(m, text, at, strange);
		return 0;
	case MEMBER_OBJECT:
		if (!json_is_object(v))
			return wrong(m->key, "an object", err);
		return mt_members_read(at, m->inside, v, strings, strange, err);
	case MEMBER_COLUMNS:
		break;
	}
	return 0;
}

static void set_absent(const struct mt_member *m, void *at)
{
	if (m->unset)
		*(uint64_t *)at = UINT64_MAX;
	else if (m->kind == MEMBER_DOUBLE)
		*(double *)at = m->absent;
	else if (m->kind == MEMBER_COLUMNS && m->columns->unset)
		for (int f = 0; f < m->columns->count; f++)
			m->columns->put(at, f, UINT64_MAX);
	else if (m->kind == MEMBER_OBJECT)
		for (const struct mt_member *i = m->inside; i->key; i++)
			set_absent(i, (char *)at + i->offset);
}

/* @base comes zeroed. */
int mt_members_read(void *base, const struct mt_member *members, const json_t *object,
			struct mt_strings *strings, unsigned *strange, struct mt_err *err)
{
	for (const struct mt_member *m = members; m->key; m++) {
		void *at = (char *)base + m->offset;
		const json_t *v;
		int rc;

		if (m->kind == MEMBER_COLUMNS) {
			rc = read_columns(base, m->columns, object, err);
		} else if ((v = json_object_get(object, m->key))) {
			rc = read_member(m, at, v, strings, strange, err);
		} else if (m->required) {
			rc = mt_err_set(err, -EBADMSG, "\"%s\" is missing", m->key);
		} else {
			set_absent(m, at);
			rc = 0;
		}
		if (rc)
			return rc;
	}
	return 0;
}
