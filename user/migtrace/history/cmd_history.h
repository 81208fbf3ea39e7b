/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_history.h - what the parts of migtrace history share
 */
#ifndef CMD_HISTORY_H
#define CMD_HISTORY_H

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/when.h"
#include "history/archive.h"

/* Where migtraced keeps it by default. */
#define HISTORY_PATH	"/var/lib/migtrace/history.db"

struct history_request {
	struct common_options common;
	const char *database;		/* NULL: $MIGTRACE_HISTORY, or HISTORY_PATH */
	struct mt_archive_filter filter;
	const char *since, *until, *before, *host;
	uint64_t now_ms, before_ms, keep;
	const struct command_usage *usage;
	struct mt_db *db;
};

/* Each part is called with what stands behind its name, and returns one of enum cmd_exit. */
int history_list(struct history_request *q, const struct option_args *args);
int history_show(struct history_request *q, const struct option_args *args);
int history_compare(struct history_request *q, const struct option_args *args);
int history_import(struct history_request *q, const struct option_args *args);
int history_prune(struct history_request *q, const struct option_args *args);

int history_compare_check(struct history_request *q, const struct option_args *args);
int history_prune_check(struct history_request *q, const struct option_args *args);

/* history_list.c: a table of whole migrations, as list shows them. */
struct mt_table *history_table(enum mt_format format);
int history_row(struct mt_table *t, const struct mt_past *p);

/* What a forecast said against what came of it; NaN: one of both is not known. */
double history_error(const struct mt_past *p, enum mt_past_stage stage);
bool history_completed(const struct mt_past *p);

/* mt_table_finish(), with a line. @status: so far. */
int history_finish(struct mt_table *t, int status);

#endif
