// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_recording.c - what only the recording of a run tells, and nobody wrote down
 *
 * Where in its phases a guest was when its migration began: the pages that the first two passes
 * found dirty tell. Of some beginnings, all over the period, that one is taken whose passes come
 * nearest. (One pass would not do, for it has as many at the beginning of a heavy phase as at its
 * end.) And how fast threads compressed pages, which on a busy host is anything: by the first pass.
 * What comes after is then the simulator's own.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/recording_load.h"
#include "check.h"

#define BEGINNINGS	48
#define PASSES		2
#define PERIOD_DEFAULT_S	4.0	/* the guest's own */

int check_recording(struct mt_recording **rec, const struct check *c, const char *name,
		    struct mt_err *err)
{
	mt_autofree char *path = NULL;

	if (asprintf(&path, "%s/%s", c->dir, name) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return recording_load(rec, path, err);
}

/*
 * Pages that the syncs up to the end of pass @n found newly dirty: what was to be sent in all by
 * then, less what there was at first. A balance that holds however late the look was. NaN: not
 * known.
 */
static double measured(const struct mt_recording *rec, uint64_t n)
{
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_sample *s = &rec->entries[i].sample;

		if (rec->entries[i].type != MT_ENTRY_SAMPLE || !mt_sample_has(s, iteration) ||
		    s->iteration <= n || !mt_sample_has(s, remaining_bytes) ||
		    !mt_sample_has(s, normal_pages) || !mt_sample_has(s, memory_bytes))
			continue;
		return s->iteration > n + 1 ? NAN :
					      (double)s->remaining_bytes / MT_TRACE_PAGE_BYTES +
						      (double)(s->normal_pages + s->zero_pages) -
						      (double)s->memory_bytes / MT_TRACE_PAGE_BYTES;
	}
	return NAN;
}

struct dirtied {
	double pages[PASSES];		/* up to the end of each pass */
};

static void on_pass(void *opaque, const struct mt_sim_pass *pass)
{
	struct dirtied *d = opaque;

	for (size_t i = pass->n - 1; i < PASSES; i++)
		d->pages[i] += (double)pass->dirtied_pages;
}

static double distance(const struct dirtied *a, const struct dirtied *b)
{
	double sum = 0;

	for (size_t i = 0; i < PASSES; i++)
		if (isfinite(a->pages[i]) && isfinite(b->pages[i]))
			sum += (a->pages[i] - b->pages[i]) * (a->pages[i] - b->pages[i]);
	return sum;
}

/* Whether its unit is one is for mt_trace_pattern() to say. */
static double period_s(const char *words)
{
	const char *period = strstr(words, "period=");
	char *unit = NULL;
	double v = period ? strtod(period + strlen("period="), &unit) : PERIOD_DEFAULT_S;

	return unit && *unit == 'm' ? v / 1e3 : v;
}

static int begun_at(struct mt_trace *t, const char *words, unsigned which, struct mt_err *err)
{
	mt_autofree char *text = NULL;

	if (asprintf(&text, "%s phase=%.0fms", words, period_s(words) * 1e3 * which / BEGINNINGS) <
	    0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return mt_trace_pattern(t, text, err);
}

int check_phases(struct mt_trace *t, const char *words, const struct check *c,
		 const char *recording, const struct mt_sim_params *p, struct mt_err *err)
{
	struct mt_recording *rec;
	struct dirtied wanted;
	double nearest = INFINITY;
	unsigned best = 0;
	int rc = check_recording(&rec, c, recording, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < PASSES; i++)
		wanted.pages[i] = measured(rec, i + 1);
	mt_recording_free(rec);
	for (unsigned i = 0; i < BEGINNINGS && !p->method.compression; i++) {
		struct dirtied dirtied = { { 0 } };
		const struct mt_sim_hooks hooks = { .opaque = &dirtied, .pass = on_pass };
		struct mt_sim_result r;

		rc = begun_at(t, words, i, err);
		if (rc)
			return rc;
		rc = mt_sim_run(p, t, &hooks, &r);
		mt_trace_fini(t);
		if (rc)
			return mt_err_set(err, rc, "%s: %s", recording, strerror(-rc));
		if (distance(&dirtied, &wanted) < nearest) {
			nearest = distance(&dirtied, &wanted);
			best = i;
		}
	}
	return begun_at(t, words, best, err);
}

void check_pace(struct mt_sim_params *p, const struct mt_recording *rec)
{
	const struct mt_sample *first = NULL, *last = NULL;
	double pages;

	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_sample *s = &rec->entries[i].sample;

		if (rec->entries[i].type != MT_ENTRY_SAMPLE || !mt_sample_has(s, remaining_bytes) ||
		    s->iteration != 1)
			continue;
		first = first ? first : s;
		last = s;
	}
	if (!first)
		return;
	pages = (double)(first->remaining_bytes - last->remaining_bytes) / MT_TRACE_PAGE_BYTES;
	if (pages > 1000)
		p->host.compress_page_ns = (double)(last->t_ns - first->t_ns) / pages;
}
