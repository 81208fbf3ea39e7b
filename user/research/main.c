// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - the commands of migtrace-research
 */
#include "base/cleanup.h"
#include "cli/cmd.h"
#include "research.h"

static const struct cmd cmds[] = {
	{ "campaign",	"many real migrations on a testbed, recorded", cmd_campaign },
	{ "check",	"the simulator against the migrations of a campaign", cmd_check },
	{ "evaluate",	"how far predictions were off in recorded migrations", cmd_evaluate },
	{ "policies",	"policies and their parameters, for the man pages", cmd_policies },
};

int main(int argc, char **argv)
{
	const struct program program = {
		.name = "migtrace-research",
		.about = "Makes migrations to learn from, and compares what migtrace says with what happened.",
		.cmds = cmds,
		.n_cmds = MT_ARRAY_SIZE(cmds),
	};

	return program_run(&program, argc, argv);
}
