// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * spec_value.c - the kinds of value in a specification
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "model/method.h"
#include "policy/policy.h"
#include "spec.h"

static int number(const struct spec_key *key, const char *text, uint64_t *out,
		  struct mt_err *err)
{
	uint64_t value;
	int rc;

	switch (key->kind) {
	case SPEC_LIMIT:
		if (!strcmp(text, "none")) {
			*out = MT_LIMIT_NONE;
			return 0;
		}
		/* fall through */
	case SPEC_DURATION:
	case SPEC_DURATIONS:
		rc = mt_parse_duration_ms(key->name, text, &value, err);
		break;
	case SPEC_RATE:
	case SPEC_RATES:
		rc = mt_parse_rate_bytes_per_s(key->name, text, &value, err);
		break;
	case SPEC_SIZE:
		rc = mt_parse_size_bytes(key->name, text, &value, err);
		break;
	case SPEC_PERCENT:
		rc = mt_parse_percent(key->name, text, key->max, &value, err);
		break;
	default:
		rc = mt_parse_count(key->name, text, key->max ? key->max : INT64_MAX, &value, err);
	}
	if (!rc && (value < key->min || (key->max && value > key->max)))
		rc = mt_err_set(err, -ERANGE, "%s %s is out of range", key->name, text);
	if (!rc)
		*out = value;
	return rc;
}

static int add_number(struct spec_numbers *list, uint64_t value)
{
	uint64_t *v = realloc(list->v, (list->n + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	list->v = v;
	v[list->n++] = value;
	return 0;
}

static int add_word(struct spec_words *list, const char *word)
{
	char **v = realloc(list->v, (list->n + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	list->v = v;
	v[list->n] = strdup(word);
	return v[list->n++] ? 0 : -ENOMEM;
}

static int set_list(const struct spec_key *key, void *at, const char *text, struct mt_err *err)
{
	mt_autofree char *copy = strdup(text);
	char *save = NULL;
	int rc = copy ? 0 : -ENOMEM;

	for (char *w = rc ? NULL : strtok_r(copy, " \t", &save); w && !rc;
	     w = strtok_r(NULL, " \t", &save)) {
		uint64_t value = 0;

		if (key->kind == SPEC_WORDS) {
			rc = add_word(at, w);
			continue;
		}
		rc = number(key, w, &value, err);
		if (!rc)
			rc = add_number(at, value);
	}
	return rc;
}

static int word(const struct spec_key *key, const char *const *words, const char *text,
		struct mt_err *err)
{
	char accepted[128] = "";

	for (int i = 0; words[i]; i++) {
		size_t used = strlen(accepted);

		if (!strcmp(words[i], text))
			return i;
		snprintf(accepted + used, sizeof(accepted) - used, "%s%s", i ? ", " : "", words[i]);
	}
	return mt_err_set(err, -EINVAL, "%s = %s: accepted are %s", key->name, text, accepted);
}

static int set_text(char **at, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*at);
	*at = copy;
	return 0;
}

int spec_value_set(const struct spec_key *key, void *item, const char *text,
		       struct mt_err *err)
{
	const char *methods[MT_METHOD_COUNT + 1] = { NULL };
	void *at = (char *)item + key->offset;
	int i;

	for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
		methods[m] = mt_method_name(m);
	switch (key->kind) {
	case SPEC_COMMAND:
		if (!*text)
			return mt_err_set(err, -EINVAL, "%s needs a command", key->name);
		return set_text(at, text);
	case SPEC_TEXT:
		return set_text(at, text);
	case SPEC_WORD:
		i = word(key, key->words, text, err);
		return i < 0 ? i : set_text(at, text);
	case SPEC_YES:
		i = word(key, key->words, text, err);
		*(bool *)at = !i;
		return i < 0 ? i : 0;
	case SPEC_METHOD:
		i = word(key, methods, text, err);
		*(uint64_t *)at = i < 0 ? 0 : (uint64_t)i;
		return i < 0 ? i : 0;
	case SPEC_PLACE:
	case SPEC_COUNT:
	case SPEC_PERCENT:
	case SPEC_DURATION:
	case SPEC_LIMIT:
	case SPEC_SIZE:
	case SPEC_RATE:
		if (key->initial == text && !strcmp(text, SPEC_UNSET)) {
			*(uint64_t *)at = MT_LIMIT_UNSET;
			return 0;
		}
		if (key->kind != SPEC_PLACE)
			return number(key, text, at, err);
		i = word(key, key->words, text, err);
		*(uint64_t *)at = i < 0 ? 0 : (uint64_t)i;
		return i < 0 ? i : 0;
	case SPEC_WORDS:
	case SPEC_RATES:
	case SPEC_DURATIONS:
		return set_list(key, at, text, err);
	}
	return -EINVAL;
}

bool spec_value_is_list(const struct spec_key *key)
{
	return key->kind == SPEC_WORDS || key->kind == SPEC_RATES || key->kind == SPEC_DURATIONS;
}

void spec_value_free(const struct spec_key *key, void *item)
{
	void *at = (char *)item + key->offset;
	struct spec_words *words = at;

	switch (key->kind) {
	case SPEC_TEXT:
	case SPEC_COMMAND:
	case SPEC_WORD:
		free(*(char **)at);
		break;
	case SPEC_WORDS:
		for (size_t i = 0; i < words->n; i++)
			free(words->v[i]);
		free(words->v);
		break;
	case SPEC_RATES:
	case SPEC_DURATIONS:
		free(((struct spec_numbers *)at)->v);
		break;
	default:
		break;
	}
}
