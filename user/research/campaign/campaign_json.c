// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_json.c - the lines of runs.jsonl, and what a guest's watcher answers
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "campaign.h"

static void set_uint(json_t *o, const char *key, uint64_t value, int *failed)
{
	if (value)
		mt_json_set(o, key, mt_json_uint(value), failed);
}

static void set_double(json_t *o, const char *key, double value, int *failed)
{
	if (isfinite(value))
		mt_json_set(o, key, mt_json_double(value), failed);
}

static void set_text(json_t *o, const char *key, const char *text, int *failed)
{
	if (*text)
		mt_json_set(o, key, mt_json_string(text), failed);
}

static json_t *parameters(const struct campaign_method *m, int *failed)
{
	json_t *o = json_object();

	if (m->kind == MT_METHOD_POSTCOPY || m->kind == MT_METHOD_HYBRID)
		mt_json_set(o, "flip_after_passes", mt_json_uint(m->flip_after_passes), failed);
	set_uint(o, "throttle_initial_percent", m->throttle_initial_percent, failed);
	set_uint(o, "throttle_increment_percent", m->throttle_increment_percent, failed);
	set_uint(o, "xbzrle_cache_bytes", m->xbzrle_cache_bytes, failed);
	set_uint(o, "compress_level", m->compress_level, failed);
	set_uint(o, "compress_threads", m->compress_threads, failed);
	set_uint(o, "channels", m->channels, failed);
	return o;
}

/* What was asked for. */
static void set_asked(json_t *o, const struct campaign_result *r, int *failed)
{
	const struct campaign_guest *g = r->start->guest;

	mt_json_set(o, "run", mt_json_uint(r->run->number), failed);
	set_text(o, "where", r->where, failed);
	set_text(o, "guest", g->name, failed);
	set_text(o, "workload", r->start->workload->name, failed);
	set_text(o, "type", g->type, failed);
	set_text(o, "logging", g->logging, failed);
	set_uint(o, "vcpus", g->vcpus, failed);
	set_uint(o, "memory_bytes", g->memory_bytes, failed);
	set_text(o, "method", mt_method_name((enum mt_method)r->run->method->kind), failed);
	mt_json_set(o, "parameters", parameters(r->run->method, failed), failed);
	set_uint(o, "bandwidth_bytes_per_s", r->bandwidth_bytes_per_s, failed);
	set_uint(o, "link_bytes_per_s", r->link_bytes_per_s, failed);
	set_uint(o, "downtime_limit_ms", r->run->limit_ms, failed);
	set_uint(o, "cap_ms", r->cap_ms, failed);
}

static void set_final(json_t *o, const struct campaign_result *r, int *failed)
{
	static const struct {
		const char *key;
		enum mt_field field;
		bool if_completed;
	} keys[] = {
		{ "total_ms", MT_FIELD_total_ms },
		{ "downtime_ms", MT_FIELD_downtime_ms, true },
		{ "transferred_bytes", MT_FIELD_transferred_bytes },
		{ "iterations", MT_FIELD_iteration },
		{ "normal_pages", MT_FIELD_normal_pages },
		{ "zero_pages", MT_FIELD_zero_pages },
		{ "throttle_percent", MT_FIELD_throttle_percent },
		{ "postcopy_requests", MT_FIELD_postcopy_requests },
	};
	bool completed = r->outcome == MT_OUTCOME_COMPLETED;

	for (size_t i = 0; i < MT_ARRAY_SIZE(keys); i++) {
		uint64_t value;

		if ((completed || !keys[i].if_completed) && mt_sample_get(&r->final, keys[i].field, &value))
			mt_json_set(o, keys[i].key, mt_json_uint(value), failed);
	}
}

char *campaign_line(const struct campaign_result *r)
{
	json_t *o = json_object();
	char *line = NULL;
	int failed = 0;

	set_asked(o, r, &failed);
	set_text(o, "profile", r->profile, &failed);
	set_text(o, "recording", r->recording, &failed);
	set_uint(o, "resident_bytes", r->resident_bytes, &failed);
	set_uint(o, "nonzero_bytes", r->nonzero_bytes, &failed);
	set_uint(o, "start_wall_ms", r->start_wall_ms, &failed);
	set_double(o, "load_1min", r->load_1min, &failed);
	set_double(o, "busy_percent", round(r->busy_percent * 10) / 10, &failed);
	set_text(o, "outcome", mt_outcome_name(r->outcome), &failed);
	mt_json_set(o, "converged", json_boolean(r->converged), &failed);
	set_double(o, "prepare_ms", r->prepare_ms, &failed);
	set_final(o, r, &failed);
	set_double(o, "felt_ms", r->felt_ms, &failed);
	set_text(o, "verified", r->verified, &failed);
	set_text(o, "note", r->note, &failed);
	if (!failed)
		line = json_dumps(o, MT_JSON_STYLE);
	json_decref(o);
	return line;
}

uint64_t campaign_line_number(const char *line)
{
	json_t *o = json_loads(line, MT_JSON_STRICT, NULL);
	json_int_t number = json_integer_value(json_object_get(o, "run"));

	json_decref(o);
	return number > 0 ? (uint64_t)number : 0;
}

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
