// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sources.c - --source: which source of dirty pages
 */
#include <stdio.h>
#include <string.h>

#include "watch/domainsource.h"
#include "sources.h"

int source_option(const struct command_usage *usage, const char *name)
{
	char names[64] = "";

	if (!name || mt_source_is_libvirt(name) || mt_source_find(name))
		return OPTIONS_RUN;
	for (const struct mt_source_ops *const *ops = mt_sources; *ops; ops++) {
		size_t used = strlen(names);

		snprintf(names + used, sizeof(names) - used, "%s, ", (*ops)->name);
	}
	return options_error(usage, "--source %s is unknown: %slibvirt", name, names);
}
