// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * rule.c - the keys of a guest's rules: how each is written, checked and kept (PURE)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "rule.h"

#define AT(field)	.offset = offsetof(struct mt_rule, field)

/* Policies' parameters stand behind the first of these rows. */
static const struct mt_key before_params[] = {
	{ "mode", MT_KEY_MODE, AT(mode), .initial = "observe", .accepted = "observe or act" },
	{ "policy", MT_KEY_POLICY, AT(policy), .initial = MT_POLICY_DEFAULT },
	{ "max_downtime", MT_KEY_DURATION, AT(limits.max_downtime_ms),
	  .initial = "500ms", .min = MT_DOWNTIME_MIN_MS, .max = MT_DOWNTIME_MAX_MS,
	  .accepted = "a duration of 1ms to 2000s" },
	{ "deadline", MT_KEY_DURATION_OR_NONE, AT(limits.deadline_ms),
	  .initial = "none", .min = 1, .max = MT_LIMIT_MAX_MS,
	  .accepted = "a duration of 1ms to 168h, or none" },
}, behind_params[] = {
	{ "stall_timeout", MT_KEY_DURATION_OR_NONE, AT(limits.stall_timeout_ms),
	  .initial = "none", .min = 1, .max = MT_LIMIT_MAX_MS,
	  .accepted = "a duration of 1ms to 168h, or none" },
	{ "command_every", MT_KEY_DURATION, AT(limits.command_every_ms), .initial = "1s",
	  .max = 60 * MT_MS_PER_S, .accepted = "a duration of 0ms to 60s" },
	{ "postcopy", MT_KEY_BOOL, AT(limits.postcopy_allowed), .initial = "no",
	  .accepted = "yes or no" },
	{ "fixed", MT_KEY_DURATION, AT(limits.fixed_ms), .initial = "default",
	  .max = MT_FIXED_MAX_MS, .accepted = "a duration of 0ms to 60s, or default" },
	{ "poll", MT_KEY_DURATION, AT(poll_ms), .initial = "250ms", .min = 10,
	  .max = 10 * MT_MS_PER_S, .accepted = "a duration of 10ms to 10s" },
	{ "decision_max_age", MT_KEY_DURATION, AT(decision_max_age_ms),
	  .initial = "1s", .min = 100, .max = 60 * MT_MS_PER_S,
	  .accepted = "a duration of 100ms to 60s" },
	{ "others", MT_KEY_OTHERS, AT(others), .initial = "back-off",
	  .accepted = "back-off or observe" },
};

_Static_assert(MT_ARRAY_SIZE(before_params) + MT_ARRAY_SIZE(behind_params) + MT_PARAMS_MAX <=
		       MT_RULE_KEYS_MAX, "MT_RULE_KEYS_MAX is too small");

static const char *const others_names[] = {
	[MT_OTHERS_BACK_OFF] = "back-off",
	[MT_OTHERS_OBSERVE] = "observe",
};

static const char *const mode_names[MT_MODE_COUNT] = {
	[MT_MODE_OBSERVE] = "observe",
	[MT_MODE_ACT] = "act",
};

const char *mt_mode_name(enum mt_mode mode)
{
	return mode < MT_MODE_COUNT ? mode_names[mode] : "?";
}

/* --- policies' parameters as keys: made once, by whoever asks first --------------- */
static void tell_param(const struct mt_param *p, char *initial, size_t initial_size, char *accepted,
		       size_t accepted_size)
{
	uint64_t value;
	bool same = mt_param_default(p->name, &value);
	const char *or = same ? "" : ", or default";
	char min[MT_PARAM_TEXT_MAX], max[MT_PARAM_TEXT_MAX], words[96];

	snprintf(initial, initial_size, "%s", same ? mt_param_text(min, p, value) : "default");
	mt_param_text(min, p, p->min);
	mt_param_text(max, p, p->max);
	if (p->kind == MT_PARAM_WORD)
		snprintf(accepted, accepted_size, "%s%s",
			 mt_param_words(words, sizeof(words), p, ""), or);
	else if (p->kind == MT_PARAM_PERCENT)
		snprintf(accepted, accepted_size, "a percentage of %s to %s%s", min, max, or);
	else if (p->kind != MT_PARAM_COUNT)
		snprintf(accepted, accepted_size, "a duration of %s to %s%s%s", min, max,
			 p->kind == MT_PARAM_DURATION_OR_NONE ? ", or none" : "", or);
	else if (p->min)
		snprintf(accepted, accepted_size, "a number of %s to %s%s", min, max, or);
	else
		snprintf(accepted, accepted_size, "a number up to %s%s", max, or);
}

static struct mt_key param_keys[MT_PARAMS_MAX];
static size_t n_param_keys;

static void __attribute__((constructor)) make_param_keys(void)
{
	static const enum mt_key_kind kinds[] = {
		[MT_PARAM_DURATION] = MT_KEY_DURATION,
		[MT_PARAM_DURATION_OR_NONE] = MT_KEY_DURATION_OR_NONE,
		[MT_PARAM_COUNT] = MT_KEY_COUNT,
		[MT_PARAM_PERCENT] = MT_KEY_PERCENT,
		[MT_PARAM_WORD] = MT_KEY_WORD,
	};
	static struct {
		char initial[MT_PARAM_TEXT_MAX], accepted[160];
	} words[MT_PARAMS_MAX];
	const struct mt_param *p;

	for (size_t i = 0; i < MT_PARAMS_MAX && (p = mt_param_at(i)); i++) {
		tell_param(p, words[i].initial, sizeof(words[i].initial), words[i].accepted,
			   sizeof(words[i].accepted));
		param_keys[n_param_keys++] = (struct mt_key){
			.name = p->name,
			.kind = kinds[p->kind],
			.offset = offsetof(struct mt_rule, limits.params.value) +
				  i * sizeof(uint64_t),
			.initial = words[i].initial,
			.accepted = words[i].accepted,
			.min = p->min,
			.max = p->max,
			.words = p->words,
		};
	}
}

const struct mt_key *mt_rule_key_at(size_t i)
{
	if (i < MT_ARRAY_SIZE(before_params))
		return &before_params[i];
	i -= MT_ARRAY_SIZE(before_params);
	if (i < n_param_keys)
		return &param_keys[i];
	i -= n_param_keys;
	return i < MT_ARRAY_SIZE(behind_params) ? &behind_params[i] : NULL;
}

/* --- values ---------------------------------------------------------------------- */
static int word_of(const char *const *words, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(text, words[i]))
			return (int)i;
	return -EINVAL;
}

static int parse_word(const char *const *words, size_t n, const char *text, void *out)
{
	int word = word_of(words, n, text);

	if (word < 0)
		return word;
	*(unsigned *)out = (unsigned)word;	/* an enum without negative values */
	return 0;
}

static int parse_policy(const char *text, const struct mt_policy **out)
{
	const struct mt_policy *policy = mt_policy_find(text);

	if (!policy)
		return -EINVAL;
	*out = policy;
	return 0;
}

static int parse_duration(const struct mt_key *key, const char *text, uint64_t *out,
			  struct mt_err *err)
{
	uint64_t ms;
	int ret;

	if (key->kind == MT_KEY_DURATION_OR_NONE && !strcmp(text, "none")) {
		*out = MT_LIMIT_NONE;
		return 0;
	}
	ret = mt_parse_duration_ms(key->name, text, &ms, err);
	if (ret)
		return ret;
	if (ms < key->min || ms > key->max)
		return -ERANGE;
	*out = ms;
	return 0;
}

static int parse_count(const struct mt_key *key, const char *text, uint64_t *out)
{
	uint64_t n;
	int ret = key->kind == MT_KEY_PERCENT ?
			  mt_parse_percent(key->name, text, key->max, &n, NULL) :
			  mt_parse_count(key->name, text, key->max, &n, NULL);

	if (ret || n < key->min)
		return ret ? ret : -ERANGE;
	*out = n;
	return 0;
}

int mt_key_parse(const struct mt_key *key, void *base, const char *text, struct mt_err *err)
{
	void *out = (char *)base + key->offset;
	int word;

	if (!strcmp(key->initial, "default") && !strcmp(text, "default")) {
		*(uint64_t *)out = MT_LIMIT_UNSET;
		return 0;
	}
	switch ((enum mt_key_kind)key->kind) {
	case MT_KEY_MODE:
		return parse_word(mode_names, MT_ARRAY_SIZE(mode_names), text, out);
	case MT_KEY_OTHERS:
		return parse_word(others_names, MT_ARRAY_SIZE(others_names), text, out);
	case MT_KEY_POLICY:
		return parse_policy(text, out);
	case MT_KEY_DURATION:
	case MT_KEY_DURATION_OR_NONE:
		return parse_duration(key, text, out, err);
	case MT_KEY_BOOL:
		if (strcmp(text, "yes") && strcmp(text, "no"))
			return -EINVAL;
		*(bool *)out = !strcmp(text, "yes");
		return 0;
	case MT_KEY_COUNT:
	case MT_KEY_PERCENT:
		return parse_count(key, text, out);
	case MT_KEY_WORD:
		word = mt_word_find(key->words, text);
		if (word < 0)
			return -EINVAL;
		*(uint64_t *)out = (uint64_t)word;
		return 0;
	case MT_KEY_KINDS:
		break;
	}
	return -EINVAL;
}

_Static_assert(MT_KEY_TEXT_MAX >= MT_PARAM_TEXT_MAX, "a parameter's text fits");

static const char *number_text(const struct mt_key *key, uint64_t v, char buf[MT_KEY_TEXT_MAX])
{
	if (v == MT_LIMIT_UNSET)
		return "default";
	if (key->kind == MT_KEY_WORD)
		return v <= key->max ? key->words[v] : "?";
	if (key->kind == MT_KEY_DURATION || key->kind == MT_KEY_DURATION_OR_NONE)
		return mt_duration_text(buf, v);
	snprintf(buf, MT_KEY_TEXT_MAX, "%llu%s", (unsigned long long)v,
		 key->kind == MT_KEY_PERCENT ? "%" : "");
	return buf;
}

const char *mt_key_text(const struct mt_key *key, const void *base, char buf[MT_KEY_TEXT_MAX])
{
	const void *in = (const char *)base + key->offset;

	switch ((enum mt_key_kind)key->kind) {
	case MT_KEY_MODE:
		return mt_mode_name(*(const enum mt_mode *)in);
	case MT_KEY_OTHERS:
		return others_names[*(const enum mt_others *)in];
	case MT_KEY_POLICY:
		return (*(const struct mt_policy *const *)in)->name;
	case MT_KEY_BOOL:
		return *(const bool *)in ? "yes" : "no";
	case MT_KEY_DURATION:
	case MT_KEY_DURATION_OR_NONE:
	case MT_KEY_COUNT:
	case MT_KEY_PERCENT:
	case MT_KEY_WORD:
		return number_text(key, *(const uint64_t *)in, buf);
	case MT_KEY_KINDS:
		break;
	}
	return "?";
}

const char *mt_key_accepted(const struct mt_key *key, char *buf, size_t size)
{
	int at;

	if (key->accepted) {
		snprintf(buf, size, "%s", key->accepted);
		return buf;
	}
	at = snprintf(buf, size, "one of");
	for (size_t i = 0; mt_policy_at(i) && at < (int)size; i++)
		at += snprintf(buf + at, size - at, "%s %s", i ? "," : "", mt_policy_at(i)->name);
	return buf;
}

static size_t size_of(const struct mt_key *key)
{
	static const size_t sizes[MT_KEY_KINDS] = {
		[MT_KEY_MODE] = sizeof(enum mt_mode),
		[MT_KEY_OTHERS] = sizeof(enum mt_others),
		[MT_KEY_POLICY] = sizeof(const struct mt_policy *),
		[MT_KEY_DURATION] = sizeof(uint64_t),
		[MT_KEY_DURATION_OR_NONE] = sizeof(uint64_t),
		[MT_KEY_BOOL] = sizeof(bool),
		[MT_KEY_COUNT] = sizeof(uint64_t),
		[MT_KEY_PERCENT] = sizeof(uint64_t),
		[MT_KEY_WORD] = sizeof(uint64_t),
	};

	return sizes[key->kind];
}

void mt_key_copy(const struct mt_key *key, void *to, const void *from)
{
	memcpy((char *)to + key->offset, (const char *)from + key->offset, size_of(key));
}

/* --- some of the keys ---------------------------------------------------------------- */
int mt_rule_part_set(struct mt_rule_part *part, const char *name, const char *value,
		     struct mt_err *err)
{
	const struct mt_key *key;
	struct mt_err why = { 0 };
	char accepted[480];
	size_t i = 0;

	while ((key = mt_rule_key_at(i)) && strcmp(key->name, name))
		i++;
	if (!key)
		return mt_err_set(err, -EINVAL,
				  "unknown key '%s'; migtraced.conf(5) has those there are", name);
	if (part->given[i])
		return mt_err_set(err, -EINVAL, "'%s' is given twice", name);
	if (mt_key_parse(key, &part->rule, value, &why))
		return mt_err_set(err, -EINVAL, "%s = %s: accepted is %s", name, value,
				  mt_key_accepted(key, accepted, sizeof(accepted)));
	part->given[i] = true;
	return 0;
}

void mt_rule_take(struct mt_rule *rule, const struct mt_rule_part *part)
{
	const struct mt_key *key;

	for (size_t i = 0; (key = mt_rule_key_at(i)); i++)
		if (part->given[i])
			mt_key_copy(key, rule, &part->rule);
}

const char *mt_rule_part_text(const struct mt_rule_part *part, char *buf, size_t size)
{
	char text[MT_KEY_TEXT_MAX];
	const struct mt_key *key;
	size_t at = 0;

	snprintf(buf, size, "nothing");
	for (size_t i = 0; (key = mt_rule_key_at(i)) && at < size; i++)
		if (part->given[i])
			at += (size_t)snprintf(buf + at, size - at, "%s%s %s", at ? ", " : "",
					       key->name, mt_key_text(key, &part->rule, text));
	return buf;
}
