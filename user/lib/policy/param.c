// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * param.c - parameters that policies have of their own (PURE)
 */
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

/* The first row that has it. */
static const struct mt_param *first_of(const char *name)
{
	const struct mt_param *p = NULL;

	for (size_t i = 0; mt_policy_at(i) && !p; i++)
		p = mt_policy_param(mt_policy_at(i), name);
	return p ? p : mt_param_of_all(name);
}

const struct mt_param *mt_param_at(size_t n)
{
	for (size_t i = 0; mt_policy_at(i); i++)
		for (const struct mt_param *p = mt_policy_at(i)->params; p && p->name; p++)
			if (first_of(p->name) == p && !n--)
				return p;
	for (const struct mt_param *p = mt_flip_params; p->name; p++)
		if (first_of(p->name) == p && !n--)
			return p;
	return NULL;
}

uint64_t *mt_params_value(struct mt_params *params, const char *name)
{
	const struct mt_param *p;

	for (size_t i = 0; i < MT_PARAMS_MAX && (p = mt_param_at(i)); i++)
		if (!strcmp(p->name, name))
			return &params->value[i];
	return NULL;
}

uint64_t mt_params_get(const struct mt_params *params, const char *name)
{
	const uint64_t *value = mt_params_value((struct mt_params *)params, name);

	return value ? *value : MT_LIMIT_UNSET;
}

bool mt_param_default(const char *name, uint64_t *initial)
{
	const struct mt_param *first = first_of(name);

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

void mt_policy_params(const struct mt_policy *policy, const struct mt_limits *limits,
		      uint64_t own[MT_POLICY_PARAMS_MAX])
{
	for (size_t i = 0; policy->params && policy->params[i].name && i < MT_POLICY_PARAMS_MAX;
	     i++) {
		const struct mt_param *p = &policy->params[i];

		own[i] = mt_params_get(&limits->params, p->name);
		if (own[i] == MT_LIMIT_UNSET)
			own[i] = p->initial;
	}
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
	snprintf(buf, MT_PARAM_NAME_MAX, "%s%s", p->name, p->kind == MT_PARAM_COUNT ? "" : "_ms");
	return buf;
}
