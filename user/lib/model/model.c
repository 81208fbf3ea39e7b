// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * model.c - the table of models (PURE)
 */
#include <string.h>

#include "model.h"

/* Filled from the rows' own files; the order is that of the help text. */
static const struct mt_model *const rows[] = { &mt_model_precopy, &mt_model_outlook, &mt_model_qemu };

const struct mt_model *mt_model_at(size_t i)
{
	return i < MT_ARRAY_SIZE(rows) ? rows[i] : NULL;
}

/* "precopy" finds "precopy/1": people need not know the version. */
const struct mt_model *mt_model_find(const char *name)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		size_t n = strcspn(rows[i]->name, "/");

		if (!strcmp(name, rows[i]->name) || (strlen(name) == n && !strncmp(name, rows[i]->name, n)))
			return rows[i];
	}
	return NULL;
}

const char *mt_verdict_name(enum mt_verdict verdict)
{
	static const char *const names[MT_VERDICT_COUNT] = {
		[MT_VERDICT_UNKNOWN] = "unknown",
		[MT_VERDICT_CONVERGES] = "converges",
		[MT_VERDICT_REACHABLE] = "reachable",
		[MT_VERDICT_OPEN] = "open",
		[MT_VERDICT_HOPELESS] = "hopeless",
	};

	return verdict < MT_VERDICT_COUNT ? names[verdict] : "unknown";
}
