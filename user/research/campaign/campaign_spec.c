// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_spec.c - the specification of a campaign: an INI file, its sections and keys
 */
#include <errno.h>
#include <string.h>

#include "base/inifile.h"
#include "base/units.h"
#include "campaign_key.h"

#define WORDS_OF(...)	((const char *const[]){ __VA_ARGS__, NULL })

#define AT(field)	offsetof(struct campaign_spec, field)
static const struct campaign_key campaign_keys[] = {
	{ "where", TEXT, AT(where) },
	{ "up", COMMAND, AT(up_command) },
	{ "start", COMMAND, AT(start_command) },
	{ "stop", COMMAND, AT(stop_command) },
	{ "link", COMMAND, AT(link_command) },
	{ "watch", COMMAND, AT(watch_command) },
	{ "source", WORD, AT(source), "auto", .words = WORDS_OF("auto", "kmod", "bpf", "libvirt") },
	{ "seed", COUNT, AT(seed), "1" },
	{ "pause", DURATION, AT(pause_ms), "300ms", 0, 600000 },
	{ "profile", DURATION, AT(profile_ms), "10s", 1000, 3600000 },
	{ "cap", DURATION, AT(cap_ms), "8s", 1000, 3600000 },
	{ "cap_passes", COUNT, AT(cap_passes), "3", 0, 100 },
	{ "runs_per_start", COUNT, AT(runs_per_start), "16", 1, 10000 },
	{ "link_permille", COUNT, AT(link_permille), "945", 1, 1000 },
	{ }
};
#undef AT

#define AT(field)	offsetof(struct campaign_guest, field)
static const struct campaign_key guest_keys[] = {
	{ "type", WORD, AT(type), NULL, .words = WORDS_OF("kvm", "qemu") },
	{ "memory", SIZE, AT(memory_bytes), NULL, 16 * MT_MIB, 1ULL << 50 },
	{ "logging", WORD, AT(logging), "bitmap", .words = WORDS_OF("bitmap", "ring") },
	{ "ring", COUNT, AT(ring_entries), "4096", 1024, 65536 },
	{ "vcpus", COUNT, AT(vcpus), "1", 1, 512 },
	{ }
};
#undef AT

#define AT(field)	offsetof(struct campaign_workload, field)
static const struct campaign_key workload_keys[] = {
	{ "image", TEXT, AT(image) },
	{ "command_line", TEXT, AT(command_line), "" },
	{ "verify", YES, AT(verify), "yes", .words = WORDS_OF("yes", "no") },
	{ }
};
#undef AT

#define AT(field)	offsetof(struct campaign_method, field)
static const struct campaign_key method_keys[] = {
	{ "kind", KIND, AT(kind) },
	{ "flip_after_passes", COUNT, AT(flip_after_passes), "0", 0, 1000 },
	{ "throttle_initial_percent", COUNT, AT(throttle_initial_percent), "0", 0, 99 },
	{ "throttle_increment_percent", COUNT, AT(throttle_increment_percent), "0", 0, 99 },
	{ "xbzrle_cache", SIZE, AT(xbzrle_cache_bytes), "0B" },
	{ "compress_level", COUNT, AT(compress_level), "0", 0, 9 },
	{ "compress_threads", COUNT, AT(compress_threads), "0", 0, 255 },
	{ "channels", COUNT, AT(channels), "0", 0, 255 },
	{ "cap", DURATION, AT(cap_ms), "0ms", 0, 3600000 },
	{ }
};
#undef AT

#define AT(field)	offsetof(struct campaign_table, field)
static const struct campaign_key table_keys[] = {
	{ "guests", WORDS, AT(guests) },
	{ "workloads", WORDS, AT(workloads) },
	{ "methods", WORDS, AT(methods) },
	{ "bandwidths", RATES, AT(bandwidths), NULL, MT_MIB, 1ULL << 50 },
	{ "downtime_limits", DURATIONS, AT(limits), NULL, 1, 2000000 },
	{ "repeat", COUNT, AT(repeat), "1", 1, 1000 },
	{ "combine", YES, AT(all), "draw", .words = WORDS_OF("all", "draw") },
	{ }
};
#undef AT

/*
 * The kinds of sections; all but the first have a name behind, [guest NAME], and an array in the
 * spec.
 */
static const struct section {
	const char *name;
	const struct campaign_key *keys;
	size_t size, array, count;
} sections[] = {
	{ "campaign", campaign_keys },
#define ARRAY(type, field) \
	sizeof(struct type), offsetof(struct campaign_spec, field), \
		offsetof(struct campaign_spec, n_##field)
	{ "guest", guest_keys, ARRAY(campaign_guest, guests) },
	{ "workload", workload_keys, ARRAY(campaign_workload, workloads) },
	{ "method", method_keys, ARRAY(campaign_method, methods) },
	{ "runs", table_keys, ARRAY(campaign_table, tables) },
#undef ARRAY
};

#define KEYS_MAX	16

struct reader {
	struct mt_ini ini;		/* the first */
	bool whole;			/* it has to have all that a campaign needs */
	struct campaign_spec *spec;
	char name[MT_INI_LINE_MAX + 1];	/* section as written */
	const struct section *section;	/* NULL: none, or refused */
	const struct campaign_key *key;	/* the one before */
	unsigned section_line;
	void *item;
	bool given[KEYS_MAX];
};

#define complain(r, ...)	mt_ini_complain(&(r)->ini, __VA_ARGS__)

/* --- sections ---------------------------------------------------------------- */
static void **array_of(const struct section *s, struct campaign_spec *spec)
{
	return (void **)((char *)spec + s->array);
}

static size_t *count_of(const struct section *s, struct campaign_spec *spec)
{
	return (size_t *)((char *)spec + s->count);
}

/* The first member of each item is its name. */
static void *find(const struct section *s, struct campaign_spec *spec, const char *name)
{
	for (size_t i = 0; i < *count_of(s, spec); i++) {
		char *item = (char *)*array_of(s, spec) + i * s->size;

		if (!strcmp(*(char **)item, name))
			return item;
	}
	return NULL;
}

static void *add_item(const struct section *s, struct campaign_spec *spec, const char *name)
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

static void end_section(struct reader *r)
{
	const struct section *s = r->section;

	for (size_t i = 0; s && s->keys[i].name; i++) {
		const struct campaign_key *key = &s->keys[i];
		struct mt_err err = { 0 };

		if (r->given[i] || (!key->initial && !r->whole && key->kind != TEXT))
			continue;
		if (!key->initial && r->whole)
			mt_ini_complain_at(&r->ini, r->section_line, "[%s] needs %s", r->name,
					   key->name);
		else if (campaign_value_set(key, r->item, key->initial ? key->initial : "", &err))
			mt_ini_complain_at(&r->ini, r->section_line, "%s: %s", key->name,
					   err.code ? err.msg : "out of memory");
	}
	r->section = NULL;
}

static void on_section(struct mt_ini *ini, const char *name)
{
	struct reader *r = (struct reader *)ini;
	const struct section *s = NULL;
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
	for (size_t i = 0; i < MT_ARRAY_SIZE(sections); i++)
		if (strlen(sections[i].name) == len && !strncmp(sections[i].name, name, len))
			s = &sections[i];
	if (!s) {
		complain(r, "unknown section [%s]; accepted are [campaign], [guest NAME], [workload NAME], [method NAME] and [runs NAME]", name);
	} else if (!s->size) {
		if (*item || r->spec->where)
			complain(r,
				 *item ? "[campaign] has no name" : "[campaign] was there already");
		else
			r->section = s, r->item = r->spec;
	} else if (!*item ||
		   item[strspn(
			   item,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+_-")]) {
		complain(r, "[%s NAME] needs a name of letters, digits and . + _ -", s->name);
	} else if (find(s, r->spec, item)) {
		complain(r, "[%s] was there already", name);
	} else {
		r->item = add_item(s, r->spec, item);
		r->section = r->item ? s : NULL;
		if (!r->item)
			complain(r, "out of memory");
	}
}

static void set_value(struct reader *r, const char *value)
{
	bool *given = &r->given[r->key - r->section->keys];
	struct mt_err err = { 0 };

	if (*given && !campaign_value_is_list(r->key))
		complain(r, "%s was given already", r->key->name);
	else if (campaign_value_set(r->key, r->item, value, &err))
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

static void on_check(void *opaque, const char *line)
{
	mt_ini_complain_at(opaque, 0, "%s", line);
}

int campaign_spec_load(struct campaign_spec *s, const char *path, bool whole,
		       void (*error)(const char *line, void *opaque))
{
	struct reader r = {
		.ini = { .path = path,
			 .error = error,
			 .section = on_section,
			 .value = on_value,
			 .more = on_more },
		.whole = whole,
		.spec = s,
	};
	int rc;

	memset(s, 0, sizeof(*s));
	rc = mt_ini_read(&r.ini);
	if (rc) {
		complain(&r, "cannot be read: %s", strerror(-rc));
		return rc;
	}
	end_section(&r);
	if (!r.ini.errors && whole)
		campaign_check(s, on_check, &r.ini);
	if (!r.ini.errors)
		return 0;
	campaign_spec_fini(s);
	return -EINVAL;
}

void campaign_spec_fini(struct campaign_spec *s)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(sections); i++) {
		const struct section *section = &sections[i];

		size_t n = section->size ? *count_of(section, s) : 1;

		for (size_t k = 0; k < n; k++) {
			char *item = section->size ?
					     (char *)*array_of(section, s) + k * section->size :
					     (char *)s;

			for (const struct campaign_key *key = section->keys; key->name; key++)
				campaign_value_free(key, item);
			if (section->size)
				free(*(char **)item);
		}
		if (section->size)
			free(*array_of(section, s));
	}
	memset(s, 0, sizeof(*s));
}
