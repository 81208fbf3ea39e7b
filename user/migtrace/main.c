// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - which subcommand is meant
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd.h"

static const struct cmd cmds[] = {
	{ "campaign",	"many real migrations on a testbed, recorded", cmd_campaign },
	{ "doctor",	"what works on this host and what is missing, each with the remedy", cmd_doctor },
	{ "evaluate",	"how far predictions were off in recorded migrations", cmd_evaluate },
	{ "guard",	"guests stopped by a process that was killed: they run again", cmd_guard },
	{ "list",	"guests: memory, ring or bitmap, whether a migration runs", cmd_list },
	{ "migrate",	"migrate a guest and steer the migration by a policy", cmd_migrate },
	{ "plan",	"several guests and one link: which to move, in which order, and how", cmd_plan },
	{ "predict",	"what migrating a guest would cost, or why it would not end", cmd_predict },
	{ "record",	"profile a guest, or follow its migration, into a file", cmd_record },
	{ "release",	"hands off a migration, or all, at once", cmd_release },
	{ "replay",	"what each policy would have done in a recorded migration", cmd_replay },
	{ "report",	"what happened in a recording, and why", cmd_report },
	{ "simulate",	"whole migrations, played page by page over a trace of writes", cmd_simulate },
	{ "status",	"what migtraced does at present, and what it saw last", cmd_status },
	{ "top",	"what guests dirty, as it happens", cmd_top },
};

static void help(FILE *out)
{
	fputs("Usage: migtrace COMMAND [OPTION...] [ARGUMENT...]\n"
	      "       migtrace COMMAND --help\n"
	      "       migtrace --help | --version\n\n"
	      "Watches, predicts and steers live migrations of KVM guests.\n\n"
	      "Commands:\n", out);
	for (size_t i = 0; i < MT_ARRAY_SIZE(cmds); i++)
		fprintf(out, "  %-10s %s\n", cmds[i].name, cmds[i].help);
	fputs("\nExit status: 0 ok, 1 failed, 2 wrong usage.\n", out);
}

static int dispatch(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		help(stderr);
		return CMD_USAGE;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		help(stdout);
		return CMD_OK;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		puts("migtrace " MT_VERSION);
		return CMD_OK;
	}
	for (size_t i = 0; i < MT_ARRAY_SIZE(cmds); i++)
		if (!strcmp(name, cmds[i].name))
			return cmds[i].run(argc - 1, argv + 1);
	if (name[0] == '-')
		cmd_warn("the command comes before its options: migtrace COMMAND %s ...; see migtrace --help", name);
	else
		cmd_warn("unknown command \"%s\"; see migtrace --help", name);
	return CMD_USAGE;
}

int main(int argc, char **argv)
{
	struct pollfd reader = { .fd = STDOUT_FILENO };
	int status;

	/* A reader that goes away is an error of write(2), reported below, not a death in mid-migration. */
	signal(SIGPIPE, SIG_IGN);
	status = dispatch(argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		/* `| head` has seen enough: no complaint. */
		if (poll(&reader, 1, 0) != 1 || !(reader.revents & POLLERR))
			cmd_warn("cannot write to standard output");
		if (status == CMD_OK)
			status = CMD_FAILED;
	}
	return status;
}
