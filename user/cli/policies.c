// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * policies.c - the table of policies, as commands ask for one and explain them
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "cmd.h"
#include "policies.h"

int policy_option(const struct command_usage *usage, const char *option, const char *name,
		  const struct mt_policy **policy)
{
	char known[256] = "";
	size_t len = 0;

	*policy = mt_policy_find(name);
	if (*policy)
		return OPTIONS_RUN;
	for (size_t i = 0; mt_policy_at(i) && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "",
					mt_policy_at(i)->name);
	return options_error(usage, "--%s: unknown policy \"%s\"; there are %s", option, name,
			     known);
}

/* Whether some policy wants it of who takes that policy. */
static bool is_asked(const char *name)
{
	for (size_t i = 0; mt_policy_at(i); i++) {
		const struct mt_param *p = mt_policy_param(mt_policy_at(i), name);

		if (p && p->asked)
			return true;
	}
	return false;
}

static int go_together(const struct command_usage *usage, const struct mt_param *p)
{
	char option[MT_PARAM_NAME_MAX], others[128] = "";
	const char *first = NULL;
	size_t len = 0;

	for (size_t i = 0; mt_policy_at(i) && len < sizeof(others); i++) {
		const char *name = mt_policy_at(i)->name;

		if (!mt_policy_param(mt_policy_at(i), p->name))
			continue;
		if (first)
			len += (size_t)snprintf(others + len, sizeof(others) - len, " (or %s)",
						name);
		else
			first = name;
	}
	return options_error(usage, "--%s and --policy %s%s go together",
			     mt_param_option(option, p), first, others);
}

int policy_params_check(const struct command_usage *usage, const struct mt_policy *policy,
			const struct mt_params *params)
{
	const struct mt_param *p;

	for (size_t i = 0; i < MT_PARAMS_MAX && (p = mt_param_at(i)); i++) {
		const struct mt_param *own = mt_policy_param(policy, p->name);
		bool given = params->value[i] != MT_LIMIT_UNSET;

		if (given ? !own && is_asked(p->name) : own && own->asked)
			return go_together(usage, p);
	}
	return OPTIONS_RUN;
}

void policies_help(FILE *out)
{
	int width = 0;

	for (size_t i = 0; mt_policy_at(i); i++)
		if ((int)strlen(mt_policy_at(i)->name) > width)
			width = (int)strlen(mt_policy_at(i)->name);
	fputs("\nPolicies:\n", out);
	for (size_t i = 0; mt_policy_at(i); i++) {
		const struct mt_policy *p = mt_policy_at(i);
		const char *ignores = mt_policy_ignores(p);

		fprintf(out, "  %-*s  %s%s%s%s\n", width, p->name, p->help,
			*ignores ? "; does not heed " : "", ignores,
			strcmp(p->name, MT_POLICY_DEFAULT) ? "" : " (default)");
	}
}

void limits_tell(bool error, const char *line, void *err)
{
	if (error)
		mt_err_set(err, -EINVAL, "%s", line);
	else
		cmd_warn("%s", line);
}
