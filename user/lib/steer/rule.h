/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rule.h - by which rules one guest is migrated, key by key (PURE)
 *
 * One table has the keys: what may stand in a section of migtraced.conf and in a guest's metadata,
 * how a value is written, checked and kept. Policies' own parameters are among them.
 */
#ifndef MT_RULE_H
#define MT_RULE_H

#include "supervise.h"

enum mt_mode {
	MT_MODE_OBSERVE,		/* never act: watch, predict, record */
	MT_MODE_ACT,
	MT_MODE_COUNT
};
const char *mt_mode_name(enum mt_mode mode);	/* "observe", "act" */

struct mt_rule {
	enum mt_mode mode;
	const struct mt_policy *policy;
	struct mt_limits limits;	/* as the engine takes them; QEMU's own is not known here */
	uint64_t poll_ms;
	uint64_t decision_max_age_ms;
	enum mt_others others;		/* when somebody else changes QEMU's limits */
};

enum mt_key_kind {			/* type at the key's offset */
	MT_KEY_MODE,			/* enum mt_mode */
	MT_KEY_OTHERS,			/* enum mt_others */
	MT_KEY_POLICY,			/* const struct mt_policy * */
	MT_KEY_DURATION,		/* uint64_t, ms */
	MT_KEY_DURATION_OR_NONE,	/* uint64_t, ms; MT_LIMIT_NONE */
	MT_KEY_BOOL,			/* bool */
	MT_KEY_COUNT,			/* uint64_t */
	MT_KEY_PERCENT,			/* uint64_t */
	MT_KEY_WORD,			/* uint64_t, its place in mt_key.words */
	MT_KEY_KINDS			/* from here on: of who has other kinds, too */
};

struct mt_key {
	const char *name;
	unsigned kind;
	size_t offset;
	const char *initial;		/* the default, as one would write it; of a duration or
					 * count "default" is one: MT_LIMIT_UNSET */
	uint64_t min, max;
	const char *const *words;	/* NULL behind the last */
	const char *accepted;		/* what a good value looks like; NULL: see
					 * mt_key_accepted() */
};

/* The keys of struct mt_rule, in the order in which they are shown; NULL beyond the last. */
const struct mt_key *mt_rule_key_at(size_t i);
#define MT_RULE_KEYS_MAX	(16 + MT_PARAMS_MAX)

/* @base: what the offset is into. -EINVAL, -ERANGE: a bad value; @err then may say more. */
MT_MUST_CHECK int mt_key_parse(const struct mt_key *key, void *base, const char *text,
			       struct mt_err *err);
/* The value as mt_key_parse() takes it. */
#define MT_KEY_TEXT_MAX	64
const char *mt_key_text(const struct mt_key *key, const void *base, char buf[MT_KEY_TEXT_MAX]);
/* What is accepted, for an error. */
const char *mt_key_accepted(const struct mt_key *key, char *buf, size_t size);
void mt_key_copy(const struct mt_key *key, void *to, const void *from);

/* Some of the keys, and which. */
struct mt_rule_part {
	struct mt_rule rule;
	bool given[MT_RULE_KEYS_MAX];
};
/* -EINVAL: no such key, given twice, or a bad value: @err says it. */
MT_MUST_CHECK int mt_rule_part_set(struct mt_rule_part *part, const char *name, const char *value,
				   struct mt_err *err);
/* Into @rule what @part has: all of it, or what @rule has nothing for yet. */
void mt_rule_take(struct mt_rule *rule, const struct mt_rule_part *part);
/* "policy timeout, timeout 60s" */
const char *mt_rule_part_text(const struct mt_rule_part *part, char *buf, size_t size);

#endif
