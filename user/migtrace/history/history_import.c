// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * history_import.c - recordings and campaigns put into the history, and what is old taken out
 */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmd_history.h"

struct importing {
	struct mt_db *db;
	struct mt_err *err;
	bool refused;			/* by the database: nor will it take others */
};

static int on_past(const struct mt_past *p, void *opaque)
{
	struct importing *i = opaque;
	int rc = mt_archive_put(i->db, p, i->err);

	i->refused |= rc;
	return rc;
}

int history_import(struct history_request *q, const struct option_args *args)
{
	static const struct mt_column columns[] = {
		{ "file", "file", MT_SHOW_PLAIN },
		{ "migrations", "migrations", MT_SHOW_PLAIN },
	};
	struct mt_table *t = mt_table_new(stdout, q->common.format, columns,
					  MT_ARRAY_SIZE(columns));
	struct utsname here;
	int status = CMD_OK;

	if (!t) {
		cmd_warn("out of memory");
		return CMD_FAILED;
	}
	if (!q->host)
		q->host = uname(&here) ? "" : here.nodename;
	for (int k = 0; k < args->n; k++) {
		struct mt_err err = { 0 };
		struct importing i = { .db = q->db, .err = &err };
		int n = mt_past_of_file(args->v[k], q->host, on_past, &i, &err);

		if (n < 0)
			status = cmd_fail(&err);
		if (i.refused)
			break;
		if (n >= 0)
			mt_table_row(t, (struct mt_cell[]){ MT_STR(args->v[k]),
							    MT_UINT((uint64_t)n) });
	}
	return history_finish(t, status);
}

int history_prune_check(struct history_request *q, const struct option_args *args)
{
	if (!q->before && !q->keep)
		return options_error(q->usage, "prune wants --before WHEN or --keep N");
	return OPTIONS_RUN;
}

int history_prune(struct history_request *q, const struct option_args *args)
{
	static const struct mt_column columns[] = { { "removed", "removed", MT_SHOW_PLAIN } };
	struct mt_err err = { 0 };
	struct mt_table *t;
	uint64_t gone;

	if (mt_archive_prune(q->db, q->before_ms, q->keep, &gone, &err))
		return cmd_fail(&err);
	t = mt_table_new(stdout, q->common.format, columns, MT_ARRAY_SIZE(columns));
	if (!t) {
		cmd_warn("out of memory");
		return CMD_FAILED;
	}
	mt_table_row(t, (struct mt_cell[]){ MT_UINT(gone) });
	return history_finish(t, CMD_OK);
}
