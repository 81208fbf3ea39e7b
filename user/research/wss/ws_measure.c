// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ws_measure.c - one measure over all guests, and its table
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cmd.h"
#include "working_set.h"

static int fill(struct mt_table *t, const struct ws_measure *m, const struct ws_guests *g,
		const void *outcomes, bool by_workload)
{
	static const char *const kinds[] = { "recorded", "pattern", "fitted" };
	autospread spread;
	int rc = spread_init(&spread, g->n);

	for (size_t k = 0; k < MT_ARRAY_SIZE(kinds) && !rc; k++)
		rc = m->add_rows(t, g, outcomes, kinds[k], NULL, &spread);
	for (size_t i = 0; i < g->n && by_workload && !rc; i++)
		rc = m->add_rows(t, g, outcomes, g->v[i].trace.ops->name, &g->v[i], &spread);
	return rc;
}

static int print(const struct ws_measure *m, const struct ws_guests *g, const void *outcomes,
		 enum mt_format format, bool by_workload)
{
	struct mt_table *t = mt_table_new(stdout, format, m->columns, m->n_columns);
	int rc, finished;

	if (!t)
		return -ENOMEM;
	rc = fill(t, m, g, outcomes, by_workload);
	finished = mt_table_finish(t);
	return rc ? rc : finished;
}

int ws_measure(const struct ws_measure *m, char **args, size_t n, enum mt_format format,
	       bool by_workload)
{
	struct ws_guests g;
	int status = ws_guests_load(&g, args, n), rc = 0;
	char *outcomes = status == CMD_OK ? calloc(g.n, m->outcome_bytes) : NULL;

	if (status == CMD_OK && !outcomes)
		rc = -ENOMEM;
	for (size_t i = 0; outcomes && i < g.n && !rc; i++)
		rc = m->one(outcomes + i * m->outcome_bytes, &g.v[i]);
	if (outcomes && !rc)
		rc = print(m, &g, outcomes, format, by_workload);
	free(outcomes);
	ws_guests_fini(&g);
	if (rc && !ferror(stdout))
		cmd_warn("%s: %s", m->about, strerror(-rc));
	return rc ? CMD_FAILED : status;
}
