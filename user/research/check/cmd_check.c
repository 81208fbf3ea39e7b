// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_check.c - how far the simulator is off
 */
#include "cli/cmd.h"
#include "cli/options.h"
#include "research/research.h"
#include "check.h"

int cmd_check(int argc, char **argv)
{
	struct check_options o = { .runs = false };
	const char *host = NULL;
	const struct option_row rows[] = {
		{ "runs", 0, OPTION_FLAG, NULL, "run by run", &o.runs },
		{ "profiled", 0, OPTION_FLAG, NULL,
		  "over the guests' profiles instead of what they were told to do", &o.profiled },
		{ "xen", 0, OPTION_FLAG, NULL,
		  "what models say of Xen, against the same guests migrated as Xen does it", &o.xen },
		{ "host", 0, OPTION_STRING, "WORDS",
		  "what things cost on the hosts, as in migtrace simulate", &host },
	};
	const struct command_usage usage = {
		.name = "check", .synopsis = "DIR", .min_args = 1, .max_args = 1,
		.description =
			"Plays the migrations that a campaign made in DIR again, page by page, and shows how far off\n"
			"that is: median and 90th percentile of the error, in all, by method and by workload.",
		.examples =
			"  migtrace-research check results\n"
			"  migtrace-research check results --runs -f csv\n"
			"  migtrace-research check results --xen\n",
		.uses = OPTIONS_FORMAT, .rows = rows, .n_rows = MT_ARRAY_SIZE(rows),
	};
	struct common_options common = { 0 };
	struct option_args args;
	struct mt_err err = { 0 };
	int status = options_parse(&usage, argc, argv, &common, &args);

	if (status != OPTIONS_RUN)
		return status;
	mt_sim_defaults(&o.params);
	if (host && mt_sim_host_parse(&o.params.host, host, &err))
		return options_error(&usage, "%s", err.msg);
	return check_campaign(args.v[0], &o, common.format);
}
