/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policies.h - the table of policies, as commands ask for one and explain them
 */
#ifndef POLICIES_H
#define POLICIES_H

#include <stdio.h>

#include "policy/policy.h"
#include "options.h"

/*
 * Of option @option. Return: OPTIONS_RUN, or CMD_USAGE after a line that names those that there
 * are, which is also where completion reads them.
 */
int policy_option(const struct command_usage *usage, const char *option, const char *name,
		  const struct mt_policy **policy);

/*
 * Of parameters that were given: those that @policy wants, and none that wants another policy.
 * Return: OPTIONS_RUN, or CMD_USAGE after a line.
 */
int policy_params_check(const struct command_usage *usage, const struct mt_policy *policy,
			const struct mt_params *params);

/* A section of --help: each with what it does, and what it does not go by. */
void policies_help(FILE *out);

/* For mt_limits_check(): warnings go to stderr, errors into a struct mt_err. */
void limits_tell(bool error, const char *line, void *err);

#endif
