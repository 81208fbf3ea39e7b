/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd.h - a program's subcommands, and what they say to the shell
 *
 * Each subcommand is a function cmd_NAME() in a file of that name, and a row in its program's
 * main.c. It is called with argv[0] being its own name, parses its options by options_parse(),
 * writes data to stdout and everything else to stderr, and returns one of enum cmd_exit.
 * program_run() flushes stdout and reports its errors.
 */
#ifndef CMD_H
#define CMD_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

enum cmd_exit {
	CMD_OK = 0,
	CMD_FAILED = 1,
	CMD_USAGE = 2,
	CMD_INTERRUPTED = 130,	/* as a shell reports a death by SIGINT */
};

struct cmd {
	const char *name;
	const char *help;		/* one line, no full stop */
	int (*run)(int argc, char **argv);
};

struct program {
	const char *name;
	const char *about;		/* a sentence */
	const struct cmd *cmds;
	size_t n_cmds;
};

/* program.c: all of main(). Return: its exit status. */
int program_run(const struct program *p, int argc, char **argv);
const char *program_name(void);

/*
 * One line "PROGRAM: ..." on stderr, without a newline in @fmt. Scrubbed (utf8.h), as is what
 * cmd_say() puts on @out, with a newline.
 */
void cmd_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cmd_say(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The line of @err on stderr. Return: CMD_FAILED. */
int cmd_fail(const struct mt_err *err);

#endif
