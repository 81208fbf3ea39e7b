/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.h - the daemon's one INI file: read, checked, printed
 *
 * Every key is one row of a table in config.c: section, name, kind, default,
 * help. Whatever is wrong with a file is an error with its line; a file with
 * errors gives no configuration at all.
 */
#ifndef MIGTRACED_CONFIG_H
#define MIGTRACED_CONFIG_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "policy/policy.h"
#include "steer/rule.h"

#define CONFIG_DEFAULT_PATH	"/etc/migtrace/migtraced.conf"

struct config_list {
	char **items;			/* ends with NULL; never NULL itself */
	size_t n;
};

struct config_group {
	char *name;			/* "" = leave as it is */
	gid_t gid;			/* (gid_t)-1 where it was not looked up: see
					 * CONFIG_NO_LOOKUP */
};

#define CONFIG_KEYS_MAX	(32 + MT_RULE_KEYS_MAX)

/*
 * One [domain PATTERN] section. A pattern is one of names, or behind "uuid:" of UUIDs, and never of
 * both: a guest may be called like another's UUID.
 */
struct config_override {
	char *glob;
	unsigned line;
	struct mt_rule guest;	/* only what was given counts */
	unsigned given[CONFIG_KEYS_MAX];	/* per key: the line it was given in, 0 = not */
};

/* Never changed once loaded, so threads share it. */
struct config {
	int refs;
	char *path;			/* NULL: built-in defaults, there was no file */
	char *uri;
	struct mt_rule guest;
	struct config_list domains;	/* patterns: guests that are looked after at all */
	struct config_override *overrides;
	size_t n_overrides;
	struct config_list destinations;
	char *directory;		/* "" = record nothing */
	uint64_t keep;			/* finished recordings; 0 = all */
	uint64_t quota_bytes;		/* of all recordings; 0 = none */
	uint64_t keep_free_bytes;	/* of their filesystem; 0 = none */
	bool probes;			/* what else a guest does is recorded, too */
	char *history;			/* "default", "none", or an address of mt_db_ops */
	uint64_t history_keep;		/* migrations; 0 = all */
	char *socket;
	char *web;			/* where it is served; "" = nowhere */
	struct config_group group;
	uint64_t socket_mode;
	uint64_t max_stopped;		/* guests at once, over all processes of the host */
	char *hands;			/* directory; "" = the host's own */
	unsigned given[CONFIG_KEYS_MAX];	/* as above */
};

/* One line, without a newline: "FILE:LINE: what is wrong; what is accepted". */
typedef void (*config_error_fn)(const char *line, void *opaque);

/* a missing file is an error; else it means the defaults */
#define CONFIG_MUST_EXIST	(1u << 0)
/*
 * Names of groups are not looked up, which may ask a directory server and wait for it: for a
 * reload, on a thread that must not wait. What depends on them takes a restart in any case, and
 * then they are.
 */
#define CONFIG_NO_LOOKUP	(1u << 1)

/*
 * @flags: CONFIG_*. Return: 0 and a configuration with one reference, or -errno after @error has
 * been called for each thing that is wrong.
 */
MT_MUST_CHECK int config_load(struct config **c, const char *path, unsigned flags,
			      config_error_fn error, void *opaque);

/*
 * Limits that are accepted and contradict each other, or the policy: "FILE: [section]: what; what
 * to do".
 */
void config_warnings(const struct config *c, config_error_fn warn, void *opaque);

/*
 * Before @c, just loaded, takes the place of @old: keys that take a restart keep @old's values, so
 * that what is said to be in effect is. @note is called for each that would have changed. Return: 0
 * or -ENOMEM.
 */
MT_MUST_CHECK int config_keep(struct config *c, const struct config *old, config_error_fn note,
			      void *opaque);

struct config *config_get(struct config *c);
void config_put(struct config *c);

/*
 * Is this guest looked after, and how. @domain NULL: its whole name is not known, so nobody can say
 * which rules are meant for it: it is watched unless only UUIDs are, and never touched.
 */
bool config_wants(const struct config *c, const char *domain, const char *uuid);
void config_for_domain(const struct config *c, const char *domain, const char *uuid,
		       struct mt_rule *out);

/* Where config_for_domain() has each key of mt_rule_key_at() from. */
struct config_origin {
	enum { CONFIG_FROM_DEFAULT, CONFIG_FROM_SUPERVISE, CONFIG_FROM_DOMAIN } kind;
	const char *glob;		/* of CONFIG_FROM_DOMAIN; @c's */
};
void config_origins(const struct config *c, const char *domain, const char *uuid,
		    struct config_origin from[MT_RULE_KEYS_MAX]);

/* Whether there is a rule by which some guest would be acted upon. */
bool config_acts(const struct config *c);

/* The effective configuration, as a file that config_load() accepts. */
void config_print(const struct config *c, FILE *out);

#endif
