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

#include <migtrace/cleanup.h>
#include <migtrace/policy.h>

#define CONFIG_DEFAULT_PATH	"/etc/migtrace/migtraced.conf"

enum config_mode {
	CONFIG_OBSERVE,			/* never act: watch, predict, record */
	CONFIG_ACT,
	CONFIG_MODE_COUNT
};

/* What is decided for each guest: [supervise], with the [domain GLOB] sections that match over it. */
struct config_guest {
	enum config_mode mode;
	const struct mt_policy *policy;
	uint64_t max_downtime_ms;
	uint64_t deadline_ms, timeout_ms, stall_timeout_ms;	/* 0 = none */
	uint64_t fixed_ms;
	uint64_t poll_ms;
	bool postcopy;
};

struct config_list {
	char **items;			/* ends with NULL; never NULL itself */
	size_t n;
};

struct config_group {
	char *name;			/* "" = leave as it is */
	gid_t gid;
};

#define CONFIG_KEYS_MAX	32

/* One [domain GLOB] section. */
struct config_override {
	char *glob;
	unsigned line;
	struct config_guest guest;	/* only what was given counts */
	unsigned given[CONFIG_KEYS_MAX];	/* per key: the line it was given in, 0 = not */
};

/* Never changed once loaded, so threads share it. */
struct config {
	int refs;
	char *path;			/* NULL: built-in defaults, there was no file */
	char *uri;
	struct config_guest guest;
	struct config_list domains;	/* globs: guests that are looked after at all */
	struct config_override *overrides;
	size_t n_overrides;
	struct config_list destinations;
	char *directory;		/* "" = record nothing */
	uint64_t keep;			/* finished recordings; 0 = all */
	char *socket;
	struct config_group group;
	uint64_t socket_mode;
	unsigned given[CONFIG_KEYS_MAX];	/* as above */
};

/* One line, without a newline: "FILE:LINE: what is wrong; what is accepted". */
typedef void (*config_error_fn)(const char *line, void *opaque);

/*
 * @must_exist: a missing file is an error; else it means the defaults.
 * Return: 0 and a configuration with one reference, or -errno after @error has
 * been called for each thing that is wrong.
 */
MT_MUST_CHECK int config_load(struct config **c, const char *path, bool must_exist,
			      config_error_fn error, void *opaque);

struct config *config_get(struct config *c);
void config_put(struct config *c);

/* Is this guest looked after, and how. */
bool config_wants(const struct config *c, const char *domain);
void config_for_domain(const struct config *c, const char *domain, struct config_guest *out);

/* The effective configuration, as a file that config_load() accepts. */
void config_print(const struct config *c, FILE *out);

const char *config_mode_name(enum config_mode mode);	/* "observe", "act" */

#endif
