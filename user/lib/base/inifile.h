/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inifile.h - an INI file, each line of which is understood or complained of
 *
 * Comments are lines that begin with '#', and whatever is behind a blank and ';'. An indented line
 * goes on with the key before it. What keys and sections there are is the reader's; this knows
 * lines.
 */
#ifndef MT_INIFILE_H
#define MT_INIFILE_H

#include <stdbool.h>
#include <stdio.h>

#include "cleanup.h"

/*
 * The longest line that has a key; others may have MT_INI_LINE_MAX bytes: the longest name of a
 * guest fits.
 */
/* inih's buffer takes 200, three of which it needs itself */
#define MT_INI_KEY_LINE_MAX	197
#define MT_INI_LINE_MAX		1024

struct mt_ini {
	const char *path;
	void (*error)(const char *line, void *opaque);		/* "PATH:LINE: what is wrong", each
								 * is counted */
	void *opaque;			/* of error */
	/* All may complain. */
	void (*section)(struct mt_ini *ini, const char *name);	/* NULL: a section whose name cannot
								 * be told */
	/* false: what goes on with it is ignored */
	bool (*value)(struct mt_ini *ini, const char *key, const char *value);
	void (*more)(struct mt_ini *ini, const char *value);	/* of the same key */

	unsigned line;			/* that is read; 0: of none */
	unsigned errors;

	/* private */
	FILE *file;
	char *buf;
	size_t buf_size;
	bool understood;		/* nothing is left to be said about the line before */
	bool in_key, refused;
};

/*
 * Return: 0, also if there was something to complain of; -errno if it cannot be opened, of which
 * nothing is said.
 */
MT_MUST_CHECK int mt_ini_read(struct mt_ini *ini);

void mt_ini_complain(struct mt_ini *ini, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void mt_ini_complain_at(struct mt_ini *ini, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
