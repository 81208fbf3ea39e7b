// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_history.c - migrations that are over: listed, shown, compared, imported, forgotten
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "cli/lists.h"
#include "migtrace/commands.h"
#include "store/record.h"
#include "cmd_history.h"

struct part {
	const char *name;
	int min_args, max_args;
	bool creates;			/* a history that is not there yet is made */
	/* Of its own arguments, before anything is opened. Return: OPTIONS_RUN or CMD_USAGE. */
	int (*check)(struct history_request *q, const struct option_args *args);
	int (*run)(struct history_request *q, const struct option_args *args);
};

static const struct part parts[] = {
	{ "list", 0, 0, false, NULL, history_list },
	{ "show", 1, 1, false, NULL, history_show },
	{ "compare", 3, 3, false, history_compare_check, history_compare },
	{ "import", 1, INT16_MAX, true, NULL, history_import },
	{ "prune", 0, 0, false, history_prune_check, history_prune },
};

static const struct part *part_of(const struct command_usage *usage, struct option_args *args)
{
	const struct part *part = &parts[0];

	if (args->n) {
		for (size_t i = 0; i < MT_ARRAY_SIZE(parts); i++)
			if (!strcmp(parts[i].name, args->v[0]))
				part = &parts[i];
		if (strcmp(part->name, args->v[0])) {
			options_error(usage,
				      "\"%s\" is none of list, show, compare, import and prune",
				      args->v[0]);
			return NULL;
		}
		args->v++;
		args->n--;
	}
	if (args->n < part->min_args || args->n > part->max_args) {
		options_error(usage, "%s takes %s", part->name,
			      part->max_args == 1 ? "the number of a migration" :
			      part->max_args == 3 ? "by what, and the two: policy A B" :
			      part->min_args	  ? "files" : "no further argument");
		return NULL;
	}
	return part;
}

static int check_names(const struct history_request *q)
{
	enum mt_outcome outcome;

	if (q->filter.outcome && mt_outcome_parse(q->filter.outcome, &outcome)) {
		char names[160] = "";

		for (int i = 0; i < MT_OUTCOME_COUNT; i++)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
				 i ? ", " : "", mt_outcome_name(i));
		return options_error(q->usage, "--outcome %s: there are %s", q->filter.outcome,
				     names);
	}
	return list_methods(q->usage, q->filter.method, &(unsigned){ 0 });
}

static int check(struct history_request *q)
{
	const struct {
		const char *option, *text;
		uint64_t *ms;
	} times[] = {
		{ "--since", q->since, &q->filter.since_ms },
		{ "--until", q->until, &q->filter.until_ms },
		{ "--before", q->before, &q->before_ms },
	};
	int status = check_names(q);

	q->now_ms = mt_wall_us() / 1000;
	for (size_t i = 0; i < MT_ARRAY_SIZE(times) && status == OPTIONS_RUN; i++)
		if (times[i].text)
			status = when_parse(q->usage, times[i].option, times[i].text, q->now_ms,
					    times[i].ms);
	return status;
}

static int run(struct history_request *q, const struct part *part, const struct option_args *args)
{
	const char *own = getenv("MIGTRACE_HISTORY");
	struct mt_err err = { 0 };
	int status;

	if (!q->database)
		q->database = own && *own ? own : HISTORY_PATH;
	if (mt_archive_open(&q->db, q->database, part->creates, &err))
		return cmd_fail(&err);
	status = part->run(q, args);
	mt_db_close(q->db);
	return status;
}

int history_finish(struct mt_table *t, int status)
{
	int rc = mt_table_finish(t);

	if (rc && !ferror(stdout))
		cmd_warn("cannot write the table: %s", strerror(-rc));
	return rc ? CMD_FAILED : status;
}

int cmd_history(int argc, char **argv)
{
	struct history_request q = { .common.format = MT_FORMAT_TEXT };
	const struct option_row rows[] = {
		{ .name = "database", .letter = 'd', .kind = OPTION_STRING, .arg = "WHERE",
		  .help = "a file, or postgresql://USER@HOST/NAME (default " HISTORY_PATH ")",
		  .dest = &q.database },
		{ .name = "guest", .kind = OPTION_STRING, .arg = "NAME",
		  .help = "only of this guest; or its UUID", .dest = &q.filter.guest },
		{ .name = "source", .kind = OPTION_STRING, .arg = "HOST",
		  .help = "only those that left it", .dest = &q.filter.source },
		{ .name = "destination", .kind = OPTION_STRING, .arg = "HOST",
		  .help = "only those that went there", .dest = &q.filter.destination },
		{ .name = "policy", .kind = OPTION_STRING, .arg = "NAME",
		  .help = "only those it decided", .dest = &q.filter.policy },
		{ .name = "method", .kind = OPTION_STRING, .arg = "NAME",
		  .help = "only those made so", .dest = &q.filter.method },
		{ .name = "outcome", .kind = OPTION_STRING, .arg = "WORD",
		  .help = "only those that ended so: completed, aborted, failed",
		  .dest = &q.filter.outcome },
		{ .name = "since", .kind = OPTION_STRING, .arg = "WHEN",
		  .help = "that began at 2026-11-28T14:05 (UTC) or later, or at most 36h ago",
		  .dest = &q.since },
		{ .name = "until", .kind = OPTION_STRING, .arg = "WHEN",
		  .help = "that began before", .dest = &q.until },
		{ .name = "last", .kind = OPTION_COUNT, .arg = "N",
		  .help = "the newest N of them", .dest = &q.filter.limit, .max = INT32_MAX },
		{ .name = "host", .kind = OPTION_STRING, .arg = "NAME",
		  .help = "import: where recordings were made that do not say (default: here)",
		  .dest = &q.host },
		{ .name = "before", .kind = OPTION_STRING, .arg = "WHEN",
		  .help = "prune: what began before goes", .dest = &q.before },
		{ .name = "keep", .kind = OPTION_COUNT, .arg = "N",
		  .help = "prune: all but the newest N go", .dest = &q.keep, .max = INT32_MAX,
		  .min = 1 },
	};
	const struct command_usage usage = {
		.name = "history",
		.synopsis = "[list | show NUMBER | compare BY A B | import FILE... | prune]",
		.max_args = OPTIONS_ANY_NUMBER,
		.description =
			"Migrations that are over: what was forecast of each before and after its first pass,\n"
			"what was decided, and what came of it. migtraced puts them there; import takes\n"
			"recordings, a campaign's directory or its runs.jsonl. The history is a file of SQLite,\n"
			"or a PostgreSQL database that many hosts share. compare BY is policy, method, source,\n"
			"destination, guest, or time, of which A and B are spans: 2026-11-01..2026-11-15.",
		.examples =
			"  migtrace history --since 168h --outcome aborted\n"
			"  migtrace history show 3f2a9c\n"
			"  migtrace history compare policy predict qemu --destination host2\n"
			"  migtrace history import /var/lib/migtrace/*.mtrec\n"
			"  migtrace history -f csv >all.csv\n",
		.uses = OPTIONS_FORMAT, .rows = rows, .n_rows = MT_ARRAY_SIZE(rows),
	};
	struct option_args args;
	const struct part *part;
	int status = options_parse(&usage, argc, argv, &q.common, &args);

	if (status != OPTIONS_RUN)
		return status;
	q.usage = &usage;
	part = part_of(&usage, &args);
	if (!part)
		return CMD_USAGE;
	status = check(&q);
	if (status != OPTIONS_RUN)
		return status;
	if (part->check && (status = part->check(&q, &args)) != OPTIONS_RUN)
		return status;
	return run(&q, part, &args);
}
