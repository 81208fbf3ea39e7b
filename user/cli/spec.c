// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * spec.c - the sections of a specification, read by its tables
 */
#include <errno.h>
#include <string.h>

#include "base/inifile.h"
#include "spec.h"

#define KEYS_MAX	64
#define NAME_CHARS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+_-"

struct reader {
	struct mt_ini ini;		/* the first */
	bool whole;
	char *spec;
	const struct spec_section *sections;
	char name[MT_INI_LINE_MAX + 1];	/* section as written */
	const struct spec_section *section;	/* NULL: none, or refused */
	const struct spec_key *key;	/* the one before */
	unsigned section_line;
	uint64_t seen;			/* a bit for each section without a name */
	void *item;
	bool given[KEYS_MAX];
};

#define complain(r, ...)	mt_ini_complain(&(r)->ini, __VA_ARGS__)

static void **array_of(const struct spec_section *s, char *spec)
{
	return (void **)(spec + s->at);
}

static size_t *count_of(const struct spec_section *s, char *spec)
{
	return (size_t *)(spec + s->count);
}

const void *spec_find(const void *items, size_t n, size_t size, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		const char *item = (const char *)items + i * size;

		if (!strcmp(*(char *const *)item, name))
			return item;
	}
	return NULL;
}

static void *add_item(const struct spec_section *s, char *spec, const char *name)
{
	size_t *n = count_of(s, spec);
	char *array = realloc(*array_of(s, spec), (*n + 1) * s->size);
	char *item;

	if (!array)
		return NULL;
	*array_of(s, spec) = array;
	item = array + *n * s->size;
	memset(item, 0, s->size);
	*(char **)item = strdup(name);
	++*n;
	return *(char **)item ? item : NULL;
}

/* --- sections ---------------------------------------------------------------- */
static void end_section(struct reader *r)
{
	const struct spec_section *s = r->section;

	for (size_t i = 0; s && s->keys[i].name; i++) {
		const struct spec_key *key = &s->keys[i];
		struct mt_err err = { 0 };

		if (r->given[i] || (!key->initial && !r->whole && key->kind != SPEC_TEXT))
			continue;
		if (!key->initial && r->whole)
			mt_ini_complain_at(&r->ini, r->section_line, "[%s] needs %s", r->name,
					   key->name);
		else if (spec_value_set(key, r->item, key->initial ? key->initial : "", &err))
			mt_ini_complain_at(&r->ini, r->section_line, "%s: %s", key->name,
					   err.code ? err.msg : "out of memory");
	}
	r->section = NULL;
}

static void complain_unknown(struct reader *r, const char *name)
{
	const struct spec_section *s = r->sections;
	char accepted[256] = "";
	size_t len = 0;

	for (; s->name && len < sizeof(accepted); s++)
		len += (size_t)snprintf(accepted + len, sizeof(accepted) - len, "%s[%s%s]",
					s == r->sections ? "" : s[1].name ? ", " : " and ", s->name,
					s->size ? " NAME" : "");
	complain(r, "unknown section [%s]; accepted are %s", name, accepted);
}

static void begin_single(struct reader *r, const struct spec_section *s, const char *item)
{
	uint64_t bit = 1ULL << (s - r->sections);

	if (*item || r->seen & bit) {
		complain(r, *item ? "[%s] has no name" : "[%s] was there already", s->name);
		return;
	}
	r->seen |= bit;
	if (s->seen)
		*(bool *)(r->spec + s->seen) = true;
	r->section = s;
	r->item = r->spec + s->at;
}

static void begin_named(struct reader *r, const struct spec_section *s, const char *item)
{
	if (!*item || item[strspn(item, NAME_CHARS)]) {
		complain(r, "[%s NAME] needs a name of letters, digits and . + _ -", s->name);
	} else if (spec_find(*array_of(s, r->spec), *count_of(s, r->spec), s->size, item)) {
		complain(r, "[%s] was there already", r->name);
	} else {
		r->item = add_item(s, r->spec, item);
		r->section = r->item ? s : NULL;
		if (!r->item)
			complain(r, "out of memory");
	}
}

static void on_section(struct mt_ini *ini, const char *name)
{
	struct reader *r = (struct reader *)ini;
	const struct spec_section *s = r->sections;
	const char *item;
	size_t len;

	end_section(r);
	if (!name)
		return;
	len = strcspn(name, " \t");
	item = name + len + strspn(name + len, " \t");
	snprintf(r->name, sizeof(r->name), "%s", name);
	memset(r->given, 0, sizeof(r->given));
	r->section_line = r->ini.line;
	while (s->name && (strlen(s->name) != len || strncmp(s->name, name, len)))
		s++;
	if (!s->name)
		complain_unknown(r, name);
	else if (!s->size)
		begin_single(r, s, item);
	else
		begin_named(r, s, item);
}

/* --- keys ---------------------------------------------------------------------- */
static void set_value(struct reader *r, const char *value)
{
	bool *given = &r->given[r->key - r->section->keys];
	struct mt_err err = { 0 };

	if (*given && !spec_value_is_list(r->key))
		complain(r, "%s was given already", r->key->name);
	else if (spec_value_set(r->key, r->item, value, &err))
		complain(r, "%s", err.code ? err.msg : "out of memory");
	*given = true;
}

static bool on_value(struct mt_ini *ini, const char *name, const char *value)
{
	struct reader *r = (struct reader *)ini;

	if (!*r->name)
		complain(r, "%s is outside of any section", name);
	if (!r->section)
		return false;
	for (r->key = r->section->keys; r->key->name; r->key++) {
		if (strcmp(r->key->name, name))
			continue;
		set_value(r, value);
		return true;
	}
	complain(r, "unknown key %s in [%s]", name, r->name);
	return false;
}

static void on_more(struct mt_ini *ini, const char *value)
{
	set_value((struct reader *)ini, value);
}

/* --- the whole ------------------------------------------------------------------ */
static void on_check(void *opaque, const char *line)
{
	mt_ini_complain_at(opaque, 0, "%s", line);
}

int spec_read(void *spec, size_t size, const struct spec_section *sections, const char *path,
	      bool whole, spec_check_fn check, void (*error)(const char *line, void *opaque))
{
	struct reader r = {
		.ini = { .path = path,
			 .error = error,
			 .section = on_section,
			 .value = on_value,
			 .more = on_more },
		.whole = whole,
		.spec = spec,
		.sections = sections,
	};
	int rc;

	memset(spec, 0, size);
	rc = mt_ini_read(&r.ini);
	if (rc) {
		complain(&r, "cannot be read: %s", strerror(-rc));
		return rc;
	}
	end_section(&r);
	if (!r.ini.errors && check)
		check(spec, on_check, &r.ini);
	if (!r.ini.errors)
		return 0;
	spec_free(spec, size, sections);
	return -EINVAL;
}

void spec_free(void *spec, size_t size, const struct spec_section *sections)
{
	for (const struct spec_section *s = sections; s->name; s++) {
		size_t n = s->size ? *count_of(s, spec) : 1;

		for (size_t i = 0; i < n; i++) {
			char *item = s->size ? (char *)*array_of(s, spec) + i * s->size :
					       (char *)spec + s->at;

			for (const struct spec_key *key = s->keys; key->name; key++)
				spec_value_free(key, item);
			if (s->size)
				free(*(char **)item);
		}
		if (s->size)
			free(*array_of(s, spec));
	}
	memset(spec, 0, size);
}
