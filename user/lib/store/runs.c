// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * runs.c - a campaign's runs.jsonl, read
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

enum kind { NUMBER, TEXT };

struct key {
	const char *name;
	enum kind kind;
	size_t offset, size;
};

#define N(field)	{ #field, NUMBER, offsetof(struct mt_run, field), 0 }
#define T(field)	{ #field, TEXT, offsetof(struct mt_run, field), sizeof(((struct mt_run *)0)->field) }

static const struct key keys[] = {
	T(where), T(guest), T(workload), T(type), T(logging), N(vcpus), N(memory_bytes), N(resident_bytes), N(nonzero_bytes),
	N(cpu_share),
	N(bandwidth_bytes_per_s), N(link_bytes_per_s), N(downtime_limit_ms), N(cap_ms), T(profile), T(recording),
	N(load_1min), N(busy_percent), N(prepare_ms), N(total_ms), N(downtime_ms), N(transferred_bytes), N(iterations),
	N(normal_pages), N(zero_pages), N(throttle_percent), N(postcopy_requests), N(felt_ms), T(verified), T(note),
};

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

/* Return: false: it is no JSON object. */
static bool parse(struct mt_run *r, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, MT_JSON_STRICT, NULL);
	bool is_object = json_is_object(o);

	*r = (struct mt_run){ 0 };
	for (size_t i = 0; i < MT_ARRAY_SIZE(keys) && is_object; i++) {
		char *field = (char *)r + keys[i].offset;

		if (keys[i].kind == NUMBER)
			*(double *)field = number(o, keys[i].name);
		else
			snprintf(field, keys[i].size, "%s", text(o, keys[i].name));
	}
	if (is_object) {
		r->run = (unsigned)option(o, "run");
		r->converged = json_is_true(json_object_get(o, "converged"));
		fill_options(&r->options, json_object_get(o, "parameters"));
		if (mt_method_parse(text(o, "method"), &r->method))
			r->method = MT_METHOD_COUNT;
		if (mt_outcome_parse(text(o, "outcome"), &r->outcome))
			r->outcome = MT_OUTCOME_COUNT;
	}
	json_decref(o);
	return is_object;
}

const char *mt_run_lacks(const struct mt_run *r)
{
	if (r->method == MT_METHOD_COUNT)
		return "a known \"method\"";
	if (r->outcome == MT_OUTCOME_COUNT)
		return "a known \"outcome\"";
	if (!(r->memory_bytes > 0) || !(r->bandwidth_bytes_per_s > 0) || !(r->downtime_limit_ms > 0))
		return "\"memory_bytes\", \"bandwidth_bytes_per_s\" or \"downtime_limit_ms\"";
	return NULL;
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
		return mt_err_set(err, rc, "%s; a campaign's directory is what migtrace-research campaign -o wrote", why.msg);
	}
	while (!rc && (len = getline(&line, &size, f)) > 0) {
		struct mt_run run;

		number_of_line++;
		if (line[len - 1] != '\n')	/* the writer was killed */
			break;
		if (len > LINE_MAX_BYTES || !parse(&run, line, (size_t)len))
			rc = mt_err_set(err, -EBADMSG, "%s: line %zu is no run of a campaign", path, number_of_line);
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
