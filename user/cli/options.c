// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * options.c - getopt_long's arrays, value checks and help, all from one table
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "policy/policy.h"
#include "cmd.h"
#include "options.h"

#define MAX_ROWS	(48 + MT_PARAMS_MAX)	/* of all commands the longest has 29 */
#define FIRST_LONG	256	/* getopt_long's value of row i is FIRST_LONG + i */

struct option_set {
	struct option_row rows[MAX_ROWS];
	int n;
	struct {
		char name[MT_PARAM_NAME_MAX], help[512];
	} params[MT_PARAMS_MAX];
	struct option longs[MAX_ROWS + 1];
	char shorts[2 * MAX_ROWS + 2];
	bool help;
};

static void set_add(struct option_set *set, const struct option_row *row)
{
	size_t len = strlen(set->shorts);
	int i = set->n;

	if (i == MAX_ROWS)
		return;
	set->rows[i] = *row;
	set->longs[i] = (struct option){
		.name = row->name,
		.has_arg = row->kind == OPTION_FLAG ? no_argument : required_argument,
		.val = FIRST_LONG + i,
	};
	if (row->letter) {
		set->shorts[len++] = row->letter;
		if (row->kind != OPTION_FLAG)
			set->shorts[len++] = ':';
		set->shorts[len] = '\0';
	}
	set->n++;
}

static bool set_has(const struct option_set *set, const char *name)
{
	for (int i = 0; i < set->n; i++)
		if (!strcmp(set->rows[i].name, name))
			return true;
	return false;
}

/*
 * "policy timeout: when it acts, or none (default 30 s)"; where several have it otherwise, one
 * behind the other.
 */
static void tell_param(char *help, size_t size, const char *name)
{
	const struct mt_param *p;
	char initial[MT_PARAM_TEXT_MAX], words[128], whose[256];
	size_t len = 0;

	*help = '\0';
	for (size_t i = 0; mt_policy_at(i) && len < size; i++) {
		p = mt_policy_param(mt_policy_at(i), name);
		if (p && *mt_param_whose(whose, sizeof(whose), mt_policy_at(i), p, ""))
			len += (size_t)snprintf(
				help + len, size - len, "%s%s: %s%s%s (default %s)",
				len ? "; " : "", whose, p->help,
				p->kind == MT_PARAM_DURATION_OR_NONE ? ", or none" :
				p->kind == MT_PARAM_WORD	     ? ": " :
								       "",
				p->kind == MT_PARAM_WORD ?
					mt_param_words(words, sizeof(words), p, "") :
					"",
				mt_param_read(initial, p, p->initial));
	}
	p = mt_param_of_all(name);
	if (p)
		snprintf(help, size, "%s%s (default %s)", p->help,
			 p->kind == MT_PARAM_DURATION_OR_NONE ? ", or none" : "",
			 mt_param_read(initial, p, p->initial));
}

static void set_add_params(struct option_set *set, struct mt_params *params)
{
	static const enum option_kind kinds[] = {
		[MT_PARAM_DURATION] = OPTION_LIMIT_MS,
		[MT_PARAM_DURATION_OR_NONE] = OPTION_LIMIT_OR_NONE,
		[MT_PARAM_COUNT] = OPTION_COUNT,
		[MT_PARAM_PERCENT] = OPTION_PERCENT,
		[MT_PARAM_WORD] = OPTION_WORD,
	};
	const struct mt_param *p;

	for (size_t i = 0; i < MT_PARAMS_MAX && (p = mt_param_at(i)); i++) {
		if (set_has(set, mt_param_option(set->params[i].name, p)))
			continue;
		tell_param(set->params[i].help, sizeof(set->params[i].help), p->name);
		set_add(set,
			&(struct option_row){ .name = set->params[i].name,
					      .kind = kinds[p->kind],
					      .arg = mt_param_arg(p),
					      .help = set->params[i].help,
					      .dest = &params->value[i],
					      .min = p->min,
					      .max = p->max,
					      .words = p->words });
	}
}

static void set_init(struct option_set *set, const struct command_usage *usage,
		     struct common_options *common)
{
	memset(set, 0, sizeof(*set));
	/* Our own messages, and a missing argument told from an unknown option. */
	strcpy(set->shorts, ":");
	for (size_t i = 0; i < usage->n_rows; i++)
		set_add(set, &usage->rows[i]);
	if (usage->params)
		set_add_params(set, usage->params);
	if (usage->uses & OPTIONS_CONNECT)
		set_add(set, &(struct option_row){ .name = "connect",
						   .letter = 'c',
						   .kind = OPTION_STRING,
						   .arg = "URI",
						   .help = "hypervisor to connect to, as in virsh",
						   .dest = &common->uri });
	if (usage->uses & OPTIONS_FORMAT)
		set_add(set, &(struct option_row){ .name = "format",
						   .letter = 'f',
						   .kind = OPTION_FORMAT,
						   .arg = usage->uses & OPTIONS_PICTURES ?
								  "text|json|csv|html|svg" :
								  "text|json|csv",
						   .help = "how to write the result",
						   .max = usage->uses & OPTIONS_PICTURES ?
								  MT_FORMAT_SVG : MT_FORMAT_CSV,
						   .dest = &common->format });
	set_add(set, &(struct option_row){ .name = "help", .letter = 'h', .kind = OPTION_FLAG,
					   .help = "this text", .dest = &set->help });
}

static void print_help(const struct command_usage *usage, const struct option_set *set)
{
	int width = 0;

	printf("Usage: %s %s [OPTION...]%s%s\n\n%s\n\nOptions:\n", program_name(), usage->name,
	       *usage->synopsis ? " " : "", usage->synopsis, usage->description);
	for (int i = 0; i < set->n; i++) {
		const struct option_row *row = &set->rows[i];
		int len = (int)strlen(row->name) + (row->arg ? (int)strlen(row->arg) + 1 : 0);

		if (len > width)
			width = len;
	}
	for (int i = 0; i < set->n; i++) {
		const struct option_row *row = &set->rows[i];
		char shown[96];

		snprintf(shown, sizeof(shown), "%s%s%s", row->name, row->arg ? " " : "",
			 row->arg ? row->arg : "");
		if (row->letter)
			printf("  -%c, ", row->letter);
		else
			printf("      ");
		printf("--%-*s  %s\n", width, shown, row->help);
	}
	if (usage->more)
		usage->more(stdout);
	if (usage->examples)
		printf("\nExamples:\n%s", usage->examples);
}

int options_error(const struct command_usage *usage, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	cmd_warn("%s: %s; see %s %s --help", usage->name, line, program_name(), usage->name);
	return CMD_USAGE;
}

static int take_limit(const struct option_row *row, const char *what, const char *text,
		      struct mt_err *err)
{
	uint64_t max = row->max ? row->max : MT_LIMIT_MAX_MS, ms;
	bool none = row->kind == OPTION_LIMIT_OR_NONE;
	char from[MT_UNIT_STR], to[MT_UNIT_STR];
	int rc;

	if (none && !strcmp(text, "none")) {
		*(uint64_t *)row->dest = MT_LIMIT_NONE;
		return 0;
	}
	rc = mt_parse_duration_ms(what, text, &ms, err);
	if (rc)
		return rc;
	if (ms < row->min || ms > max)
		return mt_err_set(err, -ERANGE, "%s: \"%s\" is out of range: %s to %s%s", what,
				  text, mt_format_duration_ms(from, (double)row->min),
				  mt_format_duration_ms(to, (double)max), none ? ", or none" : "");
	*(uint64_t *)row->dest = ms;
	return 0;
}

static int take_count(const struct option_row *row, const char *what, const char *text,
		      struct mt_err *err)
{
	uint64_t n;
	uint64_t max = row->max ? row->max : UINT64_MAX;
	int rc = row->kind == OPTION_PERCENT ? mt_parse_percent(what, text, max, &n, err) :
					       mt_parse_count(what, text, max, &n, err);

	if (rc)
		return rc;
	if (n < row->min)
		return mt_err_set(err, -ERANGE, "%s: \"%s\" is out of range: at least %llu", what,
				  text, (unsigned long long)row->min);
	*(uint64_t *)row->dest = n;
	return 0;
}

static int take_word(const struct option_row *row, const char *what, const char *text,
		     struct mt_err *err)
{
	int at = mt_word_find(row->words, text);
	char known[256] = "";
	size_t len = 0;

	for (int i = 0; row->words[i] && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "",
					row->words[i]);
	if (at < 0)
		return mt_err_set(err, -EINVAL, "%s: unknown word \"%s\"; there are %s", what, text,
				  known);
	*(uint64_t *)row->dest = (uint64_t)at;
	return 0;
}

static int take_value(const struct option_row *row, const char *text, struct mt_err *err)
{
	char what[64];

	snprintf(what, sizeof(what), "--%s", row->name);
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)row->dest = true;
		return 0;
	case OPTION_STRING:
		*(const char **)row->dest = text;
		return 0;
	case OPTION_DURATION_MS:
		return mt_parse_duration_ms(what, text, row->dest, err);
	case OPTION_LIMIT_MS:
	case OPTION_LIMIT_OR_NONE:
		return take_limit(row, what, text, err);
	case OPTION_SIZE_BYTES:
		return mt_parse_size_bytes(what, text, row->dest, err);
	case OPTION_RATE_BYTES_PER_S:
		return mt_parse_rate_bytes_per_s(what, text, row->dest, err);
	case OPTION_COUNT:
	case OPTION_PERCENT:
		return take_count(row, what, text, err);
	case OPTION_WORD:
		return take_word(row, what, text, err);
	case OPTION_FORMAT:
		return mt_format_parse(text, (enum mt_format)row->max, row->dest, err);
	}
	return 0;
}

static const struct option_row *row_of(const struct option_set *set, int value)
{
	if (value >= FIRST_LONG && value < FIRST_LONG + set->n)
		return &set->rows[value - FIRST_LONG];
	for (int i = 0; i < set->n; i++)
		if (value && set->rows[i].letter == value)
			return &set->rows[i];
	return NULL;
}

/* What getopt_long stumbled over: optopt is a row's value or letter if it knows the option. */
static int bad_option(const struct command_usage *usage, const struct option_set *set,
		      int found, char **argv)
{
	const struct option_row *row = row_of(set, optopt);

	if (found == ':' && row)
		return options_error(usage, "--%s needs a value: %s", row->name, row->arg);
	if (row)
		return options_error(usage, "--%s takes no value", row->name);
	if (optopt)
		return options_error(usage, "unknown option -%c", optopt);
	return options_error(usage, "unknown or ambiguous option %s", argv[optind - 1]);
}

int options_parse(const struct command_usage *usage, int argc, char **argv,
		  struct common_options *common, struct option_args *args)
{
	struct option_set set;
	int found;

	set_init(&set, usage, common);
	opterr = 0;
	optind = 0;	/* glibc: begin anew, whatever was parsed before */
	while ((found = getopt_long(argc, argv, set.shorts, set.longs, NULL)) != -1) {
		const struct option_row *row =
			found == '?' || found == ':' ? NULL : row_of(&set, found);
		struct mt_err err = { 0 };

		if (!row)
			return bad_option(usage, &set, found, argv);
		if (take_value(row, optarg, &err))
			return options_error(usage, "%s", err.msg);
		if (row->given)
			*row->given = true;
		if (set.help) {
			print_help(usage, &set);
			return CMD_OK;
		}
	}
	args->v = argv + optind;
	args->n = argc - optind;
	if (args->n < usage->min_args)
		return options_error(usage, "too few arguments: %s is expected", usage->synopsis);
	if (usage->max_args != OPTIONS_ANY_NUMBER && args->n > usage->max_args)
		return options_error(usage, "unexpected argument \"%s\"", args->v[usage->max_args]);
	return OPTIONS_RUN;
}
