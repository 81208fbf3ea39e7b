// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_json.c - what a guest's watcher answers
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "campaign.h"

int campaign_answer_parse(struct campaign_answer *a, const char *text)
{
	json_t *o = json_loads(text, MT_JSON_STRICT, NULL), *gap, *after;
	const char *verify;

	*a = (struct campaign_answer){ .longest_gap_ms = NAN };
	if (!json_is_object(o)) {
		json_decref(o);
		return -EBADMSG;
	}
	gap = json_object_get(o, "longest_gap_ms");
	after = json_object_get(o, "conn_after");
	verify = json_string_value(json_object_get(o, "verify"));
	if (json_is_number(gap))
		a->longest_gap_ms = json_number_value(gap);
	a->lasts = json_integer_value(after) < 0;
	snprintf(a->verify, sizeof(a->verify), "%s", verify ? verify : "");
	snprintf(a->text, sizeof(a->text), "%s", text);
	a->text[strcspn(a->text, "\n")] = '\0';
	json_decref(o);
	return 0;
}
