/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * beginning.h - by which of the methods that may be taken a migration is begun
 */
#ifndef BEGINNING_H
#define BEGINNING_H

#include "policy/policy.h"
#include "steer/migrate.h"

struct beginning {
	unsigned methods;		/* that may be taken, a bit per enum mt_method */
	bool sla;			/* by the choice of policy sla */
	const struct mt_limits *limits;	/* resolved, with what was known before and was learned */
	double memory_bytes;
};

/**
 * beginning_choose() - the method that costs least, or serves an objective best, by all forecasts
 * @how: the bandwidth is in it; the method is set in it
 * @line: why that one, with the others' figures
 *
 * Limits and weights are those that policy predict, or sla, goes by. Return: 0; -ENODATA: too
 * little is known of the guest.
 */
MT_MUST_CHECK int beginning_choose(struct mt_migrate_options *how, const struct beginning *b,
				   char *line, size_t size, struct mt_err *err);

#endif
