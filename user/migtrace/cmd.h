/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd.h - the tool's subcommands, and what they say to the shell
 *
 * Each subcommand is one file with one function here and one row in main.c.
 * It is called with argv[0] being its own name, parses its options by
 * options_parse(), writes data to stdout and everything else to stderr, and
 * returns one of enum cmd_exit. main() flushes stdout and reports its errors.
 */
#ifndef CMD_H
#define CMD_H

#include <stdio.h>

#include "base/err.h"

enum cmd_exit {
	CMD_OK = 0,
	CMD_FAILED = 1,
	CMD_USAGE = 2,
};

struct cmd {
	const char *name;
	const char *help;		/* one line, no full stop */
	int (*run)(int argc, char **argv);
};

int cmd_campaign(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_evaluate(int argc, char **argv);
int cmd_guard(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_predict(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_release(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_simulate(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_top(int argc, char **argv);

/* One line "migtrace: ..." on stderr, without a newline in @fmt. */
/* Scrubbed (utf8.h), as is what cmd_say() puts on @out, with a newline. */
void cmd_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cmd_say(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The line of @err on stderr. Return: CMD_FAILED. */
int cmd_fail(const struct mt_err *err);

#endif
