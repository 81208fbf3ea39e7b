// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_case.c - a recorded migration as a case of a forecast
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "evaluate_campaign.h"

struct evaluate_case *evaluate_case_new(const struct mt_run *run, const struct mt_recording *after)
{
	struct evaluate_case *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->run = run;
	c->climatology = c->floor_ms = c->settled_ms = NAN;
	mt_run_case(&c->learned, run);
	c->learned.in.curve = &c->u;
	if (after)
		mt_run_case_passes(&c->learned, after, &c->log_bytes, &c->log_s);
	return c;
}

/* Every doubling makes room for as many again. */
int evaluate_set_keep(struct evaluate_set *set, struct evaluate_case *c)
{
	struct evaluate_case **more = set->v;

	if (!(set->n & (set->n - 1))) {
		more = realloc(set->v, (set->n ? 2 * set->n : 1) * sizeof(*more));
		if (!more) {
			free(c);
			return -ENOMEM;
		}
	}
	set->v = more;
	set->v[set->n++] = c;
	return 0;
}

void evaluate_set_free(struct evaluate_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->v[i]);
	free(set->v);
	*set = (struct evaluate_set){ 0 };
}
