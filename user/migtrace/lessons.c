// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lessons.c - what past migrations have taught: the file that was asked for, or this host's own
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cmd.h"
#include "hypervisor/versions.h"
#include "lessons.h"

int lessons_load(struct mt_experience *e, const char *path, const char *uri,
		 const char *destination)
{
	const char *own = getenv("MIGTRACE_LEARNED");
	struct mt_err err = { 0 };
	int rc;

	mt_experience_init(e);
	if (!own || !*own)
		own = LESSONS_PATH;
	if (!strcmp(path ? path : own, "none"))
		return OPTIONS_RUN;
	if (path)
		return mt_experience_load(e, path, destination, &err) ? cmd_fail(&err) :
									OPTIONS_RUN;
	/* What is learned here is not of migrations that leave other hosts. */
	if (!mt_versions_uri_is_local(uri))
		return OPTIONS_RUN;
	rc = mt_experience_load(e, own, destination, &err);
	if (rc && rc != -ENOENT && rc != -EACCES)
		cmd_warn("%s; going by what is built in", err.msg);
	return OPTIONS_RUN;
}

void lessons_print(const struct mt_experience *e, FILE *out)
{
	char line[1024];

	mt_experience_describe(e, mt_wall_us() / 1000, line, sizeof(line));
	cmd_say(out, "%s", line);
}

int trained_load(const struct mt_trained **t, const char *path)
{
	struct mt_trained *loaded;
	struct mt_err err = { 0 };

	if (!path)
		return OPTIONS_RUN;
	if (mt_trained_load(&loaded, path, &err))
		return cmd_fail(&err);
	*t = loaded;
	return OPTIONS_RUN;
}
