/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lists.h - option values of the form A,B
 */
#ifndef LISTS_H
#define LISTS_H

#include "model/forecast.h"
#include "options.h"

#define LIST_MAX	16

struct list_of_numbers {
	double v[LIST_MAX];
	size_t n;
};

struct list_of_models {
	const struct mt_forecast_model *v[MT_FORECAST_MODELS_MAX];
	size_t n;
};

/*
 * Each takes @text apart; NULL leaves the list as it is. Return: OPTIONS_RUN, or CMD_USAGE after
 * one line. No value may be 0.
 */
int list_rates(const struct command_usage *usage, const char *option, const char *text,
	       struct list_of_numbers *bytes_per_s);
int list_durations(const struct command_usage *usage, const char *option, const char *text,
		   struct list_of_numbers *ms);
/* bit per enum mt_method */
int list_methods(const struct command_usage *usage, const char *text, unsigned *methods);
int list_models(const struct command_usage *usage, const char *text, struct list_of_models *models);

#endif
