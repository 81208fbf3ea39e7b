// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lists.c - option values of the form A,B
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "cmd.h"
#include "lists.h"

typedef int (*parse_fn)(const char *what, const char *text, uint64_t *out, struct mt_err *err);

static int numbers(const struct command_usage *usage, const char *option, const char *text,
		   struct list_of_numbers *list, parse_fn parse)
{
	mt_autofree char *copy = text ? strdup(text) : NULL;
	char *rest = copy;
	const char *item;

	if (!text)
		return OPTIONS_RUN;
	list->n = 0;
	while ((item = strsep(&rest, ","))) {
		struct mt_err err = { 0 };
		uint64_t v;

		if (parse(option, item, &v, &err))
			return options_error(usage, "%s", err.msg);
		if (!v)
			return options_error(usage, "%s: must be more than 0", option);
		if (list->n == LIST_MAX)
			return options_error(usage, "%s: more than %d values", option, LIST_MAX);
		list->v[list->n++] = (double)v;
	}
	return OPTIONS_RUN;
}

int list_rates(const struct command_usage *usage, const char *option, const char *text,
	       struct list_of_numbers *bytes_per_s)
{
	return numbers(usage, option, text, bytes_per_s, mt_parse_rate_bytes_per_s);
}

int list_durations(const struct command_usage *usage, const char *option, const char *text,
		   struct list_of_numbers *ms)
{
	return numbers(usage, option, text, ms, mt_parse_duration_ms);
}

static void append(char *names, size_t size, const char *name)
{
	size_t len = strlen(names);

	snprintf(names + len, size - len, "%s%s", len ? ", " : "", name);
}

int list_methods(const struct command_usage *usage, const char *text, unsigned *methods)
{
	mt_autofree char *copy = text ? strdup(text) : NULL;
	char *rest = copy, known[256];
	const char *item;
	enum mt_method m;

	if (!text)
		return OPTIONS_RUN;
	*methods = 0;
	while ((item = strsep(&rest, ","))) {
		if (!mt_method_parse(item, &m)) {
			*methods |= 1u << m;
			continue;
		}
		return options_error(usage, "unknown method \"%s\"; there are %s", item,
				     mt_method_names(known, sizeof(known)));
	}
	return OPTIONS_RUN;
}

static bool has_model(const struct list_of_models *models, const struct mt_forecast_model *model)
{
	for (size_t i = 0; i < models->n; i++)
		if (models->v[i] == model)
			return true;
	return false;
}

int list_models(const struct command_usage *usage, const char *text, struct list_of_models *models)
{
	mt_autofree char *copy = text ? strdup(text) : NULL;
	char *rest = copy, known[256] = "";
	const char *item;

	if (!text)
		return OPTIONS_RUN;
	models->n = 0;
	while ((item = strsep(&rest, ","))) {
		const struct mt_forecast_model *model = mt_forecast_model_find(item);

		if (!model) {
			for (size_t i = 0; mt_forecast_model_at(i); i++)
				append(known, sizeof(known), mt_forecast_model_at(i)->name);
			return options_error(usage, "unknown model \"%s\"; there are %s", item,
					     known);
		}
		if (!has_model(models, model))
			models->v[models->n++] = model;
	}
	return OPTIONS_RUN;
}
