/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * campaign_key.h - the keys of a campaign's specification, and the kinds of value they have
 */
#ifndef CAMPAIGN_KEY_H
#define CAMPAIGN_KEY_H

#include "campaign.h"

enum campaign_value {
	TEXT,			/* char * */
	COMMAND,		/* likewise */
	WORD,			/* char *, one of .words */
	KIND,			/* uint64_t, enum mt_method */
	COUNT,			/* uint64_t */
	DURATION,		/* uint64_t, ms */
	SIZE,			/* uint64_t, bytes */
	YES,			/* bool: .words[0] is true, [1] false */
	WORDS,			/* struct campaign_words */
	RATES,			/* struct campaign_numbers, bytes/s */
	DURATIONS,		/* struct campaign_numbers, ms */
};

struct campaign_key {
	const char *name;
	enum campaign_value kind;
	size_t offset;
	const char *initial;	/* NULL: must be given */
	uint64_t min, max;	/* of numbers; max 0: any */
	const char *const *words;
};

/*
 * Of @item, a struct that @key's offset is in. Lists are added to. Return: 0; -errno, with a line
 * unless -ENOMEM.
 */
MT_MUST_CHECK int campaign_value_set(const struct campaign_key *key, void *item, const char *text,
				     struct mt_err *err);
void campaign_value_free(const struct campaign_key *key, void *item);
bool campaign_value_is_list(const struct campaign_key *key);

/*
 * campaign_check.c: what a specification as a whole must be; @complain is called for what it is
 * not.
 */
void campaign_check(const struct campaign_spec *s, void (*complain)(void *opaque, const char *line),
		    void *opaque);

#endif
