// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_policies.c - policies and their parameters, as man pages and the daemon's example have them
 *
 * The Makefile puts what this prints in place of lines that ask for it: `.. policies: SECTION` in a
 * man page, `# policies: SECTION` in the example.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "policy/policy.h"
#include "research.h"

#define WIDTH	88

/* Words of @text in lines that begin with @indent; ** is left out where @plain. */
static void wrap(const char *indent, const char *text, bool plain)
{
	size_t column = 0;

	while (*(text += strspn(text, " "))) {
		size_t len = strcspn(text, " "), stars = 0;

		for (size_t i = 0; plain && i < len; i++)
			stars += text[i] == '*';
		if (column && column + 1 + len - stars > WIDTH)
			column = 0 * putchar('\n');
		column += (size_t)printf("%s", column ? " " : indent);
		for (size_t i = 0; i < len; i++)
			if (!plain || text[i] != '*')
				column += (size_t)(putchar(text[i]) != EOF);
		text += len;
	}
	putchar('\n');
}

/* "Policy **timeout**: when it acts. 0ms to 168h, or **none**; 30s if not given." */
static void about(char *text, size_t size, const char *whose, const struct mt_param *p)
{
	char min[MT_PARAM_TEXT_MAX], max[MT_PARAM_TEXT_MAX], initial[MT_PARAM_TEXT_MAX];
	char words[256];

	if (p->kind == MT_PARAM_WORD)
		mt_param_words(words, sizeof(words), p, "**");
	else
		snprintf(words, sizeof(words), "%s to %s%s", mt_param_text(min, p, p->min),
			 mt_param_text(max, p, p->max),
			 p->kind == MT_PARAM_DURATION_OR_NONE ? ", or **none**" : "");
	snprintf(text, size, "%c%s: %s. %s; %s if not given.", toupper((unsigned char)*whose),
		 whose + 1, p->about ? p->about : p->help, words,
		 mt_param_text(initial, p, p->initial));
}

/* Of each policy that has a parameter of that name. */
static void tell_all(const char *indent, const char *name, bool plain)
{
	for (size_t i = 0, told = 0; mt_policy_at(i); i++) {
		const struct mt_param *p = mt_policy_param(mt_policy_at(i), name);
		char text[1024], whose[256];

		if (!p || !*mt_param_whose(whose, sizeof(whose), mt_policy_at(i), p, "**"))
			continue;
		if (told++ && !plain)
			putchar('\n');
		about(text, sizeof(text), whose, p);
		wrap(indent, text, plain);
	}
	if (mt_param_of_all(name)) {
		char text[1024];

		about(text, sizeof(text), "any policy", mt_param_of_all(name));
		wrap(indent, text, plain);
	}
}

/* --- sections ----------------------------------------------------------------- */

static void print_names(void)
{
	for (size_t i = 0; mt_policy_at(i); i++) {
		const struct mt_policy *p = mt_policy_at(i);
		char text[1024];

		snprintf(text, sizeof(text), "%s%s",
			 strcmp(p->name, MT_POLICY_DEFAULT) ? "" : "the default: ",
			 p->about ? p->about : p->help);
		printf("    **%s**\n", p->name);
		wrap("        ", text, false);
		putchar('\n');
	}
}

static void print_ignores(unsigned heeds, const char *option)
{
	char text[1024] = "";
	size_t len = 0;

	for (size_t i = 0; mt_policy_at(i) && len < sizeof(text); i++)
		if (mt_policy_at(i)->acts && !(mt_policy_at(i)->heeds & heeds))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s**%s**",
						len ? ", " : "", mt_policy_at(i)->name);
	if (len < sizeof(text))
		snprintf(text + len, sizeof(text) - len, " do not heed **%s**.", option);
	wrap("    ", text, false);
	putchar('\n');
}

static void print_heeds(void)
{
	print_ignores(MT_HEEDS_MAX_DOWNTIME, "--max-downtime");
	print_ignores(MT_HEEDS_DEADLINE, "--deadline");
}

static void print_options(void)
{
	for (size_t i = 0; mt_param_at(i); i++) {
		char option[MT_PARAM_NAME_MAX];

		printf("%s--%s %s\n", i ? "\n" : "", mt_param_option(option, mt_param_at(i)),
		       mt_param_arg(mt_param_at(i)));
		tell_all("    ", mt_param_at(i)->name, false);
	}
}

static void print_keys(void)
{
	for (size_t i = 0; mt_param_at(i); i++) {
		const struct mt_param *p = mt_param_at(i);
		char text[MT_PARAM_TEXT_MAX] = "default";
		uint64_t initial;
		bool same = mt_param_default(p->name, &initial);

		printf("%s**%s** = *%s*%s%s (%s)\n", i ? "\n" : "", p->name, mt_param_arg(p),
		       p->kind == MT_PARAM_DURATION_OR_NONE ? " | none" : "",
		       same ? "" : " | default", same ? mt_param_text(text, p, initial) : text);
		tell_all("    ", p->name, false);
	}
}

static void print_example(void)
{
	for (size_t i = 0; mt_param_at(i); i++) {
		const struct mt_param *p = mt_param_at(i);
		char text[MT_PARAM_TEXT_MAX] = "default";
		uint64_t initial;

		if (i)
			putchar('\n');
		tell_all("# ", p->name, true);
		if (mt_param_default(p->name, &initial))
			mt_param_text(text, p, initial);
		printf("%s = %s\n", p->name, text);
	}
}

int cmd_policies(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} sections[] = {
		{ "names", print_names },
		{ "heeds", print_heeds },
		{ "options", print_options },
		{ "keys", print_keys },
		{ "example", print_example },
	};
	const struct command_usage usage = {
		.name = "policies", .synopsis = "SECTION", .min_args = 1, .max_args = 1,
		.description = "Prints policies and their parameters as the man pages have them: SECTION is names, heeds,\n"
			       "options or keys; or as the example of the daemon's configuration has them: example.",
	};
	struct common_options common = { 0 };
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &common, &args);

	if (status != OPTIONS_RUN)
		return status;
	for (size_t i = 0; i < MT_ARRAY_SIZE(sections); i++) {
		if (strcmp(args.v[0], sections[i].name))
			continue;
		sections[i].print();
		return CMD_OK;
	}
	return options_error(&usage, "there is no section %s", args.v[0]);
}
