// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_evaluate.c - how far predictions were off in recorded migrations
 */
#include <migtrace/cleanup.h>

#include "cmd.h"
#include "evaluate.h"
#include "options.h"

int cmd_evaluate(int argc, char **argv)
{
	struct common_options common = { 0 };
	bool one_step = false, polled = false;
	const struct option_row rows[] = {
		{ .name = "one-step", .kind = OPTION_FLAG, .dest = &one_step,
		  .help = "forecasts of what the next iteration dirties, given how long it takes" },
		{ .name = "polled-time", .kind = OPTION_FLAG, .dest = &polled,
		  .help = "take an iteration for as long as from look to look, not from sync to sync" },
	};
	const struct command_usage usage = {
		.name = "evaluate", .synopsis = "FILE...", .min_args = 1, .max_args = OPTIONS_ANY_NUMBER,
		.description =
			"Compares what models say with what happened in recorded migrations, and prints their\n"
			"errors, ours and the baselines' side by side, by workload: the folder that FILE lies in.\n"
			"FILE is a recording of migtrace or a JSON array of QMP query-migrate answers.",
		.examples =
			"  migtrace evaluate --one-step runs/*.json\n"
			"  migtrace evaluate --one-step -f json guest.mtrec\n",
		.uses = OPTIONS_FORMAT, .rows = rows, .n_rows = MT_ARRAY_SIZE(rows),
	};
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &common, &args);

	if (status != OPTIONS_RUN)
		return status;
	if (one_step)
		return evaluate_onestep(args.v, args.n, common.format, polled);
	return options_error(&usage, "say what to evaluate: --one-step");
}
