/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lessons.h - what past migrations have taught: the file that was asked for, or this host's own
 */
#ifndef LESSONS_H
#define LESSONS_H

#include "cli/options.h"
#include "store/experience.h"
#include "store/trained_file.h"

/* What migtraced learns, if it records where it does by default. */
#define LESSONS_PATH	"/var/lib/migtrace/" MT_EXPERIENCE_FILE

#define LESSONS_OPTION(to) \
	{ "learned", 0, OPTION_STRING, "FILE", \
	  "what past migrations have taught; none for what is built in (default: this host's own)", to }

#define TRAINED_OPTION(to) \
	{ "sla-model", 0, OPTION_STRING, "FILE", \
	  "of migtrace train: what policy sla decides by (default: the analytic model)", to }

/*
 * @path: of --sla-model; NULL: not given, and *@t stays as it is. *@t lasts until the process ends.
 * Return: OPTIONS_RUN, or an exit status after a line.
 */
int trained_load(const struct mt_trained **t, const char *path);

/*
 * @path: of --learned, "none" or NULL: not given. Then it is $MIGTRACE_LEARNED or LESSONS_PATH,
 * where that is there and may be read and @uri leads to this host; or else the prior. @destination:
 * URI; NULL: not known.
 * Return: OPTIONS_RUN, or an exit status after a line.
 */
int lessons_load(struct mt_experience *e, const char *path, const char *uri,
		 const char *destination);

/* One line: by how many migrations, and how old. */
void lessons_print(const struct mt_experience *e, FILE *out);

#endif
