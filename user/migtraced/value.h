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

enum value_kind {		/* besides enum mt_key_kind: type at the key's offset */
	VALUE_SIZE_OR_NONE = MT_KEY_KINDS,	/* uint64_t, bytes; 0 = none */
	VALUE_URI,		/* char * */
	VALUE_PATH_OR_EMPTY,	/* char * */
	VALUE_HISTORY,		/* char * */
	VALUE_SOCKET,		/* char * */
	VALUE_ADDRESS,		/* char *: see listener.h */
	VALUE_GLOBS,		/* struct config_list */
	VALUE_URIS,		/* struct config_list */
	VALUE_GROUP,		/* struct config_group */
	VALUE_OCTAL,		/* uint64_t */
};

struct config_key {
	const char *section;
	struct mt_key key;		/* kind: also enum value_kind */
	bool per_guest;			/* offset is into struct mt_rule, not struct config */
	bool restart;			/* a change takes one */
};

/*
 * @base: what the offset is into. Lists grow, the rest is replaced. -ENOMEM, else a bad value.
 * @no_lookup: see config.h.
 */
MT_MUST_CHECK int value_parse(const struct config_key *key, void *base, const char *text,
			      bool no_lookup, struct mt_err *err);
/* The key's line, or lines, as value_parse() takes them. */
void value_print(const struct config_key *key, const void *base, FILE *out);
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

bool value_is_list(unsigned kind);
void value_list_free(struct config_list *list);

#endif
