// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * experience.c - what a host's own migrations have taught it, to and from its file
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/units.h"
#include "base/utf8.h"
#include "policy/policy.h"
#include "experience.h"
#include "files.h"
#include "learnedjson.h"

#define SCHEMA		2

/* A hundred times of what all methods and models fill, for each set. */
#define FILE_MAX_BYTES	(64U << 20)

void mt_experience_init(struct mt_experience *e)
{
	memset(e, 0, sizeof(*e));
	e->fixed_ms = MT_FIXED_DEFAULT_MS;
	memcpy(e->stage, mt_learned_prior, sizeof(e->stage));
}

/* Migrations behind the default model's intervals. */
static unsigned taught_by(const struct mt_learned *l)
{
	unsigned n = 0;

	for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
		n += l->residual[0][m][MT_METRIC_TOTAL_MS].n;
	return n;
}

void mt_experience_host(char host[MT_EXPERIENCE_HOST_MAX], const char *uri)
{
	const char *from = uri ? strstr(uri, "://") : NULL, *at, *to;
	size_t n;

	*host = '\0';
	if (!from)
		return;
	from += 3;
	n = strcspn(from, "/");
	at = memchr(from, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - from);
		from = at + 1;
	}
	/* An address of IPv6 has colons of its own, within brackets. */
	to = *from == '[' ? memchr(from, ']', n) : memchr(from, ':', n);
	if (to)
		n = (size_t)(to - from) + (*from == '[');
	if (n >= MT_EXPERIENCE_HOST_MAX)
		n = MT_EXPERIENCE_HOST_MAX - 1;
	memcpy(host, from, n);
	host[n] = '\0';
	mt_utf8_scrub(host);
}

/* --- writing -------------------------------------------------------------- */
static json_t *set_object(const struct mt_experience *e, int *failed)
{
	json_t *o = json_object(), *stages = json_array();

	if (*e->destination)
		mt_json_set(o, "destination", mt_json_string(e->destination), failed);
	mt_json_set(o, "migrations", mt_json_uint(e->migrations), failed);
	mt_json_set(o, "oldest_unix_ms", mt_json_uint(e->oldest_ms), failed);
	mt_json_set(o, "newest_unix_ms", mt_json_uint(e->newest_ms), failed);
	mt_json_set(o, "stops", mt_json_uint(e->stops), failed);
	mt_json_set(o, "fixed_ms", mt_json_double(e->fixed_ms), failed);
	for (size_t i = 0; i < MT_FORECAST_STAGES; i++) {
		json_t *stage = json_object();

		mt_learned_write(stage, &e->stage[i], failed);
		*failed += json_array_append_new(stages, stage) != 0;
	}
	mt_json_set(o, "stages", stages, failed);
	return o;
}

static json_t *file_object(const struct mt_experience *sets, size_t n, int *failed)
{
	json_t *o = json_object(), *list = json_array();

	mt_json_set(o, "type", json_string("learned"), failed);
	mt_json_set(o, "schema", json_integer(SCHEMA), failed);
	mt_json_set(o, "tool", json_string("migtrace " MT_VERSION), failed);
	if (n && *sets->source)
		mt_json_set(o, "source", mt_json_string(sets->source), failed);
	for (size_t i = 0; i < n; i++)
		*failed += json_array_append_new(list, set_object(&sets[i], failed)) != 0;
	mt_json_set(o, "sets", list, failed);
	return o;
}

int mt_experience_save(const struct mt_experience *sets, size_t n, const char *path,
		       struct mt_err *err)
{
	mt_autofree char *text = NULL, *whole = NULL;
	int failed = 0;
	json_t *o = file_object(sets, n, &failed);

	if (!failed)
		text = json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
	json_decref(o);
	if (!text || asprintf(&whole, "%s\n", text) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return mt_file_replace(path, whole, strlen(whole), err);
}

/* --- reading -------------------------------------------------------------- */
#define NO_SUCH_FILE "%s is not what migtraced, or migtrace-research evaluate --save, writes"

static int check_head(const json_t *o, const char *path, struct mt_err *err)
{
	const char *type = json_string_value(json_object_get(o, "type"));
	const json_t *schema = json_object_get(o, "schema");

	if (!type || strcmp(type, "learned") || !json_is_integer(schema) ||
	    json_integer_value(schema) < 1)
		return mt_err_set(err, -EBADMSG, NO_SUCH_FILE, path);
	if (json_integer_value(schema) > SCHEMA)
		return mt_err_set(
			err, -EPROTO,
			"%s was written by a later migtrace: schema %lld, this one reads up to %d",
			path, (long long)json_integer_value(schema), SCHEMA);
	return 0;
}

static json_t *load(const char *path, struct mt_err *err)
{
	mt_autofclose FILE *f = NULL;
	json_error_t why;
	json_t *o;

	if (mt_file_stream(&f, path, FILE_MAX_BYTES, err))
		return NULL;
	errno = 0;
	o = json_loadf(f, MT_JSON_STRICT, &why);
	if (!o && ferror(f) && errno)
		mt_err_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	else if (!o)
		mt_err_set(err, -EBADMSG, NO_SUCH_FILE ": line %d: %s", path, why.line, why.text);
	return o;
}

static void read_text(char *to, const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	snprintf(to, MT_EXPERIENCE_HOST_MAX, "%s", text ? text : "");
	mt_utf8_scrub(to);
}

static uint64_t read_count(const json_t *o, const char *key, uint64_t most)
{
	json_int_t v = json_integer_value(json_object_get(o, key));

	return v <= 0 ? 0 : (uint64_t)v < most ? (uint64_t)v : most;
}

/* The set of that destination, or of all: the one without. NULL: none. */
static const json_t *set_of(const json_t *sets, const char *destination)
{
	const json_t *all = NULL;

	for (size_t i = 0; i < json_array_size(sets); i++) {
		const json_t *set = json_array_get(sets, i);
		const char *to = json_string_value(json_object_get(set, "destination"));

		if (!to)
			all = set;
		else if (destination && *destination && !strcmp(to, destination))
			return set;
	}
	return all;
}

static int read_set(struct mt_experience *e, const json_t *set, const char *path,
		    struct mt_err *err)
{
	const json_t *stages = json_object_get(set, "stages"),
		     *fixed = json_object_get(set, "fixed_ms");

	read_text(e->destination, set, "destination");
	e->migrations = (unsigned)read_count(set, "migrations", UINT32_MAX);
	e->stops = (unsigned)read_count(set, "stops", UINT32_MAX);
	if (json_is_number(fixed))
		e->fixed_ms = json_number_value(fixed);
	if (!(e->fixed_ms >= 0 && e->fixed_ms <= MT_FIXED_MAX_MS))
		return mt_err_set(err, -EBADMSG, "%s: \"fixed_ms\" is 0 to %llu", path,
				  MT_FIXED_MAX_MS);
	e->oldest_ms = read_count(set, "oldest_unix_ms", INT64_MAX);
	e->newest_ms = read_count(set, "newest_unix_ms", INT64_MAX);
	for (size_t i = 0; i < MT_FORECAST_STAGES && i < json_array_size(stages); i++) {
		int rc;

		e->stage[i] = mt_learned_default;
		rc = mt_learned_read(&e->stage[i], json_array_get(stages, i), path, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* What an earlier version wrote is all of the time before a migration. */
static int read_first_schema(struct mt_experience *e, const json_t *o, const char *path,
			     struct mt_err *err)
{
	struct mt_learned *l = &e->stage[MT_FORECAST_BEFORE];

	*l = mt_learned_default;
	if (mt_learned_read(l, o, path, err))
		return err->code;
	e->migrations = taught_by(l);
	return 0;
}

int mt_experience_load(struct mt_experience *e, const char *path, const char *destination,
		       struct mt_err *err)
{
	struct mt_err local = { 0 }, *why = err ? err : &local;
	char host[MT_EXPERIENCE_HOST_MAX];
	struct mt_experience read;
	const json_t *set;
	json_t *o = load(path, why);
	int rc;

	if (!o)
		return why->code;
	mt_experience_init(&read);
	mt_experience_host(host, destination);
	rc = check_head(o, path, why);
	set = set_of(json_object_get(o, "sets"), host);
	if (!rc && json_integer_value(json_object_get(o, "schema")) == 1)
		rc = read_first_schema(&read, o, path, why);
	else if (!rc && !set)
		rc = mt_err_set(why, -EBADMSG, NO_SUCH_FILE ": no set of all destinations", path);
	else if (!rc)
		rc = read_set(&read, set, path, why);
	read_text(read.source, o, "source");
	json_decref(o);
	if (!rc)
		*e = read;
	return rc;
}

void mt_experience_use(const struct mt_experience *e, struct mt_limits *limits)
{
	if (e->migrations)
		limits->learned = e->stage;
	if (e->stops && limits->fixed_ms == MT_LIMIT_UNSET)
		limits->fixed_ms = (uint64_t)(e->fixed_ms + 0.5);
}

/* --- telling -------------------------------------------------------------- */
void mt_experience_describe(const struct mt_experience *e, uint64_t now_ms, char *line, size_t size)
{
	char age[MT_UNIT_STR] = "", to[MT_EXPERIENCE_HOST_MAX + 8] = "";

	if (!e->migrations) {
		snprintf(line, size, "learned from %u migrations on other hosts, so the intervals are wide",
			 taught_by(&e->stage[MT_FORECAST_BEFORE]));
		return;
	}
	if (*e->destination)
		snprintf(to, sizeof(to), " to %s", e->destination);
	if (e->newest_ms && e->newest_ms <= now_ms)
		mt_format_duration_ms(age, (double)(now_ms - e->newest_ms));
	snprintf(line, size, "learned from %u migration%s%s%s%s%s%s%s", e->migrations,
		 e->migrations == 1 ? "" : "s", *e->source ? " of " : "", e->source, to,
		 *age ? ", the newest " : "", age, *age ? " ago" : "");
}
