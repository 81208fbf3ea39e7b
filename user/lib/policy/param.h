/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * param.h - parameters that policies have of their own (PURE)
 *
 * A policy's row lists them, see policy.h; from these lists are made options, keys of the daemon's
 * configuration, members of a recording's header, help and man pages. A parameter is known by its
 * name: two policies that have one of the same name share what is given for it, and each has its
 * own default. Guards that hold for every policy have theirs in the same way (flip.c).
 */
#ifndef MT_PARAM_H
#define MT_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mt_policy;

enum mt_param_kind {
	MT_PARAM_DURATION,		/* milliseconds */
	MT_PARAM_DURATION_OR_NONE,	/* or MT_LIMIT_NONE */
	MT_PARAM_COUNT,
	MT_PARAM_PERCENT,
	MT_PARAM_WORD,			/* one out of a list: its place there */
};

/* A list of them ends with a NULL name. */
struct mt_param {
	const char *name;		/* a key of the configuration; an option with '-' for '_' */
	enum mt_param_kind kind;
	uint64_t initial;		/* where it is not given */
	uint64_t min, max;		/* none is accepted beside them; a word's are 0 and the last
					 * place */
	const char *const *words;	/* a word's: all there are, NULL behind the last. Recordings
					 * hold places: a new one is added at the end */
	const char *help;		/* what the policy does with it: a few words, for --help */
	const char *about;		/* the same for the man pages, in their markup; NULL =
					 * help */
	bool asked;			/* `migtrace migrate` wants it with this policy, and not
					 * with those that have none */
};

#define MT_PARAM_NAME_MAX	48	/* with its unit */
#define MT_PARAMS_MAX		64	/* names, over all policies */
#define MT_POLICY_PARAMS_MAX	16	/* of one policy */

/* What was given for each, in the order of mt_param_at(). MT_LIMIT_UNSET: nothing. */
struct mt_params {
	uint64_t value[MT_PARAMS_MAX];
};

#define MT_PARAMS_UNSET		{ .value = { [0 ... MT_PARAMS_MAX - 1] = UINT64_MAX } }

/* Each name once, as the first row has it that has one; NULL beyond the last. */
const struct mt_param *mt_param_at(size_t i);
/* One that is no policy's own and holds for all; NULL: it is none. */
const struct mt_param *mt_param_of_all(const char *name);
/* Where the value of that name is; NULL: there is no such parameter. */
uint64_t *mt_params_value(struct mt_params *params, const char *name);
/* MT_LIMIT_UNSET: nothing was given */
uint64_t mt_params_get(const struct mt_params *params, const char *name);

/* What holds for whoever has @p: as given, brought within its bounds, else its default. */
uint64_t mt_param_value(const struct mt_params *params, const struct mt_param *p);

/* What holds where nothing is given, whoever decides; false: policies differ. */
bool mt_param_default(const char *name, uint64_t *initial);
/* Fills these in. */
void mt_params_resolve(struct mt_params *params);
/* What @given has, over what is in @params. */
void mt_params_merge(struct mt_params *params, const struct mt_params *given);

/* What stands for a value in a synopsis: "DURATION", "N", "PERCENT", "WORD". */
const char *mt_param_arg(const struct mt_param *p);
/* A value as it is given: "30s", "168h", "none", "4", "150%", "abort"; as it is read: "30.0 s". */
#define MT_PARAM_TEXT_MAX	48
const char *mt_param_text(char buf[MT_PARAM_TEXT_MAX], const struct mt_param *p, uint64_t v);
const char *mt_param_read(char buf[MT_PARAM_TEXT_MAX], const struct mt_param *p, uint64_t v);
/* "30s", "250ms", "none". */
const char *mt_duration_text(char buf[MT_PARAM_TEXT_MAX], uint64_t ms);
/* "abort or force-complete"; with @mark around each, "**" in a man page. */
const char *mt_param_words(char *buf, size_t size, const struct mt_param *p, const char *mark);
/* The place of @text in @words, which ends with NULL; < 0: it is not there. */
int mt_word_find(const char *const *words, const char *text);

/*
 * Whose @p, of @policy's row, is: "policy ihm", or "policies ihm, walm" where others have it to the
 * word. @mark as above. Return: "" where @policy is not the first of them.
 */
const char *mt_param_whose(char *buf, size_t size, const struct mt_policy *policy,
			   const struct mt_param *p, const char *mark);

/* "quiet-time" of "quiet_time"; and "quiet_time_ms", as a recording has it. */
const char *mt_param_option(char buf[MT_PARAM_NAME_MAX], const struct mt_param *p);
const char *mt_param_key(char buf[MT_PARAM_NAME_MAX], const struct mt_param *p);

#endif
