// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * beginning.c - by which of the methods that may be taken a migration is begun
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "beginning.h"
#include "policy/outset.h"
#include "policy/sla_choice.h"

static int choose_by_sla(struct mt_migrate_options *how, const struct beginning *b,
			 const struct mt_forecast_input *in, char *line, size_t size,
			 struct mt_err *err)
{
	const struct mt_sla sla = mt_sla_of(b->limits);
	struct mt_sla_choice c;

	if (mt_sla_choose(&c, b->limits->trained, in, b->methods, &sla) == -ENODATA)
		return mt_err_set(err, -ENODATA,
				  "too little is known of the guest to choose a method");
	mt_migrate_use(how, c.offers[0].method, 0);
	snprintf(line, size, "method %s", c.reason);
	return 0;
}

int beginning_choose(struct mt_migrate_options *how, const struct beginning *b, char *line,
		     size_t size, struct mt_err *err)
{
	const struct mt_limits *limits = b->limits;
	const struct mt_forecast_input in = {
		.curve = &limits->before->u,
		.memory_bytes = b->memory_bytes,
		.resident_bytes = limits->before->nonzero_bytes,
		.cpu_share = NAN,
		.options.flip_after_passes = 1,
		.bandwidth_bytes_per_s = (double)how->bandwidth_bytes_per_s,
		.downtime_limit_ms = limits->qemu_limit_ms == MT_LIMIT_UNSET ?
					     MT_QEMU_LIMIT_DEFAULT_MS :
					     (double)limits->qemu_limit_ms,
		.learned = limits->learned,
	};
	const struct mt_prices prices = mt_prices_of(limits);
	struct mt_outset o;
	int rc;

	if (b->sla)
		return choose_by_sla(how, b, &in, line, size, err);
	rc = mt_outset(&o, &in, b->methods, &prices);

	if (rc == -ENODATA)
		return mt_err_set(err, rc, "too little is known of the guest to choose a method");
	mt_migrate_use(how, o.offers[0].method, 0);
	snprintf(line, size, "method %s%s", o.reason,
		 rc ? " (none keeps to all that is allowed)" : "");
	return 0;
}
