// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - the commands of migtrace
 */
#include "base/cleanup.h"
#include "cli/cmd.h"
#include "commands.h"

static const struct cmd cmds[] = {
	{ "doctor",	"what works on this host and what is missing, each with the remedy",
	  cmd_doctor },
	{ "guard",	"guests that a killed process left stopped run again", cmd_guard },
	{ "history",	"migrations that are over: forecast, decided, what came of it",
	  cmd_history },
	{ "hot",	"pages that a guest writes again and again, for pull", cmd_hot },
	{ "list",	"guests: memory, ring or bitmap, whether a migration runs", cmd_list },
	{ "migrate",	"migrate a guest and steer the migration by a policy", cmd_migrate },
	{ "plan",	"several guests and one link: which to move, in which order, and how",
	  cmd_plan },
	{ "predict",	"what migrating a guest would cost, or why it would not end", cmd_predict },
	{ "pull",	"after a flip to post-copy: fetch the guest's pages, hot ones first",
	  cmd_pull },
	{ "record",	"profile a guest, or follow its migration, into a file", cmd_record },
	{ "release",	"hands off a migration, or all, at once", cmd_release },
	{ "replay",	"what each policy would have done in a recorded migration", cmd_replay },
	{ "report",	"what happened in a recording, and why", cmd_report },
	{ "simulate",	"whole migrations, played page by page over a trace of writes",
	  cmd_simulate },
	{ "status",	"what migtraced does at present, and what it saw last", cmd_status },
	{ "top",	"what guests do and dirty, and their migrations, as it happens", cmd_top },
	{ "tournament",	"the same migrations under every policy, and which did best",
	  cmd_tournament },
	{ "train",	"a model of what migrations cost, from those that are over", cmd_train },
};

int main(int argc, char **argv)
{
	const struct program program = {
		.name = "migtrace",
		.about = "Watches, predicts and steers live migrations of KVM guests.",
		.cmds = cmds,
		.n_cmds = MT_ARRAY_SIZE(cmds),
	};

	return program_run(&program, argc, argv);
}
