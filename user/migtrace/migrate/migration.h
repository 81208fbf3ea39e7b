/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * migration.h - the one migration of migtrace migrate, from its options to its end
 */
#ifndef MIGRATION_H
#define MIGRATION_H

#include "cli/options.h"
#include "cli/progress.h"
#include "hypervisor/versions.h"
#include "steer/migrate.h"
#include "steer/rule.h"
#include "steer/supervise.h"
#include "store/experience.h"
#include "store/history.h"
#include "guardian.h"
#include "puller.h"

struct migration {
	struct common_options common;
	const char *policy_name, *record_path, *source_name, *history_path, *learned_path,
		*trained_path, *profile_path, *pull_command;
	uint64_t unsent_bytes;
	struct mt_history history;
	struct mt_experience experience;
	struct mt_beforehand before;
	const struct mt_policy *policy;
	struct mt_limits limits;
	struct mt_rule options;		/* what was given by options, and nothing else */
	struct mt_rule rule;		/* and what the guest's metadata has besides */
	struct mt_migrate_options how;
	unsigned methods;		/* to choose from; 0: as the options say */
	char method[640];		/* why that one */
	bool dry_run, no_metadata;

	struct mt_conn *conn;
	struct mt_inbox *inbox;
	struct mt_migrate *running;
	struct mt_domain_info domain;
	struct mt_versions versions;
	struct mt_recorder *recorder;
	struct mt_collector *collector;
	struct mt_room *room;		/* NULL: post-copy is not allowed */
	char source[384];		/* which kernel source, or why there is none */
	struct mt_hands *hands;
	struct mt_wheel *wheel;
	struct mt_guard *guard;
	struct guardian guardian;
	struct puller *puller;		/* NULL: neither --pull nor --postcopy-unsent */
	struct progress progress;
	struct mt_supervise_result result;
	volatile int cancel, leave;
	volatile int over;		/* nothing is left but to print */
};

/* migration_rule.c: what holds, by options, the guest's metadata and what was learned. */
void migration_set_rule(struct migration *m);
void migration_set_limits(struct migration *m, struct mt_limits *limits);
/* For mt_supervise(): its metadata has changed meanwhile; the policy stays. */
bool migration_limits_now(struct mt_limits *limits, void *migration);

/* migration_prepare.c: everything that can be refused is refused before anything is touched. */
MT_MUST_CHECK int migration_prepare(struct migration *m, char **args, struct mt_err *err);
/* A guest that is still stopped is given its time, some seconds; then it is the guardian's. */
void migration_let_go(struct migration *m);

/* migration_run.c: to its end, with everything that is told of it. Return: an exit status. */
int migration_run(struct migration *m, char **args);

/* migration_print.c */
bool migration_succeeded(const struct migration *m);
void migration_print(const struct migration *m, const char *destination);

#endif
