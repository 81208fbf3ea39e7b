/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * members.h - a struct to and from a JSON object, by a table of its members
 *
 * The same table writes and reads, so that the two cannot drift apart. Doubles
 * are never negative: what is not finite or below 0 is unknown and left out.
 */
#ifndef MIGTRACE_STORE_MEMBERS_H
#define MIGTRACE_STORE_MEMBERS_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "strings.h"

enum mt_member_kind {
	MEMBER_U64,
	MEMBER_UNSIGNED,
	MEMBER_BOOL,
	MEMBER_DOUBLE,
	MEMBER_STRING,		/* const char * */
	MEMBER_BUFFER,		/* char[->size] */
	MEMBER_NAME,		/* an enum, by ->words */
	MEMBER_OBJECT,		/* a struct, by ->inside */
	MEMBER_COLUMNS,		/* the schema of a struct that has one, by ->columns, into the same
				 * object */
};

/* An enum's names, numbered from 0. */
struct mt_words {
	const char *(*name)(int value);
	int count;
};

/* A struct with a schema: its columns, numbered from 0, each a uint64_t that may be unknown. */
struct mt_columns {
	int count;
	const char *(*name)(int column);	/* NULL: there are fewer */
	bool (*get)(const void *base, int column, uint64_t *value);
	void (*put)(void *base, int column, uint64_t value);
	bool unset;		/* what is not there is put as UINT64_MAX */
};

struct mt_member {
	const char *key;
	enum mt_member_kind kind;
	size_t offset;
	size_t size;
	const struct mt_words *words;
	const struct mt_member *inside;
	const struct mt_columns *columns;
	bool required;
	bool omit_zero;		/* 0 means "none": not written */
	bool unset;		/* MEMBER_U64: UINT64_MAX means "not given": not written, and what
				 * it reads as when it is not there */
	double absent;		/* what a double reads as when it is not there */
};

/* Counts in @failed what did not fit into memory. @members ends with a NULL key. */
void mt_members_write(json_t *object, const struct mt_member *members, const void *base,
		      int *failed);

/*
 * @base comes zeroed. Keys that no member has are ignored. A word that its enum has not, which a
 * later version may write, reads as the enum's "unknown", or its first, and is counted in @strange.
 * Return: 0; -EBADMSG with the key and what is wrong with it; -ENOMEM.
 */
int mt_members_read(void *base, const struct mt_member *members, const json_t *object,
		    struct mt_strings *strings, unsigned *strange, struct mt_err *err);

#endif
