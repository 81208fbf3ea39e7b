/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.h - a subcommand's options as one table: parsed, checked, explained
 *
 * The table is all there is: getopt_long's arrays, the checks of each value and
 * the text of --help are made from it. -c, -f and -h are in every command that
 * asks for them; a bad value is one line on stderr and CMD_USAGE.
 *
 *	struct common_options common = { 0 };
 *	uint64_t deadline_ms = 0;
 *	const struct option_row rows[] = {
 *		{ .name = "deadline", .kind = OPTION_DURATION_MS, .arg = "DURATION",
 *		  .help = "give up after", .dest = &deadline_ms },
 *	};
 *	const struct command_usage usage = {
 *		.name = "migrate", .synopsis = "DOMAIN DESTURI", .min_args = 2, .max_args = 2,
 *		.description = "...", .examples = "  migtrace migrate ...\n",
 *		.uses = OPTIONS_CONNECT | OPTIONS_FORMAT,
 *		.rows = rows, .n_rows = MT_ARRAY_SIZE(rows),
 *	};
 *	struct option_args args;
 *	int status = options_parse(&usage, argc, argv, &common, &args);
 *
 *	if (status != OPTIONS_RUN)
 *		return status;
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "out/table.h"
#include "policy/param.h"

enum option_kind {		/* type behind option_row.dest */
	OPTION_FLAG,		/* bool, set to true */
	OPTION_STRING,		/* const char *, points into argv */
	OPTION_DURATION_MS,	/* uint64_t */
	OPTION_LIMIT_MS,	/* uint64_t, option_row.min to .max, 0 = MT_LIMIT_MAX_MS: a duration
				 * of struct mt_limits */
	OPTION_LIMIT_OR_NONE,	/* the same, or "none": MT_LIMIT_NONE */
	OPTION_SIZE_BYTES,	/* uint64_t */
	OPTION_RATE_BYTES_PER_S, /* uint64_t */
	OPTION_COUNT,		/* uint64_t, at most option_row.max */
	OPTION_PERCENT,		/* the same, with or without % */
	OPTION_WORD,		/* uint64_t, its place in option_row.words */
	OPTION_FORMAT,		/* enum mt_format */
};

struct option_row {
	const char *name;	/* long name, without dashes */
	char letter;		/* short name, 0 = none */
	enum option_kind kind;
	const char *arg;	/* name of its argument in the help; NULL for a flag */
	const char *help;	/* one line, no full stop; no newline */
	void *dest;		/* left alone when the option is not given */
	bool *given;		/* may be NULL: set to true when it is */
	uint64_t max;		/* of a limit or count; 0 = MT_LIMIT_MAX_MS, or none; of a format
				 * the last one */
	uint64_t min;		/* of a limit or count */
	const char *const *words;	/* NULL behind the last */
};

/* struct command_usage.uses */
#define OPTIONS_CONNECT	(1u << 0)	/* -c/--connect URI */
#define OPTIONS_FORMAT	(1u << 1)	/* -f/--format text|json|csv */
#define OPTIONS_PICTURES (1u << 2)	/* which also takes html and svg */

#define OPTIONS_ANY_NUMBER	(-1)	/* for max_args */

struct command_usage {
	const char *name;
	const char *synopsis;		/* its arguments, "DOMAIN DESTURI"; "" = none. [OPTION...]
					 * is put before it */
	int min_args, max_args;
	const char *description;	/* sentences, wrapped by hand, ends without a newline */
	const char *examples;		/* lines, each with a newline; NULL = none */
	void (*more)(FILE *out);	/* sections of the help between options and examples; NULL =
					 * none */
	unsigned uses;
	const struct option_row *rows;
	size_t n_rows;
	struct mt_params *params;	/* also takes policies' parameters, but those whose name is
					 * in @rows; NULL = does not */
};

struct common_options {
	const char *uri;		/* NULL = libvirt's default */
	enum mt_format format;
};

struct option_args {
	char **v;			/* what is no option, in order; NULL-terminated */
	int n;
};

#define OPTIONS_RUN	(-1)		/* no exit status: go on */

/*
 * @common's fields keep their values unless given. Options and arguments may be
 * mixed; "--" ends the options. Return: OPTIONS_RUN, or what the command is to return at
 * once: CMD_OK after --help, CMD_USAGE after a line on stderr.
 */
int options_parse(const struct command_usage *usage, int argc, char **argv,
		  struct common_options *common, struct option_args *args);

/*
 * For checks across options, after options_parse(): one line on stderr, and where
 * to read more. Return: CMD_USAGE.
 */
int options_error(const struct command_usage *usage, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
