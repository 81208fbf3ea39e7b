/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spec.h - specifications in INI files: sections and keys as tables, values into structs
 *
 * A specification is a struct of the caller's. A section is either there once, without a name, and
 * a struct within it, or any number of times, [guest NAME], and an array in it; the first member of
 * such an item is its name.
 */
#ifndef SPEC_H
#define SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct spec_words {
	char **v;
	size_t n;
};

struct spec_numbers {
	uint64_t *v;
	size_t n;
};

enum spec_value {
	SPEC_TEXT,		/* char * */
	SPEC_COMMAND,		/* likewise, and not empty */
	SPEC_WORD,		/* char *, one of .words */
	SPEC_METHOD,		/* uint64_t, enum mt_method */
	SPEC_PLACE,		/* uint64_t, its place in .words */
	SPEC_COUNT,		/* uint64_t */
	SPEC_PERCENT,		/* uint64_t */
	SPEC_DURATION,		/* uint64_t, ms */
	SPEC_LIMIT,		/* uint64_t, ms; "none": MT_LIMIT_NONE */
	SPEC_SIZE,		/* uint64_t, bytes */
	SPEC_RATE,		/* uint64_t, bytes/s */
	SPEC_YES,		/* bool: .words[0] is true, [1] false */
	SPEC_WORDS,		/* struct spec_words */
	SPEC_RATES,		/* struct spec_numbers, bytes/s */
	SPEC_DURATIONS,		/* struct spec_numbers, ms */
};

/* A list of them ends with a NULL name. */
struct spec_key {
	const char *name;
	enum spec_value kind;
	size_t offset;
	const char *initial;	/* NULL: must be given. SPEC_UNSET: stays MT_LIMIT_UNSET */
	uint64_t min, max;	/* of numbers; max 0: any */
	const char *const *words;
};

#define SPEC_UNSET		"unset"
#define SPEC_WORDS_OF(...)	((const char *const[]){ __VA_ARGS__, NULL })

/* A list of them ends with a NULL name. */
struct spec_section {
	const char *name;
	const struct spec_key *keys;
	size_t at;		/* of the struct, or of the array's pointer */
	size_t size, count;	/* of an item, and where their number is; size 0: it has no name */
	size_t seen;		/* of a bool that tells of one without a name; 0: nobody asks */
};

/* What a specification as a whole must be; @complain is called for what it is not. */
typedef void (*spec_check_fn)(const void *spec, void (*complain)(void *opaque, const char *line),
			      void *opaque);

/*
 * Into @spec, which is zeroed first. @whole: it has to have all keys that have no initial value;
 * else a text that is not there is "". @check: NULL: nothing more. @error: one line each. Return:
 * 0, -EINVAL, or what opening it failed with.
 */
MT_MUST_CHECK int spec_read(void *spec, size_t size, const struct spec_section *sections,
			    const char *path, bool whole, spec_check_fn check,
			    void (*error)(const char *line, void *opaque));
void spec_free(void *spec, size_t size, const struct spec_section *sections);

/* The item of that name; NULL: there is none. */
const void *spec_find(const void *items, size_t n, size_t size, const char *name);

/* --- spec_value.c --------------------------------------------------------- */
/*
 * Of @item, a struct that @key's offset is in. Lists are added to. Return: 0; -errno, with a line
 * unless -ENOMEM.
 */
MT_MUST_CHECK int spec_value_set(const struct spec_key *key, void *item, const char *text,
				 struct mt_err *err);
void spec_value_free(const struct spec_key *key, void *item);
bool spec_value_is_list(const struct spec_key *key);

#endif
