/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json.h - jansson, with our rules: unknown is null, text is scrubbed (utf8.h)
 */
#ifndef MIGTRACE_BASE_JSON_H
#define MIGTRACE_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* 15 digits give back any decimal number of up to 15 digits unharmed: 0.1 stays 0.1. */
#define MT_JSON_STYLE	(JSON_COMPACT | JSON_REAL_PRECISION(15))

/* For files from anywhere: what is ambiguous is refused. */
#define MT_JSON_STRICT	JSON_REJECT_DUPLICATES

/*
 * MT_JSON_STRICT but for numbers, which jansson refuses when it cannot hold them: whole ones beyond
 * 2^63 come as reals, and NaN, Infinity and what is beyond a double as null. NULL: no JSON, or no
 * memory; @why says.
 */
json_t *mt_json_load_tamed(const char *text, size_t len, json_error_t *why);

json_t *mt_json_string(const char *s);		/* NULL: null */
json_t *mt_json_uint(uint64_t v);		/* JSON's integers end at 2^63 - 1 here; more is
						 * written as that */
json_t *mt_json_double(double v);		/* not finite: null */

/* json_object_set_new(), but @value NULL (no memory) is counted in @failed instead of lost. */
void mt_json_set(json_t *object, const char *key, json_t *value, int *failed);

#endif
