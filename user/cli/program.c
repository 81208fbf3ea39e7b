// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * program.c - which subcommand is meant
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"

static const char *name = "migtrace";

const char *program_name(void)
{
	return name;
}

static void help(const struct program *p, FILE *out)
{
	fprintf(out, "Usage: %s COMMAND [OPTION...] [ARGUMENT...]\n"
		"       %s COMMAND --help\n"
		"       %s --help | --version\n\n"
		"%s\n\n"
		"Commands:\n", name, name, name, p->about);
	for (size_t i = 0; i < p->n_cmds; i++)
		fprintf(out, "  %-10s %s\n", p->cmds[i].name, p->cmds[i].help);
	fputs("\nExit status: 0 ok, 1 failed, 2 wrong usage.\n", out);
}

static int dispatch(const struct program *p, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;

	if (!word) {
		help(p, stderr);
		return CMD_USAGE;
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
		help(p, stdout);
		return CMD_OK;
	}
	if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
		printf("%s " MT_VERSION "\n", name);
		return CMD_OK;
	}
	for (size_t i = 0; i < p->n_cmds; i++)
		if (!strcmp(word, p->cmds[i].name))
			return p->cmds[i].run(argc - 1, argv + 1);
	if (word[0] == '-')
		cmd_warn("the command comes before its options: %s COMMAND %s ...; see %s --help",
			 name, word, name);
	else
		cmd_warn("unknown command \"%s\"; see %s --help", word, name);
	return CMD_USAGE;
}

int program_run(const struct program *p, int argc, char **argv)
{
	struct pollfd reader = { .fd = STDOUT_FILENO };
	int status;

	name = p->name;
	/*
	 * A reader that goes away is an error of write(2), reported below, not a death in
	 * mid-migration.
	 */
	signal(SIGPIPE, SIG_IGN);
	status = dispatch(p, argc, argv);
	if (fflush(stdout) || ferror(stdout)) {
		/* `| head` has seen enough: no complaint. */
		if (poll(&reader, 1, 0) != 1 || !(reader.revents & POLLERR))
			cmd_warn("cannot write to standard output");
		if (status == CMD_OK)
			status = CMD_FAILED;
	}
	return status;
}
