// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * param.c - parameters that policies have of their own (PURE)
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "policy_rows.h"

const struct mt_param *mt_policy_param(const struct mt_policy *policy, const char *name)
{
	for (const struct mt_param *p = policy->params; p && p->name; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

const struct mt_param *mt_param_of_all(const char *name)
{
	for (const struct mt_param *p = mt_flip_params; p->name; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

/* Each name once, as the first has it that has one: policies decide many times a second. */
static const struct mt_param *names[MT_PARAMS_MAX];
static size_t n_names;

static size_t place_of(const char *name)
{
	size_t i = 0;

	while (i < n_names && strcmp(names[i]->name, name))
		i++;
	return i;
}

static void gather_from(const struct mt_param *p)
{
	for (; p && p->name; p++)
		if (place_of(p->name) == n_names && n_names < MT_PARAMS_MAX)
			names[n_names++] = p;
}

/* Before the constructors without a priority, which make keys of them. */
static void __attribute__((constructor(101))) gather(void)
{
	for (size_t i = 0; mt_policy_at(i); i++)
		gather_from(mt_policy_at(i)->params);
	gather_from(mt_flip_params);
}

const struct mt_param *mt_param_at(size_t i)
{
	return i < n_names ? names[i] : NULL;
}

uint64_t *mt_params_value(struct mt_params *params, const char *name)
{
	size_t i = place_of(name);

	return i < n_names ? &params->value[i] : NULL;
}

uint64_t mt_params_get(const struct mt_params *params, const char *name)
{
	const uint64_t *value = mt_params_value((struct mt_params *)params, name);

	return value ? *value : MT_LIMIT_UNSET;
}

bool mt_param_default(const char *name, uint64_t *initial)
{
	const struct mt_param *first = mt_param_at(place_of(name));

	if (!first)
		return false;
	for (size_t i = 0; mt_policy_at(i); i++) {
		const struct mt_param *p = mt_policy_param(mt_policy_at(i), name);

		if (p && p->initial != first->initial)
			return false;
	}
	*initial = first->initial;
	return true;
}

void mt_params_resolve(struct mt_params *params)
{
	const struct mt_param *p;

	for (size_t i = 0; i < MT_PARAMS_MAX && (p = mt_param_at(i)); i++)
		if (params->value[i] == MT_LIMIT_UNSET)
			mt_param_default(p->name, &params->value[i]);
}

void mt_params_merge(struct mt_params *params, const struct mt_params *given)
{
	for (size_t i = 0; i < MT_PARAMS_MAX; i++)
		if (given->value[i] != MT_LIMIT_UNSET)
			params->value[i] = given->value[i];
}

/* Recordings come from anywhere: what nobody would have been allowed to give is brought back. */
static uint64_t within(const struct mt_param *p, uint64_t v)
{
	return v < p->min ? p->min : v > p->max ? p->max : v;
}

uint64_t mt_param_value(const struct mt_params *params, const struct mt_param *p)
{
	uint64_t v = mt_params_get(params, p->name);

	if (v == MT_LIMIT_UNSET)
		return p->initial;
	return v == MT_LIMIT_NONE && p->kind == MT_PARAM_DURATION_OR_NONE ? v : within(p, v);
}

void mt_policy_params(const struct mt_policy *policy, const struct mt_limits *limits,
		      uint64_t own[MT_POLICY_PARAMS_MAX])
{
	for (size_t i = 0; policy->params && policy->params[i].name && i < MT_POLICY_PARAMS_MAX;
	     i++)
		own[i] = mt_param_value(&limits->params, &policy->params[i]);
}

const char *mt_param_option(char buf[MT_PARAM_NAME_MAX], const struct mt_param *p)
{
	snprintf(buf, MT_PARAM_NAME_MAX, "%s", p->name);
	for (char *s = buf; *s; s++)
		if (*s == '_')
			*s = '-';
	return buf;
}

const char *mt_param_key(char buf[MT_PARAM_NAME_MAX], const struct mt_param *p)
{
	static const char *const units[] = {
		[MT_PARAM_DURATION] = "_ms", [MT_PARAM_DURATION_OR_NONE] = "_ms",
		[MT_PARAM_COUNT] = "",	     [MT_PARAM_PERCENT] = "_percent",
		[MT_PARAM_WORD] = "",
	};

	snprintf(buf, MT_PARAM_NAME_MAX, "%s%s", p->name, units[p->kind]);
	return buf;
}

/* --- values as text ------------------------------------------------------- */
const char *mt_param_arg(const struct mt_param *p)
{
	static const char *const args[] = {
		[MT_PARAM_DURATION] = "DURATION", [MT_PARAM_DURATION_OR_NONE] = "DURATION",
		[MT_PARAM_COUNT] = "N",		  [MT_PARAM_PERCENT] = "PERCENT",
		[MT_PARAM_WORD] = "WORD",
	};

	return args[p->kind];
}

const char *mt_duration_text(char buf[MT_PARAM_TEXT_MAX], uint64_t ms)
{
	if (ms == MT_LIMIT_NONE)
		snprintf(buf, MT_PARAM_TEXT_MAX, "none");
	else if (ms && ms % MT_MS_PER_S == 0)
		snprintf(buf, MT_PARAM_TEXT_MAX, "%" PRIu64 "s", (uint64_t)(ms / MT_MS_PER_S));
	else
		snprintf(buf, MT_PARAM_TEXT_MAX, "%" PRIu64 "ms", ms);
	return buf;
}

const char *mt_param_text(char buf[MT_PARAM_TEXT_MAX], const struct mt_param *p, uint64_t v)
{
	if (p->kind == MT_PARAM_COUNT)
		snprintf(buf, MT_PARAM_TEXT_MAX, "%" PRIu64, v);
	else if (p->kind == MT_PARAM_PERCENT)
		snprintf(buf, MT_PARAM_TEXT_MAX, "%" PRIu64 "%%", v);
	else if (p->kind == MT_PARAM_WORD)
		snprintf(buf, MT_PARAM_TEXT_MAX, "%s", v <= p->max ? p->words[v] : "?");
	else if (v == MT_LIMIT_MAX_MS)
		snprintf(buf, MT_PARAM_TEXT_MAX, "168h");
	else
		mt_duration_text(buf, v);
	return buf;
}

const char *mt_param_read(char buf[MT_PARAM_TEXT_MAX], const struct mt_param *p, uint64_t v)
{
	bool duration = p->kind == MT_PARAM_DURATION || p->kind == MT_PARAM_DURATION_OR_NONE;

	return duration && v < MT_LIMIT_NONE ? mt_format_duration_ms(buf, (double)v) :
					       mt_param_text(buf, p, v);
}

const char *mt_param_words(char *buf, size_t size, const struct mt_param *p, const char *mark)
{
	size_t len = 0;

	*buf = '\0';
	for (uint64_t i = 0; i <= p->max && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s%s%s",
					!i ? "" : i < p->max ? ", " : " or ", mark, p->words[i],
					mark);
	return buf;
}

static bool says_the_same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool is_same(const struct mt_param *a, const struct mt_param *b)
{
	return a->kind == b->kind && a->initial == b->initial && a->min == b->min &&
	       a->max == b->max && a->words == b->words && says_the_same(a->help, b->help) &&
	       says_the_same(a->about, b->about);
}

const char *mt_param_whose(char *buf, size_t size, const struct mt_policy *policy,
			   const struct mt_param *p, const char *mark)
{
	char holders[256] = "";
	const struct mt_policy *at;
	size_t len = 0, n = 0;

	*buf = '\0';
	for (size_t i = 0; (at = mt_policy_at(i)) && len < sizeof(holders); i++) {
		const struct mt_param *own = mt_policy_param(at, p->name);

		if (!own || !is_same(own, p))
			continue;
		if (!n && at != policy)
			return buf;
		len += (size_t)snprintf(holders + len, sizeof(holders) - len, "%s%s%s%s",
					n++ ? ", " : "", mark, at->name, mark);
	}
	snprintf(buf, size, "%s %s", n > 1 ? "policies" : "policy", holders);
	return buf;
}

int mt_word_find(const char *const *words, const char *text)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], text))
			return i;
	return -1;
}
