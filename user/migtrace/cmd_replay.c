// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_replay.c - what each policy would have done in a recorded migration
 */
#include <math.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/policies.h"
#include "cli/recording_load.h"
#include "hypervisor/domain.h"
#include "steer/migrate.h"
#include "steer/replay.h"
#include "store/record.h"
#include "commands.h"
#include "lessons.h"

#define POLICIES_MAX	32

struct request {
	struct common_options common;
	const char *policies;
	struct mt_limits limits;
	const struct mt_policy *chosen[POLICIES_MAX];
	size_t n_chosen;
};

static int choose(struct request *q, const struct mt_policy *policy)
{
	if (q->n_chosen == POLICIES_MAX)
		return -1;
	q->chosen[q->n_chosen++] = policy;
	return 0;
}

/* "A,B"; NULL: all there are. Return: OPTIONS_RUN or CMD_USAGE. */
static int choose_policies(struct request *q, const struct command_usage *usage)
{
	mt_autofree char *list = q->policies ? strdup(q->policies) : NULL;
	char *rest = list;
	const char *name;

	if (!list) {
		for (size_t i = 0; mt_policy_at(i) && !choose(q, mt_policy_at(i)); i++)
			;
		return OPTIONS_RUN;
	}
	while ((name = strsep(&rest, ","))) {
		const struct mt_policy *policy;
		int status = policy_option(usage, "policy", name, &policy);

		if (status != OPTIONS_RUN)
			return status;
		if (choose(q, policy))
			return options_error(usage, "more than %d policies", POLICIES_MAX);
	}
	return OPTIONS_RUN;
}

static struct mt_cell if_known(bool known, uint64_t v)
{
	return known ? MT_UINT(v) : MT_NONE;
}

static int add_row(struct mt_table *t, const char *path, size_t migration,
		   const struct mt_policy *policy, const struct mt_replay_result *r)
{
	bool implied = isfinite(r->implied_downtime_ms);

	return mt_table_row(t, (struct mt_cell[]){
		MT_STR(path), MT_UINT(migration), MT_STR(policy->name),
		MT_STR(mt_action_name(r->action)),
		if_known(mt_sample_has(&r->at, total_ms), r->at.total_ms),
		if_known(mt_sample_has(&r->at, iteration), r->at.iteration),
		implied ? MT_DOUBLE(round(r->implied_downtime_ms * 10) / 10) : MT_NONE,
		if_known(mt_sample_has(&r->at, transferred_bytes), r->at.transferred_bytes),
		MT_STR(r->reason),
	});
}

/* Return: CMD_OK or CMD_FAILED. */
static int replay_file(const struct request *q, const char *path, struct mt_table *t)
{
	struct mt_recording *rec = NULL;
	struct mt_err err = { 0 };
	int status = CMD_OK;

	if (recording_load(&rec, path, &err))
		return cmd_fail(&err);
	for (size_t from = 0, to, n = 1; from < rec->n_entries; from = to, n++) {
		to = mt_recording_migration(rec, from);
		for (size_t i = 0; i < q->n_chosen; i++) {
			struct mt_replay_result result;

			mt_replay(&result, rec, from, to, q->chosen[i], &q->limits, NULL);
			if (add_row(t, path, n, q->chosen[i], &result))
				break;
		}
	}
	if (rec->truncated)
		status = CMD_FAILED;
	mt_recording_free(rec);
	return status;
}

int cmd_replay(int argc, char **argv)
{
	struct request q = { .limits = MT_LIMITS_UNSET };
	const char *trained = NULL;
	const struct option_row rows[] = {
		{ .name = "policy",
		  .kind = OPTION_STRING,
		  .arg = "A,B",
		  .dest = &q.policies,
		  .help = "policies to ask; all of them if not given" },
		{ .name = "max-downtime",
		  .kind = OPTION_LIMIT_MS,
		  .arg = "DURATION",
		  .help = "the guest may pause this long",
		  .dest = &q.limits.max_downtime_ms,
		  .min = MT_DOWNTIME_MIN_MS,
		  .max = MT_DOWNTIME_MAX_MS },
		{ .name = "postcopy",
		  .kind = OPTION_FLAG,
		  .help = "post-copy is allowed",
		  .dest = &q.limits.postcopy_allowed },
		{ .name = "deadline",
		  .kind = OPTION_LIMIT_OR_NONE,
		  .arg = "DURATION",
		  .help = "the migration may take this long, or none",
		  .dest = &q.limits.deadline_ms,
		  .min = 1 },
		{ .name = "stall-timeout",
		  .kind = OPTION_LIMIT_OR_NONE,
		  .arg = "DURATION",
		  .help = "abort when nothing was sent for this long, or none",
		  .dest = &q.limits.stall_timeout_ms,
		  .min = 1 },
		{ .name = "fixed",
		  .kind = OPTION_LIMIT_MS,
		  .arg = "DURATION",
		  .help = "the part of a pause that is not memory",
		  .dest = &q.limits.fixed_ms,
		  .max = MT_FIXED_MAX_MS },
		{ .name = "qemu-limit",
		  .kind = OPTION_LIMIT_MS,
		  .arg = "DURATION",
		  .help = "QEMU's own downtime limit",
		  .dest = &q.limits.qemu_limit_ms,
		  .max = MT_DOWNTIME_MAX_MS },
		TRAINED_OPTION(&trained),
	};
	const struct command_usage usage = {
		.name = "replay", .synopsis = "FILE...", .min_args = 1,
		.max_args = OPTIONS_ANY_NUMBER,
		.description =
			"Hands the samples of recorded migrations to policies, one by one, and shows the first\n"
			"stop, flip to post-copy or abort that each would have asked for. FILE is a recording of\n"
			"migtrace (limits not given here are the recorded ones) or a series of QMP query-migrate\n"
			"answers: a JSON array, or a monitor's {\"return\": ...} lines. Each migration in it is\n"
			"replayed for itself.",
		.examples =
			"  migtrace replay guest.mtrec --policy qemu,predict --max-downtime 300ms\n"
			"  migtrace replay -f csv --postcopy runs/*.json\n",
		.more = policies_help,
		.uses = OPTIONS_FORMAT, .rows = rows, .n_rows = MT_ARRAY_SIZE(rows),
		.params = &q.limits.params,
	};
	static const struct mt_column columns[] = {
		{ "file", "file", MT_SHOW_PLAIN },
		{ "migration", NULL, MT_SHOW_PLAIN },
		{ "policy", "policy", MT_SHOW_PLAIN },
		{ "action", "action", MT_SHOW_PLAIN },
		{ "at_ms", "at", MT_SHOW_DURATION_MS },
		{ "iteration", "pass", MT_SHOW_PLAIN },
		{ "implied_downtime_ms", "implied downtime", MT_SHOW_DURATION_MS },
		{ "transferred_bytes", "sent", MT_SHOW_SIZE_BYTES },
		{ "reason", "reason", MT_SHOW_PLAIN },
	};
	struct option_args args;
	struct mt_table *t;
	int status = options_parse(&usage, argc, argv, &q.common, &args);
	int rc;

	/* As migtrace migrate would have begun it, and may begin it again. */
	q.limits.methods = mt_migrate_methods(
		&(struct mt_migrate_options){ .postcopy = q.limits.postcopy_allowed });
	if (status == OPTIONS_RUN)
		status = choose_policies(&q, &usage);
	if (status == OPTIONS_RUN)
		status = trained_load(&q.limits.trained, trained);
	if (status != OPTIONS_RUN)
		return status;
	t = mt_table_new(stdout, q.common.format, columns, MT_ARRAY_SIZE(columns));
	if (!t) {
		cmd_warn("out of memory");
		return CMD_FAILED;
	}
	status = CMD_OK;
	for (int i = 0; i < args.n; i++)
		if (replay_file(&q, args.v[i], t) != CMD_OK)
			status = CMD_FAILED;
	rc = mt_table_finish(t);
	if (rc && !ferror(stdout))
		cmd_warn("cannot write the table: %s", strerror(-rc));
	return rc ? CMD_FAILED : status;
}
