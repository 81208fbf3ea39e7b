// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * simulate_check_phases.c - where in its phases a guest was when its migration began
 *
 * Nobody wrote that down. But the pages that the first pass found dirty tell: of some beginnings, all over the
 * period, that one is taken whose first pass comes nearest. What comes after the first pass is then the
 * simulator's own.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <migtrace/sim.h>

#include "simulate_check.h"

#define BEGINNINGS	24
#define PERIOD_MAX_S	6.0	/* of the campaign's guests; a longer one is seen in parts */

int check_recording(struct mt_recording **rec, const struct check *c, const char *name, struct mt_err *err)
{
	mt_autofree char *path = NULL;

	if (asprintf(&path, "%s/%s", c->dir, name) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return mt_recording_load(rec, path, err);
}

/*
 * Pages that the sync at the end of the first pass found newly dirty: what was to be sent in all by then, less what
 * there is. A balance that holds however late the look was. NaN: not known.
 */
static double measured(const struct mt_recording *rec)
{
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_sample *s = &rec->entries[i].sample;

		if (rec->entries[i].type != MT_ENTRY_SAMPLE || !mt_sample_has(s, iteration) || s->iteration < 2 ||
		    !mt_sample_has(s, remaining_bytes) || !mt_sample_has(s, normal_pages) || !mt_sample_has(s, memory_bytes))
			continue;
		if (s->iteration > 2)
			break;
		return (double)s->remaining_bytes / MT_TRACE_PAGE_BYTES + (double)(s->normal_pages + s->zero_pages) -
		       (double)s->memory_bytes / MT_TRACE_PAGE_BYTES;
	}
	return NAN;
}

static void on_pass(void *opaque, const struct mt_sim_pass *pass)
{
	if (pass->n == 1)
		*(double *)opaque = (double)pass->dirtied_pages;
}

static int begun_at(struct mt_trace *t, const char *words, unsigned which, struct mt_err *err)
{
	mt_autofree char *text = NULL;

	if (asprintf(&text, "%s phase=%.0fms", words, PERIOD_MAX_S * 1e3 * which / BEGINNINGS) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return mt_trace_pattern(t, text, err);
}

int check_phases(struct mt_trace *t, const char *words, const struct check *c, const char *recording,
		 const struct mt_sim_params *p, struct mt_err *err)
{
	struct mt_recording *rec;
	double wanted, nearest = INFINITY;
	unsigned best = 0;
	int rc = check_recording(&rec, c, recording, err);

	if (rc)
		return rc;
	wanted = measured(rec);
	mt_recording_free(rec);
	for (unsigned i = 0; i < BEGINNINGS && isfinite(wanted) && !p->method.compression; i++) {
		double dirtied = 0;
		const struct mt_sim_hooks hooks = { .opaque = &dirtied, .pass = on_pass };
		struct mt_sim_result r;

		rc = begun_at(t, words, i, err);
		if (rc)
			return rc;
		rc = mt_sim_run(p, t, &hooks, &r);
		mt_trace_fini(t);
		if (rc)
			return mt_err_set(err, rc, "%s: %s", recording, strerror(-rc));
		if (fabs(dirtied - wanted) < nearest) {
			nearest = fabs(dirtied - wanted);
			best = i;
		}
	}
	return begun_at(t, words, best, err);
}
