// SPDX-License-Identifier: GPL-2.0-or-later
/* config.c - the daemon's one INI file: read, checked, printed */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/inifile.h"
#include "base/units.h"
#include "hypervisor/domain.h"
#include "config.h"
#include "value.h"

#define GLOBAL(field)	.offset = offsetof(struct config, field)
#define RULES		{ 0 }		/* for a key: here go the keys of a guest's rules */

static const struct config_key fixed_keys[] = {
	{ "libvirt", .restart = true, .key = {
		"uri", VALUE_URI, GLOBAL(uri), .initial = "qemu:///system",
		.accepted = "a libvirt URI such as qemu:///system" } },

	{ "supervise", RULES },
	{ "supervise", .restart = true, .key = {
		"max_stopped", MT_KEY_COUNT, GLOBAL(max_stopped), .initial = "2",
		.min = 1, .max = 1000,
		.accepted = "a number of 1 to 1000" } },
	{ "supervise", .key = {
		"domains", VALUE_GLOBS, GLOBAL(domains), .initial = "*",
		.accepted = "names or shell patterns of domains, or uuid: and a UUID or a pattern of UUIDs, separated by blanks" } },

	{ "verify", .key = {
		"destinations", VALUE_URIS, GLOBAL(destinations), .initial = "",
		.accepted = "libvirt URIs, separated by blanks" } },

	{ "record", .restart = true, .key = {
		"directory", VALUE_PATH_OR_EMPTY, GLOBAL(directory), .initial = "/var/lib/migtrace",
		.accepted = "an absolute path, or nothing to record nothing" } },
	{ "record", .key = {
		"keep", MT_KEY_COUNT, GLOBAL(keep), .initial = "1000", .max = 1000000,
		.accepted = "a number up to 1000000, 0 for all" } },
	{ "record", .key = {
		"quota", VALUE_SIZE_OR_NONE, GLOBAL(quota_bytes), .initial = "1GiB",
		.min = MT_MIB, .max = 1ULL << 50,
		.accepted = "a size of 1MiB to 1024TiB, or none" } },
	{ "record", .key = {
		"keep_free", VALUE_SIZE_OR_NONE, GLOBAL(keep_free_bytes), .initial = "256MiB",
		.min = 1, .max = 1ULL << 50,
		.accepted = "a size up to 1024TiB, or none" } },
	{ "record", .key = {
		"probes", MT_KEY_BOOL, GLOBAL(probes), .initial = "no",
		.accepted = "yes or no" } },

	{ "record", .restart = true, .key = {
		"history", VALUE_HISTORY, GLOBAL(history), .initial = "default",
		.accepted = "default, none, an absolute path, or postgresql://USER@HOST/DATABASE" } },
	{ "record", .restart = true, .key = {
		"history_keep", MT_KEY_COUNT, GLOBAL(history_keep), .initial = "100000",
		.max = 1000000000,
		.accepted = "a number up to 1000000000, 0 for all" } },

	{ "control", .restart = true, .key = {
		"socket", VALUE_SOCKET, GLOBAL(socket), .initial = "/run/migtrace/control.sock",
		.accepted = "an absolute path of at most 107 bytes" } },
	{ "control", .restart = true, .key = {
		"group", VALUE_GROUP, GLOBAL(group), .initial = "",
		.accepted = "the name or number of a group of this host, or nothing to leave it as it is" } },
	{ "control", .restart = true, .key = {
		"mode", VALUE_OCTAL, GLOBAL(socket_mode), .initial = "0660", .max = 0777,
		.accepted = "an octal mode such as 0660" } },
	{ "control", .restart = true, .key = {
		"hands", VALUE_PATH_OR_EMPTY, GLOBAL(hands), .initial = "",
		.accepted = "an absolute path, or nothing for the host's own directory" } },

	{ "web", .restart = true, .key = {
		"listen", VALUE_ADDRESS, GLOBAL(web), .initial = "",
		.accepted = "127.0.0.1:PORT, [::1]:PORT, an absolute path of at most 107 bytes, or nothing for no web" } },
};

_Static_assert(MT_ARRAY_SIZE(fixed_keys) + MT_RULE_KEYS_MAX <= CONFIG_KEYS_MAX,
	       "CONFIG_KEYS_MAX is too small");

/* All keys: those above, with those of a rule where they belong. Made once. */
static struct config_key keys[CONFIG_KEYS_MAX];
static size_t n_keys;

static void add_rules(const char *section)
{
	const struct mt_key *key;

	for (size_t i = 0; (key = mt_rule_key_at(i)); i++)
		keys[n_keys++] = (struct config_key){
			.section = section, .key = *key, .per_guest = true
		};
}

static void make_keys(void)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(fixed_keys); i++) {
		if (fixed_keys[i].key.name)
			keys[n_keys++] = fixed_keys[i];
		else
			add_rules(fixed_keys[i].section);
	}
}

/* Where the reader is, and whom to tell of errors. */
struct reader {
	struct mt_ini ini;		/* the first */
	unsigned flags;			/* CONFIG_* */
	struct config *config;
	char section[MT_INI_LINE_MAX + 1];	/* "" = before the first */
	bool skip;			/* inside a section that was refused */
	struct config_override *override;	/* inside a [domain ...] */
	unsigned section_lines[CONFIG_KEYS_MAX];	/* per key's row: where its section began */
	const struct config_key *key;		/* the one before, for indented lines that continue
						 * it */
};

#define complain(r, ...)	mt_ini_complain(&(r)->ini, __VA_ARGS__)

/* --- reading ---------------------------------------------------------- */

static void on_section(struct mt_ini *ini, const char *name)
{
	struct reader *r = (struct reader *)ini;
	static const char domain[] = "domain";
	struct config *c = r->config;
	bool known = false;
	unsigned first = 0;

	r->key = NULL;
	r->skip = true;
	if (!name)
		return;
	r->override = NULL;
	snprintf(r->section, sizeof(r->section), "%s", name);

	if (!strncmp(name, domain, strlen(domain)) &&
	    isblank((unsigned char)name[strlen(domain)])) {
		const char *glob = name + strlen(domain);
		struct config_override *o;
		struct mt_err why = { 0 };

		glob += strspn(glob, " \t");
		if (value_check_pattern(glob, strlen(glob), &why)) {
			complain(r, "section [%s]: %s", name, why.msg);
			return;
		}
		for (size_t i = 0; i < c->n_overrides; i++) {
			if (!strcmp(c->overrides[i].glob, glob)) {
				complain(r, "section [%s] was already in line %u", name,
					 c->overrides[i].line);
				return;
			}
		}
		o = realloc(c->overrides, (c->n_overrides + 1) * sizeof(*o));
		if (!o) {
			complain(r, "out of memory");
			return;
		}
		c->overrides = o;
		o += c->n_overrides;
		*o = (struct config_override){ .glob = strdup(glob),
					       .line = r->ini.line,
					       .guest.limits = MT_LIMITS_UNSET };
		if (!o->glob) {
			complain(r, "out of memory");
			return;
		}
		c->n_overrides++;
		r->override = o;
		r->skip = false;
		return;
	}

	for (size_t i = 0; i < n_keys; i++) {
		if (strcmp(keys[i].section, name))
			continue;
		known = true;
		first = r->section_lines[i];
		if (first)
			break;
		r->section_lines[i] = r->ini.line;
	}
	if (!known)
		complain(r, "unknown section [%s]; accepted are [libvirt], [supervise], [domain NAME], [verify], "
			 "[record], [control] and [web]", name);
	else if (first)
		complain(r, "section [%s] was already in line %u", name, first);
	else
		r->skip = false;
}

static bool key_belongs(const struct reader *r, const struct config_key *key)
{
	return r->override ? key->per_guest : !strcmp(key->section, r->section);
}

static void unknown_key(struct reader *r, const char *name)
{
	char accepted[512] = "";
	size_t at = 0;

	for (size_t i = 0; i < n_keys && at < sizeof(accepted); i++)
		if (key_belongs(r, &keys[i]))
			at += snprintf(accepted + at, sizeof(accepted) - at, "%s%s", at ? ", " : "",
				       keys[i].key.name);
	complain(r, "unknown key '%s' in [%s]; accepted are %s", name, r->section, accepted);
}

static const struct config_key *key_find(struct reader *r, const char *name)
{
	for (size_t i = 0; i < n_keys; i++)
		if (key_belongs(r, &keys[i]) && !strcmp(keys[i].key.name, name))
			return &keys[i];
	return NULL;
}

static void *key_base(struct reader *r, const struct config_key *key)
{
	if (!key->per_guest)
		return r->config;
	return r->override ? &r->override->guest : &r->config->guest;
}

static void set_value(struct reader *r, const struct config_key *key, const char *value)
{
	struct mt_err why = { 0 };
	char accepted[256];
	int ret = value_parse(key, key_base(r, key), value, r->flags & CONFIG_NO_LOOKUP, &why);

	if (ret == -ENOMEM)
		complain(r, "out of memory");
	else if (ret)
		complain(r, "%s = %s: accepted is %s%s%s%s", key->key.name, value,
			 mt_key_accepted(&key->key, accepted, sizeof(accepted)),
			 why.code ? " (" : "", why.msg, why.code ? ")" : "");
}

static bool on_value(struct mt_ini *ini, const char *name, const char *value)
{
	struct reader *r = (struct reader *)ini;
	const struct config_key *key;
	unsigned *given;

	r->key = NULL;
	if (r->skip)
		return false;
	if (!*r->section) {
		complain(r, "'%s' is outside of any section; begin one, such as [supervise]", name);
		return false;
	}
	key = key_find(r, name);
	if (!key) {
		unknown_key(r, name);
		return false;
	}
	given = &(r->override ? r->override->given : r->config->given)[key - keys];
	if (*given) {
		complain(r, "'%s' was already given in line %u", name, *given);
		return false;
	}
	*given = r->ini.line;
	r->key = key;
	if (value_is_list(key->key.kind))	/* instead of the default, not in addition to it */
		value_list_free((struct config_list *)((char *)key_base(r, key) + key->key.offset));
	set_value(r, key, value);
	return true;
}

static void on_more(struct mt_ini *ini, const char *value)
{
	struct reader *r = (struct reader *)ini;

	if (value_is_list(r->key->key.kind))
		set_value(r, r->key, value);
	else
		complain(r, "an indented line continues the key before it, and '%s' takes one value only",
			 r->key->key.name);
}

static int config_defaults(struct config *c)
{
	c->guest.limits = (struct mt_limits)MT_LIMITS_UNSET;
	for (size_t i = 0; i < n_keys; i++) {
		void *base = keys[i].per_guest ? (void *)&c->guest : c;
		int ret = value_parse(&keys[i], base, keys[i].key.initial, true, NULL);

		if (ret)
			return ret;
	}
	return 0;
}

/* --- limits that contradict each other -------------------------------- */

#define CONTRADICTIONS_MAX	8

struct contradictions {
	struct {
		bool error;
		char line[512];
	} found[CONTRADICTIONS_MAX];
	size_t n;
};

static void note_contradiction(bool error, const char *line, void *opaque)
{
	struct contradictions *all = opaque;

	if (all->n == CONTRADICTIONS_MAX)
		return;
	all->found[all->n].error = error;
	snprintf(all->found[all->n].line, sizeof(all->found[0].line), "%s", line);
	all->n++;
}

/* What is in effect where @o is the only section that matches; NULL: where none does. */
static void guest_of(const struct config *c, const struct config_override *o,
		     struct mt_rule *out)
{
	*out = c->guest;
	for (size_t k = 0; o && k < n_keys; k++)
		if (keys[k].per_guest && o->given[k])
			mt_key_copy(&keys[k].key, out, &o->guest);
}

/* Into @all, what @o itself brings about: not once more what is said of [supervise] already. */
static void contradictions_of(const struct config *c, const struct config_override *o,
			      struct contradictions *all)
{
	struct contradictions common = { .n = 0 }, here = { .n = 0 };
	struct mt_rule guest;

	all->n = 0;
	guest_of(c, NULL, &guest);
	mt_limits_check(guest.policy, &guest.limits, note_contradiction, o ? &common : all);
	if (!o)
		return;
	guest_of(c, o, &guest);
	mt_limits_check(guest.policy, &guest.limits, note_contradiction, &here);
	for (size_t i = 0; i < here.n; i++) {
		bool known = false;

		for (size_t k = 0; k < common.n && !known; k++)
			known = !strcmp(common.found[k].line, here.found[i].line);
		if (!known)
			note_contradiction(here.found[i].error, here.found[i].line, all);
	}
}

static void complain_of_contradictions(struct reader *r, const struct config_override *o)
{
	struct contradictions all;

	contradictions_of(r->config, o, &all);
	r->ini.line = o ? o->line : 0;
	for (size_t i = 0; i < all.n; i++)
		if (all.found[i].error)
			complain(r, "[%s%s]: %s", o ? "domain " : "supervise", o ? o->glob : "",
				 all.found[i].line);
}

static void check_limits(struct reader *r)
{
	complain_of_contradictions(r, NULL);
	for (size_t i = 0; i < r->config->n_overrides; i++)
		complain_of_contradictions(r, &r->config->overrides[i]);
}

void config_warnings(const struct config *c, config_error_fn warn, void *opaque)
{
	struct reader r = {
		.ini = { .path = c->path ? c->path : "defaults", .error = warn, .opaque = opaque }
	};
	struct contradictions all;

	for (size_t n = 0; n <= c->n_overrides; n++) {
		const struct config_override *o = n ? &c->overrides[n - 1] : NULL;

		contradictions_of(c, o, &all);
		r.ini.line = o ? o->line : 0;
		for (size_t i = 0; i < all.n; i++)
			complain(&r, "[%s%s]: %s", o ? "domain " : "supervise", o ? o->glob : "",
				 all.found[i].line);
	}
}

/* --- the whole -------------------------------------------------------- */

int config_load(struct config **out, const char *path, unsigned flags, config_error_fn error,
		void *opaque)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct config *c = calloc(1, sizeof(*c));
	struct reader r = {
		.ini = { .path = path,
			 .error = error,
			 .opaque = opaque,
			 .section = on_section,
			 .value = on_value,
			 .more = on_more },
		.flags = flags,
		.config = c,
	};
	int ret;

	if (!c)
		return -ENOMEM;
	c->refs = 1;
	pthread_once(&once, make_keys);
	ret = config_defaults(c);
	if (ret) {
		complain(&r, "the defaults cannot be set up: %s", strerror(-ret));
		goto fail;
	}

	ret = mt_ini_read(&r.ini);
	if (ret == -ENOENT && !(flags & CONFIG_MUST_EXIST)) {
		*out = c;
		return 0;
	}
	if (ret) {
		complain(&r, "cannot be read: %s", strerror(-ret));
		goto fail;
	}
	c->path = strdup(path);
	if (!c->path)
		mt_ini_complain_at(&r.ini, 0, "out of memory");
	if (!r.ini.errors)
		check_limits(&r);
	if (!r.ini.errors) {
		*out = c;
		return 0;
	}
	ret = -EINVAL;
fail:
	config_put(c);
	return ret;
}

int config_keep(struct config *c, const struct config *old, config_error_fn note, void *opaque)
{
	for (size_t i = 0; i < n_keys; i++) {
		char line[128];

		if (!keys[i].restart || value_is_same(&keys[i], c, old))
			continue;
		if (value_keep(&keys[i], c, old))
			return -ENOMEM;
		snprintf(line, sizeof(line), "[%s] %s has changed: a restart is needed for that",
			 keys[i].section, keys[i].key.name);
		note(line, opaque);
	}
	return 0;
}

struct config *config_get(struct config *c)
{
	__atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
	return c;
}

void config_put(struct config *c)
{
	if (!c || __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < c->n_overrides; i++)
		free(c->overrides[i].glob);
	free(c->overrides);
	value_list_free(&c->domains);
	value_list_free(&c->destinations);
	free(c->path);
	free(c->uri);
	free(c->directory);
	free(c->history);
	free(c->socket);
	free(c->web);
	free(c->hands);
	free(c->group.name);
	free(c);
}

/* --- use -------------------------------------------------------------- */

static bool matches(const char *pattern, const char *domain, const char *uuid)
{
	const char *of_uuid = value_uuid_pattern(pattern);

	if (of_uuid)
		return !fnmatch(of_uuid, uuid, FNM_CASEFOLD);
	return domain && !fnmatch(pattern, domain, 0);
}

bool config_wants(const struct config *c, const char *domain, const char *uuid)
{
	for (size_t i = 0; i < c->domains.n; i++)
		if (matches(c->domains.items[i], domain, uuid) ||
		    (!domain && !value_uuid_pattern(c->domains.items[i])))
			return true;
	return false;
}

void config_for_domain(const struct config *c, const char *domain, const char *uuid,
		       struct mt_rule *out)
{
	*out = c->guest;
	for (size_t i = 0; i < c->n_overrides; i++) {
		const struct config_override *o = &c->overrides[i];

		if (!matches(o->glob, domain, uuid))
			continue;
		for (size_t k = 0; k < n_keys; k++)
			if (keys[k].per_guest && o->given[k])
				mt_key_copy(&keys[k].key, out, &o->guest);
	}
	if (!domain)
		out->mode = MT_MODE_OBSERVE;
}

void config_origins(const struct config *c, const char *domain, const char *uuid,
		    struct config_origin from[MT_RULE_KEYS_MAX])
{
	size_t n = 0;

	for (size_t k = 0; k < n_keys; k++) {
		if (!keys[k].per_guest)
			continue;
		from[n] = (struct config_origin){ c->given[k] ? CONFIG_FROM_SUPERVISE :
								CONFIG_FROM_DEFAULT, NULL };
		for (size_t i = 0; i < c->n_overrides; i++) {
			const struct config_override *o = &c->overrides[i];

			if (o->given[k] && matches(o->glob, domain, uuid))
				from[n] = (struct config_origin){ CONFIG_FROM_DOMAIN, o->glob };
		}
		n++;
	}
}

bool config_acts(const struct config *c)
{
	bool acts = c->guest.mode == MT_MODE_ACT;

	for (size_t i = 0; i < c->n_overrides && !acts; i++)
		for (size_t k = 0; k < n_keys && !acts; k++)
			acts = c->overrides[i].given[k] && keys[k].key.kind == MT_KEY_MODE &&
			       c->overrides[i].guest.mode == MT_MODE_ACT;
	return acts;
}

void config_print(const struct config *c, FILE *out)
{
	const char *section = "";

	for (size_t i = 0; i < n_keys; i++) {
		if (strcmp(section, keys[i].section))
			fprintf(out, "%s[%s]\n", i ? "\n" : "", keys[i].section);
		section = keys[i].section;
		value_print(&keys[i], keys[i].per_guest ? (const void *)&c->guest : c, out);
	}
	for (size_t i = 0; i < c->n_overrides; i++) {
		fprintf(out, "\n[domain %s]\n", c->overrides[i].glob);
		for (size_t k = 0; k < n_keys; k++)
			if (c->overrides[i].given[k])
				value_print(&keys[k], &c->overrides[i].guest, out);
	}
}
