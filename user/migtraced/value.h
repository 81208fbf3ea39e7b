/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * value.h - the kinds of value that a configuration key may have
 *
 * A kind knows how a value is written, checked and stored; which keys there are
 * is config.c's table.
 */
#ifndef MIGTRACED_VALUE_H
#define MIGTRACED_VALUE_H

#include "base/err.h"
#include "config.h"

enum value_kind {		/* type at the key's offset */
	VALUE_MODE,		/* enum config_mode */
	VALUE_OTHERS,		/* enum mt_others */
	VALUE_POLICY,		/* const struct mt_policy * */
	VALUE_DURATION,		/* uint64_t, ms */
	VALUE_DURATION_OR_NONE,	/* uint64_t, ms; MT_LIMIT_NONE */
	VALUE_SIZE_OR_NONE,	/* uint64_t, bytes; 0 = none */
	VALUE_BOOL,		/* bool */
	VALUE_COUNT,		/* uint64_t */
	VALUE_URI,		/* char * */
	VALUE_PATH_OR_EMPTY,	/* char * */
	VALUE_SOCKET,		/* char * */
	VALUE_GLOBS,		/* struct config_list */
	VALUE_URIS,		/* struct config_list */
	VALUE_GROUP,		/* struct config_group */
	VALUE_OCTAL,		/* uint64_t */
};

struct config_key {
	const char *section, *name;
	enum value_kind kind;
	bool per_guest;			/* offset is into struct config_guest, not struct config */
	size_t offset;
	bool restart;			/* a change takes one */
	const char *initial;		/* the default, as one would write it; of a duration or
					 * count "default" is one: MT_LIMIT_UNSET */
	uint64_t min, max;
	const char *accepted;		/* what a good value looks like; NULL: see
					 * value_accepted() */
};

/*
 * @base: what the offset is into. Lists grow, the rest is replaced. -ENOMEM, else a bad value.
 * @no_lookup: see config.h.
 */
MT_MUST_CHECK int value_parse(const struct config_key *key, void *base, const char *text,
			      bool no_lookup, struct mt_err *err);
/* The key's line, or lines, as value_parse() takes them. */
void value_print(const struct config_key *key, const void *base, FILE *out);
/* Of keys that are per guest: nothing in them is owned. */
void value_copy(const struct config_key *key, struct config_guest *to,
		const struct config_guest *from);
/*
 * Of keys that take a restart: whether two configurations have the same, and @from's into @to. 0 or
 * -ENOMEM.
 */
bool value_is_same(const struct config_key *key, const void *a, const void *b);
MT_MUST_CHECK int value_keep(const struct config_key *key, void *to, const void *from);

/*
 * A pattern of guests: "uuid:" and what must be able to match a UUID, else one of names. Return: 0
 * or -EINVAL.
 */
MT_MUST_CHECK int value_check_pattern(const char *pattern, size_t len, struct mt_err *err);
/* The part behind "uuid:"; NULL: a pattern of names. */
const char *value_uuid_pattern(const char *pattern);

/* What is accepted, for an error. */
const char *value_accepted(const struct config_key *key, char *buf, size_t size);

/* The default of a policy's parameter as one would write it, and what is accepted. */
void value_of_param(const struct mt_param *p, char *initial, size_t initial_size, char *accepted,
		    size_t accepted_size);

bool value_is_list(enum value_kind kind);
void value_list_free(struct config_list *list);

#endif
