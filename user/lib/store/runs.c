// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * runs.c - the lines of a campaign's runs.jsonl, written and read by one table
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "files.h"
#include "runs.h"

/* About 50,000 migrations; a line of `migtrace-research campaign` has 1 KiB. */
#define FILE_MAX_BYTES	(64U << 20)
#define LINE_MAX_BYTES	(64 << 10)

enum kind { WHOLE, NUMBER, TEXT, RUN, METHOD, OPTIONS, ALLOWED, OUTCOME, CONVERGED, CHOICES };

struct key {
	const char *name;
	enum kind kind;
	size_t offset, size;
};

#define AT(field)	offsetof(struct mt_run, field)
#define W(field)	{ #field, WHOLE, AT(field), 0 }
#define N(field)	{ #field, NUMBER, AT(field), 0 }
#define T(field)	{ #field, TEXT, AT(field), sizeof(((struct mt_run *)0)->field) }

/* In the order of a line: what was asked for, what was there, what came of it. */
static const struct key keys[] = {
	{ "run", RUN }, T(where), T(guest), T(workload), T(type), T(logging), W(vcpus),
	W(memory_bytes),
	{ "method", METHOD }, { "parameters", OPTIONS }, T(policy),
	{ "postcopy_allowed", ALLOWED }, W(max_downtime_ms), W(deadline_ms), W(round),
	W(bandwidth_bytes_per_s), W(link_bytes_per_s), W(downtime_limit_ms), W(cap_ms), T(profile),
	T(recording),
	W(resident_bytes), W(nonzero_bytes), N(cpu_share), W(start_wall_ms), N(load_1min),
	N(busy_percent),
	{ "outcome", OUTCOME }, { "converged", CONVERGED }, N(prepare_ms), W(total_ms),
	W(downtime_ms), W(transferred_bytes),
	W(iterations), W(normal_pages), W(zero_pages), W(throttle_percent), W(postcopy_requests),
	N(felt_ms), N(work_before_per_s), N(work_during_per_s),
	T(verified), T(note), T(reason), { "choices", CHOICES }, T(commit),
};

/* --- reading ------------------------------------------------------------------ */
static double number(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static const char *text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

/* An option that is not given is QEMU's default. */
static double option(const json_t *o, const char *name)
{
	double v = number(o, name);

	return v > 0 ? v : 0;
}

static void fill_options(struct mt_method_options *m, const json_t *o)
{
	*m = (struct mt_method_options){
		.flip_after_passes = (unsigned)option(o, "flip_after_passes"),
		.throttle_initial_percent = option(o, "throttle_initial_percent"),
		.throttle_increment_percent = option(o, "throttle_increment_percent"),
		.xbzrle_cache_bytes = option(o, "xbzrle_cache_bytes"),
		.compress_level = (unsigned)option(o, "compress_level"),
		.compress_threads = (unsigned)option(o, "compress_threads"),
		.channels = (unsigned)option(o, "channels"),
	};
}

/* [[TOTAL_MS, PAUSE_MS, STALL_MS], ...], null for what is not known */
static void fill_choices(struct mt_run *r, const json_t *list)
{
	size_t n = json_array_size(list);

	r->n_choices = n < MT_RUN_CHOICES_MAX ? n : MT_RUN_CHOICES_MAX;
	for (size_t i = 0; i < r->n_choices; i++) {
		const json_t *at = json_array_get(list, i);
		double *v[] = { &r->choices[i].total_ms, &r->choices[i].pause_ms,
				&r->choices[i].stall_ms };

		for (size_t k = 0; k < MT_ARRAY_SIZE(v); k++) {
			const json_t *value = json_array_get(at, k);

			*v[k] = json_is_number(value) ? json_number_value(value) : NAN;
		}
	}
}

static void read_key(struct mt_run *r, const struct key *key, const json_t *o)
{
	void *field = (char *)r + key->offset;

	switch (key->kind) {
	case WHOLE:
	case NUMBER:
		*(double *)field = number(o, key->name);
		break;
	case TEXT:
		snprintf(field, key->size, "%s", text(o, key->name));
		break;
	case RUN:
		r->run = (unsigned)option(o, key->name);
		break;
	case METHOD:
		if (mt_method_parse(text(o, key->name), &r->method))
			r->method = MT_METHOD_COUNT;
		break;
	case OPTIONS:
		fill_options(&r->options, json_object_get(o, key->name));
		break;
	case ALLOWED:
		r->postcopy_allowed = json_is_true(json_object_get(o, key->name));
		break;
	case CHOICES:
		fill_choices(r, json_object_get(o, key->name));
		break;
	case OUTCOME:
		if (mt_outcome_parse(text(o, key->name), &r->outcome))
			r->outcome = MT_OUTCOME_COUNT;
		break;
	case CONVERGED:
		r->converged = json_is_true(json_object_get(o, key->name));
		break;
	}
}

/* Return: false: it is no JSON object. */
static bool parse(struct mt_run *r, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, MT_JSON_STRICT, NULL);
	bool is_object = json_is_object(o);

	*r = (struct mt_run){ 0 };
	for (size_t i = 0; i < MT_ARRAY_SIZE(keys) && is_object; i++)
		read_key(r, &keys[i], o);
	json_decref(o);
	return is_object;
}

uint64_t mt_run_line_number(const char *line)
{
	json_t *o = json_loads(line, MT_JSON_STRICT, NULL);
	json_int_t number_of_run = json_integer_value(json_object_get(o, "run"));

	json_decref(o);
	return number_of_run > 0 ? (uint64_t)number_of_run : 0;
}

/* --- writing ------------------------------------------------------------------ */
/* Those that are not the default. */
static json_t *options_of(const struct mt_run *r, int *failed)
{
	const struct mt_method_options *m = &r->options;
	const struct {
		const char *name;
		double value;
	} rows[] = {
		{ "throttle_initial_percent", m->throttle_initial_percent },
		{ "throttle_increment_percent", m->throttle_increment_percent },
		{ "xbzrle_cache_bytes", m->xbzrle_cache_bytes },
		{ "compress_level", m->compress_level },
		{ "compress_threads", m->compress_threads },
		{ "channels", m->channels },
	};
	json_t *o = json_object();

	if (r->method == MT_METHOD_POSTCOPY || r->method == MT_METHOD_HYBRID)
		mt_json_set(o, "flip_after_passes", mt_json_uint(m->flip_after_passes), failed);
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++)
		if (rows[i].value > 0)
			mt_json_set(o, rows[i].name, mt_json_uint((uint64_t)rows[i].value), failed);
	return o;
}

static json_t *choices_of(const struct mt_run *r, int *failed)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_choices; i++) {
		const double v[] = { r->choices[i].total_ms, r->choices[i].pause_ms,
				     r->choices[i].stall_ms };
		json_t *at = json_array();

		for (size_t k = 0; k < MT_ARRAY_SIZE(v); k++)
			*failed |= json_array_append_new(at, isfinite(v[k]) ? mt_json_double(v[k]) :
							 json_null());
		*failed |= json_array_append_new(list, at);
	}
	return list;
}

static void write_key(json_t *o, const struct key *key, const struct mt_run *r, int *failed)
{
	const void *field = (const char *)r + key->offset;

	switch (key->kind) {
	case WHOLE:
		if (isfinite(*(const double *)field))
			mt_json_set(o, key->name, mt_json_uint((uint64_t) * (const double *)field),
				    failed);
		break;
	case NUMBER:
		if (isfinite(*(const double *)field))
			mt_json_set(o, key->name, mt_json_double(*(const double *)field), failed);
		break;
	case TEXT:
		if (*(const char *)field)
			mt_json_set(o, key->name, mt_json_string(field), failed);
		break;
	case RUN:
		mt_json_set(o, key->name, mt_json_uint(r->run), failed);
		break;
	case METHOD:
		mt_json_set(o, key->name, mt_json_string(mt_method_name(r->method)), failed);
		break;
	case OPTIONS:
		mt_json_set(o, key->name, options_of(r, failed), failed);
		break;
	case ALLOWED:
		if (*r->policy)
			mt_json_set(o, key->name, json_boolean(r->postcopy_allowed), failed);
		break;
	case CHOICES:
		if (r->n_choices)
			mt_json_set(o, key->name, choices_of(r, failed), failed);
		break;
	case OUTCOME:
		mt_json_set(o, key->name, mt_json_string(mt_outcome_name(r->outcome)), failed);
		break;
	case CONVERGED:
		mt_json_set(o, key->name, json_boolean(r->converged), failed);
		break;
	}
}

char *mt_run_line(const struct mt_run *r)
{
	json_t *o = json_object();
	char *line = NULL;
	int failed = 0;

	for (size_t i = 0; i < MT_ARRAY_SIZE(keys); i++)
		write_key(o, &keys[i], r, &failed);
	if (!failed)
		line = json_dumps(o, MT_JSON_STYLE);
	json_decref(o);
	return line;
}

/* --- a campaign's ---------------------------------------------------------------- */
const char *mt_run_lacks(const struct mt_run *r)
{
	if (r->method == MT_METHOD_COUNT)
		return "a known \"method\"";
	if (r->outcome == MT_OUTCOME_COUNT)
		return "a known \"outcome\"";
	if (!(r->memory_bytes > 0) || !(r->bandwidth_bytes_per_s > 0) ||
	    !(r->downtime_limit_ms > 0))
		return "\"memory_bytes\", \"bandwidth_bytes_per_s\" or \"downtime_limit_ms\"";
	return NULL;
}

struct mt_forecast_input mt_run_forecast_input(const struct mt_run *r,
					       const struct mt_ucurve *curve)
{
	return (struct mt_forecast_input){
		.curve = curve,
		.memory_bytes = r->memory_bytes,
		.resident_bytes = mt_run_known(isfinite(r->nonzero_bytes) ? r->nonzero_bytes :
									  r->resident_bytes),
		.cpu_share = r->cpu_share,
		.method = r->method,
		.options = r->options,
		.bandwidth_bytes_per_s = r->bandwidth_bytes_per_s,
		.link_bytes_per_s = mt_run_known(r->link_bytes_per_s),
		.downtime_limit_ms = r->downtime_limit_ms,
		.give_up_ms = mt_run_known(r->cap_ms),
	};
}

static int add(struct mt_runs *r, const struct mt_run *run)
{
	struct mt_run *more = r->v;

	if (!(r->n & (r->n - 1))) {
		more = realloc(r->v, (r->n ? 2 * r->n : 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
	}
	r->v = more;
	r->v[r->n++] = *run;
	return 0;
}

int mt_runs_load(struct mt_runs *r, const char *dir, struct mt_err *err)
{
	mt_autofclose FILE *f = NULL;
	mt_autofree char *path = NULL, *line = NULL;
	size_t size = 0, number_of_line = 0;
	struct mt_err why = { 0 };
	ssize_t len;
	int rc;

	*r = (struct mt_runs){ .dir = strdup(dir) };
	if (!r->dir || asprintf(&path, "%s/runs.jsonl", dir) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = mt_file_stream(&f, path, FILE_MAX_BYTES, &why);
	if (rc) {
		mt_runs_free(r);
		return mt_err_set(
			err, rc,
			"%s; a campaign's directory is what migtrace-research campaign -o wrote",
			why.msg);
	}
	while (!rc && (len = getline(&line, &size, f)) > 0) {
		struct mt_run run;

		number_of_line++;
		if (line[len - 1] != '\n')	/* the writer was killed */
			break;
		if (len > LINE_MAX_BYTES || !parse(&run, line, (size_t)len))
			rc = mt_err_set(err, -EBADMSG, "%s: line %zu is no run of a campaign", path,
					number_of_line);
		else if (add(r, &run))
			rc = mt_err_set(err, -ENOMEM, "out of memory");
	}
	if (!rc && !r->n)
		rc = mt_err_set(err, -ENODATA, "%s: no migration in it yet", path);
	if (rc)
		mt_runs_free(r);
	return rc;
}

void mt_runs_free(struct mt_runs *r)
{
	free(r->dir);
	free(r->v);
	*r = (struct mt_runs){ 0 };
}
