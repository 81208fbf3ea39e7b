/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * strings.h - strings that live as long as the recording they came with
 */
#ifndef MIGTRACE_STORE_STRINGS_H
#define MIGTRACE_STORE_STRINGS_H

#include <stddef.h>

struct mt_string_block;

struct mt_strings {
	struct mt_string_block *newest;
	size_t bytes;			/* allocated */
};

/* A copy of @s; NULL: no memory. */
const char *mt_strings_add(struct mt_strings *strings, const char *s);
void mt_strings_fini(struct mt_strings *strings);

#endif
