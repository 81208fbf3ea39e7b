// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_spec.c - the specification of a campaign: an INI file, read and checked
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <ini.h>
#include <migtrace/units.h>

#include "campaign.h"

#define LINE_MAX_BYTES	197	/* inih's buffer takes 200, three of which it needs itself */

enum kind {
	TEXT,			/* char * */
	COMMAND,		/* likewise */
	WORD,			/* char *, one of .words */
	KIND,			/* uint64_t, enum campaign_kind */
	COUNT,			/* uint64_t */
	DURATION,		/* uint64_t, ms */
	SIZE,			/* uint64_t, bytes */
	YES,			/* bool: .words[0] is true, [1] false */
	WORDS,			/* struct campaign_words */
	RATES,			/* struct campaign_numbers, bytes/s */
	DURATIONS,		/* struct campaign_numbers, ms */
};

struct key {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *initial;	/* NULL: must be given */
	uint64_t min, max;	/* of numbers; max 0: any */
	const char *const *words;
};

#define WORDS_OF(...)	((const char *const[]){ __VA_ARGS__, NULL })

#define AT(field)	offsetof(struct campaign_spec, field)
static const struct key campaign_keys[] = {
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
static const struct key guest_keys[] = {
	{ "type", WORD, AT(type), NULL, .words = WORDS_OF("kvm", "qemu") },
	{ "memory", SIZE, AT(memory_bytes), NULL, 16 * MT_MIB, 1ULL << 50 },
	{ "logging", WORD, AT(logging), "bitmap", .words = WORDS_OF("bitmap", "ring") },
	{ "ring", COUNT, AT(ring_entries), "4096", 1024, 65536 },
	{ "vcpus", COUNT, AT(vcpus), "1", 1, 512 },
	{ }
};
#undef AT

#define AT(field)	offsetof(struct campaign_workload, field)
static const struct key workload_keys[] = {
	{ "image", TEXT, AT(image) },
	{ "command_line", TEXT, AT(command_line), "" },
	{ "verify", YES, AT(verify), "yes", .words = WORDS_OF("yes", "no") },
	{ }
};
#undef AT

#define AT(field)	offsetof(struct campaign_method, field)
static const struct key method_keys[] = {
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
static const struct key table_keys[] = {
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

/* The kinds of sections; all but the first have a name behind, [guest NAME], and an array in the spec. */
static const struct section {
	const char *name;
	const struct key *keys;
	size_t size, array, count;
} sections[] = {
	{ "campaign", campaign_keys },
#define ARRAY(type, field)	sizeof(struct type), offsetof(struct campaign_spec, field), offsetof(struct campaign_spec, n_##field)
	{ "guest", guest_keys, ARRAY(campaign_guest, guests) },
	{ "workload", workload_keys, ARRAY(campaign_workload, workloads) },
	{ "method", method_keys, ARRAY(campaign_method, methods) },
	{ "runs", table_keys, ARRAY(campaign_table, tables) },
#undef ARRAY
};

static const char *const kind_names[CAMPAIGN_KIND_COUNT] = {
	"precopy", "postcopy", "hybrid", "autoconverge", "xbzrle", "compression", "multifd",
};

const char *campaign_kind_name(uint64_t kind)
{
	return kind < CAMPAIGN_KIND_COUNT ? kind_names[kind] : "?";
}

#define KEYS_MAX	16

struct reader {
	FILE *file;
	const char *path;
	unsigned line, errors;
	void (*error)(const char *line);
	struct campaign_spec *spec;
	char name[LINE_MAX_BYTES + 1];	/* section as written */
	const struct section *section;	/* NULL: none, or refused */
	unsigned section_line;
	void *item;
	bool given[KEYS_MAX];
};

__attribute__((format(printf, 3, 4)))
static int complain(struct reader *r, unsigned line, const char *fmt, ...)
{
	char what[512], text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (line)
		snprintf(text, sizeof(text), "%s:%u: %s", r->path, line, what);
	else
		snprintf(text, sizeof(text), "%s: %s", r->path, what);
	r->errors++;
	r->error(text);
	return 1;
}

/* --- values --------------------------------------------------------------- */
static int number(const struct key *key, const char *text, uint64_t *out, struct mt_err *err)
{
	uint64_t value;
	int rc;

	switch (key->kind) {
	case DURATION:
	case DURATIONS:
		rc = mt_parse_duration_ms(key->name, text, &value, err);
		break;
	case RATES:
		rc = mt_parse_rate_bytes_per_s(key->name, text, &value, err);
		break;
	case SIZE:
		rc = mt_parse_size_bytes(key->name, text, &value, err);
		break;
	default:
		rc = mt_parse_count(key->name, text, key->max ? key->max : INT64_MAX, &value, err);
	}
	if (!rc && (value < key->min || (key->max && value > key->max)))
		rc = mt_err_set(err, -ERANGE, "%s %s is out of range", key->name, text);
	if (!rc)
		*out = value;
	return rc;
}

static int add_number(struct campaign_numbers *list, uint64_t value)
{
	uint64_t *v = realloc(list->v, (list->n + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	list->v = v;
	v[list->n++] = value;
	return 0;
}

static int add_word(struct campaign_words *list, const char *word)
{
	char **v = realloc(list->v, (list->n + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	list->v = v;
	v[list->n] = strdup(word);
	return v[list->n++] ? 0 : -ENOMEM;
}

static int set_list(const struct key *key, void *at, const char *text, struct mt_err *err)
{
	mt_autofree char *copy = strdup(text);
	char *save = NULL;
	int rc = copy ? 0 : -ENOMEM;

	for (char *w = rc ? NULL : strtok_r(copy, " \t", &save); w && !rc; w = strtok_r(NULL, " \t", &save)) {
		uint64_t value = 0;

		if (key->kind == WORDS) {
			rc = add_word(at, w);
			continue;
		}
		rc = number(key, w, &value, err);
		if (!rc)
			rc = add_number(at, value);
	}
	return rc;
}

static int word(const struct key *key, const char *const *words, const char *text, struct mt_err *err)
{
	char accepted[128] = "";

	for (int i = 0; words[i]; i++) {
		size_t used = strlen(accepted);

		if (!strcmp(words[i], text))
			return i;
		snprintf(accepted + used, sizeof(accepted) - used, "%s%s", i ? ", " : "", words[i]);
	}
	return mt_err_set(err, -EINVAL, "%s = %s: accepted are %s", key->name, text, accepted);
}

static int set_text(char **at, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*at);
	*at = copy;
	return 0;
}

static int set_value(const struct key *key, void *item, const char *text, struct mt_err *err)
{
	static const char *const kinds[] = {
		"precopy", "postcopy", "hybrid", "autoconverge", "xbzrle", "compression", "multifd", NULL
	};
	void *at = (char *)item + key->offset;
	int i;

	switch (key->kind) {
	case COMMAND:
		if (!*text)
			return mt_err_set(err, -EINVAL, "%s needs a command", key->name);
		return set_text(at, text);
	case TEXT:
		return set_text(at, text);
	case WORD:
		i = word(key, key->words, text, err);
		return i < 0 ? i : set_text(at, text);
	case YES:
		i = word(key, key->words, text, err);
		*(bool *)at = !i;
		return i < 0 ? i : 0;
	case KIND:
		i = word(key, kinds, text, err);
		*(uint64_t *)at = i < 0 ? 0 : (uint64_t)i;
		return i < 0 ? i : 0;
	case COUNT:
	case DURATION:
	case SIZE:
		return number(key, text, at, err);
	case WORDS:
	case RATES:
	case DURATIONS:
		return set_list(key, at, text, err);
	}
	return -EINVAL;
}

static bool is_list(const struct key *key)
{
	return key->kind == WORDS || key->kind == RATES || key->kind == DURATIONS;
}

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
		const struct key *key = &s->keys[i];
		struct mt_err err = { 0 };

		if (r->given[i])
			continue;
		if (!key->initial)
			complain(r, r->section_line, "[%s] needs %s", r->name, key->name);
		else if (set_value(key, r->item, key->initial, &err))
			complain(r, r->section_line, "%s: %s", key->name, err.code ? err.msg : "out of memory");
	}
	r->section = NULL;
}

static void begin_section(struct reader *r, const char *name)
{
	size_t len = strcspn(name, " \t");
	const char *item = name + len + strspn(name + len, " \t");
	const struct section *s = NULL;

	end_section(r);
	snprintf(r->name, sizeof(r->name), "%s", name);
	memset(r->given, 0, sizeof(r->given));
	r->section_line = r->line;
	for (size_t i = 0; i < MT_ARRAY_SIZE(sections); i++)
		if (strlen(sections[i].name) == len && !strncmp(sections[i].name, name, len))
			s = &sections[i];
	if (!s) {
		complain(r, r->line, "unknown section [%s]; accepted are [campaign], [guest NAME], [workload NAME], [method NAME] and [runs NAME]", name);
	} else if (!s->size) {
		if (*item || r->spec->where)
			complain(r, r->line, *item ? "[campaign] has no name" : "[campaign] was there already");
		else
			r->section = s, r->item = r->spec;
	} else if (!*item || item[strspn(item, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+_-")]) {
		complain(r, r->line, "[%s NAME] needs a name of letters, digits and . + _ -", s->name);
	} else if (find(s, r->spec, item)) {
		complain(r, r->line, "[%s] was there already", name);
	} else {
		r->item = add_item(s, r->spec, item);
		r->section = r->item ? s : NULL;
		if (!r->item)
			complain(r, r->line, "out of memory");
	}
}

/* inih's handler. Return: 1, handled: errors are counted here. */
static int on_value(void *opaque, const char *section, const char *name, const char *value)
{
	struct reader *r = opaque;
	struct mt_err err = { 0 };
	size_t i;
	int rc;

	if (!*r->name)
		return complain(r, r->line, "%s is outside of any section", name);
	if (!r->section)
		return 1;
	for (i = 0; r->section->keys[i].name; i++)
		if (!strcmp(r->section->keys[i].name, name))
			break;
	if (!r->section->keys[i].name)
		return complain(r, r->line, "unknown key %s in [%s]", name, r->name);
	if (r->given[i] && !is_list(&r->section->keys[i]))
		return complain(r, r->line, "%s was given already", name);
	r->given[i] = true;
	rc = set_value(&r->section->keys[i], r->item, value, &err);
	if (rc)
		complain(r, r->line, "%s", err.code ? err.msg : "out of memory");
	return 1;
}

/* Sections are seen here, so that empty ones are, too, and with their line. */
static char *read_line(char *out, int size, void *opaque)
{
	struct reader *r = opaque;
	char buf[1024], *text, *end;

	if (!fgets(buf, sizeof(buf), r->file))
		return NULL;
	r->line++;
	out[0] = '\n';
	out[1] = '\0';
	text = buf + strspn(buf, " \t");
	for (end = text + strlen(text); end > text && isspace((unsigned char)end[-1]); end--)
		end[-1] = '\0';
	if (strlen(buf) > LINE_MAX_BYTES) {
		complain(r, r->line, "longer than %d bytes; a list goes on in further lines, indented", LINE_MAX_BYTES);
		return out;
	}
	if (*text == '#' || *text == ';' || !*text)
		return out;
	if (*text == '[') {
		end = strchr(text, ']');
		if (!end || end[1]) {
			complain(r, r->line, "a section is [NAME] and nothing else");
			r->section = NULL;
			return out;
		}
		*end = '\0';
		begin_section(r, text + 1);
		return out;
	}
	if (!strchr(text, '=') && text == buf) {
		complain(r, r->line, "neither [section] nor key = value");
		return out;
	}
	memcpy(out, buf, strlen(buf) + 1);
	return out;
}

/* --- what a file as a whole must be --------------------------------------------- */
static void check_table(struct reader *r, const struct campaign_table *t)
{
	const struct {
		const struct campaign_words *words;
		const struct section *section;
	} refs[] = { { &t->guests, &sections[1] }, { &t->workloads, &sections[2] }, { &t->methods, &sections[3] } };

	for (size_t i = 0; i < MT_ARRAY_SIZE(refs); i++)
		for (size_t k = 0; k < refs[i].words->n; k++)
			if (!find(refs[i].section, r->spec, refs[i].words->v[k]))
				complain(r, 0, "[runs %s]: there is no [%s %s]", t->name, refs[i].section->name, refs[i].words->v[k]);
	if (!t->guests.n || !t->workloads.n || !t->methods.n || !t->bandwidths.n || !t->limits.n)
		complain(r, 0, "[runs %s] combines nothing: guests, workloads, methods, bandwidths and downtime_limits each need one at least",
			 t->name);
}

static void check_method(struct reader *r, const struct campaign_method *m)
{
	const struct {
		const char *name;
		uint64_t value;
		enum campaign_kind of;
	} parameters[] = {
		{ "flip_after_passes", m->flip_after_passes, CAMPAIGN_HYBRID },
		{ "throttle_initial_percent", m->throttle_initial_percent, CAMPAIGN_AUTOCONVERGE },
		{ "throttle_increment_percent", m->throttle_increment_percent, CAMPAIGN_AUTOCONVERGE },
		{ "xbzrle_cache", m->xbzrle_cache_bytes, CAMPAIGN_XBZRLE },
		{ "compress_level", m->compress_level, CAMPAIGN_COMPRESSION },
		{ "compress_threads", m->compress_threads, CAMPAIGN_COMPRESSION },
		{ "channels", m->channels, CAMPAIGN_MULTIFD },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(parameters); i++)
		if (parameters[i].value && parameters[i].of != m->kind)
			complain(r, 0, "[method %s]: %s is for kind = %s", m->name, parameters[i].name,
				 campaign_kind_name(parameters[i].of));
	if (m->kind == CAMPAIGN_HYBRID && !m->flip_after_passes)
		complain(r, 0, "[method %s]: flip_after_passes is needed, 1 or more", m->name);
	if (m->kind == CAMPAIGN_MULTIFD && !m->channels)
		complain(r, 0, "[method %s]: channels is needed, 1 or more", m->name);
}

static void check(struct reader *r)
{
	const struct campaign_spec *s = r->spec;

	if (!s->where)
		complain(r, 0, "there is no [campaign]");
	if (!s->n_tables)
		complain(r, 0, "there is no [runs NAME]: nothing to do");
	for (size_t i = 0; i < s->n_tables; i++)
		check_table(r, &s->tables[i]);
	for (size_t i = 0; i < s->n_methods; i++)
		check_method(r, &s->methods[i]);
	for (size_t i = 0; i < s->n_guests; i++)
		if (!strcmp(s->guests[i].logging, "ring") && strcmp(s->guests[i].type, "kvm"))
			complain(r, 0, "[guest %s]: rings are KVM's, type = %s has none", s->guests[i].name, s->guests[i].type);
}

int campaign_spec_load(struct campaign_spec *s, const char *path, void (*error)(const char *line))
{
	struct reader r = { .path = path, .error = error, .spec = s };
	int rc = 0;

	memset(s, 0, sizeof(*s));
	r.file = fopen(path, "re");
	if (!r.file) {
		rc = -errno;
		complain(&r, 0, "cannot be read: %s", strerror(errno));
		return rc;
	}
	if (ini_parse_stream(read_line, &r, on_value, &r) < 0)
		complain(&r, 0, "out of memory");
	end_section(&r);
	if (ferror(r.file))
		complain(&r, 0, "cannot be read: %s", strerror(errno));
	fclose(r.file);
	if (!r.errors)
		check(&r);
	if (!r.errors)
		return 0;
	campaign_spec_fini(s);
	return -EINVAL;
}

static void free_item(const struct section *s, void *item)
{
	for (const struct key *key = s->keys; key->name; key++) {
		void *at = (char *)item + key->offset;

		switch (key->kind) {
		case TEXT:
		case COMMAND:
		case WORD:
			free(*(char **)at);
			break;
		case WORDS:
			for (size_t i = 0; i < ((struct campaign_words *)at)->n; i++)
				free(((struct campaign_words *)at)->v[i]);
			free(((struct campaign_words *)at)->v);
			break;
		case RATES:
		case DURATIONS:
			free(((struct campaign_numbers *)at)->v);
			break;
		default:
			break;
		}
	}
}

void campaign_spec_fini(struct campaign_spec *s)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(sections); i++) {
		const struct section *section = &sections[i];

		if (!section->size) {
			free_item(section, s);
			continue;
		}
		for (size_t k = 0; k < *count_of(section, s); k++) {
			char *item = (char *)*array_of(section, s) + k * section->size;

			free_item(section, item);
			free(*(char **)item);
		}
		free(*array_of(section, s));
	}
	memset(s, 0, sizeof(*s));
}
