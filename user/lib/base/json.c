// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * json.c - making JSON values that jansson will not refuse
 */
#include <math.h>

#include <migtrace/cleanup.h>

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
