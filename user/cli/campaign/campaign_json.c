// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_json.c - what a guest's watcher answers
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "campaign.h"

static double number(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

/* Linux guests count what their workload calls an operation, the memory guest its accesses. */
static double work_of(const json_t *o)
{
	double ops = number(o, "ops");

	return isnan(ops) ? number(o, "writes") + number(o, "reads") : ops;
}

int campaign_answer_parse(struct campaign_answer *a, const char *text)
{
	json_t *o = json_loads(text, MT_JSON_STRICT, NULL), *after;
	const char *verify;

	*a = (struct campaign_answer){ .longest_gap_ms = NAN, .at_ns = NAN, .work = NAN };
	if (!json_is_object(o)) {
		json_decref(o);
		return -EBADMSG;
	}
	after = json_object_get(o, "conn_after");
	verify = json_string_value(json_object_get(o, "verify"));
	a->longest_gap_ms = number(o, "longest_gap_ms");
	a->at_ns = number(o, "at_ns");
	a->work = work_of(o);
	a->lasts = json_integer_value(after) < 0;
	snprintf(a->verify, sizeof(a->verify), "%s", verify ? verify : "");
	snprintf(a->text, sizeof(a->text), "%s", text);
	a->text[strcspn(a->text, "\n")] = '\0';
	json_decref(o);
	return 0;
}
