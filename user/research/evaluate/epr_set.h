/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epr_set.h - the series that are evaluated together: recorded ones, and made-up ones
 */
#ifndef EPR_SET_H
#define EPR_SET_H

#include "out/table.h"
#include "epr_series.h"

struct epr_set {
	struct epr_series *series;	/* recorded ones first */
	size_t n, n_recorded;
};

/* Files without a series are left out with a line on stderr. Return: enum cmd_exit. */
int epr_set_load(struct epr_set *set, char **files, size_t n, bool storage);
void epr_set_fini(struct epr_set *set);

struct epr_table {
	const struct mt_column *columns;
	size_t n_columns;
	int (*rows)(struct mt_table *t, const struct epr_set *set);	/* 0 or -ENOMEM */
};

/* Loads the series of @files and prints a table of them. Return: enum cmd_exit. */
int epr_set_print(const struct epr_table *table, char **files, size_t n, bool storage,
		  enum mt_format format);

#endif
