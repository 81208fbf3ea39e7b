// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * entry.c - one line of a recording to and from its struct
 *
 * A table per struct names each key once. The columns of a sample and of a tick come from
 * their schemas. Unknown doubles read back as NaN, the implied downtime as -1.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "entry.h"
#include "members.h"

#define WORDS(what, number, naming) \
	static const char *what##_word(int value) { return naming(value); } \
	static const struct mt_words what##_words = { what##_word, number };
WORDS(status, MT_STATUS_COUNT, mt_status_name)
WORDS(action, MT_ACTION_COUNT, mt_action_name)
WORDS(method, MT_METHOD_COUNT, mt_method_name)
WORDS(verdict, MT_VERDICT_COUNT, mt_verdict_name)
WORDS(outcome, MT_OUTCOME_COUNT, mt_outcome_name)

#define COLUMNS(what, number) \
	static const char *what##_name(int column) { return mt_##what##_schema[column].name; } \
	static bool what##_get(const void *base, int column, uint64_t *value) \
	{ \
		return mt_##what##_get(base, column, value); \
	} \
	static void what##_put(void *base, int column, uint64_t value) \
	{ \
		mt_##what##_put(base, column, value); \
	} \
	static const struct mt_columns what##_columns = { \
		number, what##_name, what##_get, what##_put \
	};
COLUMNS(sample, MT_FIELD_COUNT)
COLUMNS(tick, MT_TICK_COUNT)
COLUMNS(work, MT_WORK_COUNT)

/* Of policies' parameters there are as many as their rows have: the rest has no name. */
static const char *param_name(int column)
{
	static _Thread_local char key[MT_PARAM_NAME_MAX];
	const struct mt_param *p = mt_param_at((size_t)column);

	return p ? mt_param_key(key, p) : NULL;
}

static bool param_get(const void *limits, int column, uint64_t *value)
{
	*value = ((const struct mt_limits *)limits)->params.value[column];
	return *value != MT_LIMIT_UNSET;
}

static void param_put(void *limits, int column, uint64_t value)
{
	((struct mt_limits *)limits)->params.value[column] = value;
}

static const struct mt_columns param_columns = { MT_PARAMS_MAX, param_name, param_get, param_put,
						 .unset = true };

#define AT(type, field)		.offset = offsetof(type, field)
#define END			{ .key = NULL }

#define M(type, kind_, key_, field)	{ .key = key_, .kind = kind_, AT(type, field) }
#define M_MUST(type, kind_, key_, field) \
	{ \
		.key = key_, .kind = kind_, AT(type, field), .required = true \
	}
#define M_SOME(type, kind_, key_, field) \
	{ \
		.key = key_, .kind = kind_, AT(type, field), .omit_zero = true \
	}
#define M_LIMIT(type, key_, field) \
	{ \
		.key = key_, .kind = MEMBER_U64, AT(type, field), .unset = true \
	}
#define M_REAL(type, key_, field) \
	{ \
		.key = key_, .kind = MEMBER_DOUBLE, AT(type, field), .absent = NAN \
	}
#define M_WORD(type, key_, field, w) \
	{ \
		.key = key_, .kind = MEMBER_NAME, AT(type, field), .words = &w, .required = true \
	}
#define M_IN(type, key_, field, table) \
	{ \
		.key = key_, .kind = MEMBER_OBJECT, AT(type, field), .inside = table \
	}
#define M_COLUMNS(table)		{ .key = "", .kind = MEMBER_COLUMNS, .columns = &table }
#define M_SPREAD(type, key, field, unit) \
	M_REAL(type, key "_p10_" unit, field.p10), M_REAL(type, key "_p50_" unit, field.p50), \
	M_REAL(type, key "_p90_" unit, field.p90)

#define T struct mt_limits
static const struct mt_member limits_members[] = {
	M_LIMIT(T, "max_downtime_ms", max_downtime_ms),
	M_LIMIT(T, "deadline_ms", deadline_ms),
	M_LIMIT(T, "stall_timeout_ms", stall_timeout_ms),
	M_LIMIT(T, "command_every_ms", command_every_ms),
	M_LIMIT(T, "qemu_limit_ms", qemu_limit_ms),
	M_LIMIT(T, "fixed_ms", fixed_ms),
	M_COLUMNS(param_columns),
	M(T, MEMBER_BOOL, "postcopy_allowed", postcopy_allowed),
	M_SOME(T, MEMBER_BOOL, "auto_converge", auto_converge),
	M_SOME(T, MEMBER_UNSIGNED, "limitable_vcpus", limitable_vcpus),
	M_SOME(T, MEMBER_BOOL, "clears_chunks", clears_chunks),
	END
};
#undef T

#define T struct mt_record_header
static const struct mt_member header_members[] = {
	M_MUST(T, MEMBER_UNSIGNED, "schema", schema),
	M(T, MEMBER_STRING, "domain", domain),
	M(T, MEMBER_STRING, "uuid", uuid),
	M(T, MEMBER_STRING, "domain_type", domain_type),
	M(T, MEMBER_STRING, "source", source),
	M(T, MEMBER_STRING, "destination", destination),
	M(T, MEMBER_STRING, "tool", tool),
	M(T, MEMBER_STRING, "qemu", qemu),
	M(T, MEMBER_STRING, "libvirt", libvirt),
	M(T, MEMBER_STRING, "kernel", kernel),
	M(T, MEMBER_STRING, "policy", policy),
	M(T, MEMBER_STRING, "mode", mode),
	M(T, MEMBER_U64, "start_wall_ms", start_wall_ms),
	M(T, MEMBER_U64, "start_t_ns", start_t_ns),
	M_IN(T, "limits", limits, limits_members),
	END
};
#undef T

#define T struct mt_sample
static const struct mt_member sample_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M_WORD(T, "status", status, status_words),
	M(T, MEMBER_BOOL, "boundary", boundary),
	M_SOME(T, MEMBER_BOOL, "anew", anew),
	M_SOME(T, MEMBER_BOOL, "miscounted", miscounted),
	M(T, MEMBER_U64, "sync_t_ns", sync_t_ns),
	M_COLUMNS(sample_columns),
	END
};
#undef T

#define T struct mt_prediction
static const struct mt_member prediction_members[] = {
	M(T, MEMBER_STRING, "model", model),
	M_WORD(T, "verdict", verdict, verdict_words),
	M_REAL(T, "ends", ends),
	M_REAL(T, "reaches", reaches),
	M_SOME(T, MEMBER_UNSIGNED, "iterations_left", iterations_left),
	M_SPREAD(T, "total", total_ms, "ms"),
	M_SPREAD(T, "transferred", transferred_bytes, "bytes"),
	M_SPREAD(T, "downtime", downtime_ms, "ms"),
	M_REAL(T, "stop_now_ms", stop_now_ms),
	M_REAL(T, "floor_ms", floor_ms),
	M_REAL(T, "floor_optimistic_ms", floor_optimistic_ms),
	M_REAL(T, "needed_bandwidth_bytes_per_s", needed_bandwidth_bytes_per_s),
	END
};
#undef T

#define T struct mt_record_decision
static const struct mt_member decision_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M(T, MEMBER_U64, "iteration", iteration),
	M(T, MEMBER_U64, "total_ms", total_ms),
	M_WORD(T, "action", plan.action, action_words),
	{ .key = "reason", .kind = MEMBER_BUFFER, AT(T, plan.reason),
	  .size = sizeof(((T *)0)->plan.reason) },
	M_SOME(T, MEMBER_U64, "downtime_limit_ms", plan.downtime_limit_ms),
	M_SOME(T, MEMBER_U64, "bandwidth_bytes_per_s", plan.bandwidth_bytes_per_s),
	M_SOME(T, MEMBER_UNSIGNED, "throttle_percent", plan.throttle_percent),
	M_SOME(T, MEMBER_U64, "vcpu_limit_bytes_per_s", plan.vcpu_limit_bytes_per_s),
	{ .key = "method", .kind = MEMBER_NAME, AT(T, plan.method), .words = &method_words,
	  .omit_zero = true },
	{ .key = "implied_downtime_ms", .kind = MEMBER_DOUBLE, AT(T, plan.implied_downtime_ms),
	  .absent = -1 },
	M(T, MEMBER_STRING, "applied", applied),
	M(T, MEMBER_STRING, "error", error),
	M_SOME(T, MEMBER_U64, "latency_ns", latency_ns),
	M_IN(T, "prediction", prediction, prediction_members),
	END
};
#undef T

#define T struct mt_entry
static const struct mt_member event_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", event.t_ns),
	M_MUST(T, MEMBER_STRING, "event", event.event),
	M(T, MEMBER_STRING, "detail", event.detail),
	END
};
#undef T

#define T struct mt_record_dirtyrate
static const struct mt_member dirtyrate_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M_MUST(T, MEMBER_U64, "window_ms", window_ms),
	M_MUST(T, MEMBER_U64, "bytes_per_s", bytes_per_s),
	M(T, MEMBER_STRING, "mode", mode),
	END
};
#undef T

#define T struct mt_record_outcome
static const struct mt_member outcome_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M_WORD(T, "outcome", outcome, outcome_words),
	M(T, MEMBER_STRING, "detail", detail),
	M(T, MEMBER_STRING, "destination", destination),
	M_IN(T, "final", final, sample_members),
	END
};
#undef T

#define T struct mt_record_source
static const struct mt_member source_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M_MUST(T, MEMBER_STRING, "source", source),
	M(T, MEMBER_STRING, "mode", mode),
	M_SOME(T, MEMBER_U64, "tick_ns", tick_ns),
	M(T, MEMBER_STRING, "detail", detail),
	END
};
#undef T

#define T struct mt_tick
static const struct mt_member tick_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M_MUST(T, MEMBER_U64, "start_ns", start_ns),
	M(T, MEMBER_UNSIGNED, "state", state),
	M_COLUMNS(tick_columns),
	END
};
#undef T

#define T struct mt_work
static const struct mt_member work_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M_MUST(T, MEMBER_U64, "start_ns", start_ns),
	M_COLUMNS(work_columns),
	END
};
#undef T

#define T struct mt_record_pass
static const struct mt_member pass_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M_MUST(T, MEMBER_U64, "start_ns", start_ns),
	M_MUST(T, MEMBER_U64, "iteration", iteration),
	M_REAL(T, "pages", pages),
	M(T, MEMBER_U64, "events", events),
	M_SOME(T, MEMBER_U64, "overruns", overruns),
	M_SOME(T, MEMBER_U64, "unread_events", unread_events),
	END
};
#undef T

#define T struct mt_record_curve
static const struct mt_member curve_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M_REAL(T, "window_ms", window_ms),
	M(T, MEMBER_U64, "windows", windows),
	M_REAL(T, "mean_pages", mean_pages),
	M_REAL(T, "p10_pages", p10_pages),
	M_REAL(T, "p50_pages", p50_pages),
	M_REAL(T, "p90_pages", p90_pages),
	END
};
#undef T

#define T struct mt_record_vcpu
static const struct mt_member vcpu_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M_MUST(T, MEMBER_U64, "vcpu", vcpu),
	M_MUST(T, MEMBER_U64, "events", events),
	M_MUST(T, MEMBER_U64, "duration_ns", duration_ns),
	M_SOME(T, MEMBER_U64, "ring_used", ring_used),
	END
};
#undef T

#define T struct mt_record_pages
static const struct mt_member pages_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M_MUST(T, MEMBER_U64, "start_ns", start_ns),
	M(T, MEMBER_BOOL, "begins", begins),
	M_MUST(T, MEMBER_STRING, "pages", pages),
	END
};
#undef T

#define T struct mt_record_profile
static const struct mt_member profile_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M_MUST(T, MEMBER_U64, "duration_ns", duration_ns),
	M(T, MEMBER_U64, "windows", windows),
	M_SOME(T, MEMBER_U64, "windows_left_out", windows_left_out),
	M_REAL(T, "s_pages", s_pages),
	M_REAL(T, "s_new_pages_per_s", s_new_pages_per_s),
	M_REAL(T, "mw_pages", mw_pages),
	M(T, MEMBER_BOOL, "mw_lower_bound", mw_lower_bound),
	M(T, MEMBER_U64, "hot_seconds", hot_seconds),
	M_REAL(T, "hot_threshold", hot_threshold),
	M_REAL(T, "hot_pages", hot_pages),
	M_REAL(T, "hot_share", hot_share),
	M_REAL(T, "logged_pages_per_s", logged_pages_per_s),
	M_IN(T, "total", total, tick_members),
	END
};
#undef T

#define T struct mt_record_guest
static const struct mt_member guest_members[] = {
	M_MUST(T, MEMBER_U64, "t_ns", t_ns),
	M_SOME(T, MEMBER_U64, "memory_bytes", memory_bytes),
	M_SOME(T, MEMBER_U64, "vcpus", vcpus),
	M_SOME(T, MEMBER_U64, "resident_bytes", resident_bytes),
	M_SOME(T, MEMBER_U64, "nonzero_bytes", nonzero_bytes),
	M_REAL(T, "cpu_share", cpu_share),
	END
};
#undef T

static const struct {
	const char *type;
	const struct mt_member *members;
	size_t offset;			/* of the struct in struct mt_entry */
	size_t time;			/* of its t_ns in struct mt_entry */
} entry_types[MT_ENTRY_COUNT] = {
#define ENTRY(field, table) \
	{ \
#field, table, offsetof(struct mt_entry, field), \
			offsetof(struct mt_entry, field.t_ns) \
	}
	[MT_ENTRY_SAMPLE] = ENTRY(sample, sample_members),
	[MT_ENTRY_DECISION] = ENTRY(decision, decision_members),
	[MT_ENTRY_EVENT] = { "event", event_members, 0, offsetof(struct mt_entry, event.t_ns) },
	[MT_ENTRY_DIRTYRATE] = ENTRY(dirtyrate, dirtyrate_members),
	[MT_ENTRY_OUTCOME] = ENTRY(outcome, outcome_members),
	[MT_ENTRY_SOURCE] = ENTRY(source, source_members),
	[MT_ENTRY_TICK] = ENTRY(tick, tick_members),
	[MT_ENTRY_PASS] = ENTRY(pass, pass_members),
	[MT_ENTRY_CURVE] = ENTRY(curve, curve_members),
	[MT_ENTRY_VCPU] = ENTRY(vcpu, vcpu_members),
	[MT_ENTRY_PROFILE] = ENTRY(profile, profile_members),
	[MT_ENTRY_GUEST] = ENTRY(guest, guest_members),
	[MT_ENTRY_PAGES] = ENTRY(pages, pages_members),
	[MT_ENTRY_WORK] = ENTRY(work, work_members),
#undef ENTRY
};

static char *line_of(const char *type, const struct mt_member *members, const void *base)
{
	json_t *object = json_object();
	char *line = NULL;
	int failed = 0;

	if (!object)
		return NULL;
	mt_json_set(object, "type", json_string(type), &failed);
	mt_members_write(object, members, base, &failed);
	if (!failed)
		line = json_dumps(object, MT_JSON_STYLE);
	json_decref(object);
	return line;
}

char *mt_header_line(const struct mt_record_header *h)
{
	return line_of("header", header_members, h);
}

char *mt_entry_line(const struct mt_entry *e)
{
	if ((unsigned)e->type >= MT_ENTRY_COUNT)
		return NULL;
	return line_of(entry_types[e->type].type, entry_types[e->type].members,
		       (const char *)e + entry_types[e->type].offset);
}

static json_t *parse_line(const char *line, size_t len, struct mt_err *err)
{
	json_error_t why;
	json_t *object = json_loadb(line, len, MT_JSON_STRICT, &why);

	if (!object) {
		mt_err_set(err, -EBADMSG, "no JSON: %s", why.text);
	} else if (!json_is_object(object) || !json_string_value(json_object_get(object, "type"))) {
		mt_err_set(err, -EBADMSG, "no JSON object with a \"type\"");
		json_decref(object);
		object = NULL;
	}
	return object;
}

int mt_header_parse(struct mt_record_header *h, const char *line, size_t len,
		    struct mt_strings *strings, struct mt_err *err)
{
	json_t *object = parse_line(line, len, err);
	const json_t *schema;
	unsigned strange = 0;
	int rc;

	memset(h, 0, sizeof(*h));
	if (!object)
		return -EBADMSG;
	schema = json_object_get(object, "schema");
	if (strcmp(json_string_value(json_object_get(object, "type")), "header"))
		rc = mt_err_set(err, -EBADMSG, "the first line is no header");
	else if (json_is_integer(schema) && json_integer_value(schema) > MT_RECORD_SCHEMA)
		/* Before anything else: what the future changed must not look like damage. */
		rc = mt_err_set(err, -EPROTO,
				"written by a later migtrace: schema %lld, this one reads up to %d",
				(long long)json_integer_value(schema), MT_RECORD_SCHEMA);
	else
		rc = mt_members_read(h, header_members, object, strings, &strange, err);
	if (!rc && json_is_true(json_object_get(json_object_get(object, "limits"), "at_once")))
		/* how it used to be written, when a 0 itself was left out */
		*mt_params_value(&h->limits.params, "passes") = 0;
	if (!rc && !h->schema)
		rc = mt_err_set(err, -EBADMSG, "\"schema\" is 0");
	json_decref(object);
	return rc;
}

int mt_entry_parse(struct mt_entry *e, const char *line, size_t len,
		   struct mt_strings *strings, unsigned *strange, struct mt_err *err)
{
	json_t *object = parse_line(line, len, err);
	int rc = MT_ENTRY_UNKNOWN;
	const char *type;

	memset(e, 0, sizeof(*e));
	if (!object)
		return -EBADMSG;
	type = json_string_value(json_object_get(object, "type"));
	for (int i = 0; i < MT_ENTRY_COUNT; i++) {
		if (strcmp(type, entry_types[i].type))
			continue;
		e->type = i;
		rc = mt_members_read((char *)e + entry_types[i].offset, entry_types[i].members,
				     object, strings, strange, err);
		break;
	}
	json_decref(object);
	return rc;
}

uint64_t *mt_entry_time(struct mt_entry *e)
{
	return (uint64_t *)(void *)((char *)e + entry_types[e->type].time);
}

uint64_t mt_entry_t_ns(const struct mt_entry *e)
{
	uint64_t t_ns = 0;

	if ((unsigned)e->type < MT_ENTRY_COUNT)
		memcpy(&t_ns, (const char *)e + entry_types[e->type].time, sizeof(t_ns));
	return t_ns;
}
