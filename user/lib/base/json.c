// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * json.c - making JSON values that jansson will not refuse
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "utf8.h"

json_t *mt_json_string(const char *s)
{
	mt_autofree char *clean = NULL;

	if (!s)
		return json_null();
	clean = mt_utf8_clean(s);
	return clean ? json_string(clean) : NULL;
}

json_t *mt_json_uint(uint64_t v)
{
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

json_t *mt_json_double(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

void mt_json_set(json_t *object, const char *key, json_t *value, int *failed)
{
	if (!value || json_object_set_new(object, key, value))
		(*failed)++;
}

/* --- reading what has numbers that jansson does not take ---------------- */
#define TOKEN_MAX	400		/* a double's largest whole number has 309 digits */
#define LONGEST_INT	18		/* digits that surely fit into an int64_t */

/* Bytes of the string that begins at @text with its quote. */
static size_t string_len(const char *text, size_t len)
{
	size_t i = 1;

	while (i < len && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	return i < len ? i + 1 : len;
}

static size_t token_len(const char *text, size_t len)
{
	static const char inside[] = "+-.0123456789EINaefinty";	/* of numbers, NaN and Infinity */
	size_t i = 0;

	while (i < len && text[i] && strchr(inside, text[i]))
		i++;
	return i;
}

/* Writes what stands for the token to @out, in at most 4 bytes for each of its own. */
static size_t tame_token(char *out, const char *text, size_t len)
{
	size_t digits = text[0] == '-';
	char token[TOKEN_MAX];
	char *end = token;
	double d = 0;

	if (len < sizeof(token)) {
		memcpy(token, text, len);
		token[len] = '\0';
		d = strtod(token, &end);
	}
	if (len >= sizeof(token) || (!*end && !isfinite(d))) {
		memcpy(out, "null", 4);
		return 4;
	}
	memcpy(out, text, len);
	while (digits < len && text[digits] >= '0' && text[digits] <= '9')
		digits++;
	if (digits < len || digits <= LONGEST_INT)
		return len;
	memcpy(out + len, ".0", 2);
	return len + 2;
}

json_t *mt_json_load_tamed(const char *text, size_t len, json_error_t *why)
{
	mt_autofree char *tamed = malloc(4 * len + 1);
	size_t n = 0, i = 0, run;

	memset(why, 0, sizeof(*why));
	if (!tamed) {
		snprintf(why->text, sizeof(why->text), "out of memory");
		return NULL;
	}
	for (; i < len; i += run) {
		bool token = text[i] && strchr("+-0123456789NI", text[i]);

		run = text[i] == '"' ? string_len(text + i, len - i) :
		      token	     ? token_len(text + i, len - i) :
				       1;
		if (token && run) {
			n += tame_token(tamed + n, text + i, run);
			continue;
		}
		run = run ? run : 1;
		memcpy(tamed + n, text + i, run);
		n += run;
	}
	return json_loadb(tamed, n, MT_JSON_STRICT, why);
}
